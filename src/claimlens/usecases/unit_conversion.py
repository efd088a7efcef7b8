"""The answers of `unit.convert`: an amount of a food or a nutrient in another unit, with every factor and its source.

"Cannot" is an answer: no density known, no serving size, a unit without a standard. A factor that is usual but not
certain (the weight of a cup of flour) gives a span beside the figure; one that depends on something nobody said (which
form of vitamin E) gives a span only.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from claimlens.domain.conversion import CannotConvert, Conversion, Exactness, Step, cannot
from claimlens.domain.errors import ClaimLensError, UnknownLocaleError
from claimlens.domain.jurisdiction import Jurisdiction, jurisdiction_of
from claimlens.domain.references import NutrientReferences
from claimlens.usecases.unit_arithmetic import Convert, converted

#: More pointers than an item's table has figures that anyone would ask about.
MOST_WANTED = 100
LONGEST_TEXT = 200
_TEXTS = tuple(field for field in Convert.__struct_fields__ if field != "value")
_NO_REFERENCES = NutrientReferences()


class ConversionPayload(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `unit.convert` is asked: one amount, or what an item wants, by the JSON Pointer of the figure."""

    convert: Convert | None = None
    name: str = ""
    market: str = ""
    wanted: dict[str, Convert] = {}


class Converted(msgspec.Struct, frozen=True):
    """An amount in its new unit, and on its new basis `per` where one was asked for.

    `value` is a number, or "low-high" where nothing in between is likelier. `factor` is None where it is a span.
    """

    value: float | str
    low: float
    high: float
    unit: str
    per: str
    factor: float | None
    exactness: Exactness
    source: str
    steps: list[Step]


class ConversionReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `unit.convert` answers, described for clients: the fields of `Converted`, or `amounts`, or `cannot`.

    `cannot` is the reason, or the reasons by pointer beside `amounts`.
    """

    value: float | str | None = None
    low: float | None = None
    high: float | None = None
    unit: str | None = None
    per: str | None = None
    factor: float | None = None
    exactness: Exactness | None = None
    source: str | None = None
    steps: list[Step] | None = None
    amounts: dict[str, Converted] | None = None
    cannot: str | dict[str, str] | None = None


class UnitConversion:
    """The service over the packs' nutrient references: daily references and reference amounts of each market."""

    def __init__(self, references_of: Callable[[Jurisdiction], NutrientReferences]) -> None:
        self._references_of = references_of
        self._references: dict[Jurisdiction, NutrientReferences] = {}

    def answer(self, payloads: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
        """One answer a payload, in order. Never raises; `{"cannot": reason}` for what cannot be answered."""
        return tuple([self._answer(payload) for payload in payloads])

    def _answer(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        try:
            asked = msgspec.convert(payload, ConversionPayload)
            if asked.convert is not None:
                return _wire(self._converted(asked.convert, asked.market))
            if not asked.wanted:
                return {"cannot": "nothing to convert: neither convert nor wanted"}
            if len(asked.wanted) > MOST_WANTED:
                return {"cannot": f"more than {MOST_WANTED} figures are wanted"}
            return self._item(asked)
        except (msgspec.ValidationError, CannotConvert, ClaimLensError) as reason:
            return {"cannot": str(reason)}

    def _item(self, asked: ConversionPayload) -> dict[str, Any]:
        amounts: dict[str, Any] = {}
        refused: dict[str, str] = {}
        for pointer, wanted in asked.wanted.items():
            if not wanted.ingredient and not wanted.nutrient:
                wanted = msgspec.structs.replace(wanted, ingredient=asked.name)
            try:
                amounts[pointer] = _wire(self._converted(wanted, asked.market))
            except CannotConvert as reason:
                refused[pointer] = str(reason)
        return {"amounts": amounts, "cannot": refused}

    def _converted(self, asked: Convert, market: str) -> Conversion:
        for field in _TEXTS:
            if len(getattr(asked, field)) > LONGEST_TEXT:
                cannot(f"{field} is longer than {LONGEST_TEXT} characters")
        where = _market(asked.market or market)
        references = _NO_REFERENCES
        if where is not None:
            known = self._references.get(where)
            if known is None:
                known = self._references[where] = self._references_of(where)
            references = known
        return converted(asked, where.value if where is not None else "", references)


def _market(text: str) -> Jurisdiction | None:
    if not text:
        return None
    if len(text) > LONGEST_TEXT:
        cannot("the market is no locale")
    try:
        return Jurisdiction(text.strip().upper()) if len(text) <= 2 else jurisdiction_of(text)
    except UnknownLocaleError as error:
        cannot(str(error))
    except ValueError:
        cannot(f"market is {text!r:.20}; it is one of {', '.join(Jurisdiction)}, or a locale")


def _wire(found: Conversion) -> dict[str, Any]:
    """The answer as plain JSON values."""
    unit, _, per = found.unit.partition(" per ")
    answer: dict[str, Any] = msgspec.to_builtins(
        Converted(
            value=found.wire_value,
            low=_short(found.low),
            high=_short(found.high),
            unit=unit,
            per=per,
            factor=_short(found.factor) if found.factor is not None else None,
            exactness=found.exactness,
            source=found.source,
            steps=list(found.steps),
        )
    )
    return answer


def _short(figure: float) -> float:
    return float(f"{figure:.9g}")
