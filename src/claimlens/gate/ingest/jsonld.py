"""schema.org in JSON-LD: Menu, MenuSection, MenuItem and Product, at any depth, also inside `@graph`.

What a page shows beside the name becomes published text of the item: diets become tags, offers and add-ons become
modifiers, the section's name the category. Text in several languages is taken in the language of the locale.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from claimlens.domain.errors import InputError
from claimlens.domain.item import Kind
from claimlens.gate.ingest.encoding import whole
from claimlens.gate.ingest.entry import Defaults, Entry, Unread
from claimlens.gate.ingest.record import read_record
from claimlens.kit.json_text import JsonReader, escape, skip_space

_ITEMS = frozenset(
    {"MenuItem", "Product", "Recipe", "IndividualProduct", "SomeProducts", "ProductModel", "DietarySupplement"}
)
#: Where items stand below a page, a restaurant, a menu, a section, a list or a group of products.
_BELOW = (
    "@graph", "mainEntity", "hasMenu", "menu", "hasMenuSection", "hasMenuItem", "itemListElement", "item", "hasVariant",
    "hasOfferCatalog", "makesOffer", "itemOffered",
)  # fmt: skip
_SECTIONS = frozenset({"MenuSection", "OfferCatalog"})
_NUTRIENTS = {
    "calories": "energy", "carbohydrateContent": "carbohydrate", "cholesterolContent": "cholesterol",
    "fatContent": "fat", "fiberContent": "fibre", "proteinContent": "protein", "saturatedFatContent": "saturates",
    "sodiumContent": "sodium", "sugarContent": "sugars", "transFatContent": "trans_fat",
    "unsaturatedFatContent": "unsaturated_fat", "servingSize": "serving_size",
}  # fmt: skip
_GTINS = ("gtin", "gtin14", "gtin13", "gtin12", "gtin8")


class _Node(NamedTuple):
    """An item of the page, where it stands, and the section it stands in."""

    value: dict[str, Any]
    pointer: str
    section: str


def read(texts: Iterable[str], defaults: Defaults) -> Iterator[Entry]:
    """The items of a page's structured data, in its order. Raises InputError when it holds none."""
    text = whole(texts)
    try:
        value, end, problem = JsonReader().value_at(text, skip_space(text, 0))
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise InputError("nested too deep to be a menu") from None
    if skip_space(text, end) < len(text):
        raise InputError("not JSON: something follows the first value")
    language = defaults.locale[:2]
    count = 0
    for index, node in enumerate(_nodes(value, language)):
        count += 1
        if problem and (problem.pointer == node.pointer or problem.pointer.startswith(node.pointer + "/")):
            within = problem.pointer.removeprefix(node.pointer)
            yield Unread(index, f"item-{index + 1}", within, problem.detail)
        else:
            yield read_record(_record(node, language, index), index, defaults)
    if not count:
        raise InputError("no MenuItem and no Product in it")


def _nodes(value: Any, language: str) -> Iterator[_Node]:
    waiting: list[tuple[Any, str, str]] = [(value, "", "")]
    while waiting:
        node, pointer, section = waiting.pop()
        if isinstance(node, list):
            waiting += reversed([(inner, f"{pointer}/{i}", section) for i, inner in enumerate(node)])
        if not isinstance(node, dict):
            continue
        types = _types(node)
        if types & _ITEMS:
            yield _Node(node, pointer, section)
        if types & _SECTIONS:
            section = _words(node.get("name"), language) or section
        below = [(node[key], f"{pointer}/{escape(key)}", section) for key in _BELOW if key in node]
        waiting += reversed(below)


def _types(node: dict[str, Any]) -> set[str]:
    given = node.get("@type")
    names = given if isinstance(given, list) else [given]
    return {name.rpartition("/")[2].rpartition(":")[2] for name in names if isinstance(name, str)}


def _record(node: _Node, language: str, index: int) -> dict[str, Any]:
    value = node.value
    known = {
        "id": _first_text(value, ("@id", "identifier", "sku", "productID"), language) or f"item-{index + 1}",
        "name": _words(value.get("name"), language),
        "description": _words(value.get("description"), language),
        "category": _words(value.get("category"), language) or node.section,
        "brand": _words(value.get("brand"), language),
        "gtin": _first_text(value, _GTINS, language),
        "ingredients": _ingredients(value, language),
        "nutrition": _nutrition(value.get("nutrition")),
        "tags": _diets(value.get("suitableForDiet")) + _all_words(value.get("keywords"), language),
        "claims": _all_words(value.get("slogan"), language) + _all_words(value.get("award"), language),
        "modifiers": _modifiers(value, language),
        "kind": _kind(_types(value)),
    }
    return {key: found for key, found in known.items() if found}


def _kind(types: set[str]) -> str:
    if "DietarySupplement" in types:
        return Kind.SUPPLEMENT.value
    return "" if "MenuItem" in types or "Recipe" in types else Kind.PACKAGED_FOOD.value


def _words(value: Any, language: str) -> str:
    """The text of a value: a string, a language-tagged value, an object with a name, or the best one of a list."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return _words(value.get("@value", value.get("name", value.get("value"))), language)
    if isinstance(value, list):
        spoken = [entry for entry in value if isinstance(entry, dict) and entry.get("@language", "")[:2] == language]
        return next((text for text in (_words(entry, language) for entry in [*spoken, *value]) if text), "")
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _all_words(value: Any, language: str) -> list[str]:
    entries = value if isinstance(value, list) else [value]
    return [text for text in (_words(entry, language) for entry in entries) if text]


def _first_text(value: dict[str, Any], keys: tuple[str, ...], language: str) -> str:
    return next((text for text in (_words(value.get(key), language) for key in keys) if text), "")


def _ingredients(value: dict[str, Any], language: str) -> Any:
    found = value.get("recipeIngredient") or value.get("ingredients") or value.get("activeIngredient")
    if isinstance(found, list):
        return _all_words(found, language)
    if found:
        return _words(found, language)
    for entry in _list(value.get("additionalProperty")):
        if isinstance(entry, dict) and _words(entry.get("name"), language).strip().lower() == "ingredients":
            return _words(entry.get("value"), language)
    return None


def _nutrition(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    found = {field: value[key] for key, field in _NUTRIENTS.items() if isinstance(value.get(key), str | int | float)}
    # schema.org gives amounts per serving, whatever the serving is.
    return {"basis": "per_serving", **found} if found else None


def _diets(value: Any) -> list[str]:
    found = []
    for entry in _list(value):
        name = _words(entry, "").rstrip("/").rpartition("/")[2].rpartition(":")[2]
        if name:
            # "https://schema.org/GlutenFreeDiet" is shown to the reader as "Gluten free".
            spaced = "".join(f" {char.lower()}" if char.isupper() else char for char in name.removesuffix("Diet"))
            found.append(spaced.strip().capitalize())
    return found


def _modifiers(value: dict[str, Any], language: str) -> list[dict[str, str]]:
    found = []
    for entry in [*_list(value.get("offers")), *_list(value.get("menuAddOn"))]:
        if isinstance(entry, dict):
            shown = {key: _words(entry.get(key), language) for key in ("name", "description")}
            shown = {key: text for key, text in shown.items() if text}
            if shown:
                found.append(shown)
    return found


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
