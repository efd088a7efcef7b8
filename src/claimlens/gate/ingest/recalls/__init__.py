"""Recalls out of the files of their publishers: bytes in, recalls out.

Every row of a file becomes a recall, joins one of the same number, or is reported with its place and what is wrong
with it: `rows == len(recalls) + joined + len(bad)`.
"""

from collections.abc import Callable

from claimlens.domain.errors import InputError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.gate.ingest.recalls import fsa, openfda, plain, rasff
from claimlens.gate.ingest.recalls.rows import BadRow, Imported, json_of, text_of

__all__ = ["FORMATS", "BadRow", "Imported", "read_recalls", "sniff"]

FORMATS = ("openfda", "fsa", "rasff", "csv")
_JSON: dict[str, Callable[[object], Imported]] = {"openfda": openfda.read, "fsa": fsa.read, "rasff": rasff.read_json}


def read_recalls(
    data: bytes, form: str = "", *, source: str = "", market: Jurisdiction | None = None
) -> tuple[str, Imported]:
    """(format, what a file holds). The format is found by looking unless given.

    `source` and `market` are for plain CSV, whose rows may name their own market. Raises InputError for a file that is
    of none of the formats, or not of the one given.
    """
    form = form or sniff(data)
    if form == "csv":
        return form, plain.read(text_of(data), source, market)
    if form == "rasff" and data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        return form, rasff.read_csv(text_of(data))
    if form not in _JSON:
        raise InputError(f"no format {form!r:.40}; there are {', '.join(FORMATS)}")
    return form, _JSON[form](json_of(data))


def sniff(data: bytes) -> str:
    """Which format a file has. Raises InputError if it looks like none."""
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] in (b"{", b"["):
        document = json_of(data)
        for form, known in (("openfda", openfda.knows), ("fsa", fsa.knows), ("rasff", rasff.knows)):
            if known(document):
                return form
        raise InputError("JSON, but not of openFDA, of the FSA, or of RASFF; --format says which it is meant to be")
    heading = start.split(b"\n", 1)[0].lower()
    if b"reference" in heading and b"subject" in heading:
        return "rasff"
    if b"product" in heading and b"date" in heading:
        return "csv"
    raise InputError("no recalls: neither JSON nor a table whose heading names product and date")
