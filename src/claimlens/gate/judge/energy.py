"""A label whose energy contradicts its own macronutrients."""

from claimlens.domain.nutrition import Nutrition
from claimlens.domain.quantity import INFINITE, Amount, shown
from claimlens.domain.references import NutrientReferences

_ZERO = Amount(0.0, 0.0)
_MAIN = ("fat", "carbohydrate", "protein")


def energy_mismatch(nutrition: Nutrition, references: NutrientReferences) -> str | None:
    """Why the declared energy cannot be right, or None.

    The energy is reckoned from the macronutrients with the pack's factors. More than the pack's tolerance away (20 %,
    and at least 15 kcal) is a contradiction. Where a macronutrient is missing only too little energy can be shown.
    """
    amounts = nutrition.shown()
    if not amounts or not references.kcal_per_g:
        return None
    kcal, kj = amounts.get("energy_kcal"), amounts.get("energy_kj")
    if kcal is None:
        return None
    tolerance, floor = references.energy_tolerance, references.energy_floor_kcal
    if kj is not None and "energy_kj" not in nutrition.derived and "energy_kcal" not in nutrition.derived:
        in_kcal = kj.scaled(1 / references.kj_per_kcal)
        if _apart(kcal, in_kcal, tolerance, floor):
            return f"{kj.text()} kJ are about {shown(in_kcal.low)} kcal, but the label says {kcal.text()} kcal"
    reckoned = _reckoned(amounts, references)
    if reckoned.high == 0 or not _apart(kcal, reckoned, tolerance, floor):
        return None
    figures = ", ".join(f"{amounts[n].text()} g {n}" for n in _MAIN if n in amounts)
    per = f" per {nutrition.per}" if nutrition.per else ""
    return f"{figures} make {_about(reckoned)}{per}, but the label says {kcal.text()} kcal"


def _reckoned(amounts: dict[str, Amount], references: NutrientReferences) -> Amount:
    """Energy from the macronutrients, open upwards where one of the three is missing."""
    factor = references.kcal_per_g.get
    get = amounts.get
    carbohydrate, fibre, polyols = get("carbohydrate", _ZERO), get("fibre", _ZERO), get("polyols", _ZERO)
    other = get("fat", _ZERO).scaled(factor("fat", 9.0)).plus(get("protein", _ZERO).scaled(factor("protein", 4.0)))
    other = other.plus(get("alcohol", _ZERO).scaled(factor("alcohol", 7.0)))
    sugars_and_starch, from_fibre = factor("carbohydrate", 4.0), factor("fibre", 2.0)
    from_polyols = 0.0 if "erythritol" in amounts else factor("polyols", 2.4)
    burnt_less = polyols.high * (sugars_and_starch - from_polyols)
    inside = max(0.0, carbohydrate.low - fibre.high) * sugars_and_starch
    beside = carbohydrate.low * sugars_and_starch + fibre.low * from_fibre
    match references.fibre_in_carbohydrate:
        case "yes":
            low, high = inside, carbohydrate.high * sugars_and_starch
        case "either":
            low, high = inside, carbohydrate.high * sugars_and_starch + fibre.high * from_fibre
        case "no":
            low, high = beside, carbohydrate.high * sugars_and_starch + fibre.high * from_fibre
    low = max(0.0, low - burnt_less)
    complete = all(nutrient in amounts for nutrient in _MAIN)
    return Amount(other.low + low, other.high + high if complete else INFINITE)


def _apart(declared: Amount, reckoned: Amount, tolerance: float, floor: float) -> bool:
    too_little = reckoned.low - declared.high
    too_much = declared.low - reckoned.high
    return too_little > max(floor, tolerance * reckoned.low) or too_much > max(floor, tolerance * reckoned.high)


def _about(amount: Amount) -> str:
    low, high = round(amount.low), amount.high
    if high == INFINITE:
        return f"{low} kcal or more"
    return f"about {low} kcal" if round(high) - low <= max(5, low // 20) else f"{low} to {round(high)} kcal"
