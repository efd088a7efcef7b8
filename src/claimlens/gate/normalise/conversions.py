"""What the gate asks of `unit.convert` about an item's numbers, and what it makes of the answer.

Only figures that the pack's own tables left open are asked about. What a service says is checked like anything else
from outside: a figure that is no plain positive span in the unit asked for is no answer.
"""

import re
from typing import Any

import msgspec

from claimlens.domain.item import Item
from claimlens.domain.nutrients import unit_name
from claimlens.domain.nutrition import Learned, Nutrition, Wanted
from claimlens.domain.quantity import shown
from claimlens.domain.references import NutrientReferences, head_words
from claimlens.domain.text import fold
from claimlens.gate.normalise.nutrition import normalise_nutrition

#: Words of a name that say what the food is; no more of it leaves the house.
_WORDS = 6
_LONGEST_SAID = 60
_LONGEST_SOURCE = 160
_LARGEST = 1e9
_FORMS: tuple[tuple[str, str], ...] = (
    ("dl alpha tocopher", "synthetic"),
    ("all rac alpha tocopher", "synthetic"),
    ("d alpha tocopher", "natural"),
    ("rrr alpha tocopher", "natural"),
)


class _Figure(msgspec.Struct, frozen=True):
    low: float
    high: float
    unit: str
    value: float | str = ""
    source: str = ""


class _Answer(msgspec.Struct, frozen=True):
    amounts: dict[str, Any] = {}
    cannot: dict[str, str] | str = ""


def conversion_wanted(item: Item, nutrition: Nutrition, market: str) -> dict[str, Any] | None:
    """The payload for `unit.convert`, None if the pack's tables read all that could be read."""
    if not nutrition.wanted:
        return None
    return {
        "name": " ".join(head_words(item.name)[-_WORDS:]),
        "market": market,
        "wanted": {one.pointer: _request(one, item) for one in nutrition.wanted},
    }


def with_conversions(
    item: Item,
    nutrition: Nutrition,
    answer: dict[str, Any] | None,
    *,
    liquid: bool | None,
    references: NutrientReferences,
) -> Nutrition:
    """The item's numbers, read again with what the service found out; `nutrition` itself if that is nothing."""
    learned = _learned(nutrition.wanted, answer)
    if not learned:
        return nutrition
    return normalise_nutrition(item.nutrition, liquid=liquid, name=item.name, references=references, learned=learned)


def conversion_record(answer: dict[str, Any] | None) -> dict[str, Any] | None:
    """What an audit keeps of an answer: enough to read the numbers again by it."""
    read = _read(answer)
    if read is None:
        return None
    kept = {
        pointer: {field: figure[field] for field in _Figure.__struct_fields__ if field in figure}
        for pointer, figure in read.amounts.items()
        if isinstance(figure, dict)
    }
    return {"amounts": kept, "cannot": read.cannot}


def _request(wanted: Wanted, item: Item) -> dict[str, Any]:
    if not wanted.nutrient:
        return {"value": wanted.said[:_LONGEST_SAID], "to": wanted.to, "measure": "label"}
    request = {"value": 1, "unit": wanted.said, "to": wanted.to, "nutrient": wanted.nutrient, "measure": "label"}
    form = _form(wanted.nutrient, item)
    return {**request, "form": form} if form else request


def _form(nutrient: str, item: Item) -> str:
    """The form of a vitamin that the ingredients name; "" if none or more than one."""
    if nutrient != "vitamin_e" or not item.ingredients:
        return ""
    text = item.ingredients if isinstance(item.ingredients, str) else ", ".join(item.ingredients)
    words = f" {fold(text)}"
    found = {form for spelling, form in _FORMS if f" {spelling}" in words}
    return found.pop() if len(found) == 1 else ""


def _read(answer: dict[str, Any] | None) -> _Answer | None:
    if answer is None:
        return None
    try:
        return msgspec.convert(answer, _Answer)
    except msgspec.ValidationError:
        return None


def _learned(wanted: tuple[Wanted, ...], answer: dict[str, Any] | None) -> dict[str, Learned]:
    read = _read(answer)
    if read is None:
        return {}
    learned = {}
    for one in wanted:
        try:
            figure = msgspec.convert(read.amounts.get(one.pointer), _Figure)
        except msgspec.ValidationError:
            continue
        if 0 < figure.low <= figure.high <= _LARGEST and figure.unit == one.to:
            learned[one.pointer] = Learned(figure.low, figure.high, figure.unit, _note(one, figure))
    return learned


def _note(wanted: Wanted, figure: _Figure) -> str:
    """How a figure came about, as it stands in a reason."""
    unit = unit_name(figure.unit)
    if figure.low == figure.high:
        size = f"{shown(figure.low)} {unit}"
    elif isinstance(figure.value, str):
        size = f"{shown(figure.low)} to {shown(figure.high)} {unit}"
    else:
        size = f"about {shown(figure.value)} {unit} ({shown(figure.low)} to {shown(figure.high)})"
    source = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", figure.source)[:_LONGEST_SOURCE].strip()
    said = f"1 {unit_name(wanted.said)}" if wanted.nutrient else wanted.said[:_LONGEST_SAID]
    said = "one reference amount" if said in ("racc", "reference amount") else said
    return f"{said} = {size}" + (f", {source}" if source else "")
