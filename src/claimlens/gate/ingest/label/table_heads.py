"""The heads of a nutrition table's columns: what their figures refer to."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from claimlens.gate.ingest.label.layout import Piece
from claimlens.gate.ingest.label.table_words import BASIS, PER_ENDS, PERCENT_HEAD, SIZE_BEGINS, basis_of

#: Stands for the basis of a column of percentages; such columns are not read.
PERCENT = "%"
#: How far above the first row the heads of the columns stand at most, in heights of print.
_HEADS = 7.0


class Head(NamedTuple):
    """The head of a column."""

    basis: str
    stated: str
    centre: float
    pieces: tuple[Piece, ...]


def heads_of(pieces: Sequence[Piece], own: Sequence[Piece], first: float, height: float) -> list[Head]:
    """The heads of the columns of figures, from the left: what stands above the first row, or in it.

    `own` are the pieces of the rows, `first` and `height` the place and the print of the first row.
    """
    mine = {id(piece) for piece in own}
    x0, x1 = min(piece.x0 for piece in own), max(piece.x1 for piece in own)
    near = [
        piece
        for piece in pieces
        if id(piece) not in mine
        and first - _HEADS * height < piece.y < first + 0.7 * height
        and piece.x1 > x0 - height
        and piece.x0 < x1 + 4 * height
    ]
    heads = [head for text, pieces in _joined(near) for head in _heads_in(text, pieces)]
    heads.sort(key=lambda head: head.centre)
    return heads


def _joined(near: list[Piece]) -> list[tuple[str, tuple[Piece, ...]]]:
    """Texts of heads with their pieces; two lines may be one: "per" above "100 g", "per serving" above "(30 g)"."""
    result: list[tuple[str, tuple[Piece, ...]]] = []
    for piece in sorted(near, key=lambda piece: piece.y):
        for i, (text, pieces) in enumerate(result):
            above = pieces[-1]
            overlap = min(above.x1, piece.x1) - max(above.x0, piece.x0)
            close = 0 < piece.y - above.y < 1.9 * max(above.height, piece.height)
            narrow = min(above.x1 - above.x0, piece.x1 - piece.x0)
            starts = PER_ENDS.search(text)
            sized = SIZE_BEGINS.match(piece.text) and BASIS.search(text)
            if close and overlap > 0.5 * narrow and (starts or (sized and "(" not in text)):
                result[i] = f"{text} {piece.text}", (*pieces, piece)
                break
        else:
            result.append((piece.text, (piece,)))
    return result


def _heads_in(text: str, pieces: tuple[Piece, ...]) -> Iterator[Head]:
    first = pieces[0]
    width = (first.x1 - first.x0) / max(1, len(first.text))
    for match in BASIS.finditer(text):
        stated = match[0].strip()
        if basis := basis_of(stated):
            middle = (match.start() + min(match.end(), len(first.text))) / 2
            yield Head(basis, stated, first.x0 + width * middle, pieces)
    for match in PERCENT_HEAD.finditer(text):
        yield Head(PERCENT, match[0], first.x0 + width * (match.start() + match.end()) / 2, pieces)
