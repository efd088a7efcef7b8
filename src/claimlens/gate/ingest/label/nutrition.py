"""The nutrition table of a label: which pieces belong to it, and its figures by column."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from claimlens.domain.label import LabelAmount, LabelColumn, Repair, SeenLine, Span
from claimlens.gate.ingest.label.figures import Figure, figures_in, with_lost_unit
from claimlens.gate.ingest.label.layout import Piece, Row, rows_of
from claimlens.gate.ingest.label.table_heads import PERCENT, Head, heads_of
from claimlens.gate.ingest.label.table_words import BASIS, INCLUDES, SERVING_SIZE, TRIM, Name, close_name_in, name_in

#: Fewer named rows are no table.
_FEWEST_ROWS = 2
#: Pairs of rows that tell whether the page leans.
_FEWEST_SLOPES = 6
#: A figure from a piece read with less confidence is shown, not judged by.
_UNSURE = 0.75
#: Printed in grams and tenths of grams.
_IN_TENTHS = frozenset(
    "fat saturates mono_unsaturates poly_unsaturates trans_fat carbohydrate sugars added_sugars polyols starch fibre "
    "protein".split()
)


class Cell(msgspec.Struct, gc=False):
    """Figures that stand for one amount of one column: one, or kJ and kcal."""

    figures: list[Figure]
    piece: Piece
    centre: float


class TableRow(msgspec.Struct, gc=False):
    """A nutrient, its cells from left to right, and the pieces they were read from."""

    name: Name
    cells: list[Cell]
    pieces: list[Piece]
    y: float
    misread: bool = False


class Table(NamedTuple):
    """A table as it stands on the page; `pieces` are all that belong to it, `portion` the serving's size as stated."""

    rows: list[TableRow]
    heads: list[Head]
    pieces: list[Piece]


def find_table(pieces: Sequence[Piece]) -> Table | None:
    """The table among the pieces of a page; None if there is none."""
    rows: list[TableRow] = []
    for row in rows_of(pieces):
        rows += _named(row) if not rows else _named(row, rows[-1])
    rows = _together([row for row in rows if row.cells])
    if len(rows) < _FEWEST_ROWS:
        return None
    rows = sorted([*rows, *_misread(pieces, rows)], key=lambda row: row.y)
    own = [piece for row in rows for piece in row.pieces]
    heads = heads_of(pieces, own, rows[0].y, max(piece.height for piece in rows[0].pieces))
    used = {id(piece): piece for row in rows for piece in row.pieces} | {
        id(piece): piece for head in heads for piece in head.pieces
    }
    return Table(rows, heads, list(used.values()))


def _misread(pieces: Sequence[Piece], rows: list[TableRow]) -> Iterator[TableRow]:
    """Rows of the table whose names are nutrients' but for a letter."""
    own = {id(piece) for row in rows for piece in row.pieces}
    height = max(piece.height for piece in rows[-1].pieces)
    inside = [
        piece for piece in pieces if id(piece) not in own and rows[0].y - 2 * height < piece.y < rows[-1].y + 4 * height
    ]
    for row in rows_of(inside):
        for found in _named(row, naming=close_name_in):
            if found.cells:
                found.misread = True
                yield found


