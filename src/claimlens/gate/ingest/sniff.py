"""Guesses the form of a file when nobody says it."""

import re
from enum import StrEnum

from claimlens.gate.ingest.csv import field_of, separator_of
from claimlens.kit.json_text import JsonReader, skip_space


class Format(StrEnum):
    """The forms a file may have."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    JSONLD = "jsonld"
    OFF = "off"
    TEXT = "text"


_BY_ENDING = {"csv": Format.CSV, "tsv": Format.CSV, "txt": Format.TEXT, "md": Format.TEXT, "jsonld": Format.JSONLD}
_LINES = ("ndjson", "jsonl", "jsonlines")
_LINKED_DATA = re.compile(r'"@(context|type|graph)"\s*:')
_FOOD_FACTS = re.compile(r'"(nutriments|product_name(_[a-z]{2})?|ingredients_text(_[a-z]{2})?)"\s*:')


def guess_format(start: str, file_name: str = "") -> Format:
    """The likely form of a file that begins with `start`; `file_name` decides where the text leaves a choice."""
    ending = file_name.rpartition(".")[2].lower()
    begin = skip_space(start, 0)
    opening = start[begin : begin + 1]
    if ending in _BY_ENDING:
        return _BY_ENDING[ending]
    if opening and opening in "{[":
        return _json_form(start, begin, ending)
    if ending in _LINES:
        return Format.NDJSON
    return Format.CSV if _is_heading(re.split("[\r\n]", start[begin:], maxsplit=1)[0]) else Format.TEXT


def _json_form(start: str, begin: int, ending: str) -> Format:
    if _LINKED_DATA.search(start):
        return Format.JSONLD
    if _FOOD_FACTS.search(start):
        return Format.OFF
    if ending in _LINES or (start[begin] == "{" and _another_follows(start, begin)):
        return Format.NDJSON
    return Format.JSON


def _another_follows(start: str, begin: int) -> bool:
    """Whether a second object stands on a line of its own after the first."""
    try:
        _, end, _ = JsonReader().value_at(start, begin)
    except (ValueError, RecursionError):
        # Line by line, one broken line costs one item; so lines that look like objects are taken for NDJSON.
        rows = [row.strip() for row in start[begin:].split("\n", 3)[:3]]
        return len(rows) == 3 and all(row.startswith("{") and row.endswith("}") for row in rows[:2])
    following = skip_space(start, end)
    return "\n" in start[end:following] and start[following : following + 1] == "{"


def _is_heading(line: str) -> bool:
    cells = line.split(separator_of(line))
    return len(cells) > 1 and "name" in [field_of(cell.strip().strip('"')) for cell in cells]
