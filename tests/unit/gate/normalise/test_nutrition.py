"""`normalize.nutrition`: the shapes labels come in, what is derived, what is refused."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.nutrition import Nutrition
from claimlens.domain.quantity import Amount
from claimlens.gate.normalise.nutrition import normalise_nutrition
from tests.unit.gate.references import references_of

JUICE = {"basis": "per_100ml", "energy": "42 kcal", "fat": "0.1 g", "sugars": "8.9 g", "vitamin_c": "30 mg"}


def read(raw: Any, *, liquid: bool | None = None, jurisdiction: str = "gb") -> Nutrition:
    return normalise_nutrition(raw, liquid=liquid, name="", references=references_of(jurisdiction))


def test_the_example_of_the_verdict_byte_for_byte():
    assert list(read(JUICE, liquid=True).to_wire().items()) == [
        ("per", "100 ml"),
        ("energy_kj", 176),
        ("energy_kcal", 42),
        ("fat_g", 0.1),
        ("sugars_g", 8.9),
        ("vitamin_c_mg", 30),
    ]


def test_the_order_of_submission_does_not_show():
    backwards = dict(reversed(JUICE.items()))
    assert list(read(backwards).to_wire().items()) == list(read(JUICE).to_wire().items())


@pytest.mark.parametrize(
    "raw",
    [
        {"basis": "per 100 g", "fat": "8 g"},
        {"per": "100 g", "Fett": "8 g"},
        {"fat_100g": 8},
        {"fat_g_per_100g": "8"},
        {"per_100g": {"fat": 8.0}},
        {"per 100 g": {"Total fat": "8g"}, "per serving": {"Total fat": "2.4 g"}},
        {"basis": "pour 100 g", "matières grasses": "8,0 g"},
        {"basis": "por 100 g", "Grasas": "8 g"},
        {"basis": "per 100 g", "Grassi (g)": 8},
        {"basis": "per 100 g", "nutrients": [{"name": "Fat", "amount": 8, "unit": "g"}]},
        {"basis": "per 100 g", "fat": {"value": "8", "unit": "g"}},
        {"fat": {"per_100g": "8 g", "per_serving": "2.4 g"}},
        {"basis": "per 100 g", "fat": "8000 mg"},
        {"basis": "per 100 g", "fat": 8, "fat_unit": "g"},
        {"basis": "per 100 g", "fat": 8000, "fat_unit": "mg"},
        {"basis": "per kg", "fat": "80 g"},
        {"fat": "8 g per 100 g"},
        {"basis": "per serving", "serving_size": "30 g", "fat": "2.4 g"},
        {"basis": "per bar (30 g)", "fat": "2.4 g"},
        {"@type": "NutritionInformation", "servingSize": "30 g", "fatContent": "2.4 g"},
    ],
)
def test_one_label_in_many_shapes(raw: dict[str, Any]):
    nutrition = read(raw)
    assert nutrition.per == "100 g"
    assert nutrition.values["fat"].low == pytest.approx(8)
    assert nutrition.unread == ()


def test_a_list_of_rows_as_a_food_database_gives_them():
    rows = [
        {"nutrientName": "Total lipid (fat)", "unitName": "G", "value": 28.57},
        {"nutrientName": "Sodium, Na", "unitName": "MG", "value": 1179},
        {"nutrientName": "Energy", "unitName": "KCAL", "value": 500},
    ]
    wire = read({"per_100g": rows}, jurisdiction="us").to_wire()
    assert wire == {
        "per": "100 g", "energy_kj": 2092, "energy_kcal": 500, "fat_g": 28.57, "salt_g": 2.947, "sodium_mg": 1179,
    }  # fmt: skip


def test_an_open_food_facts_record():
    record = {
        "energy-kj_100g": 247, "energy-kcal_100g": 59, "energy_100g": 247, "energy_unit": "kcal", "fat_100g": 0.5,
        "fat": 0.5, "fat_unit": "g", "fat_value": 0.5, "saturated-fat_100g": 0.1, "carbohydrates_100g": 3.2,
        "proteins_100g": 9, "salt_100g": 0.02, "sodium_100g": 0.008, "vitamin-c_100g": 0.03, "vitamin-c_unit": "mg",
        "vitamin-c_value": 30, "nova-group": 4, "nutrition-score-fr_100g": -2,
    }  # fmt: skip
    nutrition = read(record)
    assert nutrition.unread == ()
    assert nutrition.to_wire() == {
        "per": "100 g", "energy_kj": 247, "energy_kcal": 59, "fat_g": 0.5, "saturates_g": 0.1, "carbohydrate_g": 3.2,
        "protein_g": 9, "salt_g": 0.02, "sodium_mg": 8, "vitamin_c_mg": 30,
    }  # fmt: skip


def test_amounts_that_are_no_single_number_stay_open():
    wire = read({"basis": "per 100 g", "salt": "<0.01 g", "fibre": "trace", "protein": "3-4 g"}).to_wire()
    assert wire["salt_g"] == "<0.01"
    assert wire["fibre_g"] == "<0.5"
    assert wire["protein_g"] == "3-4"


def test_salt_and_sodium_follow_from_each_other():
    assert read({"basis": "per 100 g", "salt": "0.3 g"}).to_wire()["sodium_mg"] == 120
    assert read({"basis": "per 100 g", "sodium": "0.12 g"}).to_wire()["salt_g"] == 0.3


def test_a_declared_figure_is_never_replaced():
    nutrition = read({"basis": "per 100 g", "salt": "0.3 g", "sodium": "200 mg", "energy": "176 kJ / 43 kcal"})
    assert nutrition.to_wire() == {
        "per": "100 g", "energy_kj": 176, "energy_kcal": 43, "salt_g": 0.3, "sodium_mg": 200,
    }  # fmt: skip
    assert nutrition.derived == {}


def test_units_of_law():
    wire = read(
        {"basis": "per 100 g", "vitamin_d": "400 IU", "vitamin_a": "1000 IU", "vitamin_c": "25 % NRV"}
    ).to_wire()
    assert wire == {"per": "100 g", "vitamin_a_ug": 300, "vitamin_c_mg": 20, "vitamin_d_ug": 10}


def test_alcohol_by_volume_is_a_volume():
    nutrition = read({"basis": "per 100 ml", "alcohol": "5 % vol"}, liquid=True)
    assert nutrition.values["abv"] == Amount(5, 5)
    assert nutrition.values["alcohol"].low == pytest.approx(3.945)


def test_a_drinks_serving_becomes_100_ml():
    nutrition = read({"basis": "per serving", "serving_size": "1 cup (240 mL)", "calories": "120"}, liquid=True)
    assert (nutrition.per, nutrition.values["energy_kcal"].low) == ("100 ml", 50)
    assert nutrition.derived["energy_kcal"] == "from a serving of 240 ml"


def test_a_serving_without_weight_stays_a_serving():
    nutrition = read({"basis": "per serving", "fat": "5 g"})
    assert nutrition.to_wire() == {"per": "serving", "fat_g": 5}


def test_numbers_without_basis_are_kept_apart():
    nutrition = read({"fat": "5 g"})
    assert nutrition.values == {}
    assert nutrition.to_wire() == {"per": "", "fat_g": 5}


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("fat", math.nan, "is no amount"),
        ("fat", math.inf, "is no amount"),
        ("fat", -1, "is no amount"),
        ("fat", True, "is no amount"),
        ("fat", 10**400, "is no amount"),
        ("fat", 1e300, "is no amount"),
        ("fat", "-3 g", "a negative amount"),
        ("fat", "lots", "not an amount"),
        ("fat", "120 g", "impossible"),
        ("fat", "120 kcal", "is not counted in kcal"),
        ("energy", "950 kcal", "impossible"),
        ("energy", 42, "kcal or kJ?"),
        ("energy", "5 g", "is not counted in g"),
        ("sodium", 0.3, "g or mg?"),
        ("sodium", "1.500 mg", "thousands or decimals"),
        ("vitamin_e", "10 kcal", "is not counted in kcal"),
        ("moon_dust", 3, "nutrient or unit not known"),
        ("serving_size", "1 bowl of 3", "gives no weight"),
    ],
)
def test_what_cannot_be_read_is_said_and_not_used(key: str, value: Any, why: str):
    nutrition = read({"basis": "per 100 g", "protein": "5 g", key: value})
    assert [pointer for pointer, _ in nutrition.unread] == [f"/nutrition/{key}"]
    assert why in nutrition.unread[0][1]
    assert nutrition.to_wire() == {"per": "100 g", "protein_g": 5}


def test_two_figures_for_one_nutrient_are_reported():
    nutrition = read({"basis": "per 100 g", "fat": "3 g", "Total fat": "8 g"})
    assert nutrition.to_wire()["fat_g"] == 3
    assert nutrition.unread == (("/nutrition/Total fat", "8 g: 3 g was given already"),)


def test_energy_without_unit_is_settled_by_the_macronutrients():
    label = {"basis": "per 100 g", "fat": "10 g", "carbohydrate": "20 g", "protein": "5 g"}
    assert read({**label, "energy": 190}).to_wire()["energy_kcal"] == 190
    assert read({**label, "energy": "795"}).to_wire()["energy_kj"] == 795
    assert "energy_kcal" not in read({**label, "energy": 2500}).to_wire()


def test_a_serving_too_small_for_its_contents_gives_nothing_per_100():
    nutrition = read({"basis": "per serving", "serving_size": "3 g", "fat": "5 g"})
    assert nutrition.per == "serving"
    assert nutrition.unread == (("/nutrition", "a serving of 3 g cannot hold these amounts"),)


def test_pointers_are_escaped():
    assert read({"fat/oil~": "lots", "a/b": 3}).unread == (("/nutrition/a~1b", "3: nutrient or unit not known"),)
    assert read({"basis": "per 100 g", "per_serving": {"fat": "x"}}).unread[0][0] == "/nutrition/per_serving/fat"


def test_nothing_is_nothing():
    nothing: list[Any] = [None, {}, []]
    for raw in nothing:
        assert not read(raw)
        assert read(raw).to_wire() == {}


def test_a_flood_of_values_is_cut_and_said():
    nutrition = read({f"substance_{i}": f"{i} zorkmids" for i in range(5000)})
    assert len(nutrition.unread) == 301
    assert "the rest was not read" in nutrition.unread[-1][1]


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
label_keys = st.sampled_from(
    [
        "basis",
        "serving_size",
        "energy",
        "fat",
        "salt",
        "sodium",
        "per_100g",
        "per serving",
        "nutrients",
        "fat_unit",
        "vitamin_c",
        "alcohol",
        "abv",
        "calories",
        "fatContent",
        "energy-kcal_100g",
        "fat_value",
        "servings",
        "x_mg",
        "name",
    ]
)
label_texts = st.sampled_from(
    [
        "per 100 g",
        "per 100 ml",
        "per serving",
        "30 g",
        "1 cup",
        "240 ml",
        "3 g",
        "<0.5 g",
        "trace",
        "12 %",
        "42 kcal",
        "1,5 g",
        "5 IU",
        "g",
        "mg",
        "per 30 g",
        "3-4 g",
        "at least 3 g",
        "per tablet",
        "0 g",
        "per 0 g",
    ]
)


@given(
    st.dictionaries(label_keys | st.text(max_size=10), json_values | label_texts, max_size=10),
    st.none() | st.booleans(),
)
def test_any_json_is_read_or_refused_and_never_raises(raw: dict[str, Any], liquid: bool | None):
    for jurisdiction in ("gb", "us"):
        wire = read(raw, liquid=liquid, jurisdiction=jurisdiction).to_wire()
        assert all(isinstance(value, str) or (math.isfinite(value) and value >= 0) for value in wire.values())


@given(st.dictionaries(label_keys, label_texts, max_size=8), st.none() | st.booleans())
def test_salt_is_sodium_times_the_factor_unless_both_are_declared(raw: dict[str, Any], liquid: bool | None):
    nutrition = read(raw, liquid=liquid)
    for amounts in (nutrition.values, nutrition.per_serving, nutrition.unstated):
        if "salt" in amounts and ("salt" in nutrition.derived) != ("sodium" in nutrition.derived):
            assert amounts["salt"].low == pytest.approx(amounts["sodium"].low * 2.5 / 1000)


@given(st.floats(min_value=0, max_value=900))
def test_kcal_and_kj_agree(kcal: float):
    values = read({"basis": "per 100 g", "energy_kcal": kcal}).values
    assert values["energy_kj"].low == pytest.approx(kcal * 4.184)
