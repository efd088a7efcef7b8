"""The files of a scan: found, cut into pieces, and read row by row in constant memory.

A piece is small enough to be judged in some seconds and held in memory: some row groups' worth of a Parquet file, some
megabytes of text. Text can be cut where a line ends; in CSV only where no quotes are open, so that such a file is read
once before. A packed file cannot be cut at all: it is unpacked once, in pieces.
"""

import csv
import io
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec.structs import replace

from claimlens.adapters.bulk.places import Place, found, opened
from claimlens.domain.errors import InputError
from claimlens.domain.scan import Form, Packing, Piece, SourceFile
from claimlens.ports.scans import Row

#: Rows of a Parquet file that make a piece, and pieces that one row group is cut into at most: each of them reads the
#: rows of its group that come before it, too.
ROWS, MOST_OF_A_GROUP = 20_000, 8
#: Bytes of text that make a piece.
BYTES = 8 << 20
#: A longer line is skipped and named.
LONGEST_LINE = 16 << 20
_BATCH = 1_000
_BLOCK = 1 << 20
_FORMS = {
    ".parquet": Form.PARQUET, ".pq": Form.PARQUET, ".ndjson": Form.NDJSON, ".jsonl": Form.NDJSON,
    ".jsonlines": Form.NDJSON, ".csv": Form.CSV, ".tsv": Form.CSV,
}  # fmt: skip
_PACKINGS = {".gz": Packing.GZIP, ".zst": Packing.ZSTD, ".zstd": Packing.ZSTD}
_MARK = b"\xef\xbb\xbf"


