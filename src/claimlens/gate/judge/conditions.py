"""Hold a condition against an item's numbers: it holds, it fails, or a figure is missing; with the reason in words."""

from math import isclose

from claimlens.domain.condition import (
    All,
    ByState,
    Condition,
    ConditionResult,
    Level,
    Limit,
    Share,
    Size,
    Some,
)
from claimlens.domain.nutrients import canonical_nutrient, energy_source, name_of, unit_name, unit_of
from claimlens.domain.nutrition import Nutrition
from claimlens.domain.quantity import Amount, Operator, Truth, exactly, shown
from claimlens.domain.references import LevelShares, NutrientReferences
from claimlens.domain.unit_factors import ENERGY_IN_KJ, MASS_IN_G
from claimlens.gate.judge.portions import Portion, given, portion_of, reference_size, share_of

_WORDS: dict[Operator, tuple[str, str]] = {
    "<=": ("may have up to", "at most"),
    "<": ("must stay below", "less than"),
    ">=": ("must have at least", "at least"),
    ">": ("must have more than", "more than"),
}


def evaluate(
    condition: Condition, nutrition: Nutrition, references: NutrientReferences, *, liquid: bool | None
) -> ConditionResult:
    """Whether `condition` holds for an item with these numbers.

    `liquid` None: the state is not known. Then both alternatives are tried; where they disagree the item is taken as a
    solid and `because` says so. `because` is a clause without a full stop; `missing` names the figures that an unknown
    outcome waits for.
    """
    return _Test(nutrition, references, liquid).of(condition)


