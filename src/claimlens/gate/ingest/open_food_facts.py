"""Open Food Facts product records: one product, a search answer, a list, or one record a line.

Name, ingredients and generic name are taken in the language of the locale, then in the product's own. `labels` are
words on the pack and become claims. `allergens_tags` and `traces_tags` are typed by volunteers and often empty: they
declare nothing and travel in `Item.extra` only.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from claimlens.domain.item import Kind
from claimlens.gate.ingest.encoding import whole
from claimlens.gate.ingest.entry import Defaults, Entry, Place, Unread
from claimlens.gate.ingest.json import take_apart
from claimlens.gate.ingest.ndjson import records
from claimlens.gate.ingest.record import read_record
from claimlens.kit.json_text import JsonReader, Problem, skip_space

_NUTRIENTS = {
    "energy-kcal": ("energy_kcal", "kcal"), "energy-kj": ("energy_kj", "kJ"), "fat": ("fat", "g"),
    "saturated-fat": ("saturates", "g"), "trans-fat": ("trans_fat", "g"), "cholesterol": ("cholesterol", "g"),
    "monounsaturated-fat": ("mono_unsaturates", "g"), "polyunsaturated-fat": ("poly_unsaturates", "g"),
    "omega-3-fat": ("omega3", "g"), "carbohydrates": ("carbohydrate", "g"), "sugars": ("sugars", "g"),
    "added-sugars": ("added_sugars", "g"), "starch": ("starch", "g"), "polyols": ("polyols", "g"),
    "fiber": ("fibre", "g"), "proteins": ("protein", "g"), "salt": ("salt", "g"), "sodium": ("sodium", "g"),
    "alcohol": ("alcohol", "% vol"), "vitamin-a": ("vitamin_a", "g"), "vitamin-c": ("vitamin_c", "g"),
    "vitamin-d": ("vitamin_d", "g"), "vitamin-e": ("vitamin_e", "g"), "vitamin-k": ("vitamin_k", "g"),
    "vitamin-b1": ("thiamin", "g"), "vitamin-b2": ("riboflavin", "g"), "vitamin-pp": ("niacin", "g"),
    "vitamin-b6": ("vitamin_b6", "g"), "vitamin-b9": ("folate", "g"), "vitamin-b12": ("vitamin_b12", "g"),
    "biotin": ("biotin", "g"), "pantothenic-acid": ("pantothenic_acid", "g"), "potassium": ("potassium", "g"),
    "calcium": ("calcium", "g"), "phosphorus": ("phosphorus", "g"), "magnesium": ("magnesium", "g"),
    "iron": ("iron", "g"), "zinc": ("zinc", "g"), "copper": ("copper", "g"), "manganese": ("manganese", "g"),
    "selenium": ("selenium", "g"), "iodine": ("iodine", "g"), "caffeine": ("caffeine", "g"),
}  # fmt: skip
#: The narrower first: a wine is a drink, too.
_KINDS = (
    ("en:alcoholic-beverages", Kind.ALCOHOL),
    ("en:dietary-supplements", Kind.SUPPLEMENT),
    ("en:baby-foods", Kind.INFANT),
    ("en:baby-milks", Kind.INFANT),
    ("en:beverages", Kind.BEVERAGE),
)
_TAKEN = frozenset({"code", "product_name", "generic_name", "brands", "nutriments", "labels", "ingredients_text"})


def read(texts: Iterable[str], defaults: Defaults) -> Iterator[Entry]:
    """The products, in the order of the file. Raises InputError for a file that holds none."""
    text = whole(texts)
    for index, (place, product, problem) in enumerate(_products(text)):
        if problem:
            yield Unread(index, _code(product, index), problem.pointer, problem.detail, *place)
        elif isinstance(product, dict):
            yield read_record(record_of(product, index, defaults), index, defaults, place)
        else:
            yield Unread(index, f"item-{index + 1}", "", "a product is an object", *place)


def _products(text: str) -> Iterator[tuple[Place, Any, Problem | None]]:
    start = skip_space(text, 0)
    if text[start : start + 1] == "[":
        yield from _listed(text)
        return
    try:
        value, end, _ = JsonReader().value_at(text, start)
        by_line = skip_space(text, end) < len(text)
    except (json.JSONDecodeError, RecursionError):
        by_line, value = "\n{" in text, None
    if by_line:
        yield from records([text])
    elif isinstance(value, dict) and isinstance(value.get("products"), list):
        for product in value["products"]:
            yield Place(), product, None
    elif isinstance(value, dict) and isinstance(value.get("product"), dict):
        yield Place(), value["product"], None
    elif isinstance(value, dict):
        yield Place(1, 1, text), value, None
    else:
        yield from _listed(text)


def _listed(text: str) -> Iterator[tuple[Place, Any, Problem | None]]:
    for value, start, end, problem in take_apart(text).elements:
        yield Place(text.count("\n", 0, start) + 1, 0, text[start:end]), value, problem


def record_of(product: dict[str, Any], index: int, defaults: Defaults) -> dict[str, Any]:
    """The record of an item, with the words and units that `record.read_record` reads."""
    language = defaults.locale[:2] or str(product.get("lang") or product.get("lc") or "")
    record: dict[str, Any] = {
        "id": _code(product, index),
        "name": _spoken(product, "product_name", language) or _spoken(product, "generic_name", language),
        "description": _spoken(product, "generic_name", language),
        "ingredients": _spoken(product, "ingredients_text", language),
        "brand": str(product.get("brands") or "").split(",")[0].strip(),
        "gtin": str(product.get("code") or ""),
        "claims": [label.strip() for label in str(product.get("labels") or "").split(",") if label.strip()],
        "nutrition": _nutrition(product),
        "kind": _kind(product.get("categories_tags")),
    }
    if record["description"] == record["name"]:
        record["description"] = ""
    record = {key: value for key, value in record.items() if value}
    extra = {key: value for key, value in product.items() if key not in _TAKEN and key not in record}
    return {**extra, **record, "metadata": None, "locale": None, "tags": None, "category": None, "image": None}


def _code(product: Any, index: int) -> str:
    code = (product.get("code") or product.get("_id")) if isinstance(product, dict) else None
    return str(code) if code else f"item-{index + 1}"


def _spoken(product: dict[str, Any], field: str, language: str) -> str:
    for key in (f"{field}_{language}", field):
        text = product.get(key)
        if isinstance(text, str) and text.strip():
            return text
    others = sorted(key for key in product if key.startswith(field + "_") and len(key) == len(field) + 3)
    return next((product[key] for key in others if isinstance(product[key], str) and product[key].strip()), "")


def _nutrition(product: dict[str, Any]) -> dict[str, Any] | None:
    nutriments = product.get("nutriments")
    if not isinstance(nutriments, dict):
        return None
    by_volume = str(product.get("quantity") or "").strip().lower().rstrip(".").endswith(("l", "cl", "oz fl", "fl oz"))
    per_100 = _amounts(nutriments, "_100g")
    if per_100:
        return {"basis": "per_100ml" if by_volume else "per_100g", **per_100}
    per_serving = _amounts(nutriments, "_serving")
    return {"basis": "per_serving", "serving_size": product.get("serving_size"), **per_serving} if per_serving else None


def _amounts(nutriments: dict[str, Any], suffix: str) -> dict[str, str]:
    found = {}
    for key, (field, unit) in _NUTRIENTS.items():
        amount = nutriments.get(key + suffix)
        if isinstance(amount, str):
            amount = amount.strip()
        if amount is not None and amount != "" and not isinstance(amount, bool | dict | list):
            # Amounts are stored in grams whatever the label's unit was; a float is written without an exponent.
            found[field] = f"{_plain(amount)} {unit}"
    return found


def _plain(amount: Any) -> str:
    return f"{amount:.9f}".rstrip("0").rstrip(".") if isinstance(amount, float) else str(amount)


def _kind(tags: Any) -> str:
    given = set(tags) if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags) else set()
    return next((kind.value for tag, kind in _KINDS if tag in given), Kind.PACKAGED_FOOD.value)
