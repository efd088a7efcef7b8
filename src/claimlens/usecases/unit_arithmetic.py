"""One conversion worked out: an amount of food or of a nutrient into another unit, onto another basis.

Nothing is guessed: what is not known ends the way with a reason (CannotConvert).
"""

import math

import msgspec

from claimlens.domain.conversion import Conversion, Exactness, Factor, between, cannot, settled, typical
from claimlens.domain.food_weights import FoodWeight, food_weight
from claimlens.domain.measures import COUNTED, SYSTEMS, UNDEFINED, base_of, in_base
from claimlens.domain.nutrients import canonical_nutrient, name_of, unit_name, unit_of
from claimlens.domain.references import NutrientReferences
from claimlens.domain.vitamin_units import iu_factor
from claimlens.gate.judge.reference_amounts import reference_amount
from claimlens.gate.normalise.measures import Measured, in_brackets, read_measure, unit_named

_MOST = 1e12
_SALT = "Regulation (EU) No 1169/2011, Annex I point 11: salt is sodium times 2.5"
_RACC = "21 CFR 101.12(b), Table 2"
_DIGITS = "0123456789.,/ ½⅓⅔¼¾⅛"
_RATIO = "ratio of the two amounts of food"
#: What is meant where a nutrient is counted in spoons.
_FOOD_OF: dict[str, str] = {"sugars": "sugar", "added_sugars": "sugar", "salt": "salt"}


class Convert(msgspec.Struct, frozen=True, omit_defaults=True):
    """One amount to convert.

    `value` is a number with `unit`, or a text with both ("1 1/2 cups"). `to` is a unit, "%" for the share of the daily
    reference, or "salt" or "sodium". `ingredient` is the food that a cup or a piece is of, `nutrient` the nutrient that
    a percentage or an IU is of, `form` that of a vitamin. `market` is a jurisdiction or a locale. `measure` is us |
    us_label | metric | imperial, or `label` for what the market's labels mean. `per` and `to_per` bring the amount from
    one basis to another: "100 g", "100 ml", "serving" (then `serving` says how much), "racc", or any amount of food.
    """

    value: float | str
    to: str = ""
    unit: str = ""
    ingredient: str = ""
    nutrient: str = ""
    form: str = ""
    market: str = ""
    measure: str = ""
    per: str = ""
    to_per: str = ""
    serving: str = ""


def converted(asked: Convert, market: str, references: NutrientReferences) -> Conversion:
    """What `asked` comes to in `market` ("" not known), by that market's `references`.

    The unit of an amount that was brought to another basis ends with it ("g per 100 g"). Raises CannotConvert.
    """
    found = _Way(asked, market, references).go()
    if not (math.isfinite(found.high) and found.high <= _MOST):
        cannot("the result is larger than any amount of food")
    return found


