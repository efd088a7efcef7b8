"""How much of a nutrient there is on the basis a law asks for: per 100 g, a serving, a reference amount, 100 kcal.

An amount that the label does not give may still be bounded by the others: saturates are part of the fat.
"""

import msgspec

from claimlens.domain.condition import Basis
from claimlens.domain.nutrients import SUMS, WHOLE_OF, name_of
from claimlens.domain.nutrition import Nutrition
from claimlens.domain.quantity import INFINITE, Amount, shown
from claimlens.domain.references import NutrientReferences
from claimlens.gate.judge.reference_amounts import reference_amount

#: Millilitres of a drink per gram and back: water to syrup-sweet; oils and spirits lie within.
_LIGHTEST, _HEAVIEST = 0.9, 1.1

_DISJOINT_PARTS: dict[str, tuple[str, ...]] = {
    "fat": ("saturates", "trans_fat", "mono_unsaturates", "poly_unsaturates"),
    "carbohydrate": ("sugars", "starch", "polyols"),
    "sugars": ("added_sugars",),
}


class Portion(msgspec.Struct, frozen=True, gc=False):
    """An amount on a basis. `amount` None: not known, and `missing` says what is needed. `per` ends a sentence."""

    amount: Amount | None
    per: str
    missing: str = ""
    note: str = ""


class Size(msgspec.Struct, frozen=True, gc=False):
    """A reference amount in g or ml, where it comes from, and whether the law counts it as small."""

    amount: float
    unit: str
    source: str
    small: bool


def portion_of(
    nutrients: tuple[str, ...],
    basis: Basis,
    nutrition: Nutrition,
    references: NutrientReferences,
    *,
    strict: bool = False,
) -> Portion:
    """The sum of `nutrients` on `basis`, in the nutrients' unit.

    `strict` (a rule that sets different limits for solids and liquids): a figure per 100 g is not taken as one per
    100 ml, but widened by what a drink may weigh.
    """
    match basis:
        case "100g" | "100ml" | "100" | "50g":
            return _per_hundred(nutrients, basis, nutrition, strict=strict)
        case "100kcal":
            return _per_hundred_kcal(nutrients, nutrition)
        case "serving":
            return _per_serving(nutrients, nutrition)
        case "racc":
            return _per_reference_amount(nutrients, nutrition, references)
        case "day":
            return _per_day(nutrients, nutrition)


def reference_size(nutrition: Nutrition, references: NutrientReferences) -> Size | None:
    """The law's reference amount of the item; the declared serving stands in where the table has none."""
    known = reference_amount(nutrition.name, references)
    if known is not None:
        return Size(known.amount, known.unit, known.category.partition(" (")[0], known.small)
    size = nutrition.serving_g or nutrition.serving_ml
    if size is None:
        return None
    unit = "g" if nutrition.serving_g else "ml"
    return Size(size, unit, "the declared serving stands in for it", size <= 30)


def share_of(nutrients: tuple[str, ...], whole: str, nutrition: Nutrition) -> tuple[Amount, Amount] | None:
    """The sum of `nutrients` and the amount of `whole`, on whatever common basis the label has both."""
    found = []
    for amounts in (nutrition.values, nutrition.per_serving, nutrition.per_day, nutrition.unstated):
        if amounts:
            parts, all_of_it = _sum(nutrients, amounts), amounts.get(whole)
            if parts is not None and all_of_it is not None:
                if not nutrition.serving_learned or (parts.exact and all_of_it.exact):
                    return parts, all_of_it
                found.append((parts, all_of_it))  # spans of one unknown: as declared per serving they are sharper
    return found[0] if found else None


def given(nutrient: str, nutrition: Nutrition) -> bool:
    """Whether the label says anything about a nutrient, on any basis."""
    blocks = (nutrition.values, nutrition.per_serving, nutrition.per_day, nutrition.unstated)
    return any(_amount(nutrient, amounts) is not None for amounts in blocks if amounts)