class _Test:
    """One evaluation: the item's numbers, and whether we are inside a rule for solids or for liquids."""

    __slots__ = ("liquid", "nutrition", "references", "state")

    def __init__(self, nutrition: Nutrition, references: NutrientReferences, liquid: bool | None) -> None:
        self.nutrition = nutrition
        self.references = references
        self.liquid = liquid
        self.state = ""

    def of(self, condition: Condition) -> ConditionResult:
        match condition:
            case Limit():
                return self._limit(condition)
            case Share():
                return self._share(condition)
            case Level():
                return self._level(condition)
            case Size():
                return self._size(condition)
            case ByState():
                return self._by_state(condition)
            case All():
                return _all([self.of(part) for part in condition.parts])
            case Some():
                return _some([self.of(part) for part in condition.parts])

    def _by_state(self, condition: ByState) -> ConditionResult:
        liquid = True if self.liquid is None and self.nutrition.per == "100 ml" else self.liquid
        if liquid is not None:
            return self._side(condition, "liquid" if liquid else "solid")
        solid = self._side(condition, "solid")
        if solid.outcome is self._side(condition, "liquid").outcome:
            return solid
        return ConditionResult(solid.outcome, f"{solid.because} (taken as a solid)", solid.missing)

    def _side(self, condition: ByState, state: str) -> ConditionResult:
        side = condition.liquid if state == "liquid" else condition.solid
        if side is None:
            return ConditionResult(Truth.FAILS, f"there is no such claim for {state}s")
        outside, self.state = self.state, state
        result = self.of(side)
        self.state = outside
        return result

    # --- limits -------------------------------------------------------------------------------------------------

    def _limit(self, limit: Limit) -> ConditionResult:
        bound = self._bound(limit)
        if bound is None:
            reference = self.references.daily_name
            why = f"no {reference} is set for {_names(limit.nutrients)}"
            return ConditionResult(Truth.UNKNOWN, why, (f"the {reference} of {_names(limit.nutrients)}",))
        if limit.basis == "50g":
            size = reference_size(self.nutrition, self.references)
            if size is not None and not size.small:
                what = f"{self.references.reference_amount_name} of {shown(size.amount)} {size.unit}"
                return ConditionResult(Truth.HOLDS, f"the limit per 50 g is for small servings, not for a {what}")
        portion = portion_of(limit.nutrients, limit.basis, self.nutrition, self.references, strict=self.state != "")
        unit = unit_of(limit.nutrients[0]) if limit.unit in ("%", "iu") else limit.unit
        factor = _factor(unit_of(limit.nutrients[0]), unit)
        needed = f"{_figure(bound.scaled(factor))} {unit_name(unit)}"
        daily = ""
        if limit.unit == "%":
            whole = f"{_figure(self.references.daily[limit.nutrients[0]].amount)} {unit_name(unit)}"
            daily = f" ({shown(limit.value)} % of the {self.references.daily_name} of {whole})"
        if portion.amount is None:
            return self._unknown(limit, portion, needed + daily)
        share = self._share_of_reference(limit, portion.amount)
        outcome = (
            share.compare(limit.operator, exactly(limit.value))
            if share
            else portion.amount.compare(limit.operator, bound)
        )
        label = f"{portion.amount.scaled(factor).text()} {unit_name(unit)}"
        if outcome is Truth.UNKNOWN and portion.amount.exact and not bound.exact:
            because = f"{label}{self._named(limit)} {portion.per}; {needed}{daily} is asked, whichever figure applies"
            return ConditionResult(outcome, because, (f"which {self.references.daily_name} applies",))
        return self._said(outcome, limit, portion, label, needed, daily)

    def _bound(self, limit: Limit) -> Amount | None:
        """The limit in the nutrient's own unit."""
        nutrient = limit.nutrients[0]
        if limit.unit == "%":
            reference = self.references.daily.get(nutrient)
            return reference.amount.scaled(limit.value / 100) if reference is not None else None
        if limit.unit == "iu":
            size = self.references.iu.get(nutrient)
            return exactly(limit.value * size) if size is not None else None
        return exactly(limit.value * _factor(limit.unit, unit_of(nutrient)))

    def _share_of_reference(self, limit: Limit, amount: Amount) -> Amount | None:
        """The amount in percent of the daily reference, if the label stated it so and the law has two references.

        Forty percent are forty percent of either.
        """
        nutrient = limit.nutrients[0]
        if limit.unit != "%" or len(limit.nutrients) > 1 or nutrient not in self.nutrition.converted:
            return None
        reference = self.references.daily[nutrient].amount
        low, high = amount.low / reference.low * 100, amount.high / reference.high * 100
        if reference.exact or amount.exact or not isclose(low, high, rel_tol=1e-6):
            return None
        return exactly(float(f"{low:.9g}"))

    def _unknown(self, limit: Limit, portion: Portion, needed: str) -> ConditionResult:
        what = f"{_names(limit.nutrients)} {portion.per}"
        missing = portion.missing or what
        verb = "are" if len(limit.nutrients) > 1 else "is"
        return ConditionResult(
            Truth.UNKNOWN, f"{what} {verb} not known; it must be {_WORDS[limit.operator][1]} {needed}", (missing,)
        )

    def _named(self, limit: Limit) -> str:
        return "" if limit.nutrients[0].startswith("energy_") else f" {_names(limit.nutrients)}"

    def _said(
        self, outcome: Truth, limit: Limit, portion: Portion, label: str, needed: str, daily: str
    ) -> ConditionResult:
        allowed, words = _WORDS[limit.operator]
        name = self._named(limit)
        note = f" ({portion.note})" if portion.note else ""
        if outcome is Truth.HOLDS:
            who = f"a {self.state} {allowed} {needed}{daily}" if self.state else f"{words} {needed}{daily} is asked"
            return ConditionResult(outcome, f"{label}{name} {portion.per}{note}, {who}")
        if outcome is Truth.FAILS:
            says = "the label comes to" if note else "label says"
            because = f"needs {words} {needed}{name} {portion.per}{daily}, {says} {label}{note}"
            return ConditionResult(outcome, because)
        missing = portion.missing or f"the exact amount of{name or ' energy'} {portion.per}"
        because = f"needs {words} {needed}{name} {portion.per}{daily}, the label only settles that it is {label}{note}"
        return ConditionResult(outcome, because, (missing,))

    # --- shares, levels, sizes ----------------------------------------------------------------------------------

    def _share(self, share: Share) -> ConditionResult:
        names, words, asked = _names(share.nutrients), _WORDS[share.operator][1], f"{shown(share.percent)} %"
        whole_key = "energy_kcal" if share.whole == "energy" else "fat"
        both = share_of(share.nutrients, whole_key, self.nutrition)
        factor = self.references.kcal_per_g.get(energy_source(share.nutrients[0])) if share.whole == "energy" else 1.0
        if both is None or factor is None:
            lacking = tuple(name_of(n) for n in (*share.nutrients, whole_key) if not given(n, self.nutrition))
            because = f"the share of {share.whole} from {names} is not known; it must be {words} {asked}"
            return ConditionResult(Truth.UNKNOWN, because, lacking or (name_of(whole_key),))
        part, whole = both[0].scaled(factor), both[1]
        if whole.high == 0:
            return ConditionResult(Truth.FAILS, f"there is no {share.whole} that could come from {names}")
        percent = Amount(part.low / whole.high * 100, part.high / whole.low * 100 if whole.low > 0 else 100.0)
        outcome = percent.compare(share.operator, exactly(share.percent))
        figure = f"{percent.text() if not percent.exact else shown(round(percent.low, 1))} %"
        if outcome is Truth.HOLDS:
            because = f"{figure} of the {share.whole} comes from {names}, {words} {asked} is asked"
            return ConditionResult(outcome, because)
        because = f"needs {words} {asked} of the {share.whole} from {names}, the label comes to {figure}"
        missing = (f"the exact amounts of {names} and {share.whole}",) if outcome is Truth.UNKNOWN else ()
        return ConditionResult(outcome, because, missing)

    def _level(self, level: Level) -> ConditionResult:
        shares = self.references.levels.get(level.level)
        nutrient = canonical_nutrient(level.nutrient)
        reference = self.references.daily.get(nutrient)
        if shares is None or reference is None or not reference.carries_levels:
            why = f"no {self.references.daily_name} is set for {name_of(nutrient)}"
            return ConditionResult(Truth.UNKNOWN, why, (f"the {self.references.daily_name} of {name_of(nutrient)}",))
        return self.of(_as_condition(nutrient, shares, self.nutrition))

    def _size(self, size: Size) -> ConditionResult:
        if size.of == "serving":
            amount = self.nutrition.serving_g or self.nutrition.serving_ml
            what = "serving"
        else:
            found = reference_size(self.nutrition, self.references)
            amount = found.amount if found is not None else None
            what = self.references.reference_amount_name
        words = f"{_WORDS[size.operator][1]} {shown(size.value)} g"
        if amount is None:
            return ConditionResult(Truth.UNKNOWN, f"the {what} is not known; it must be {words}", (f"the {what} in g",))
        outcome = exactly(amount).compare(size.operator, exactly(size.value))
        is_it = "is" if outcome is Truth.HOLDS else "is not"
        return ConditionResult(outcome, f"the {what} of {shown(amount)} g {is_it} {words}")