class Sources:
    """A ScanSources (`ports/scans.py`). The sizes of pieces can be set."""

    def __init__(self, *, rows: int = ROWS, size: int = BYTES) -> None:
        self._rows = rows
        self._bytes = size

    def files(self, url: str) -> tuple[list[SourceFile], list[str]]:
        """The files at a URL or below a folder, in order, and the names of those that are of no known form."""
        taken, left_out = [], []
        for one in found(url):
            form, packing = form_of(one.url)
            if form is None:
                left_out.append(one.url)
            elif one.size:
                taken.append(SourceFile(url=one.url, size=one.size, mark=one.mark, form=form, packing=packing))
        if not taken:
            raise InputError(
                f"{url}: no file of a form that is scanned: {', '.join(_FORMS)}, the texts also .gz or .zst"
            )
        return taken, left_out

    def names(self, file: SourceFile) -> list[str]:
        """The columns of a file, or the keys of its first record."""
        if file.form is Form.PARQUET:
            with opened(file.url) as source:
                return [str(name) for name in _parquet(source, file.url).schema_arrow.names]
        first = next((line for line in _lines_of(_unpacked(file)) if line.strip()), b"").removeprefix(_MARK)
        if first.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in first[:8]:
            raise InputError(f"{file.url}: looks like UTF-16; save it as UTF-8")
        text = first.decode("utf-8", "replace").strip()
        if file.form is Form.CSV:
            return next(csv.reader([text], delimiter=_separator(text)), [])
        try:
            record = json.loads(text)
        except ValueError:
            return []
        return list(record) if isinstance(record, dict) else []

    def cut(self, file: SourceFile, spool: str) -> Iterator[Piece]:
        """The pieces of a file, numbered from 0. A packed file is unpacked below `spool`."""
        if file.form is Form.PARQUET:
            yield from self._cut_parquet(file)
        elif file.packing:
            yield from self._unpack(file, Place(spool))
        elif file.form is Form.NDJSON:
            for number, start in enumerate(range(0, file.size, self._bytes)):
                end = min(start + self._bytes, file.size)
                yield _text(file, number, start, end, size=end - start)
        else:
            blocks = _Blocks(_unpacked(file), self._bytes, quoted=True)
            heading = blocks.heading()
            for number, (start, end) in enumerate(blocks.borders()):
                yield _text(file, number, start, end, size=end - start, heading=heading)

    def rows(self, piece: Piece, wanted: Callable[[Sequence[str]], list[str]]) -> Iterator[Row]:
        """The rows of a piece; of a Parquet file only the `wanted` columns."""
        with opened(piece.place) as source:
            if piece.form is Form.PARQUET:
                yield from _parquet_rows(source, piece, wanted)
            elif piece.form is Form.NDJSON:
                for position, line in _lines_within(source, piece):
                    if line is None:
                        yield position, {}, "", f"a line of more than {LONGEST_LINE:,} bytes"
                    elif text := line.decode("utf-8", "surrogateescape").strip(" \t\r\n\ufeff"):
                        yield position, {}, text, ""
            else:
                yield from _cells(source, piece)

    def _cut_parquet(self, file: SourceFile) -> Iterator[Piece]:
        with opened(file.url) as source:
            told = _parquet(source, file.url).metadata
        number = base = 0
        for group in range(told.num_row_groups):
            rows = told.row_group(group).num_rows
            step = max(self._rows, -(-rows // MOST_OF_A_GROUP))
            for start in range(0, rows, step):
                end = min(start + step, rows)
                share = file.size * (end - start) // max(told.num_rows, 1)
                yield Piece(
                    number=number, source=file.url, place=file.url, form=file.form, start=start, end=end, size=share,
                    base=base, group=group,
                )  # fmt: skip
                number += 1
            base += rows

    def _unpack(self, file: SourceFile, spool: Place) -> Iterator[Piece]:
        blocks = _Blocks(_unpacked(file), self._bytes, quoted=file.form is Form.CSV)
        heading = blocks.heading() if file.form is Form.CSV else ""
        made: list[Piece] = []
        for number, (start, content) in enumerate(blocks.contents()):
            name = f"{number:06d}"
            spool.write(name, content)
            made.append(
                replace(
                    _text(file, number, 0, len(content), size=len(content), heading=heading),
                    place=f"{spool.url}/{name}",
                    base=start,
                )
            )
        total = sum(piece.size for piece in made)
        # Shares of the packed size: progress counts the bytes that people see in the folder.
        yield from (replace(piece, size=file.size * piece.size // max(total, 1)) for piece in made)


def form_of(url: str) -> tuple[Form | None, Packing]:
    """What a file is by the end of its name."""
    name = url.lower().rpartition("/")[2].partition("?")[0]
    packing = next((packing for end, packing in _PACKINGS.items() if name.endswith(end)), Packing.NONE)
    if packing:
        name = name.rpartition(".")[0]
    form = next((form for end, form in _FORMS.items() if name.endswith(end)), None)
    return (None if form is Form.PARQUET and packing else form), packing


def _text(file: SourceFile, number: int, start: int, end: int, *, size: int, heading: str = "") -> Piece:
    return Piece(
        number=number, source=file.url, place=file.url, form=file.form, start=start, end=end, size=size, heading=heading
    )


class _Blocks:
    """Text cut where a line ends, and in CSV (`quoted`) only where no quotes are open."""

    def __init__(self, blocks: Iterator[bytes], size: int, *, quoted: bool) -> None:
        self._blocks, self._size, self._quoted = blocks, size, quoted
        self._at, self._rest = 0, b""

    def heading(self) -> str:
        """The first line, which is then no part of any piece."""
        while b"\n" not in self._rest and (block := next(self._blocks, b"")):
            self._rest += block
        line, _, rest = self._rest.partition(b"\n")
        self._at, self._rest = len(self._rest) - len(rest), rest
        return line.removeprefix(_MARK).decode("utf-8", "replace").strip("\r")

    def borders(self) -> Iterator[tuple[int, int]]:
        """Where each part begins and ends."""
        for start, content in self.contents():
            yield start, start + len(content)

    def contents(self) -> Iterator[tuple[int, bytes]]:
        """Where each part begins, and its bytes."""
        held = bytearray(self._rest)
        ended = False
        while True:
            while len(held) < self._size and not ended:
                block = next(self._blocks, b"")
                held += block
                ended = not block
            border = len(held) if ended else self._border(held)
            if not border and not ended:
                if len(held) <= self._size + 2 * LONGEST_LINE:
                    block = next(self._blocks, b"")
                    held += block
                    ended = not block
                    continue
                # One line, or quotes that never close: the reader of the piece will say so.
                border = held.rfind(b"\n") + 1 or len(held)
            if border:
                yield self._at, bytes(held[:border])
                self._at += border
                del held[:border]
            if ended:
                return

    def _border(self, held: bytearray) -> int:
        """Behind the last line end outside quotes; 0 if there is none."""
        if not self._quoted:
            return held.rfind(b"\n") + 1
        seen = len(held)
        left = held.count(b'"')
        while (border := held.rfind(b"\n", 0, seen) + 1) > 0:
            left -= held.count(b'"', border, seen)
            if left % 2 == 0:
                return border
            seen = border - 1
        return 0


def _parquet(source: BinaryIO, url: str) -> Any:
    try:
        return pq.ParquetFile(pa.PythonFile(source, mode="r"))
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{url}: no Parquet that can be read: {(str(error).splitlines() or [''])[0]:.200}") from None


def _parquet_rows(source: BinaryIO, piece: Piece, wanted: Callable[[Sequence[str]], list[str]]) -> Iterator[Row]:
    file = _parquet(source, piece.place)
    columns = wanted([str(name) for name in file.schema_arrow.names])
    at = 0
    try:
        for batch in file.iter_batches(_BATCH, row_groups=[piece.group], columns=columns, use_threads=False):
            first, last = max(piece.start - at, 0), min(piece.end - at, batch.num_rows)
            if first < last:
                for i, row in enumerate(batch.slice(first, last - first).to_pylist(maps_as_pydicts="lossy")):
                    yield piece.base + at + first + i, row, "", ""
            at += batch.num_rows
            if at >= piece.end:
                return
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        detail = (str(error).splitlines() or [""])[0]
        raise InputError(f"{piece.place}: row group {piece.group} cannot be read: {detail:.200}") from None


def _lines_within(source: BinaryIO, piece: Piece) -> Iterator[tuple[int, bytes | None]]:
    """The lines that begin in the piece, each with where; None for one that is too long."""
    at = piece.start
    if at:  # the line that the piece begins in belongs to the one before
        source.seek(at - 1)
        at = at - 1 + _skip_line(source)
    while at < piece.end:
        line = source.readline(LONGEST_LINE)
        if not line:
            return
        length = len(line)
        if length == LONGEST_LINE and not line.endswith(b"\n"):
            length += _skip_line(source)
            yield piece.base + at, None
        else:
            yield piece.base + at, line
        at += length


def _skip_line(source: BinaryIO) -> int:
    skipped = 0
    while line := source.readline(_BLOCK):
        skipped += len(line)
        if line.endswith(b"\n"):
            break
    return skipped


def _cells(source: BinaryIO, piece: Piece) -> Iterator[Row]:
    """The rows of a piece of CSV, each with the byte that it begins at and its text."""
    source.seek(piece.start)
    text = source.read(piece.end - piece.start).decode("utf-8", "surrogateescape")
    separator = _separator(piece.heading)
    taken: list[str] = []
    at = piece.base + piece.start

    def noted() -> Iterator[str]:
        for line in io.StringIO(text, newline="\n"):
            taken.append(line)
            yield line

    lines = noted()
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        problem, cells = "", cast(list[str], [])
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # Said of this row; the next line is a row again.
            problem = f"not CSV: {error}"
            reader = csv.reader(lines, delimiter=separator, strict=True)
        row = "".join(taken)
        taken.clear()
        if problem or any(cells):
            yield at, cells, row.rstrip("\r\n"), problem
        at += len(row.encode("utf-8", "surrogateescape"))


def _separator(heading: str) -> str:
    return max(",;\t|", key=heading.count)


def _unpacked(file: SourceFile) -> Iterator[bytes]:
    """The text of a file, block by block."""
    with opened(file.url) as source:
        if file.packing is Packing.ZSTD:
            try:
                stream = pa.CompressedInputStream(pa.PythonFile(source, mode="r"), "zstd")
                while block := stream.read(_BLOCK):
                    yield block
            except OSError as error:
                raise _damaged(file, error) from None
        elif file.packing is Packing.GZIP:
            yield from _gunzipped(source, file)
        else:
            while block := source.read(_BLOCK):
                yield block


def _gunzipped(source: BinaryIO, file: SourceFile) -> Iterator[bytes]:
    """Also of a file that was put together from several."""
    unpacker, is_inside = zlib.decompressobj(31), False
    try:
        while block := source.read(_BLOCK):
            while block:
                text = unpacker.decompress(block, _BLOCK)
                if text:
                    yield text
                block, is_inside = unpacker.unconsumed_tail, not unpacker.eof
                if unpacker.eof:
                    block = unpacker.unused_data
                    unpacker = zlib.decompressobj(31)
    except zlib.error as error:
        raise _damaged(file, error) from None
    if is_inside:
        raise _damaged(file, EOFError("it ends too early"))


def _damaged(file: SourceFile, error: Exception) -> InputError:
    return InputError(f"{file.url}: damaged {file.packing}: {(str(error).splitlines() or [''])[0]:.200}")


def _lines_of(blocks: Iterator[bytes]) -> Iterator[bytes]:
    held = b""
    for block in blocks:
        held += block
        *lines, held = held.split(b"\n")
        yield from lines
        if len(held) > LONGEST_LINE:
            return
    yield held
