"""The upload of a bulk job: cut into chunks of whole lines on the way in, read line by line on the way to the desk."""

from collections.abc import Iterator
from typing import Any

from claimlens.domain.errors import InvalidError, TooLargeError
from claimlens.gate.ingest.ndjson import value_of
from claimlens.kit.json_text import JsonReader, Problem

#: An upload, one of its lines, and a chunk, in bytes; lines of a chunk.
MOST_BYTES, LONGEST_LINE, CHUNK_BYTES, CHUNK_LINES = 100 * 1024 * 1024, 256 * 1024, 512 * 1024, 200
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


class Cutter:
    """Cuts a stream at line ends. A chunk begins with the number of its first line, on a line of its own."""

    def __init__(self) -> None:
        self.items = 0
        self._taken = 0
        self._line = 1
        self._rest = b""
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._first = 1

    def add(self, piece: bytes) -> list[bytes]:
        """The chunks that a piece completes."""
        at_start = not self._taken
        self._taken += len(piece)
        if self._taken > MOST_BYTES:
            raise TooLargeError(f"a job has at most {MOST_BYTES // 1024**2} MB; send more in several jobs")
        rest = self._rest + piece
        if at_start and rest.startswith(_OTHER_MARKS):
            raise _invalid("this is UTF-16 or UTF-32; send UTF-8")
        *lines, self._rest = rest.split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise self._too_long()
        return [chunk for line in lines for chunk in self._take(line)]

    def end(self) -> list[bytes]:
        """The chunks that the end of the stream completes."""
        chunks = self._take(self._rest) if self._rest else []
        if self._held:
            chunks.append(self._chunk())
        return chunks

    def _take(self, line: bytes) -> list[bytes]:
        if self._line == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if len(line) > LONGEST_LINE:
            raise self._too_long()
        chunks = []
        if len(self._held) == CHUNK_LINES or self._held_bytes + len(line) > CHUNK_BYTES:
            chunks.append(self._chunk())
        if is_item(line):
            self.items += 1
        self._held.append(line)
        self._held_bytes += len(line) + 1
        self._line += 1
        return chunks

    def _chunk(self) -> bytes:
        chunk = b"%d\n%b\n" % (self._first, b"\n".join(self._held))
        self._held, self._held_bytes, self._first = [], 0, self._line
        return chunk

    def _too_long(self) -> InvalidError:
        return _invalid(f"line {self._line} is longer than {LONGEST_LINE // 1024} KB; an item is one line")


def is_item(line: bytes) -> bool:
    """Whether a line asks for a verdict: it is neither blank nor the closing line of an export of ours."""
    stripped = line.strip(b" \t\r")
    return bool(stripped) and not stripped.startswith(b'{"_summary"')


def read_chunk(chunk: bytes) -> Iterator[tuple[int, Any, Problem | None]]:
    """Number, value and problem of every line of a chunk that asks for a verdict."""
    heading, _, body = chunk.partition(b"\n")
    reader = JsonReader()
    for number, line in enumerate(body.split(b"\n"), start=int(heading)):
        if is_item(line):
            yield number, *value_of(reader, line.strip(b" \t\r").decode("utf-8", "surrogateescape"))


def _invalid(detail: str) -> InvalidError:
    return InvalidError((("", detail),))
