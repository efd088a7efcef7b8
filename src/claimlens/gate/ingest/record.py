"""One record (a mapping, as JSON or a row of a table gives it) becomes one item.

Types are strict where a guess could hide published text or a number from the rules, lenient where nothing is lost: a
number as id or GTIN, a single string where a list is usual. Unknown fields travel in `Item.extra`.
"""

import math
from collections.abc import Mapping
from typing import Any, cast

from claimlens.domain.errors import InputError
from claimlens.domain.item import Item, Kind
from claimlens.domain.jurisdiction import canonical_locale
from claimlens.gate.ingest.entry import Defaults, Place, Read, Unread
from claimlens.kit.json_text import escape

#: Longest single text that is judged, in characters.
MAX_CHARACTERS = 1_048_576
#: Most entries of one list.
MAX_ENTRIES = 100_000
#: Longest id, in characters; what reads menus shortens a longer one.
LONGEST_ID = 256
#: Largest number in a nutrition table.
MOST = 1e12
#: Groups of options under the names that menus use; all of them are published text.
OPTION_FIELDS = ("modifiers", "options", "add_ons", "addons", "toppings", "variants", "modifier_groups")
_FIELDS = frozenset(Item.__struct_fields__) - {"extra", "marks"} | set(OPTION_FIELDS)
_NOWHERE = Place()
_KINDS: dict[str, Kind] = {kind.value: kind for kind in Kind}


def read_record(record: Any, index: int, defaults: Defaults, place: Place = _NOWHERE) -> Read | Unread:
    """The item of a record that stands at `place`, or what is wrong with it."""
    try:
        return Read(item_of(record, index, defaults), index, *place, record)
    except InputError as error:
        return Unread(index, id_of(record, index), error.pointer, error.detail, *place, error.code)


def item_of(record: Any, index: int, defaults: Defaults) -> Item:
    """The item that a record describes. `index` makes the id of a record without one: `item-<index + 1>`.

    Raises InputError (with a JSON Pointer into the record) when the record is none that can be judged.
    """
    if not isinstance(record, dict):
        raise InputError(f"an item is an object, this is {_kind_of(record)}")
    get = record.get
    name = _text(get("name"), "/name")
    if not name.strip():
        raise InputError("the item has no name", "/name")
    unknown = record.keys() - _FIELDS
    return Item(
        id=id_of(record, index),
        name=name,
        description=_text(get("description"), "/description"),
        ingredients=_ingredients(get("ingredients")),
        nutrition=_nutrition(get("nutrition")),
        claims=_texts(get("claims"), "/claims"),
        tags=_texts(get("tags"), "/tags"),
        category=_title(get("category"), "/category"),
        options=_options(record),
        ocr_text=_text(get("ocr_text"), "/ocr_text"),
        kind=_kind(get("kind"), defaults.kind),
        brand=_title(get("brand"), "/brand"),
        gtin=_code(get("gtin"), "/gtin"),
        allergens_declared=_declared(get("allergens_declared")),
        image=_image(get("image")),
        locale=_locale(get("locale"), defaults.locale),
        metadata=_mapping(get("metadata"), "/metadata"),
        extra={key: record[key] for key in record if key in unknown} if unknown else {},
        marks=defaults.marks,
    )


def id_of(record: Any, index: int) -> str:
    """The id a record gives itself, else `item-<n>`, counted from 1."""
    given = record.get("id") if isinstance(record, Mapping) else None
    if isinstance(given, str) and given.strip():
        return given if len(given) <= LONGEST_ID else given[: LONGEST_ID - 1] + "…"
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    return f"item-{index + 1}"