def _as_condition(nutrient: str, shares: LevelShares, nutrition: Nutrition) -> Condition:
    """A level as limits in percent of the daily reference, on the basis that the law sets for this kind of item."""

    def limit(percent: float, basis: str) -> Limit:
        return Limit((nutrient,), ">=", percent, "%", basis)  # type: ignore[arg-type]

    if shares.racc is not None:
        return limit(shares.racc, "racc")
    if shares.day is not None and (nutrition.per_day or nutrition.dose_form):
        return limit(shares.day, "day")
    by_state = ByState(
        limit(shares.solid, "100g") if shares.solid is not None else None,
        limit(shares.liquid, "100ml") if shares.liquid is not None else None,
    )
    if shares.portion is not None and nutrition.single_portion:
        return Some((by_state, limit(shares.portion, "serving")))
    return by_state


def _all(results: list[ConditionResult]) -> ConditionResult:
    for outcome in (Truth.FAILS, Truth.UNKNOWN):
        those = [result for result in results if result.outcome is outcome]
        if those:
            return ConditionResult(outcome, _joined(those, "; "), _missing(those) if outcome is Truth.UNKNOWN else ())
    return ConditionResult(Truth.HOLDS, _joined(results, "; "))


def _some(results: list[ConditionResult]) -> ConditionResult:
    for result in results:
        if result.outcome is Truth.HOLDS:
            return result
    open_ones = [result for result in results if result.outcome is Truth.UNKNOWN]
    if open_ones:
        return ConditionResult(Truth.UNKNOWN, _joined(open_ones, "; or "), _missing(open_ones))
    return ConditionResult(Truth.FAILS, _joined(results, "; or "))


def _joined(results: list[ConditionResult], between: str) -> str:
    return between.join(dict.fromkeys(result.because for result in results))


def _missing(results: list[ConditionResult]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for result in results for name in result.missing))


def _factor(unit: str, into: str) -> float:
    if unit == into:
        return 1.0
    for factors in (MASS_IN_G, ENERGY_IN_KJ):
        if unit in factors and into in factors:
            return float(f"{factors[unit] / factors[into]:.12g}")
    return 1.0


def _figure(amount: Amount) -> str:
    """A limit: one figure, or a span where the law itself has two."""
    return shown(amount.low) if amount.exact else f"{shown(amount.low)}-{shown(amount.high)}"


def _names(nutrients: tuple[str, ...]) -> str:
    return " and ".join(name_of(nutrient) for nutrient in nutrients)
