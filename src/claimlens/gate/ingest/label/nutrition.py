"""The nutrition table of a label: which pieces belong to it, and its figures by column."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from claimlens.domain.label import LabelAmount, LabelColumn, Repair, SeenLine, Span
from claimlens.domain.nutrients import NUTRIENTS
from claimlens.gate.ingest.label.figures import Figure, figures_in, with_lost_unit
from claimlens.gate.ingest.label.layout import Piece, Row, rows_of
from claimlens.gate.normalise.amounts import UNITS, read_basis
from claimlens.gate.normalise.nutrient_names import meaning_of

#: Fewer named rows are no table.
_FEWEST_ROWS = 2
#: A figure from a piece read with less confidence is shown, not judged by.
_UNSURE = 0.75
_LONGEST_NAME = 60
#: Printed in grams and tenths of grams.
_IN_TENTHS = frozenset(
    "fat saturates mono_unsaturates poly_unsaturates trans_fat carbohydrate sugars added_sugars polyols starch fibre "
    "protein".split()
)
#: Stands for the basis of a column of percentages; such columns are not read.
_PERCENT = "%"
#: How far above the first row the heads of the columns stand at most, in heights of print.
_HEADS = 7.0

_PER = r"(?:per|pro|je|pour|par|por|cada|ogni|für|amount\s*(?:per|/))"
_HUNDRED = r"[1lI|][0Oo]{2}\s*(?:g|gm|gr|9|m[l1I])(?![^\W\d_])"
_PORTION = (
    r"(?:serv\w*|porti\w*|porzion\w*|porci[oó]n\w*|raci[oó]n\w*|stück|piece|pack\w*|bar|riegel|barre\w*|biscuit|cookie|slice|scheibe|"
    r"tranche|sachet|scoop|capsule|kapsel|tablet\w*|dose|day|tag|jour|d[ií]a|giorno|bottle|can|pot|cup|glass|glas|pouch)"
)
_BASIS = re.compile(
    rf"(?<!\w)(?:{_PER}\s*(?P<size>(?:\d+(?:[.,]\d+)?\s*(?:g|ml|{_PORTION}))|{_HUNDRED}|(?:\d+\s*)?{_PORTION})"
    rf"(?:\s*\([^)]{{1,30}}\))?|{_HUNDRED}(?!\s*(?:[:=,]|\d))|^{_PORTION}\s*(?:\(?[\d.,]+\s*(?:g|ml)\)?)?$)",
    re.IGNORECASE,
)
_PERCENT_HEAD = re.compile(
    r"%\s*(?:d\.?v|nrv|ri\b|rda|vrn|ar\b|ir\b|daily|gda|nährst|der ref|bezugs)|(?:nrv|rda|vrn|ri)\s*\*?\s*%|"
    r"daily value|^%\*{0,2}$",
    re.IGNORECASE,
)
_SERVING_SIZE = re.compile(
    r"(?:(?:serving|portion)\s*size|portionsgröße|taille de (?:la )?portion|tamaño de (?:la )?(?:porci[oó]n|raci[oó]n)|"
    r"(?:dimensione|peso) (?:della )?porzione|1\s*(?:serving|portion|porci[oó]n|porzione|raci[oó]n)\s*=)"
    r"\s*[:=]?\s*(?P<size>[^;|]*)",
    re.IGNORECASE,
)
_INCLUDES = re.compile(r"^(?:includes?|incl\.?)\s+(?=\d)", re.IGNORECASE)
#: What stands before a name or behind it and is no part of it.
_TRIM = " \t-–—•·*†‡:;,.…_~"
_NOTE = re.compile(r"\([^()]*\)|[*†‡¹²³]+$")
_UNIT_IN_NAME = re.compile(r"[\[(,]?\s*\b(kcal|kj|g|mg|mcg|µg|μg|ug|iu)\b\s*[\])]?\s*$", re.IGNORECASE)
_DIGITS_FOR_LETTERS = str.maketrans({"1": "l", "0": "o", "|": "l"})
_GATE_UNITS = {"kj": "kJ", "ug": "µg", "iu": "IU"}


class Name(NamedTuple):
    """The nutrient that a piece of text names, and the unit it states for its figures."""

    nutrient: str
    unit: str


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


class Head(NamedTuple):
    """The head of a column."""

    basis: str
    stated: str
    centre: float
    pieces: tuple[Piece, ...]


class Table(NamedTuple):
    """A table as it stands on the page; `pieces` are all that belong to it, `portion` the serving's size as stated."""

    rows: list[TableRow]
    heads: list[Head]
    pieces: list[Piece]


@lru_cache(maxsize=4096)
def name_in(text: str) -> Name | None:
    """The nutrient that a whole text names, in any of five languages or several at once (`Fat / Fett`)."""
    if len(text) > _LONGEST_NAME or not any(map(str.isalpha, text)) or any(one.unit for one in figures_in(text)):
        return None
    for part in (text, *re.split(r"\s*[/|]\s*", text)) if re.search("[/|]", text) else (text,):
        unit = ""
        if stated := _UNIT_IN_NAME.search(part.strip(_TRIM)):
            unit = UNITS.get(stated[1].lower().replace("μ", "µ").replace("µg", "ug"), "")
        bare = _NOTE.sub(" ", part)
        for tried in (bare, _UNIT_IN_NAME.sub("", bare.strip(_TRIM)), _respelt(bare)):
            nutrient = _meant(tried.strip(_TRIM))
            if nutrient:
                return Name(nutrient, _GATE_UNITS.get(unit, unit))
    return None


def _respelt(text: str) -> str:
    """Letters that were read as digits, and a sharp s that was read as B."""
    return re.sub(r"(?<=[a-zäöü])B(?=[a-zäöü]|$)", "ß", text.translate(_DIGITS_FOR_LETTERS))


