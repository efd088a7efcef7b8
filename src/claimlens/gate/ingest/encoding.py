"""Bytes to text: UTF-8 with or without a byte order mark, UTF-16 and UTF-32 with one.

A byte that is no UTF-8 does not end the file. It is kept as a lone surrogate (PEP 383), so that only the item that
holds it is refused.
"""

import codecs
from collections.abc import Iterable, Iterator

from claimlens.domain.errors import InputError

#: Longest line of a stream, in characters. A longer one is skipped in constant memory.
MAX_LINE = 16 * 1024 * 1024
#: Longest file that is held in memory, in characters.
MAX_TEXT = 512 * 1024 * 1024

# UTF-32 before UTF-16: the mark of UTF-32-LE begins with the mark of UTF-16-LE.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
)


def decoded(pieces: Iterable[bytes]) -> Iterator[str]:
    """The text of a file, piece by piece, without its byte order mark.

    Raises InputError for UTF-16 and UTF-32 that is damaged or carries no mark.
    """
    source = iter(pieces)
    start = b""
    for piece in source:
        start += piece
        if len(start) >= 4:
            break
    encoding, label, mark = _encoding_of(start)
    decoder = codecs.getincrementaldecoder(encoding)("surrogateescape" if encoding == "utf-8" else "strict")
    try:
        text = decoder.decode(start[len(mark) :])
        if text:
            yield text
        for piece in source:
            text = decoder.decode(piece)
            if text:
                yield text
        text = decoder.decode(b"", final=True)
        if text:
            yield text
    except UnicodeDecodeError as error:
        raise InputError(f"begins as {label} but is not: {error.reason}; save it as UTF-8") from None


def _encoding_of(start: bytes) -> tuple[str, str, bytes]:
    for mark, encoding, label in _MARKS:
        if start.startswith(mark):
            return encoding, label, mark
    if b"\x00" in start[:4]:
        raise InputError("looks like UTF-16 or UTF-32 without a byte order mark; save it as UTF-8")
    return "utf-8", "UTF-8", b""


def whole(texts: Iterable[str]) -> str:
    """All of a text. Raises InputError when it is empty or too long to be held."""
    parts = []
    size = 0
    for text in texts:
        size += len(text)
        if size > MAX_TEXT:
            raise InputError(f"longer than {MAX_TEXT:,} characters; NDJSON and CSV may be of any length")
        parts.append(text)
    joined = "".join(parts)
    if not joined.strip():
        raise InputError("empty: there is nothing to check in it")
    return joined


def lines(texts: Iterable[str]) -> Iterator[str | None]:
    r"""Every line with its end (`\n`), in constant memory; None for a line longer than MAX_LINE.

    Ends written as `\r\n` stay as they are; a file that knows only `\r` is taken as having lines, too.
    """
    waiting: list[str] = []
    size = 0
    only_returns: bool | None = None
    for text in texts:
        if only_returns is None and "\r" in text:
            only_returns = "\n" not in text
        if only_returns:
            text = text.replace("\r", "\n")
        *ended, rest = text.split("\n")
        for line in ended:
            if size:
                size += len(line)
                line = "".join([*waiting, line]) if size <= MAX_LINE else ""
                waiting = []
            else:
                size = len(line)
            yield line + "\n" if size <= MAX_LINE else None
            size = 0
        size += len(rest)
        if size > MAX_LINE:
            waiting = []
        elif rest:
            waiting.append(rest)
    if size:
        yield "".join(waiting) if size <= MAX_LINE else None