class _Way:
    """One conversion: what was asked, and where."""

    def __init__(self, asked: Convert, market: str, references: NutrientReferences) -> None:
        self.asked = asked
        self.market = market
        self.references = references
        self.nutrient = canonical_nutrient(asked.nutrient.strip().lower().replace(" ", "_").replace("-", "_"))
        self.food = asked.ingredient
        self.system = asked.measure
        if self.system == "label":
            self.system = "us_label" if self.market == "US" else ""
        elif self.system not in ("", *SYSTEMS):
            cannot(f"measure is {self.system!r:.40}; it is one of {', '.join(SYSTEMS)}, label")

    def go(self) -> Conversion:
        """The figure in the unit asked for, on the basis asked for. Raises CannotConvert."""
        asked = self.asked
        if bool(asked.per) != bool(asked.to_per):
            cannot("`per` and `to_per` belong together")
        amount = self._start()
        if asked.to:
            amount = self._into(amount, asked.to)
        elif not asked.to_per:
            cannot("neither `to` nor `to_per` says into what")
        return self._on_basis(amount) if asked.to_per else amount

    # --- where it begins ------------------------------------------------------------------------------------------

    def _start(self) -> Conversion:
        value, unit = self.asked.value, self.asked.unit
        if isinstance(value, str):
            if unit and unit_named(value.lstrip(_DIGITS)):
                cannot(f"{value!r:.40} has a unit already")
            return self._amount(f"{value} {unit}" if unit else value)
        if not math.isfinite(value):
            cannot("the amount is no number")
        if value < 0:
            cannot("a negative amount")
        if not unit:
            cannot("the amount has no unit")
        named = unit_named(unit) or cannot(f"{unit!r:.40} is no unit that is known here")
        return self._counted(Measured(value, named[0], named[1]))

    def _amount(self, text: str) -> Conversion:
        measured = read_measure(text)
        if isinstance(measured, str):
            cannot(measured)
        if (measured.unit in UNDEFINED or measured.unit in COUNTED) and (inside := in_brackets(measured)):
            return self._amount(inside)
        return self._counted(measured)

    def _counted(self, measured: Measured) -> Conversion:
        """The amount as it stands, things that are counted in grams."""
        if measured.value > _MOST:
            cannot("more than any amount of food")
        unit = measured.unit
        if measured.system:
            self.system = measured.system
        if measured.rest and not self.food and unit != "%":
            self.food = measured.rest
        if unit in UNDEFINED:
            cannot(UNDEFINED[unit])
        if unit == "racc":
            return self._reference_size(measured.value)
        amount = Conversion(measured.value, measured.value, measured.value, unit)
        if unit in COUNTED:
            row = food_weight(measured.rest) if measured.rest else None
            row = row or (food_weight(self.food) if self.food else None)
            if row is None or unit not in row.grams:
                what = measured.rest or self.food
                cannot(f"the weight of one {unit if unit != 'piece' else 'piece'} of {what!r:.60} is not known")
            return amount.to("g", typical(row.grams[unit], row.spread, row.source))
        return amount

    # --- units ----------------------------------------------------------------------------------------------------

    def _into(self, amount: Conversion, to: str) -> Conversion:
        target, nutrient = self._target(to)
        if amount.unit in ("%", "iu") and amount.unit == target:
            return amount
        if amount.unit in ("%", "iu"):
            amount = amount.to(unit_of(self.nutrient), self._nutrient_factor(amount.unit))
        if nutrient != self.nutrient:
            amount = self._salt(self._mass(amount, "g"), nutrient)
        if target in ("%", "iu"):
            factor = self._nutrient_factor(target)
            return self._mass(amount, unit_of(self.nutrient)).to(target, factor.inverse())
        if target in COUNTED:
            row = self._row()
            if target not in row.grams:
                cannot(f"the weight of one {target} of {row.food} is not known")
            return self._mass(amount, "g").to(target, typical(row.grams[target], row.spread, row.source).inverse())
        return self._mass(amount, target)

    def _target(self, to: str) -> tuple[str, str]:
        """(unit, nutrient) of `to`: "mg", "% DV", "salt", "mg sodium"."""
        text = to.strip()
        if text.startswith("%"):
            return "%", self.nutrient
        unit_text, _, last = text.rpartition(" ")
        nutrient = self.nutrient
        if last.lower() in ("salt", "sodium") and self.nutrient in ("salt", "sodium"):
            nutrient = last.lower()
            text = unit_text or unit_of(nutrient)
        named = unit_named(text) or cannot(f"{text!r:.40} is no unit that is known here")
        if named[0] in UNDEFINED:
            cannot(UNDEFINED[named[0]])
        if named[1]:
            self.system = named[1]
        return named[0], nutrient

    def _mass(self, amount: Conversion, target: str) -> Conversion:
        """From one unit of mass, volume or energy to another; between mass and volume by the food's density."""
        if amount.unit == target:
            return amount
        source_base, target_base = base_of(amount.unit), base_of(target)
        if not source_base or not target_base or "kj" in {source_base, target_base} != {source_base}:
            cannot(f"{unit_name(amount.unit)} and {unit_name(target)} measure different things")
        amount = amount.to(source_base, in_base(amount.unit, self.system, self.market))
        if source_base != target_base:
            density = self._density()
            amount = amount.to(target_base, density if target_base == "g" else density.inverse())
        return amount.to(target, in_base(target, self.system, self.market).inverse())

    def _density(self) -> Factor:
        row = self._row()
        if row.density is None:
            cannot(f"no density is known for {row.food}")
        return typical(row.density, row.spread, row.source)

    def _row(self) -> FoodWeight:
        name = self.food or _FOOD_OF.get(self.nutrient, "")
        if not name:
            cannot("a cup or a spoon weighs what the food weighs: no ingredient is given")
        return food_weight(name) or cannot(f"no weight per volume is known for {name!r:.60}")

    # --- nutrients ------------------------------------------------------------------------------------------------

    def _nutrient_factor(self, unit: str) -> Factor:
        """How much 1 % of the daily reference, or one IU, is in the nutrient's own unit."""
        if not self.nutrient:
            cannot("no nutrient is given" if unit == "iu" else "no nutrient is given that the percentage is of")
        if unit == "iu":
            return iu_factor(self.nutrient, self.asked.form, self.market)
        if not self.market:
            cannot("no market is given; daily references differ")
        daily, what = self.references.daily.get(self.nutrient), self.references.daily_name
        if daily is None:
            cannot(f"no {what} is set for {name_of(self.nutrient)} in {self.market}")
        source = f"{what} of {daily.amount.text()} {unit_name(unit_of(self.nutrient))}, {daily.instrument}"
        return between(daily.low / 100, daily.high / 100, source, Exactness.ROUNDED)

    def _salt(self, grams: Conversion, nutrient: str) -> Conversion:
        factor = settled(2.5, _SALT, Exactness.ROUNDED)
        self.nutrient = nutrient
        return grams.to("g", factor if nutrient == "salt" else factor.inverse())

    # --- bases ----------------------------------------------------------------------------------------------------

    def _on_basis(self, amount: Conversion) -> Conversion:
        """The amount in `to_per` of food instead of in `per`."""
        whole, wanted = self._size(self.asked.per), self._size(self.asked.to_per)
        if whole.unit != wanted.unit:
            whole = self._mass(whole, wanted.unit)
        if whole.low <= 0 or wanted.low <= 0:
            cannot("a basis of nothing")
        amount = msgspec.structs.replace(amount, steps=amount.steps + whole.steps + wanted.steps)
        ratio = Factor(
            wanted.value / whole.value if wanted.value is not None and whole.value is not None else None,
            wanted.low / whole.high,
            wanted.high / whole.low,
            max(whole.exactness, wanted.exactness, key=list(Exactness).index),
            _RATIO,
        )
        amount = msgspec.structs.replace(amount, unit=f"{amount.unit} per {self.asked.per}")
        return amount.to(f"{amount.unit.partition(' per ')[0]} per {self.asked.to_per}", ratio)

    def _size(self, text: str) -> Conversion:
        """A basis in g or ml."""
        folded = text.strip().lower().removeprefix("per ")
        if folded in ("serving", "portion"):
            if not self.asked.serving:
                cannot("the size of a serving is not given")
            text = self.asked.serving
        size = self._amount(text)
        base = base_of(size.unit)
        if base not in ("g", "ml"):
            cannot(f"{text!r:.40} is no amount of food")
        return size.to(base, in_base(size.unit, self.system, self.market))

    def _reference_size(self, count: float) -> Conversion:
        if not self.references.reference_amounts:
            cannot("reference amounts are the US's; the market is " + (self.market or "not given"))
        known = reference_amount(self.food, self.references) if self.food else None
        if known is None:
            cannot(f"no reference amount is known for {self.food!r:.60}")
        size = Conversion(count, count, count, "reference amount")
        return size.to(known.unit, settled(known.amount, f"{_RACC} ({known.category.partition(' (')[0]})"))