def _text(value: Any, pointer: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InputError(f"a text is expected, this is {_kind_of(value)}", pointer)
    if len(value) > MAX_CHARACTERS:
        raise InputError(f"{len(value):,} characters; a text may have {MAX_CHARACTERS:,}", pointer)
    return value


def _texts(value: Any, pointer: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (_text(value, pointer),) if value.strip() else ()
    return tuple([_text(entry, f"{pointer}/{i}") for i, entry in enumerate(_entries(value, pointer))])


def _entries(value: Any, pointer: str) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"a list of texts is expected, this is {_kind_of(value)}", pointer)
    if len(value) > MAX_ENTRIES:
        raise InputError(f"{len(value):,} entries; a list may have {MAX_ENTRIES:,}", pointer)
    return value


def _title(value: Any, pointer: str) -> str:
    if isinstance(value, dict):
        key = "name" if "name" in value else "title"
        return _text(value.get(key), f"{pointer}/{key}")
    return _text(value, pointer)


def _code(value: Any, pointer: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _text(value, pointer)


def _image(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise InputError(f"base64 text is expected, this is {_kind_of(value)}", "/image")
    return value or ""


def _ingredients(value: Any) -> str | tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str):
        return _text(value, "/ingredients") if value.strip() else None
    if not isinstance(value, list):
        raise InputError(f"a text or a list is expected, this is {_kind_of(value)}", "/ingredients")
    entries = _entries(value, "/ingredients")
    return tuple([ingredient_text(entry, f"/ingredients/{i}") for i, entry in enumerate(entries)]) or None


def ingredient_text(value: Any, pointer: str) -> str:
    """One entry of a list of ingredients as one text, with what it is made of in brackets. Raises InputError."""
    if isinstance(value, str):
        return _text(value, pointer)
    if not isinstance(value, dict):
        raise InputError(f"a text or an object with a name is expected, this is {_kind_of(value)}", pointer)
    key = "name" if "name" in value else "text"
    name = _text(value.get(key), f"{pointer}/{key}")
    if not name.strip():
        raise InputError("the ingredient has no name", f"{pointer}/{key}")
    inner = value.get("ingredients")
    if inner is None or inner == "" or inner == []:
        return name
    if isinstance(inner, str):
        return f"{name} ({_text(inner, f'{pointer}/ingredients')})"
    within = _entries(inner, f"{pointer}/ingredients")
    return (
        f"{name} ({', '.join(ingredient_text(entry, f'{pointer}/ingredients/{i}') for i, entry in enumerate(within))})"
    )


def _nutrition(value: Any) -> dict[str, Any] | list[Any] | None:
    if value is None or value == {} or value == []:
        return None
    if isinstance(value, dict):
        for key, amount in value.items():
            kind = type(amount)
            if kind is not str and amount is not None:
                _check_amount(amount, f"/nutrition/{escape(key)}")
    elif isinstance(value, list):
        _check_amount(_entries(value, "/nutrition"), "/nutrition")
    else:
        raise InputError(f"an object of nutrients is expected, this is {_kind_of(value)}", "/nutrition")
    return cast(dict[str, Any] | list[Any], value)


def _check_amount(value: Any, pointer: str) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_amount(inner, f"{pointer}/{escape(key)}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            _check_amount(inner, f"{pointer}/{i}")
    elif isinstance(value, int | float) and (not math.isfinite(value) or abs(value) > MOST):
        raise InputError("not a number that a label can mean", pointer)


def _options(record: dict[str, Any]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for field in OPTION_FIELDS:
        value = record.get(field)
        if value is None:
            continue
        if not isinstance(value, str | list | dict):
            raise InputError(f"a list of options is expected, this is {_kind_of(value)}", f"/{field}")
        if value:
            named[field] = value
    return named


def _kind(value: Any, default: Kind | None) -> Kind:
    if value is None or value == "":
        return default or Kind.MENU_ITEM
    kind = _KINDS.get(value) if isinstance(value, str) else None
    if kind is None:
        raise InputError(f"{value!r:.60} is no kind of item; the kinds are {', '.join(_KINDS)}", "/kind")
    return kind


def _declared(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if isinstance(value, str):
        names = [part.strip() for part in value.replace(";", ",").replace("|", ",").split(",")]
        return tuple(name for name in names if name) or None
    return _texts(value, "/allergens_declared")


def _locale(value: Any, default: str) -> str:
    if value is None or value == "":
        return default
    if not isinstance(value, str):
        raise InputError(f"a text is expected, this is {_kind_of(value)}", "/locale")
    return canonical_locale(value)


def _mapping(value: Any, pointer: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"an object is expected, this is {_kind_of(value)}", pointer)
    return value


def _kind_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    for python_type, word in ((str, "a text"), (dict, "an object"), (list, "a list"), (int | float, "a number")):
        if isinstance(value, python_type):
            return word
    return type(value).__name__