def lean_of(table: Table) -> float:
    """How far the left edge of the table leans: pixels to the right for each pixel down. A page seen from one side."""
    edges = [(row.pieces[0].y, row.pieces[0].x0) for row in table.rows if row.pieces and row.pieces[0].x0]
    slopes = sorted(
        (x - other_x) / (y - other_y)
        for i, (y, x) in enumerate(edges)
        for other_y, other_x in edges[:i]
        if abs(y - other_y) > 2 * table.rows[0].pieces[0].height
    )
    return slopes[len(slopes) // 2] if len(slopes) >= _FEWEST_SLOPES else 0.0


def _named(
    row: Row, before: TableRow | None = None, *, naming: Callable[[str], Name | None] = name_in
) -> Iterator[TableRow]:
    """The nutrients of one row of print with the cells that follow each of them.

    A row of kcal alone under one of kJ belongs to the energy above.
    """
    current: TableRow | None = None
    for piece in row:
        name, figures = _split(piece, naming)
        if name is not None:
            if current is not None:
                yield current
            current = TableRow(name, [], [piece], piece.y)
        elif figures is None:
            if current is not None and not current.cells and len(piece.text) <= 3:
                continue  # a dot or dash between a name and its figures
            if current is not None:
                yield current
            current = None
            continue
        if current is None and before is not None and figures and _continues(figures, before, piece):
            current = TableRow(before.name, [], [], piece.y)
        if current is not None and figures:
            current.pieces += [piece] if current.pieces[-1:] != [piece] else []
            current.cells += _cells(figures, piece, current.name)
    if current is not None:
        yield current


def _split(piece: Piece, naming: Callable[[str], Name | None]) -> tuple[Name | None, list[Figure] | None]:
    """(name, figures) of a piece; figures None where it is neither a name, nor figures, nor both."""
    text = INCLUDES.sub("", piece.text)
    offset = len(piece.text) - len(text)
    if (name := naming(text)) is not None:
        return name, []
    figures = figures_in(text)
    if not figures or BASIS.search(text):
        return None, None
    if offset:  # "Includes 5 g added sugars 10%"
        inner = naming(text[figures[0].end : figures[1].start if len(figures) > 1 else None])
        return (inner, figures) if inner is not None else (None, None)
    for i, figure in enumerate(figures):
        name = naming(text[: figure.start])
        if name is not None and _is_only_figures(text[figure.start :], figures[i:], figure.start):
            return name, figures[i:]
    return (None, figures) if _is_only_figures(text, figures, 0) else (None, None)


def _is_only_figures(text: str, figures: list[Figure], offset: int) -> bool:
    """Whether nothing of weight stands beside the figures: signs, notes, the name of a reference."""
    for figure in reversed(figures):
        text = text[: figure.start - offset] + " " + text[figure.end - offset :]
    rest = re.sub(r"\b(?:nrv|ri|rda|dv|vrn|trace[sn]?|spuren)\b", "", text, flags=re.IGNORECASE)
    return sum(map(str.isalpha, rest)) <= 2


def _continues(figures: list[Figure], before: TableRow, piece: Piece) -> bool:
    return (
        before.name.nutrient.startswith("energy")
        and all(figure.unit == "kcal" for figure in figures)
        and all(figure.unit != "kcal" for cell in before.cells for figure in cell.figures)
        and 0 < piece.y - before.y < 2.5 * piece.height
    )


def _cells(figures: list[Figure], piece: Piece, name: Name) -> list[Cell]:
    """Figures of a piece as cells: kJ and kcal beside each other are one."""
    cells: list[Cell] = []
    energy = name.nutrient.startswith("energy")
    width = (piece.x1 - piece.x0) / max(1, len(piece.text))
    for figure in figures:
        if figure.unit == "%":
            continue
        last = cells[-1] if cells else None
        between = piece.text[last.figures[-1].end : figure.start].strip() if last is not None else ""
        if energy and last is not None and len(last.figures) == 1 and _is_same_energy(last.figures[0], figure, between):
            last.figures.append(figure)
            continue
        cells.append(Cell([figure], piece, piece.x0 + width * (figure.start + figure.end) / 2))
    return cells


def _is_same_energy(first: Figure, second: Figure, between: str) -> bool:
    """`1582 kJ / 378 kcal`, `1582/378`."""
    if {first.unit, second.unit} == {"kJ", "kcal"}:
        return between in ("/", "(", "|", "")
    return between == "/" and not first.unit and not second.unit


def _together(rows: list[TableRow]) -> list[TableRow]:
    """The rows that stand under each other: the longest run without a gap of many lines."""
    if not rows:
        return []
    runs: list[list[TableRow]] = [[rows[0]]]
    for row in rows[1:]:
        height = max(1.0, max(piece.height for piece in row.pieces) if row.pieces else 1.0)
        (runs[-1].append(row) if row.y - runs[-1][-1].y < 6 * height else runs.append([row]))
    return max(runs, key=len)


def serving_size_in(pieces: Iterable[Piece]) -> str:
    """The serving's size as the label states it, empty if it does not."""
    rows = rows_of(list(pieces))
    for row in rows:
        text = " ".join(piece.text for piece in row)
        match = SERVING_SIZE.search(text)
        if match and any(map(str.isdigit, match["size"])):
            return match["size"].strip(TRIM)[:60]
    return ""


def columns_of(table: Table, span_of: dict[int, Span]) -> tuple[list[LabelColumn], list[Repair]]:
    """The table's figures by column. `span_of` says where each seen line stands in the label's text, by its id."""
    _mend_units(table)
    heads = table.heads or [Head("", "", 0.0, ())]
    columns: list[list[LabelAmount]] = [[] for _ in heads]
    repairs: list[Repair] = []
    for row in table.rows:
        if row.misread:
            read = row.pieces[0].seen
            repairs.append(Repair(read.text, row.name.nutrient, span_of[id(read)]))
        for column, cell in _placed(row, heads):
            seen = cell.piece.seen
            for nutrient, figure, unit in _amounts(row.name, cell):
                amount = _amount(nutrient, figure, unit, seen, span_of[id(seen)])
                if any(amount.nutrient == other.nutrient for other in columns[column]):
                    continue
                columns[column].append(amount)
                if figure.mended:
                    repairs.append(Repair(figure.mended, figure.text, amount.span))
    found = [
        LabelColumn(basis=head.basis, stated=head.stated, amounts=tuple(amounts))
        for head, amounts in zip(heads, columns, strict=True)
        if amounts and head.basis != PERCENT
    ]
    return found, repairs


def _amount(nutrient: str, figure: Figure, unit: str, seen: SeenLine, line: Span) -> LabelAmount:
    start = line[0] + figure.start
    return LabelAmount(
        nutrient=nutrient,
        value=figure.value,
        unit=unit,
        text=figure.text if figure.unit else f"{figure.text} {unit}".strip(),
        span=(start, min(line[1], line[0] + figure.end)),
        below=figure.below,
        unsure=seen.confidence < _UNSURE,
    )


def _amounts(name: Name, cell: Cell) -> Iterator[tuple[str, Figure, str]]:
    """Nutrient, figure and unit of what a cell holds; a figure nobody can give a unit is left out."""
    if not name.nutrient.startswith("energy"):
        figure = cell.figures[0]
        unit = figure.unit or name.unit
        if unit and unit not in ("kJ", "kcal", "ml"):
            yield name.nutrient, figure, unit
        return
    if len(cell.figures) == 2 and not cell.figures[0].unit:
        first, second = cell.figures
        if first.value > second.value:
            yield "energy_kj", first, "kJ"
            yield "energy_kcal", second, "kcal"
        else:
            yield "energy_kcal", first, "kcal"
            yield "energy_kj", second, "kJ"
        return
    for figure in cell.figures:
        unit = figure.unit or name.unit or {"energy_kj": "kJ", "energy_kcal": "kcal"}.get(name.nutrient, "")
        if unit in ("kJ", "kcal"):
            yield f"energy_{unit.lower()}", figure, unit


def _placed(row: TableRow, heads: list[Head]) -> Iterator[tuple[int, Cell]]:
    """Each cell with the number of its column: in order if there are as many, else under the nearest head."""
    amounts = [i for i, head in enumerate(heads) if head.basis != PERCENT] or [0]
    cells = row.cells
    kj_then_kcal = [[figure.unit for figure in cell.figures] for cell in cells[:2]] == [["kJ"], ["kcal"]]
    if len(amounts) == 1 and len(heads) == 1:
        yield from ((0, cell) for cell in cells[: 2 if kj_then_kcal else 1])
    elif len(cells) == len(amounts) and not kj_then_kcal:
        yield from zip(amounts, cells, strict=True)
    elif len(cells) == len(heads) and not kj_then_kcal:
        yield from enumerate(cells)
    else:
        for cell in cells:
            yield min(range(len(heads)), key=lambda i: abs(heads[i].centre - cell.centre)), cell


def _mend_units(table: Table) -> None:
    """`8.9 g` read as `8.99` in a table that prints a unit behind each figure."""
    figures = [
        figure
        for row in table.rows
        if not row.name.nutrient.startswith("energy") and not row.name.unit
        for cell in row.cells
        for figure in cell.figures
    ]
    with_unit = sum(1 for figure in figures if figure.unit)
    if with_unit < 3 or with_unit < 0.5 * len(figures):
        return
    # Where tenths are printed, a number without a point may have lost one.
    in_tenths = sum(1 for figure in figures if figure.value != int(figure.value)) > 0.3 * len(figures)
    for row in table.rows:
        for cell in row.cells if row.name.nutrient in _IN_TENTHS and not row.name.unit else ():
            cell.figures = [with_lost_unit(figure, in_tenths=in_tenths) or figure for figure in cell.figures]
