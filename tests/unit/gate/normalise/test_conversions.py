"""What the gate asks `unit.convert`, what it makes of the answer, and of none."""

import pytest

from claimlens.domain.item import Item, Kind
from claimlens.domain.quantity import Amount
from claimlens.gate.normalise.conversions import conversion_record, conversion_wanted, with_conversions
from claimlens.gate.normalise.nutrition import normalise_nutrition
from claimlens.gate.normalise.state import is_liquid
from claimlens.usecases.unit_conversion import UnitConversion
from tests.unit.gate.references import references_of

SERVICE = UnitConversion(lambda jurisdiction: references_of(jurisdiction.value.lower()))


def read(nutrition, name="Item", market="us", answer=None, **more):
    """(numbers as the pack's tables read them, the payload, the numbers after the answer)."""
    item = Item(id="1", name=name, nutrition=nutrition, **more)
    references = references_of(market)
    liquid = is_liquid(item.kind, nutrition, name, references)
    plain = normalise_nutrition(nutrition, liquid=liquid, name=name, references=references)
    payload = conversion_wanted(item, plain, market.upper())
    if answer is None and payload is not None:
        answer = SERVICE.answer([payload])[0]
    return plain, payload, with_conversions(item, plain, answer, liquid=liquid, references=references)


# --- what is asked ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "nutrition",
    [
        {"per": "100 g", "fat": "3 g", "sodium": "120 mg", "energy": "400 kcal"},
        {"serving_size": "30 g", "fat": "3 g"},
        {"serving_size": "1 cup (240 ml)", "fat": "3 g"},
        {"serving_size": "1 katori", "fat": "3 g"},
        {"per": "serving", "fat": "3 g"},
        {"per": "100 g", "vitamin_d": "400 IU", "calcium": "25 %"},
        {"per": "100 g", "fat": "a lot"},
        {"per": "100 g", "iron": "5 IU", "trans_fat": "10 %", "fat": "30 kcal", "protein": "1 cup"},
        None,
    ],
)
def test_nothing_is_asked_about_what_the_pack_reads_or_nobody_can(nutrition):
    assert read(nutrition)[1] is None


@pytest.mark.parametrize(
    ("nutrition", "market", "wanted"),
    [
        (
            {"serving_size": "2/3 cup", "fat": "3 g"},
            "us",
            {"/nutrition/serving_size": {"value": "2/3 cup", "to": "g", "measure": "label"}},
        ),
        (
            {"serving_size": "1 serving (2/3 cup)", "fat": "3 g"},
            "us",
            {"/nutrition/serving_size": {"value": "1 serving (2/3 cup)", "to": "g", "measure": "label"}},
        ),
        (
            {"per": "per cup", "fat": "3 g"},
            "gb",
            {"/nutrition/per": {"value": "cup", "to": "g", "measure": "label"}},
        ),
        (
            {"per_slice": {"fat": "3 g"}},
            "eu",
            {"/nutrition/per_slice": {"value": "slice", "to": "g", "measure": "label"}},
        ),
        (
            {"per": "RACC", "fat": "3 g"},
            "us",
            {"/nutrition/per": {"value": "RACC", "to": "g", "measure": "label"}},
        ),
        (
            {"per": "100 g", "vitamin_e": "11 IU"},
            "us",
            {
                "/nutrition/vitamin_e": {
                    "value": 1,
                    "unit": "iu",
                    "to": "mg",
                    "nutrient": "vitamin_e",
                    "measure": "label",
                }
            },
        ),
        (
            {"per": "100 g", "iron_rda": "40 %"},
            "in",
            {"/nutrition/iron_rda": {"value": 1, "unit": "%", "to": "mg", "nutrient": "iron", "measure": "label"}},
        ),
    ],
)
def test_what_the_tables_leave_open_is_asked_by_its_pointer(nutrition, market, wanted):
    assert read(nutrition, market=market)[1] == {"name": "item", "market": market.upper(), "wanted": wanted}


def test_only_the_words_that_name_the_food_leave_the_house():
    payload = read({"serving_size": "1 cup", "fat": "3 g"}, name="Clover honey, call +44 7911 123456")[1]
    assert payload is not None
    assert payload["name"] == "clover honey"


@pytest.mark.parametrize(
    ("ingredients", "form"),
    [
        ("almonds, vitamin E (d-alpha tocopherol)", "natural"),
        (("almonds", "DL-alpha-tocopheryl acetate"), "synthetic"),
        ("d-alpha tocopherol, dl-alpha tocopherol", None),
        ("almonds", None),
    ],
)
def test_the_ingredients_tell_the_form_of_the_vitamin(ingredients, form):
    payload = read({"per": "100 g", "vitamin_e": "11 IU"}, ingredients=ingredients)[1]
    assert payload is not None
    assert payload["wanted"]["/nutrition/vitamin_e"].get("form") == form


# --- what comes of it ---------------------------------------------------------------------------------------------


