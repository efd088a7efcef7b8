"""The first step: bytes become items, bounded and typed.

`read_items` takes the bytes of a file in pieces and gives one `Read` or `Unread` for each item, in the order of the
file. A record that cannot be judged is an `Unread` and the next one is read; only a file that cannot be read at all
raises InputError. NDJSON and CSV are streams of any length; the other forms are held in memory.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from claimlens.gate.ingest.csv import read as read_csv
from claimlens.gate.ingest.encoding import decoded
from claimlens.gate.ingest.entry import Defaults, Entry, Read, Unread
from claimlens.gate.ingest.json import read as read_json
from claimlens.gate.ingest.jsonld import read as read_jsonld
from claimlens.gate.ingest.ndjson import read as read_ndjson
from claimlens.gate.ingest.open_food_facts import read as read_open_food_facts
from claimlens.gate.ingest.plain_text import read as read_plain_text
from claimlens.gate.ingest.sniff import Format, guess_format

__all__ = ["Defaults", "Entry", "Format", "Read", "Unread", "open_items", "read_items"]

_READERS: dict[Format, Callable[[Iterable[str], Defaults], Iterator[Entry]]] = {
    Format.JSON: read_json,
    Format.NDJSON: read_ndjson,
    Format.CSV: read_csv,
    Format.JSONLD: read_jsonld,
    Format.OFF: read_open_food_facts,
    Format.TEXT: read_plain_text,
}


def read_items(
    pieces: Iterable[bytes], source_format: Format | None = None, defaults: Defaults | None = None, file_name: str = ""
) -> Iterator[Entry]:
    """Every item of a file whose bytes come as `pieces`; without `source_format` the form is guessed.

    `file_name` is a hint for the guess only. Raises InputError for a file that cannot be read.
    """
    return open_items(pieces, source_format, defaults, file_name)[1]


def open_items(
    pieces: Iterable[bytes], source_format: Format | None = None, defaults: Defaults | None = None, file_name: str = ""
) -> tuple[Format, Iterator[Entry]]:
    """As `read_items`, with the form that the file was found to have."""
    texts = decoded(pieces)
    first = next(texts, "")
    chosen = source_format or guess_format(first, file_name)
    return chosen, _READERS[chosen](chain([first] if first else [], texts), defaults or Defaults())
