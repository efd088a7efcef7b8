"""CSV: a heading, then one item a row, any number of rows, constant memory.

The separator (comma, semicolon, tab or bar) is taken from the heading. Columns are named as the fields of an item, in
any case, with spaces or underscores; `nutrition.fat` (or `nutrition fat`) is the nutrient `fat`. Lists stand in one
cell, parted by `|`. Other columns travel in `Item.extra`.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from claimlens.domain.errors import InputError
from claimlens.gate.ingest.encoding import MAX_LINE, lines
from claimlens.gate.ingest.entry import Defaults, Entry, Place, Unread
from claimlens.gate.ingest.record import OPTION_FIELDS, id_of, read_record
from claimlens.kit.json_text import JsonReader, Problem, skip_space
from claimlens.kit.wellformed import is_wellformed, what_is_wrong

# The module's limit is one for the process; its default (128 KiB) is less than one long text may have.
csv.field_size_limit(MAX_LINE)

#: Other names under which menus keep a field.
_ALSO = {
    "item_id": "id", "product_id": "id", "code": "id",
    "item": "name", "item_name": "name", "title": "name", "dish": "name", "dish_name": "name", "product": "name",
    "product_name": "name", "text": "name",
    "item_description": "description", "product_description": "description",
    "section": "category", "menu_section": "category", "item_category": "category",
    "ean": "gtin", "upc": "gtin", "barcode": "gtin",
    "allergens": "allergens_declared", "declared_allergens": "allergens_declared",
    "claim": "claims", "tag": "tags", "nutrition_facts": "nutrition",
}  # fmt: skip
_PARTED = ("claims", "tags")
_STRUCTURED = frozenset(
    {"nutrition", "metadata", "ingredients", "claims", "tags", "allergens_declared", *OPTION_FIELDS}
)
_NUTRIENT = "nutrition."


class Row(NamedTuple):
    """The cells of one row, the line it begins on, and its text in the file without its line end."""

    line: int
    cells: list[str]
    source: str


class Table(NamedTuple):
    """A table whose rows are still to be read: what parts cells, the heading as written, the field of each column."""

    separator: str
    heading: list[str]
    columns: list[str]
    rows: Iterator[Row]


def read(texts: Iterable[str], defaults: Defaults) -> Iterator[Entry]:
    """The item of every row. Raises InputError when there is no heading with a name, or the quotes do not close."""
    table = open_table(texts)
    reader = JsonReader()
    count = 0
    for line, cells, source in table.rows:
        record = record_of(table.columns, cells, reader)
        if isinstance(record, Problem):
            given = dict(zip(table.columns, cells, strict=False))
            yield Unread(count, id_of(given, count), record.pointer, record.detail, line, 1, source)
        else:
            yield read_record(record, count, defaults, Place(line, 1, source))
        count += 1
    if not count:
        raise InputError("there is no item in it: nothing stands below the heading")


def open_table(texts: Iterable[str]) -> Table:
    """The heading of a table, and its rows to be read. Blank rows are left out."""
    source = _whole_lines(texts)
    first = next((line for line in source if line.strip()), "")
    if not first:
        raise InputError("empty: there is nothing to check in it")
    separator = separator_of(first)
    rows = _rows(chain([first], source), separator)
    heading = next(rows, Row(1, [], "")).cells
    columns = [field_of(name) for name in heading]
    if "name" not in columns:
        raise InputError(f"the heading has no column 'name'; it has {', '.join(heading)[:200] or 'none'}")
    twice = sorted({field for field in columns if field and columns.count(field) > 1})
    if twice:
        raise InputError(f"two columns of the heading mean the same field: {', '.join(twice)}")
    return Table(separator, heading, columns, rows)


def separator_of(heading: str) -> str:
    """What parts the cells: the one of `,` `;` tab `|` that the heading holds most often."""
    return max(",;\t|", key=heading.count)


def field_of(name: str) -> str:
    """The item's field for a column name."""
    folded = "_".join(name.strip().strip("\ufeff").lower().replace("-", " ").split())
    for joint in (".", "_", ":", "/"):
        if folded.startswith("nutrition" + joint) and folded != "nutrition_facts":
            return _NUTRIENT + folded[len("nutrition") + 1 :]
    return _ALSO.get(folded, folded)


def record_of(columns: list[str], cells: list[str], reader: JsonReader) -> dict[str, Any] | Problem:
    """The record that a row stands for; empty cells are left out."""
    if len(cells) > len(columns):
        return Problem("", f"{len(cells)} cells, the heading has {len(columns)}: is a text with a separator unquoted?")
    record: dict[str, Any] = {}
    nutrients: dict[str, Any] = {}
    for field, cell in zip(columns, cells, strict=False):
        if not cell or cell.isspace():
            continue
        if not is_wellformed(cell):
            return Problem("/" + field, what_is_wrong(cell))
        if field.startswith(_NUTRIENT):
            nutrients[field[len(_NUTRIENT) :]] = cell
        elif field in _STRUCTURED and cell.lstrip()[:1] in ("{", "["):
            value = _structured(cell, reader)
            if isinstance(value, Problem):
                return Problem(f"/{field}{value.pointer}", value.detail)
            record[field] = value
        elif field in _PARTED:
            record[field] = [part.strip() for part in cell.split("|") if part.strip()]
        else:
            record[field] = cell
    if nutrients:
        record["nutrition"] = {**(record.get("nutrition") or {}), **nutrients}
    return record


def _structured(cell: str, reader: JsonReader) -> Any:
    try:
        value, end, problem = reader.value_at(cell, skip_space(cell, 0))
    except (json.JSONDecodeError, RecursionError):
        # "[contains nuts] rice, dal" is text; only what reads as JSON is taken for it.
        return cell
    return problem or (value if skip_space(cell, end) == len(cell) else cell)


def _rows(source: Iterable[str], separator: str) -> Iterator[Row]:
    taken: list[str] = []
    cells = csv.reader(_noted(source, taken), delimiter=separator, strict=True)
    line = 1
    while True:
        try:
            row = next(cells)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"not CSV: {error} (row that begins on line {line})") from None
        if any(row):
            yield Row(line, row, "".join(taken).rstrip("\r\n"))
        taken.clear()
        line = cells.line_num + 1


def _noted(source: Iterable[str], taken: list[str]) -> Iterator[str]:
    for line in source:
        taken.append(line)
        yield line


def _whole_lines(texts: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines(texts), start=1):
        if line is None:
            raise InputError(f"line {number} has more than {MAX_LINE:,} characters")
        yield line