def _per_hundred(nutrients: tuple[str, ...], basis: str, nutrition: Nutrition, *, strict: bool) -> Portion:
    wanted = "100 ml" if basis == "100ml" else "50 g" if basis == "50g" else "100 g"
    on_label = nutrition.per if nutrition.per in ("100 g", "100 ml") else ""
    if basis != "50g" and on_label and not strict:
        wanted = on_label
    amount = _sum(nutrients, nutrition.values) if on_label else None
    if amount is None or (amount.low == 0.0 and amount.high == INFINITE):
        return Portion(None, f"per {wanted}", _missing(nutrients, wanted, nutrition))
    note = _origin(nutrients, nutrition)
    if basis == "50g":
        return Portion(amount.scaled(0.5), "per 50 g", note=note)
    if strict and wanted != on_label and basis != "100":
        amount = Amount(amount.low * _LIGHTEST, amount.high * _HEAVIEST, amount.below)
        note = f"worked out from the figure per {on_label}"
    missing = _missing(nutrients, wanted, nutrition) if amount.high == INFINITE else ""
    return Portion(amount, f"per {wanted}", missing, note)


def _per_hundred_kcal(nutrients: tuple[str, ...], nutrition: Nutrition) -> Portion:
    both = share_of(nutrients, "energy_kcal", nutrition)
    if both is None or both[1].low <= 0:
        lacking = [name_of(n) for n in nutrients if not given(n, nutrition)]
        if not given("energy_kcal", nutrition):
            lacking.append("energy")
        return Portion(None, "per 100 kcal", " and ".join(lacking) or "energy")
    amount, energy = both
    per_100 = Amount(amount.low / energy.high * 100, amount.high / energy.low * 100, amount.below)
    return Portion(per_100, "per 100 kcal")


def _per_serving(nutrients: tuple[str, ...], nutrition: Nutrition) -> Portion:
    amount = _sum(nutrients, nutrition.per_serving) if nutrition.per_serving else None
    if amount is not None:
        return Portion(amount, "per serving", note=_converted(nutrients, nutrition))
    size = nutrition.serving_ml if nutrition.per == "100 ml" else nutrition.serving_g
    amount = _sum(nutrients, nutrition.values) if nutrition.values else None
    if amount is None:
        return Portion(None, "per serving", f"{_names(nutrients)} per serving")
    if size is None:
        return Portion(None, "per serving", "the size of a serving")
    unit = "ml" if nutrition.per == "100 ml" else "g"
    return Portion(amount.scaled(size / 100), "per serving", note=f"a serving is {shown(size)} {unit}")


def _per_reference_amount(nutrients: tuple[str, ...], nutrition: Nutrition, references: NutrientReferences) -> Portion:
    size = reference_size(nutrition, references)
    what = references.reference_amount_name
    if size is None:
        serving = _sum(nutrients, nutrition.per_serving) if nutrition.per_serving else None
        if serving is None:
            return Portion(None, f"per {what}", f"{_names(nutrients)} per serving")
        return Portion(serving, "per serving", note=f"the declared serving stands in for the {what}")
    per = f"per {what} of {shown(size.amount)} {size.unit}"
    on_label = nutrition.per if nutrition.per in ("100 g", "100 ml") else ""
    amount = _sum(nutrients, nutrition.values) if on_label else None
    if amount is not None:
        learned = f"from a serving of {nutrition.serving_learned}" if nutrition.serving_learned else ""
        notes = (size.source, _converted(nutrients, nutrition), learned)
        return Portion(amount.scaled(size.amount / 100), per, note="; ".join(filter(None, notes)))
    serving = _sum(nutrients, nutrition.per_serving) if nutrition.per_serving else None
    if serving is None:
        return Portion(None, per, f"{_names(nutrients)} per serving and the serving's weight")
    return Portion(serving, "per serving", note=f"the declared serving stands in for the {what}")


