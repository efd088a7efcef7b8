"""An item's numbers, understood."""

from functools import lru_cache
from typing import Literal

import msgspec

from claimlens.domain.nutrients import ORDER, wire_key
from claimlens.domain.quantity import Amount, tidy

Per = Literal["100 g", "100 ml", "serving", "day", ""]


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """A figure that the pack's own tables could not bring into the unit `to`; `pointer` says where it stands.

    With a `nutrient`: how much one `said` (a unit: "iu", "%", "tsp") of it is. Without: how much food `said` is, the
    text of a serving or a basis ("1 cup", "2 slices", "racc").
    """

    pointer: str
    said: str
    to: str
    nutrient: str = ""


class Learned(msgspec.Struct, frozen=True, gc=False):
    """What a wanted figure comes to, in `unit`: between `low` and `high`. `note` says how, for a finding's reason."""

    low: float
    high: float
    unit: str
    note: str


class Nutrition(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts by nutrient, each in the nutrient's own unit (`domain/nutrients.py`).

    `values` are per 100 g or 100 ml, as `per` says; `per_serving` and `per_day` as declared; `unstated` are numbers
    whose basis nobody gave (shares of the energy can be judged by them, limits per 100 g cannot).
    `derived` says of a nutrient where its value comes from if the label did not print it ("from the energy in kcal").
    `converted` says it of a figure that was brought into the nutrient's unit by a factor that is no plain one, and
    `serving_learned` of a serving whose size is not known to the gram ("1 cup = about 125 g, …").
    `unread` lists what was submitted and not used: (JSON Pointer, what and why); `wanted` is what of it a conversion
    could make of use.
    """

    per: Per = ""
    values: dict[str, Amount] = {}
    per_serving: dict[str, Amount] = {}
    per_day: dict[str, Amount] = {}
    unstated: dict[str, Amount] = {}
    serving_g: float | None = None
    serving_ml: float | None = None
    serving_learned: str = ""
    single_portion: bool = False
    dose_form: bool = False
    derived: dict[str, str] = {}
    converted: dict[str, str] = {}
    unread: tuple[tuple[str, str], ...] = ()
    wanted: tuple[Wanted, ...] = ()
    name: str = ""

    def __bool__(self) -> bool:
        """Whether any number was understood."""
        return bool(self.values or self.per_serving or self.per_day or self.unstated)

    def shown(self) -> dict[str, Amount]:
        """The amounts that stand for the item, on the basis `per`."""
        return self.values or self.per_serving or self.per_day or self.unstated

    def to_wire(self) -> dict[str, int | float | str]:
        """The `nutrition` of a verdict: `{"per": "100 ml", "energy_kj": 176, …}`, `{}` if nothing was read.

        Energy first, then the nutrients of a label in its order, then the rest by name. An energy that was converted
        from the other unit is whole, other derived amounts have four digits; amounts that are no single number are
        texts ("<0.5", "3-4").
        """
        amounts = self.shown()
        if not amounts:
            return {}
        wire: dict[str, int | float | str] = {"per": self.per}
        derived = self.derived
        for nutrient, key in _layout(tuple(amounts)):
            amount = amounts[nutrient]
            low = amount.low
            reckoned = nutrient in derived or nutrient in self.converted
            if low != amount.high:
                wire[key] = amount.wire(4 if reckoned else 6)
            elif not reckoned:
                wire[key] = tidy(low)
            else:
                wire[key] = round(low) if nutrient.startswith("energy_") else tidy(low, 4)
        return wire


_LAST = len(ORDER)


@lru_cache(maxsize=1024)
def _layout(nutrients: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(nutrient, key in the verdict) in the order of output; items of one menu share a few layouts."""
    in_order = sorted(nutrients, key=lambda nutrient: (ORDER.get(nutrient, _LAST), nutrient))
    return tuple((nutrient, wire_key(nutrient)) for nutrient in in_order)
