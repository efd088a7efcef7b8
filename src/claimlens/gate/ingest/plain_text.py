"""Plain text: one item a line, or one a paragraph when blank lines part the text.

A line is published text and becomes the item's name. In a paragraph the first line is the name, the others are the
description.
"""

from collections.abc import Iterable, Iterator

from claimlens.domain.errors import InputError
from claimlens.gate.ingest.encoding import whole
from claimlens.gate.ingest.entry import Defaults, Entry, Place, Unread
from claimlens.gate.ingest.record import read_record
from claimlens.kit.wellformed import is_wellformed, what_is_wrong


def read(texts: Iterable[str], defaults: Defaults) -> Iterator[Entry]:
    """The item of every line or paragraph. Raises InputError when there is no text."""
    for index, (line, block) in enumerate(_blocks(whole(texts))):
        joined = "\n".join(block)
        if is_wellformed(joined):
            record = {"name": block[0], "description": "\n".join(block[1:])} if block[1:] else {"name": block[0]}
            yield read_record(record, index, defaults, Place(line, 1, joined))
        else:
            yield Unread(index, f"item-{index + 1}", "", what_is_wrong(joined), line)


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    if "\x00" in text:
        raise InputError("this is no text: it holds zero bytes")
    rows = [row.strip() for row in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    # Blank lines at the ends part nothing.
    used = [number for number, row in enumerate(rows) if row]
    by_paragraph = len(used) <= used[-1] - used[0]
    block: list[str] = []
    start = 0
    for number, row in enumerate([*rows, ""], start=1):
        if row:
            start = start if block else number
            block.append(row)
        if block and (not row or not by_paragraph):
            yield start, block
            block = []
