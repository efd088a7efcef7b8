"""The item that a label describes, as a record like any other; what is known of the item beside it goes first."""

import re
from typing import Any

from claimlens.domain.item import Kind
from claimlens.domain.label import Label, LabelColumn, Span
from claimlens.gate.normalise.amounts import read_basis

#: What a product is called whose label names none.
NAMELESS = "Label"
_BASES = {"100 g": "per 100 g", "100 ml": "per 100 ml", "serving": "per serving", "day": "per day"}
_PARTED = re.compile(r"[,;•·&+]|\b(?:and|und|et|e|y|sowie)\b", re.IGNORECASE)
_NOTE = re.compile(r"\([^)]*\)|\([^)]*$")


def record_of(label: Label, known: dict[str, Any] | None = None) -> tuple[dict[str, Any], dict[str, tuple[Span, ...]]]:
    """The record, and where each field that came from the label stands in its text (by JSON Pointer).

    `known` are fields of the item that somebody wrote down; each goes before what was read. All of the label's text is
    `ocr_text`, at its start, so that spans in it are spans of the label.
    """
    read: dict[str, Any] = {"name": label.name.text if label.name else NAMELESS, "kind": str(Kind.PACKAGED_FOOD)}
    places: dict[str, tuple[Span, ...]] = {"/name": label.name.spans} if label.name else {}
    if label.ingredients:
        read["ingredients"], places["/ingredients"] = label.ingredients.text, label.ingredients.spans
    if nutrition := _nutrition(label):
        read["nutrition"] = nutrition
        places["/nutrition"] = tuple(amount.span for column in label.nutrition for amount in column.amounts)
    if declared := _declared(label):
        read["allergens_declared"] = declared
        places["/allergens_declared"] = tuple(span for one in label.contains for span in one.spans)
    if label.gtin:
        read["gtin"] = label.gtin
    given = {key: value for key, value in (known or {}).items() if value not in (None, "", [], {})}
    record = {**read, **given}
    beside = given.get("ocr_text")
    record["ocr_text"] = f"{label.text}\n{beside}" if isinstance(beside, str) else label.text
    return record, {pointer: spans for pointer, spans in places.items() if pointer[1:] not in given}


def _nutrition(label: Label) -> dict[str, Any]:
    """Columns by what they refer to; figures that are unsure are left out, as unknown as if they were not there."""
    table: dict[str, Any] = {}
    for column in label.nutrition:
        amounts = {amount.nutrient: amount.text for amount in column.amounts if not amount.unsure}
        key = _key(column)
        if not amounts or key in table:
            continue
        if key:
            table[key] = amounts
        else:
            table |= amounts
    if table and label.serving_size and not any("(" in key for key in table):
        table["serving_size"] = label.serving_size
    return table


def _key(column: LabelColumn) -> str:
    """`per serving (40 g)` as printed where the gate reads that, else the plain words."""
    stated = read_basis(column.stated.lower())
    if column.basis == "serving" and stated.kind == "serving" and (stated.grams or stated.millilitres):
        size = f"{stated.grams:g} g" if stated.grams else f"{stated.millilitres:g} ml"
        return f"per serving ({size})"
    if column.basis == "serving" and stated.kind in ("100g", "100ml"):  # "per 30 g"
        size = f"{stated.grams:g} g" if stated.grams else f"{stated.millilitres or 0:g} ml"
        return f"per serving ({size})"
    return _BASES.get(column.basis, "")


def _declared(label: Label) -> list[str]:
    """The allergens that a statement names, one by one."""
    names = [part.strip(" .:-*") for one in label.contains for part in _PARTED.split(_NOTE.sub(" ", one.text))]
    return list(dict.fromkeys(name for name in names if len(name) > 1))[:40]