def _per_day(nutrients: tuple[str, ...], nutrition: Nutrition) -> Portion:
    amount = _sum(nutrients, nutrition.per_day) if nutrition.per_day else None
    if amount is not None:
        return Portion(amount, "per day", note=_converted(nutrients, nutrition))
    if nutrition.dose_form:
        dose = _sum(nutrients, nutrition.per_serving) if nutrition.per_serving else None
        if dose is not None:
            return Portion(
                Amount(dose.low, INFINITE), "per day", "the recommended daily dose", "one dose a day at least"
            )
    return Portion(None, "per day", f"{_names(nutrients)} per recommended daily dose")


def _sum(nutrients: tuple[str, ...], amounts: dict[str, Amount]) -> Amount | None:
    """The sum; a part that is not known makes it open upwards. None if nothing at all is known."""
    if len(nutrients) == 1:
        return _amount(nutrients[0], amounts)
    found = [_amount(nutrient, amounts) for nutrient in nutrients]
    if not any(found):
        return None
    total = Amount(0.0, 0.0)
    for amount in found:
        total = total.plus(amount or Amount(0.0, INFINITE))
    whole = WHOLE_OF.get(nutrients[0])
    if whole is not None and whole in amounts and all(WHOLE_OF.get(nutrient) == whole for nutrient in nutrients):
        high = min(total.high, amounts[whole].high)
        return Amount(min(total.low, high), high, total.below)
    return total


def _amount(nutrient: str, amounts: dict[str, Amount]) -> Amount | None:
    """As declared, or as far as the other figures settle it."""
    declared = amounts.get(nutrient)
    if declared is not None:
        return declared
    parts = SUMS.get(nutrient)
    if parts is not None and all(part in amounts for part in parts):
        return _sum(parts, amounts)
    low, high = 0.0, INFINITE
    whole = WHOLE_OF.get(nutrient)
    if whole is not None:
        bound = _amount(whole, amounts) if whole not in amounts else amounts[whole]
        if bound is not None:
            siblings = _DISJOINT_PARTS.get(whole, ())
            others = [amounts[part].low for part in siblings if part in amounts and part != nutrient]
            high = max(0.0, bound.high - (sum(others) if nutrient in siblings else 0.0))
    for part in _DISJOINT_PARTS.get(nutrient, ()):
        if part in amounts:
            low += amounts[part].low
    if low == 0.0 and high == INFINITE:
        return None
    return Amount(min(low, high), high)


def _converted(nutrients: tuple[str, ...], nutrition: Nutrition) -> str:
    """From which unit a figure was brought, if by no plain factor."""
    return next((nutrition.converted[n] for n in nutrients if n in nutrition.converted), "")


def _origin(nutrients: tuple[str, ...], nutrition: Nutrition) -> str:
    converted = _converted(nutrients, nutrition)
    for nutrient in nutrients:
        if nutrient in nutrition.derived:
            return "; ".join(filter(None, (converted, nutrition.derived[nutrient])))
    if converted:
        return converted
    bounded = [n for n in nutrients if n not in nutrition.values and n not in SUMS]
    if bounded and bounded[0] in WHOLE_OF:
        return f"{name_of(bounded[0])} is not stated but is part of the {name_of(WHOLE_OF[bounded[0]])}"
    return ""


def _missing(nutrients: tuple[str, ...], wanted: str, nutrition: Nutrition) -> str:
    if all(n in nutrition.unstated for n in nutrients):
        return f"what the figures refer to (100 g, 100 ml or a serving), for {_names(nutrients)} per {wanted}"
    if all(n in nutrition.per_serving for n in nutrients):
        return f"the weight of a serving, for {_names(nutrients)} per {wanted}"
    absent = [n for n in nutrients if n not in nutrition.values] or list(nutrients)
    return f"{_names(tuple(absent))} per {wanted}"


def _names(nutrients: tuple[str, ...]) -> str:
    return " and ".join(name_of(nutrient) for nutrient in nutrients)
