"""The text of a label in reading order, put together from its pieces, with the place of each piece in it."""

import re

import msgspec

from claimlens.domain.label import LabelLine, Span
from claimlens.gate.ingest.label.layout import Piece, Row, blocks_of, rows_of

#: Rows of one paragraph: print alike in height, with no more white between than this share of it.
_ALIKE, _LEADING = 1.25, 0.7
#: What ends in one of these or begins with a small letter goes on, though capitals above look higher.
_OPEN_ENDS, _ALIKE_ENOUGH = (",", "-", "(", "&"), 1.6
_HYPHENATED = re.compile(r"[^\W\d_]{2,}-$")


class Paragraph(msgspec.Struct, frozen=True):
    """A run of rows that belong together. `height` is that of its print; `joints` are places of mended hyphens."""

    span: Span
    height: float
    top: float
    is_table: bool = False
    joints: tuple[int, ...] = ()


class Written(msgspec.Struct, frozen=True):
    """The text, its lines, and its paragraphs. `places` says where each seen line stands, by its `id`."""

    text: str
    lines: list[LabelLine]
    paragraphs: list[Paragraph]
    places: dict[int, Span]


def written(pieces: list[Piece], aside: list[Piece], table: list[Piece]) -> Written:
    """The text of a page whose pieces `table` stay together, row by row; what runs another way comes last.

    The rows of a paragraph are joined by spaces, for what is said reaches over the end of a line; paragraphs and rows
    of a table stand on lines of their own.
    """
    writer = _Writer()
    in_table = {id(piece) for piece in table}
    loose = [[piece] for piece in pieces if id(piece) not in in_table]
    groups = ([table] if table else []) + loose
    for block in blocks_of(groups):
        if table and block is table:
            writer.table(block)
        else:
            writer.block(block)
    for piece in sorted(aside, key=lambda piece: (piece.y, piece.x0)):
        writer.paragraph([[piece]])
    return Written("".join(writer.parts), writer.lines, writer.paragraphs, writer.places)


class _Writer:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.lines: list[LabelLine] = []
        self.paragraphs: list[Paragraph] = []
        self.places: dict[int, Span] = {}
        self._length = 0

    def block(self, pieces: list[Piece]) -> None:
        rows = rows_of(pieces)
        paragraph: list[Row] = []
        for row in rows:
            if paragraph and not _goes_on(paragraph[-1], row):
                self.paragraph(paragraph)
                paragraph = []
            paragraph.append(row)
        if paragraph:
            self.paragraph(paragraph)

    def table(self, pieces: list[Piece]) -> None:
        start, heights = self._begin(), [piece.height for piece in pieces]
        for i, row in enumerate(rows_of(pieces)):
            if i:
                self._put("\n")
            self._row(row)
        self._end(start, sorted(heights)[len(heights) // 2], min(piece.top for piece in pieces), True, [])

    def paragraph(self, rows: list[Row]) -> None:
        start = self._begin()
        joints = []
        for i, row in enumerate(rows):
            if i:
                last = self.parts[-1]
                if _HYPHENATED.search(last) and row[0].text[:1].islower():
                    joints.append(self._length - 1)
                else:
                    self._put(" ")
            self._row(row)
        heights = sorted(piece.height for row in rows for piece in row)
        self._end(start, heights[len(heights) // 2], min(piece.top for piece in rows[0]), False, joints)

    def _begin(self) -> int:
        if self.parts:
            self._put("\n")
        return self._length

    def _end(self, start: int, height: float, top: float, is_table: bool, joints: list[int]) -> None:
        self.paragraphs.append(Paragraph((start, self._length), height, top, is_table, tuple(joints)))

    def _row(self, row: Row) -> None:
        for i, piece in enumerate(row):
            if i:
                self._put(" ")
            start = self._length
            self._put(piece.text)
            span = (start, self._length)
            self.places[id(piece.seen)] = span
            self.lines.append(
                LabelLine(text=piece.text, span=span, box=piece.seen.box, confidence=piece.seen.confidence)
            )

    def _put(self, text: str) -> None:
        self.parts.append(text)
        self._length += len(text)


def _goes_on(above: Row, row: Row) -> bool:
    """Whether a row is the next line of the sentence above it."""
    upper, lower = max(piece.height for piece in above), max(piece.height for piece in row)
    gap = min(piece.top for piece in row) - max(piece.bottom for piece in above)
    goes_on = above[-1].text.endswith(_OPEN_ENDS) or row[0].text[:1].islower()
    if max(upper, lower) > (_ALIKE_ENOUGH if goes_on else _ALIKE) * min(upper, lower):
        return False
    if len(above) > 1 and len(row) > 1:
        return False  # rows of a list or a table
    return gap < _LEADING * min(upper, lower) and not row[0].text.startswith(("•", "·", "-", "✓", "*"))
