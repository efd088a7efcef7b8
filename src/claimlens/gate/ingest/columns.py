"""Rows of tables in bulk: which column is what. Known sets of columns, and a mapping that goes before them.

| schema          | columns                                                                                          |
|-----------------|--------------------------------------------------------------------------------------------------|
| `items`         | as the fields of an item, with the other names that CSV files have for them                      |
| `openfoodfacts` | Open Food Facts: the JSONL dump, the CSV export, the Parquet file                                |
| `fdc`           | USDA FoodData Central: `branded_food.csv` (joined with `food.csv`), the JSON records a line each |
"""

from collections.abc import Collection, Mapping
from typing import Any

from claimlens.domain.errors import InputError
from claimlens.domain.item import Item
from claimlens.domain.scan import Columns
from claimlens.gate.ingest import food_data_central, open_food_facts
from claimlens.gate.ingest.csv import field_of
from claimlens.gate.ingest.csv import record_of as record_of_cells
from claimlens.gate.ingest.entry import Defaults, Read, Unread
from claimlens.gate.ingest.open_food_facts_rows import COLUMNS as FOOD_FACTS_COLUMNS
from claimlens.gate.ingest.open_food_facts_rows import product_of
from claimlens.gate.ingest.record import OPTION_FIELDS, read_record
from claimlens.kit.json_text import JsonReader, Problem

SCHEMAS = ("items", "openfoodfacts", "fdc")
#: What a mapping may name; `nutrition.<nutrient>` beside it.
FIELDS = (*(name for name in Item.__struct_fields__ if name not in ("extra", "marks", "options")), *OPTION_FIELDS)
_NUTRIENT = "nutrition."


def recognised(names: Collection[str]) -> str:
    """The schema that columns (or the keys of a record) of these names have."""
    if "fdc_id" in names or "fdcId" in names:
        return "fdc"
    of_food_facts = {"nutriments", "ingredients_text", "product_name_en", "categories_tags", "generic_name"}
    has_name = "product_name" in names or any(name.startswith("product_name_") for name in names)
    return "openfoodfacts" if has_name and of_food_facts & set(names) else "items"


def check_mapping(mapping: Mapping[str, str], schema: str, names: Collection[str]) -> None:
    """Raises InputError for a field that no item has, a column that is not there, or no column with the name."""
    for field, column in mapping.items():
        if field not in FIELDS and not field.startswith(_NUTRIENT):
            raise InputError(f"an item has no field {field!r:.60}; it has {', '.join(FIELDS)}, nutrition.<nutrient>")
        if names and column.split(".")[0] not in names:
            raise InputError(f"there is no column {column!r:.80}; there are {', '.join(sorted(names)):.300}")
    if schema == "items" and names and "name" not in mapping and "name" not in map(field_of, names):
        there = ", ".join(sorted(names))
        raise InputError(f"no column is the name of the item; say which: --map name=COLUMN. There are {there:.300}")


def wanted_columns(columns: Columns, names: Collection[str]) -> list[str]:
    """Those of the columns that are read at all, in their order."""
    mapped = {column.split(".")[0] for column in columns.mapping.values()}
    return [name for name in names if name in mapped or _is_known(columns.schema, name)]


def read_row(
    row: dict[str, Any], position: int, columns: Columns, defaults: Defaults, *, tabular: bool = False
) -> Read | Unread:
    """The item of a JSON record, or of a row of typed values (`tabular`), that stands at `position` of its file."""
    mapping = columns.mapping
    if columns.schema == "openfoodfacts":
        record = open_food_facts.record_of(product_of(row), position, defaults)
    elif columns.schema == "fdc":
        record = food_data_central.record_of(row, position)
    else:
        taken = set(mapping.values())
        record = {key: value for key, value in row.items() if key not in taken} if taken else row
        record = _typed(record) if tabular else record
    if mapping:
        record = _mapped(record, row, mapping)
    return read_record(record, position, defaults)


def read_cells(
    heading: list[str], cells: list[str], position: int, columns: Columns, defaults: Defaults, reader: JsonReader
) -> Read | Unread:
    """The item of a row of a CSV file, whose columns `heading` names."""
    if columns.schema == "items":
        named = {column: field for field, column in columns.mapping.items()}
        record = record_of_cells([named.get(name) or field_of(name) for name in heading], cells, reader)
        if isinstance(record, Problem):
            return Unread(position, f"item-{position + 1}", record.pointer, record.detail)
        return read_record(record, position, defaults)
    if len(cells) > len(heading):
        return Unread(position, f"item-{position + 1}", "", f"{len(cells)} cells, the heading has {len(heading)}")
    row: dict[str, Any] = {name: cell for name, cell in zip(heading, cells, strict=False) if cell}
    return read_row(row, position, columns, defaults)


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a Parquet file under the fields of an item, with the other names that CSV files have for them."""
    record: dict[str, Any] = {}
    nutrients: dict[str, Any] = {}
    for name, value in row.items():
        if value is None:
            continue
        field = field_of(name)
        if field.startswith(_NUTRIENT):
            nutrients[field[len(_NUTRIENT) :]] = value
        else:
            record.setdefault(field, value)
    if nutrients:
        record["nutrition"] = {**(record.get("nutrition") or {}), **nutrients}
    return record


def _mapped(record: dict[str, Any], row: dict[str, Any], mapping: Mapping[str, str]) -> dict[str, Any]:
    found, nutrients = dict(record), {}
    for field, column in mapping.items():
        value: Any = row
        for step in [column] if column in row else column.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if field.startswith(_NUTRIENT):
            nutrients[field[len(_NUTRIENT) :]] = value
        else:
            found[field] = value
    if nutrients:
        given = found.get("nutrition")
        found["nutrition"] = {**(given if isinstance(given, dict) else {}), **nutrients}
    return found


def _is_known(schema: str, name: str) -> bool:
    if schema == "openfoodfacts":
        return (
            name in FOOD_FACTS_COLUMNS
            or name.endswith(("_100g", "_serving"))
            or name.startswith(("product_name_", "generic_name_", "ingredients_text_"))
        )
    if schema == "fdc":
        return name in food_data_central.COLUMNS
    field = field_of(name)
    return field in FIELDS or field.startswith(_NUTRIENT)
