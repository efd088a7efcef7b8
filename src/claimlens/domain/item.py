"""An item: one thing to be published."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec


class Kind(StrEnum):
    """What sort of thing the item is; rules may apply to some kinds only."""

    MENU_ITEM = "menu_item"
    PACKAGED_FOOD = "packaged_food"
    SUPPLEMENT = "supplement"
    BEVERAGE = "beverage"
    ALCOHOL = "alcohol"
    INFANT = "infant"
    ADVERT = "advert"


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing to be published, as ingest read it.

    Text is as submitted. `nutrition` is the submitted mapping or list, not yet understood. `modifiers` is any nesting
    of lists and mappings (options, add-ons, toppings); every string in it is published text. `extra` holds unknown
    fields, carried through `fix` and exports, never judged. `marks` are the publisher's own names: words inside them
    are names, as words inside `brand` are; whoever submits the item says them, the record never does.
    """

    id: str
    name: str
    description: str = ""
    ingredients: str | tuple[str, ...] | None = None
    nutrition: dict[str, Any] | list[Any] | None = None
    claims: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    category: str = ""
    options: dict[str, Any] = {}
    ocr_text: str = ""
    kind: Kind = Kind.MENU_ITEM
    brand: str = ""
    gtin: str = ""
    allergens_declared: tuple[str, ...] | None = None
    image: str = ""
    locale: str = ""
    metadata: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    marks: tuple[str, ...] = ()

    def texts(self) -> list[tuple[str, str]]:
        """Every published text as (JSON Pointer, text), in a fixed order; empty texts are left out."""
        found = [("/name", self.name)]
        if self.description:
            found.append(("/description", self.description))
        ingredients = self.ingredients
        if isinstance(ingredients, str):
            if ingredients:
                found.append(("/ingredients", ingredients))
        elif ingredients:
            found += [(f"/ingredients/{i}", text) for i, text in enumerate(ingredients) if text]
        if self.claims:
            found += [(f"/claims/{i}", text) for i, text in enumerate(self.claims) if text]
        if self.tags:
            found += [(f"/tags/{i}", text) for i, text in enumerate(self.tags) if text]
        if self.category:
            found.append(("/category", self.category))
        if self.options:
            for field, value in self.options.items():
                found += _strings(value, f"/{field}")
        if self.ocr_text:
            found.append(("/ocr_text", self.ocr_text))
        return found


#: Keys inside options whose strings are machine data, not published text.
MACHINE_DATA = frozenset({"id", "sku", "type", "price", "currency", "image", "external_id"})


def _strings(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if value:
            yield pointer, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in MACHINE_DATA:
                yield from _strings(inner, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from _strings(inner, f"{pointer}/{i}")
