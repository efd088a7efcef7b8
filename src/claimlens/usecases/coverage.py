"""Which rows of the facts tables the packs encode, and which they leave out and why."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from claimlens.domain.errors import InputError
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
    """Coverage of each table (`{file name: CSV bytes}`) by each pack it concerns. Tables without ids are left out."""
    names = packs.names()
    encoded = {name: _encoded(packs, name) for name in [*names, "shared"]}
    result = []
    for table, content in sorted(tables.items()):
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        if not rows:
            continue
        if "id" not in rows[0]:
            continue
        for name in names:
            wanted = [row["id"] for row in rows if name in _packs_for(row, table)]
            if not wanted:
                continue
            facts, reasons = encoded[name]
            shared_facts, shared_reasons = encoded["shared"]
            found = [row for row in wanted if row in facts or row in shared_facts]
            why = {row: (reasons | shared_reasons)[row] for row in wanted if row in reasons or row in shared_reasons}
            missing = tuple(row for row in wanted if row not in facts | shared_facts and row not in why)
            result.append(TableCoverage(table, name, len(wanted), len(found), why, missing))
    if not result:
        raise InputError("no facts table with an `id` column in this folder")
    return result


def _packs_for(row: Mapping[str, str], table: str) -> tuple[str, ...]:
    stated = (row.get("jurisdiction") or "").strip().lower().replace(" ", "")
    if stated in _PACKS_OF:
        return _PACKS_OF[stated]
    if table.startswith("us_"):
        return ("us",)
    return ("eu", "gb") if table.startswith("eu_gb") or table == "nrv.csv" else ()


def _encoded(packs: PackFiles, name: str) -> tuple[set[str], dict[str, str]]:
    facts: set[str] = set()
    reasons: dict[str, str] = {}
    for file, content in packs.files(name).items():
        if not file.endswith(".yaml"):
            continue
        document = read_yaml(content, file)
        if file == "not_encoded.yaml":
            rows = document.get("not_encoded", []) if isinstance(document, dict) else document or []
            reasons |= {str(row["fact"]): str(row["reason"]) for row in rows}
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
