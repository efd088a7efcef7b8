"""How labels are written, and how they are read: measures, names, sizes, headings, shapes, percentages."""

from typing import Any

import pytest

from claimlens.domain.nutrition import Nutrition
from claimlens.domain.quantity import Amount, exactly
from claimlens.gate.normalise.nutrient_names import meaning_of
from claimlens.gate.normalise.nutrition import normalise_nutrition
from tests.unit.gate.references import references_of


def read(raw: Any, *, liquid: bool | None = None, jurisdiction: str = "gb") -> Nutrition:
    return normalise_nutrition(raw, liquid=liquid, name="", references=references_of(jurisdiction))


class TestLabelMeasures:
    """What a cup or an ounce is on a label is for the market's law to say."""

    @pytest.mark.parametrize(
        ("size", "per_hundred"),
        [("1 cup", 1.25), ("8 fl oz", 1.25), ("8 fl oz (240 ml)", 1.25), ("2 tbsp", 10), ("6 tsp", 10)],
    )
    def test_a_us_cup_is_240_ml(self, size, per_hundred):
        found = normalise_nutrition(
            {"serving_size": size, "fat": "3 g"}, liquid=True, name="Milk", references=references_of("us")
        )
        assert found.values["fat"] == exactly(per_hundred)

    def test_a_us_ounce_of_food_is_28_g(self):
        found = normalise_nutrition(
            {"serving_size": "1 oz", "fat": "7 g"}, liquid=False, name="Nuts", references=references_of("us")
        )
        assert found.values["fat"] == exactly(25)

    def test_a_british_fluid_ounce_is_imperial(self):
        found = normalise_nutrition(
            {"serving_size": "10 fl oz", "fat": "2.8413 g"},
            liquid=True,
            name="Milk",
            references=references_of("gb"),
        )
        assert found.values["fat"].low == pytest.approx(1, abs=1e-5)

    @pytest.mark.parametrize("market", ["gb", "eu", "in"])
    def test_a_cup_that_no_law_defines_is_not_read(self, market):
        found = normalise_nutrition(
            {"serving_size": "1 cup", "fat": "3 g"}, liquid=True, name="Lassi", references=references_of(market)
        )
        assert (found.per, found.values) == ("serving", {})
        assert [pointer for pointer, _ in found.unread] == ["/nutrition/serving_size"]
        assert [(one.said, one.to) for one in found.wanted] == [("1 cup", "ml")]


@pytest.mark.parametrize(
    ("key", "nutrient"),
    [
        ("Energy (kJ)", "energy_kj"),
        ("Energie (kJ)", "energy_kj"),
        ("Brennwert in kJ", "energy_kj"),
        ("Energy (KCal)", "energy_kcal"),
        ("Fat, total", "fat"),
        ("Fat of which saturates", "saturates"),
        ("Glucides dont sucres", "sugars"),
        ("Protein (N x 6.25)", "protein"),
        ("Vitamin B1 (Thiamin)", "thiamin"),
        ("Vitamin B9 (Folsäure)", "folate"),
        ("Vitamin E (as d-alpha tocopherol)", "vitamin_e"),
        ("Vitamin D (D2 + D3), International Units", "vitamin_d"),
        ("Fiber, soluble", "soluble_fibre"),
        ("lösliche Ballaststoffe", "soluble_fibre"),
        ("Phosphorus, P", "phosphorus"),
        ("Fat (saturated)", ""),
        ("Fibre (soluble)", "soluble_fibre"),
        ("Sugars (added)", "added_sugars"),
        ("Fat (trans-free)", ""),
        ("Calories from fat", ""),
        ("Fat (", "fat"),
    ],
)
def test_names_of_labels(key, nutrient):
    meaning = meaning_of(key)
    unit = {"kj": "energy_kj", "kcal": "energy_kcal"}.get(meaning.unit, meaning.nutrient)
    assert (unit if meaning.role == "nutrient" else "") == nutrient


@pytest.mark.parametrize(
    ("size", "grams"),
    [
        ("2 x 30 g", 60),
        ("2×30g", 60),
        ("2 biscuits (2 x 12.5 g)", 25),
        ("1/2 pack (60g)", 60),
        ("3 squares = 25 g", 25),
    ],
)
def test_the_size_of_a_serving_counts_its_pieces(size, grams):
    found = read({"serving_size": size, "fat": "0.1 g"}, liquid=False)
    assert (found.serving_g, found.serving_ml) == (grams, None)


@pytest.mark.parametrize(
    "key", ["Typical values per 100ml", "nutritional information per 100 ml", "Nährwerte pro 100 ml", "per_100ml"]
)
def test_a_heading_gives_the_basis(key):
    found = read({key: {"fat": "1 g"}})
    assert (found.per, found.values) == ("100 ml", {"fat": exactly(1)})


class TestPercent:
    """3.5 % fat is 3.5 g in 100 g to a dairy and 3.5 % of the reference intake to a label."""

    @pytest.mark.parametrize("key", ["fat", "fat_pct", "sugars", "protein", "salt"])
    def test_a_bare_percentage_of_a_nutrient_in_grams_is_not_guessed_at(self, key):
        found = read({"per": "100 g", key: "3.5 %"}, jurisdiction="eu")
        assert not found
        assert [pointer for pointer, _ in found.unread] == [f"/nutrition/{key}"]
        assert found.wanted == ()

    @pytest.mark.parametrize("text", ["5 % RI", "5% of the reference intake", "5 % des Tagesbedarfs", "5 % GDA"])
    def test_one_that_names_the_reference_counts(self, text):
        assert read({"per": "100 g", "fat": text}, jurisdiction="eu").values["fat"] == exactly(3.5)

    def test_so_does_one_whose_key_names_it(self):
        assert read({"per": "100 g", "fat_ri": 5}, jurisdiction="eu").values["fat"] == exactly(3.5)

    def test_vitamins_and_minerals_are_counted_in_percent_of_nothing_else(self):
        assert read({"per": "100 g", "vitamin_c": "50 %"}, jurisdiction="eu").values["vitamin_c"] == exactly(40)


@pytest.mark.parametrize(
    "raw",
    [
        {"per_100_g": {"energy": {"kj": 1500, "kcal": 360}, "fat": {"total": 10, "saturates": 4}}},
        {"Average nutritional values per 100 g": {"Energy": "1500 kJ / 360 kcal", "Fat": "10 g", "- saturates": "4 g"}},
        {"Valori nutrizionali medi per 100 g": {"Energia": "1500 kJ / 360 kcal", "Grassi": "10 g", "di cui saturi": 4}},
        {"Valores medios por 100 g": {"Energía": "1500 kJ/360 kcal", "Grasas": "10 g", "saturadas": "4 g"}},
        [
            {"nutrient": "Energy", "per100g": "1500 kJ / 360 kcal", "perServing": "450 kJ / 108 kcal"},
            {"nutrient": "Fat", "per100g": "10", "perServing": "3", "unit": "g"},
            {"nutrient": "Saturates", "per100g": 4, "perServing": 1.2, "unit": "g"},
        ],
    ],
)
def test_shapes_of_labels(raw):
    found = read(raw, jurisdiction="eu")
    assert found.per == "100 g"
    assert {n: a.low for n, a in found.values.items()} == {
        "energy_kj": 1500,
        "energy_kcal": 360,
        "fat": 10,
        "saturates": 4,
    }


def test_calories_in_a_range_are_kcal():
    assert read({"per": "serving", "calories": "250-300"}).per_serving["energy_kcal"] == Amount(250, 300)