def _meant(text: str) -> str:
    meaning = meaning_of(text)
    known = meaning.nutrient in NUTRIENTS or meaning.nutrient == "energy"
    return meaning.nutrient if meaning.role == "nutrient" and known else ""


def find_table(pieces: Sequence[Piece]) -> Table | None:
    """The table among the pieces of a page; None if there is none."""
    rows: list[TableRow] = []
    for row in rows_of(pieces):
        rows += _named(row) if not rows else _named(row, rows[-1])
    rows = _together(rows)
    if sum(1 for row in rows if row.cells) < _FEWEST_ROWS:
        return None
    heads = _heads(pieces, rows)
    used = {id(piece): piece for row in rows for piece in row.pieces} | {
        id(piece): piece for head in heads for piece in head.pieces
    }
    return Table(rows, heads, list(used.values()))


def _named(row: Row, before: TableRow | None = None) -> Iterator[TableRow]:
    """The nutrients of one row of print with the cells that follow each of them.

    A row of kcal alone under one of kJ belongs to the energy above.
    """
    current: TableRow | None = None
    for piece in row:
        name, figures = _split(piece)
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


def _split(piece: Piece) -> tuple[Name | None, list[Figure] | None]:
    """(name, figures) of a piece; figures None where it is neither a name, nor figures, nor both."""
    text = _INCLUDES.sub("", piece.text)
    offset = len(piece.text) - len(text)
    if (name := name_in(text)) is not None:
        return name, []
    figures = figures_in(text)
    if not figures or _BASIS.search(text):
        return None, None
    if offset:  # "Includes 5 g added sugars 10%"
        inner = name_in(text[figures[0].end : figures[1].start if len(figures) > 1 else None])
        return (inner, figures) if inner is not None else (None, None)
    for i, figure in enumerate(figures):
        name = name_in(text[: figure.start])
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
    return max(runs, key=lambda run: sum(1 for row in run if row.cells))


def _heads(pieces: Sequence[Piece], rows: list[TableRow]) -> list[Head]:
    """The heads of the columns of figures, from the left: what stands above the first row, or in it."""
    own = {id(piece) for row in rows for piece in row.pieces}
    x0 = min(piece.x0 for row in rows for piece in row.pieces)
    x1 = max(piece.x1 for row in rows for piece in row.pieces)
    first, height = rows[0].y, max(piece.height for piece in rows[0].pieces)
    near = [
        piece
        for piece in pieces
        if id(piece) not in own
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
            starts = re.search(rf"(?:^|\s){_PER}$", text, re.IGNORECASE)
            sized = re.match(r"^\(?[\d.,]+\s*(?:g|ml)\)?", piece.text) and _BASIS.search(text)
            if close and overlap > 0.5 * narrow and (starts or (sized and "(" not in text)):
                result[i] = f"{text} {piece.text}", (*pieces, piece)
                break
        else:
            result.append((piece.text, (piece,)))
    return result


def _heads_in(text: str, pieces: tuple[Piece, ...]) -> Iterator[Head]:
    first = pieces[0]
    width = (first.x1 - first.x0) / max(1, len(first.text))
    for match in _BASIS.finditer(text):
        stated = match[0].strip()
        if basis := basis_of(stated):
            middle = (match.start() + min(match.end(), len(first.text))) / 2
            yield Head(basis, stated, first.x0 + width * middle, pieces)
    for match in _PERCENT_HEAD.finditer(text):
        yield Head(_PERCENT, match[0], first.x0 + width * (match.start() + match.end()) / 2, pieces)


def basis_of(stated: str) -> str:
    """`100 g`, `100 ml`, `serving` or `day`; empty if it says none of them."""
    mended = re.sub(r"[1lI|][0Oo]{2}(?=\s*(?:g|9|m))", "100", stated)
    mended = re.sub(r"(?<=100)\s*9\b", " g", mended).replace("m1", "ml").replace("mI", "ml")
    read = read_basis(mended.lower())
    if read.kind == "100g":
        return "100 g" if read.grams in (None, 100.0) else "serving"
    if read.kind == "100ml":
        return "100 ml" if read.millilitres in (None, 100.0) else "serving"
    return read.kind if read.kind in ("serving", "day") else ""


def head_in(text: str) -> str:
    """The first basis that a text states (`per 100 g`); empty if it states none."""
    return next((match[0].strip() for match in _BASIS.finditer(text) if basis_of(match[0])), "")


def serving_size_in(pieces: Iterable[Piece]) -> str:
    """The serving's size as the label states it, empty if it does not."""
    rows = rows_of(list(pieces))
    for row in rows:
        text = " ".join(piece.text for piece in row)
        match = _SERVING_SIZE.search(text)
        if match and any(map(str.isdigit, match["size"])):
            return match["size"].strip(_TRIM)[:60]
    return ""


def columns_of(table: Table, span_of: dict[int, Span]) -> tuple[list[LabelColumn], list[Repair]]:
    """The table's figures by column. `span_of` says where each seen line stands in the label's text, by its id."""
    _mend_units(table)
    heads = table.heads or [Head("", "", 0.0, ())]
    columns: list[list[LabelAmount]] = [[] for _ in heads]
    repairs: list[Repair] = []
    for row in table.rows:
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
        if amounts and head.basis != _PERCENT
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
    amounts = [i for i, head in enumerate(heads) if head.basis != _PERCENT] or [0]
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
    for row in table.rows:
        for cell in row.cells if row.name.nutrient in _IN_TENTHS and not row.name.unit else ():
            cell.figures = [with_lost_unit(figure) or figure for figure in cell.figures]