def test_a_serving_in_cups_leads_to_100_g_within_its_spread():
    plain, _, found = read({"serving_size": "1/2 cup", "sugars": "65 g"}, name="Plain flour")
    assert plain.values == {}
    assert plain.unread == (("/nutrition/serving_size", "1/2 cup gives no weight or volume, or two that differ"),)
    low, high = found.values["sugars"].low, found.values["sugars"].high
    assert low < 65 / 63.4 * 100 < high
    assert high / low == pytest.approx(1.3 / 0.7)
    assert found.derived["sugars"] == (
        "from a serving of 1/2 cup = about 63.4 g (44.38 to 82.42), "
        "21 CFR 101.9(b)(5)(viii); USDA SR27 no. 20081 (wheat flour, all-purpose)"
    )
    assert found.unread == ()
    assert found.serving_g is None
    assert found.per_serving["sugars"] == Amount(65, 65)


def test_an_exact_size_gives_exact_figures():
    found = read({"per": "RACC", "sodium": "120 mg"}, name="Potato chips")[2]
    assert found.serving_g == 30
    assert found.values["sodium"] == Amount(400, 400)


def test_a_solid_that_is_measured_in_ml_is_weighed():
    plain, _, found = read({"serving_size": "125 ml", "fat": "2 g"}, name="Vanilla ice cream")
    assert plain.values == {}
    assert found.per == "100 g"
    assert found.values["fat"].low < 2.87 < found.values["fat"].high


def test_an_amount_in_iu_comes_as_a_span_with_its_source():
    found = read({"per": "100 g", "vitamin_e": "<10 IU"})[2]
    assert found.values["vitamin_e"] == Amount(0, 6.7, below=True)
    assert found.converted["vitamin_e"] == (
        "less than 10 IU, 1 IU = 0.45 to 0.67 mg, "
        "FDA guidance on converting units of measure for vitamins A, D and E (2019)"
    )


def test_a_share_of_the_daily_reference_counts_where_no_amount_is_given():
    found = read({"per": "100 g", "iron_dv": "25%", "calcium": "130 mg", "calcium_dv": "10%"})[0]
    assert found.values["iron"] == Amount(4.5, 4.5)
    assert found.converted == {"iron": "25 % of the Daily Value"}
    assert found.values["calcium"] == Amount(130, 130)


def test_a_share_of_a_reference_with_two_figures_is_a_span():
    found = read({"per": "100 g", "iron": "40 % RDA"}, market="in")[2]
    assert found.values["iron"] == Amount(7.6, 11.6)


def test_sugar_in_teaspoons_is_weighed():
    found = read({"per": "serving", "serving_size": "200 ml", "sugars": "2 tsp"}, kind=Kind.BEVERAGE)[2]
    assert found.per_serving["sugars"].low < 8.45 < found.per_serving["sugars"].high


# --- answers that are none ----------------------------------------------------------------------------------------

_SIZE = {"low": 100, "high": 110, "unit": "g"}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"cannot": "closed"},
        {"amounts": {}},
        {"amounts": 5},
        {"amounts": {"/nutrition/serving_size": 5}},
        {"amounts": {"/nutrition/fat": _SIZE}},
        {"amounts": {"/nutrition/serving_size": _SIZE | {"unit": "lb"}}},
        {"amounts": {"/nutrition/serving_size": _SIZE | {"low": 120}}},
        {"amounts": {"/nutrition/serving_size": _SIZE | {"low": 0}}},
        {"amounts": {"/nutrition/serving_size": _SIZE | {"high": float("inf")}}},
        {"amounts": {"/nutrition/serving_size": _SIZE | {"low": float("nan")}}},
        {"amounts": {"/nutrition/serving_size": _SIZE | {"low": "100"}}},
    ],
)
def test_an_answer_that_is_none_leaves_the_numbers_as_they_were(answer):
    item = Item(id="1", name="Plain flour", nutrition={"serving_size": "1 cup", "fat": "1 g"})
    plain = normalise_nutrition(item.nutrition, liquid=False, name=item.name, references=references_of("us"))
    assert plain.wanted
    found = with_conversions(item, plain, answer, liquid=False, references=references_of("us"))
    assert found == plain
    conversion_record(answer)


def test_a_source_is_shortened_and_kept_on_one_line():
    answer = {"amounts": {"/nutrition/serving_size": _SIZE | {"source": "x\n\x00" * 500}}}
    found = read({"serving_size": "1 cup", "fat": "1 g"}, name="Plain flour", answer=answer)[2]
    assert "\n" not in found.serving_learned
    assert len(found.serving_learned) < 220


def test_the_record_of_an_answer_gives_the_same_numbers_again():
    nutrition = {"serving_size": "1 cup", "vitamin_e": "11 IU", "iron": "2 cups"}
    item = Item(id="1", name="Plain flour", nutrition=nutrition)
    references = references_of("us")
    plain = normalise_nutrition(nutrition, liquid=False, name=item.name, references=references)
    payload = conversion_wanted(item, plain, "US")
    assert payload is not None
    answer = SERVICE.answer([payload])[0]
    again = conversion_record(answer)
    assert with_conversions(item, plain, again, liquid=False, references=references) == with_conversions(
        item, plain, answer, liquid=False, references=references
    )
