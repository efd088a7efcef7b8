"""Conditions against numbers: the outcome, the sentence, and what is missing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.condition import ConditionResult
from claimlens.domain.quantity import Truth
from claimlens.gate.judge.conditions import evaluate
from claimlens.gate.normalise.nutrition import normalise_nutrition
from claimlens.packs.conditions import parse_condition
from tests.unit.gate.references import references_of

LOW_FAT = "solid: fat <= 3 g/100g; liquid: fat <= 1.5 g/100ml"
US_LOW_FAT = "fat <= 3 g/racc and fat <= 3 g/50g"


def judge(
    condition: str, nutrition: Any, *, liquid: bool | None = None, name: str = "", jurisdiction: str = "gb"
) -> ConditionResult:
    references = references_of(jurisdiction)
    numbers = normalise_nutrition(nutrition, liquid=liquid, name=name, references=references)
    return evaluate(parse_condition(condition), numbers, references, liquid=liquid)


def test_the_sentence_of_a_claim_that_holds():
    result = judge(LOW_FAT, {"basis": "per 100 ml", "fat": "0.1 g"}, liquid=True)
    assert result == ConditionResult(Truth.HOLDS, "0.1 g fat per 100 ml, a liquid may have up to 1.5 g")


def test_the_sentence_of_a_claim_that_fails():
    result = judge(LOW_FAT, {"basis": "per 100 g", "fat": "8 g"}, liquid=False)
    assert result == ConditionResult(Truth.FAILS, "needs at most 3 g fat per 100 g, label says 8 g")


def test_a_missing_number_is_named():
    result = judge(LOW_FAT, {"basis": "per 100 g", "protein": "8 g"}, liquid=False)
    assert result == ConditionResult(
        Truth.UNKNOWN, "fat per 100 g is not known; it must be at most 3 g", ("fat per 100 g",)
    )


@pytest.mark.parametrize(
    ("nutrition", "missing"),
    [
        ({"basis": "per serving", "fat": "2 g"}, "the weight of a serving, for fat per 100 g"),
        ({"fat": "2 g"}, "what the figures refer to (100 g, 100 ml or a serving), for fat per 100 g"),
        ({"basis": "per 100 g", "fat": "2-4 g"}, "the exact amount of fat per 100 g"),
        ({}, "fat per 100 g"),
    ],
)
def test_what_is_missing_is_what_would_help(nutrition: Any, missing: str):
    result = judge(LOW_FAT, nutrition, liquid=False)
    assert (result.outcome, result.missing) == (Truth.UNKNOWN, (missing,))


def test_an_unknown_state_matters_only_if_it_decides():
    assert judge(LOW_FAT, {"basis": "per 100 g", "fat": "1 g"}).because.endswith("up to 3 g")
    between = judge(LOW_FAT, {"basis": "per 100 g", "fat": "2 g"})
    assert between.outcome is Truth.HOLDS
    assert between.because.endswith("(taken as a solid)")


def test_a_claim_for_liquids_does_not_exist_for_solids():
    result = judge("liquid: energy_kcal <= 4 kcal/100ml", {"basis": "per 100 g", "energy": "3 kcal"}, liquid=False)
    assert result == ConditionResult(Truth.FAILS, "there is no such claim for solids")


@pytest.mark.parametrize(
    ("nutrition", "outcome"),
    [
        ({"energy": "63 kcal", "protein": "11 g"}, Truth.HOLDS),
        ({"energy": "166 kcal", "protein": "8 g"}, Truth.FAILS),
        ({"energy": "0 kcal", "protein": "0 g"}, Truth.FAILS),
        ({"protein": "8 g"}, Truth.UNKNOWN),
        ({"energy": "<100 kcal", "protein": "8 g"}, Truth.HOLDS),
    ],
)
def test_a_share_of_the_energy_needs_no_basis(nutrition: dict[str, str], outcome: Truth):
    for basis in ({"basis": "per 100 g"}, {"basis": "per serving"}, {}):
        assert judge("energy_from_protein >= 20 %", nutrition | basis).outcome is outcome


def test_per_100_kcal():
    omega = "(ala >= 0.3 g/100g and ala >= 0.3 g/100kcal) or (epa_dha >= 40 mg/100g and epa_dha >= 40 mg/100kcal)"
    assert judge(omega, {"basis": "per 100 g", "energy": "200 kcal", "ala": "0.7 g"}).outcome is Truth.HOLDS
    assert (
        judge(omega, {"basis": "per 100 g", "energy": "200 kcal", "epa": "60 mg", "dha": "30 mg"}).outcome
        is Truth.HOLDS
    )
    both = {"basis": "per 100 g", "energy": "460 kcal", "ala": "0.7 g", "epa": "60 mg", "dha": "30 mg"}
    assert judge(omega, both).outcome is Truth.FAILS


def test_a_part_is_bounded_by_its_whole():
    saturates = "saturates + trans_fat <= 1.5 g/100g"
    assert judge(saturates, {"basis": "per 100 g", "fat": "1.2 g", "saturates": "0.4 g"}).outcome is Truth.HOLDS
    assert judge(saturates, {"basis": "per 100 g", "fat": "5 g", "saturates": "1 g"}).outcome is Truth.UNKNOWN
    assert judge(saturates, {"basis": "per 100 g", "saturates": "1 g"}).missing == ("trans fat per 100 g",)
    assert judge(saturates, {"basis": "per 100 g", "saturates": "2 g"}).outcome is Truth.FAILS
    assert judge("sugars <= 0.5 g/100g", {"basis": "per 100 g", "carbohydrate": "0.2 g"}).outcome is Truth.HOLDS
    assert judge("sugars <= 5 g/100g", {"basis": "per 100 g", "added_sugars": "12 g"}).outcome is Truth.FAILS


def test_levels_of_the_daily_reference():
    drink = judge("vitamin_c >= source_of", {"basis": "per 100 ml", "vitamin_c": "30 mg"}, liquid=True)
    assert drink.because == ("30 mg vitamin C per 100 ml, a liquid must have at least 6 mg (7.5 % of the NRV of 80 mg)")
    food = judge("iron >= source_of", {"basis": "per 100 g", "iron": "1.2 mg"}, liquid=False)
    assert food.because == "needs at least 2.1 mg iron per 100 g (15 % of the NRV of 14 mg), label says 1.2 mg"
    assert judge("protein >= source_of", {"basis": "per 100 g", "protein": "9 g"}).outcome is Truth.UNKNOWN


def test_supplements_are_counted_by_the_day():
    assert judge("vitamin_d >= source_of", {"basis": "per daily dose", "vitamin_d": "2 µg"}).outcome is Truth.HOLDS
    assert judge("vitamin_d >= source_of", {"basis": "per tablet", "vitamin_d": "2 µg"}).outcome is Truth.HOLDS
    small = judge("vitamin_d >= source_of", {"basis": "per tablet", "vitamin_d": "0.2 µg"})
    assert (small.outcome, small.missing) == (Truth.UNKNOWN, ("the recommended daily dose",))
    assert judge("vitamin_c >= 200 mg/day", {"basis": "per 100 g", "vitamin_c": "300 mg"}).outcome is Truth.UNKNOWN


def test_a_pack_of_one_portion_may_count_by_the_portion():
    label = {"basis": "per serving", "serving_size": "150 g", "vitamin_c": "14 mg"}
    assert judge("vitamin_c >= source_of", label).outcome is Truth.FAILS
    assert judge("vitamin_c >= source_of", {**label, "servings_per_pack": 1}).outcome is Truth.HOLDS


def test_an_allowance_with_two_figures_stays_open_between_them():
    def iron(milligrams: float) -> Truth:
        label = {"basis": "per 100 g", "iron": f"{milligrams} mg"}
        return judge("iron >= source_of", label, liquid=False, jurisdiction="in").outcome

    assert [iron(2.5), iron(3.5), iron(4.5)] == [Truth.FAILS, Truth.UNKNOWN, Truth.HOLDS]


@pytest.mark.parametrize(
    ("name", "label", "outcome"),
    [
        ("Vanilla yogurt", {"serving_size": "170 g", "fat": "2.5 g"}, Truth.HOLDS),
        ("Chocolate chip cookies", {"serving_size": "30 g", "fat": "2 g"}, Truth.FAILS),
        ("Chocolate chip cookies", {"serving_size": "30 g", "fat": "1.5 g"}, Truth.HOLDS),
        ("Buddha bowl", {"fat": "2 g"}, Truth.UNKNOWN),
        ("Buddha bowl", {"serving_size": "350 g", "fat": "2 g"}, Truth.HOLDS),
    ],
)
def test_reference_amounts_and_the_small_serving_leg(name: str, label: dict[str, str], outcome: Truth):
    assert judge(US_LOW_FAT, {"basis": "per serving", **label}, name=name, jurisdiction="us").outcome is outcome


def test_a_declared_serving_stands_in_and_the_reason_says_so():
    result = judge("fat <= 3 g/racc", {"basis": "per serving", "fat": "2 g"}, name="Buddha bowl", jurisdiction="us")
    assert result.outcome is Truth.HOLDS
    assert "the declared serving stands in for the reference amount" in result.because


def test_and_fails_with_one_part_or_holds_with_one():
    label = {"basis": "per 100 g", "fat": "8 g"}
    assert judge("salt <= 1 g/100g and fat <= 3 g/100g", label).outcome is Truth.FAILS
    assert judge("salt <= 1 g/100g or fat <= 3 g/100g", label).outcome is Truth.UNKNOWN
    assert judge("salt <= 1 g/100g or fat <= 9 g/100g", label).outcome is Truth.HOLDS
    assert judge("salt <= 1 g/100g and fat <= 9 g/100g", label).missing == ("salt per 100 g",)


@given(st.floats(0, 100), st.floats(0, 100), st.booleans())
def test_more_fat_never_mends_a_low_fat_claim(a: float, b: float, liquid: bool):
    less, more = sorted((round(a, 3), round(b, 3)))
    basis = "per 100 ml" if liquid else "per 100 g"
    ranks = {Truth.HOLDS: 0, Truth.UNKNOWN: 1, Truth.FAILS: 2}
    outcomes = [judge(LOW_FAT, {"basis": basis, "fat_g": fat}, liquid=liquid).outcome for fat in (less, more)]
    assert ranks[outcomes[0]] <= ranks[outcomes[1]]


@given(
    st.dictionaries(
        st.sampled_from(["fat", "saturates", "energy", "protein", "salt", "vitamin_c", "sugars", "carbohydrate"]),
        st.sampled_from(["0 g", "<0.5 g", "3 g", "2-9 g", "trace", "40 mg", "200 kcal", "at least 3 g"]),
    ),
    st.sampled_from(["per 100 g", "per 100 ml", "per serving", "per bar (30 g)", "per day", "per tablet", ""]),
    st.sampled_from(
        [
            LOW_FAT,
            US_LOW_FAT,
            "vitamin_c >= high",
            "energy_from_saturates + trans_fat <= 10 %",
            "protein >= 5 %rda/100kcal",
            "racc > 30 g",
            "serving <= 30 g",
            "salt <= 1 g/serving",
            "vitamin_c >= 10 mg/day",
            "fat_from_saturates <= 20 %",
        ]
    ),
    st.sampled_from(["in", "us", "gb", "eu"]),
)
def test_every_outcome_has_a_reason_and_every_unknown_a_wish(label: dict[str, str], basis: str, text: str, where: str):
    result = judge(text, {"basis": basis, **label}, name="Cookies", jurisdiction=where)
    assert result.because
    assert "inf" not in result.because.split()
    assert bool(result.missing) == (result.outcome is Truth.UNKNOWN)
