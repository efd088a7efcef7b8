"""Which rows of the facts tables the packs encode, and which they leave out and why."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from claimlens.domain.errors import InputError
from claimlens.packs.allergen_source import PackFile, SharedFile, encoded_rows, read_file
from claimlens.packs.nutrients import encoded_facts, facts_left_out
from claimlens.packs.source import read_yaml
from claimlens.ports.packs import PackFiles

_PACKS_OF = {
    "both": ("eu", "gb"),
    "eu": ("eu",),
    "gb": ("gb",),
    "uk": ("gb",),
    "in": ("in",),
    "us": ("us",),
    "in|us": ("in", "us"),
    "eu|gb": ("eu", "gb"),
}


class TableCoverage(msgspec.Struct, frozen=True):
    """One table against one pack. `left_out` maps a row to the reason; `missing` are rows that nobody accounts for."""

    table: str
    pack: str
    rows: int
    encoded: int
    left_out: dict[str, str]
    missing: tuple[str, ...]


def coverage(packs: PackFiles, tables: Mapping[str, bytes]) -> list[TableCoverage]:
    """Coverage of each table (`{file name: CSV bytes}`) by each pack it concerns.

    A row without an id is named `allergen/record_type/language/term`. Raises InputError if no table has rows to name.
    """
    names = packs.names()
    accounts = {name: _account(packs, name) for name in names}
    result = []
    for table, content in sorted(tables.items()):
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        for name in names:
            wanted = [row_id for row in rows if name in _packs_for(row, table) and (row_id := _row_id(row))]
            if not wanted:
                continue
            facts, reasons = accounts[name]
            why = {row: reasons[row] for row in wanted if row in reasons and row not in facts}
            missing = tuple(row for row in wanted if row not in facts and row not in why)
            encoded = len(wanted) - len(why) - len(missing)
            result.append(TableCoverage(table, name, len(wanted), encoded, why, missing))
    if not result:
        raise InputError("no facts table in this folder")
    return result


def _row_id(row: Mapping[str, str]) -> str:
    if "id" in row:
        return row["id"]
    return "/".join(row.get(column) or "" for column in ("allergen", "record_type", "language", "term")).strip("/")


def _packs_for(row: Mapping[str, str], table: str) -> tuple[str, ...]:
    stated = (row.get("jurisdiction") or "").strip().lower().replace(" ", "")
    if stated in _PACKS_OF:
        return _PACKS_OF[stated]
    if table.startswith("us_"):
        return ("us",)
    return ("eu", "gb") if table.startswith("eu_gb") else ()


def _account(packs: PackFiles, name: str) -> tuple[set[str], dict[str, str]]:
    """The rows that a pack encodes, and those that it leaves out with the reason."""
    facts: set[str] = set()
    reasons: dict[str, str] = {}
    shared = packs.files("shared")
    for file, content in packs.files(name).items():
        if not file.endswith(".yaml"):
            continue
        document = read_yaml(content, file)
        if file == "not_encoded.yaml":
            rows = document.get("not_encoded", []) if isinstance(document, dict) else document or []
            reasons |= {str(row["fact"]): str(row["reason"]) for row in rows}
        elif file == "nutrients.yaml":
            facts.update(encoded_facts(document))
            reasons |= facts_left_out(document)
        elif file == "allergens.yaml":
            common = read_yaml(shared["allergens.yaml"], "shared/allergens.yaml")
            facts |= encoded_rows(read_file(document, PackFile), read_file(common, SharedFile))
        else:
            facts.update(_facts(document))
    return facts, reasons


def _facts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("facts", "fact"):
                yield from [str(v) for v in value] if isinstance(value, list) else [str(value)]
            else:
                yield from _facts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _facts(value)
