"""`unit.convert`: figures, their sources, and what it says when there is none."""

import json
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.measures import SYSTEMS
from claimlens.usecases.unit_conversion import ConversionPayload, ConversionReply, UnitConversion
from tests.unit.gate.references import references_of

SERVICE = UnitConversion(lambda jurisdiction: references_of(jurisdiction.value.lower()))


def asked(**convert):
    return SERVICE.answer([{"convert": convert}])[0]


# --- figures ------------------------------------------------------------------------------------------------------

#: What is asked; value, unit, exactness.
FIGURES = [
    ({"value": 1, "unit": "g", "to": "mg"}, 1000, "mg", "exact"),
    ({"value": "1,5 g", "to": "mg"}, 1500, "mg", "exact"),
    ({"value": "1 1/2", "unit": "g", "to": "mg"}, 1500, "mg", "exact"),
    ({"value": 2, "unit": "lb", "to": "kg"}, 0.90718474, "kg", "exact"),
    ({"value": "8 oz", "to": "g"}, 226.796185, "g", "exact"),
    ({"value": "1 oz", "to": "g", "market": "US", "measure": "label"}, 28, "g", "rounded"),
    ({"value": "2 etti", "to": "g"}, 200, "g", "exact"),
    ({"value": "1 l", "to": "dl"}, 10, "dl", "exact"),
    ({"value": "1 cup", "to": "ml", "measure": "us"}, 236.588236, "ml", "exact"),
    ({"value": "1 cup", "to": "ml", "market": "US", "measure": "label"}, 240, "ml", "rounded"),
    ({"value": "1 metric cup", "to": "ml"}, 250, "ml", "exact"),
    ({"value": "1 imperial cup", "to": "ml"}, 284.130625, "ml", "exact"),
    ({"value": "1 cup", "to": "ml", "market": "en-GB"}, 250, "ml", "typical"),
    ({"value": "1 pint", "to": "ml", "market": "GB"}, 568.26125, "ml", "exact"),
    ({"value": "1 pint", "to": "ml", "market": "US"}, 473.176473, "ml", "exact"),
    ({"value": "20 fl oz", "to": "ml", "market": "GB"}, 568.26125, "ml", "exact"),
    ({"value": "2 EL", "to": "ml", "market": "de-DE"}, 30, "ml", "rounded"),
    ({"value": "3 c. à soupe", "to": "ml", "market": "fr-FR"}, 45, "ml", "rounded"),
    ({"value": "20 drops", "to": "ml"}, 1, "ml", "typical"),
    ({"value": "1 1/2 cups", "to": "g", "ingredient": "all-purpose flour", "market": "US"}, 187.5, "g", "typical"),
    ({"value": "½ cup honey", "to": "g", "market": "US"}, 169.5, "g", "typical"),
    ({"value": "2 eggs", "to": "g"}, 100, "g", "typical"),
    ({"value": "1 stick", "ingredient": "butter", "to": "g"}, 113, "g", "typical"),
    ({"value": 226, "unit": "g", "to": "stick", "ingredient": "butter"}, 2, "stick", "typical"),
    ({"value": "1 slice (30 g)", "to": "g"}, 30, "g", "exact"),
    ({"value": "1 serving (1 cup)", "to": "g", "ingredient": "honey", "market": "US"}, 339, "g", "typical"),
    ({"value": 42, "unit": "kcal", "to": "kJ"}, 175.728, "kj", "exact"),
    ({"value": 1.2, "unit": "g", "nutrient": "salt", "to": "mg sodium"}, 480, "mg", "rounded"),
    ({"value": 480, "unit": "mg", "nutrient": "sodium", "to": "salt"}, 1.2, "g", "rounded"),
    ({"value": "1 tsp", "nutrient": "sugars", "to": "g", "market": "US"}, 4.16666667, "g", "typical"),
    ({"value": 400, "unit": "IU", "nutrient": "vitamin D", "to": "µg"}, 10, "ug", "exact"),
    ({"value": 1000, "unit": "IU", "nutrient": "vitamin_a", "form": "retinol", "to": "µg"}, 300, "ug", "exact"),
    (
        {"value": 1000, "unit": "IU", "nutrient": "vitamin_a", "form": "beta-carotene", "to": "µg", "market": "EU"},
        100,
        "ug",
        "rounded",
    ),
    (
        {
            "value": 1000,
            "unit": "IU",
            "nutrient": "vitamin_a",
            "form": "beta-carotene from food",
            "to": "µg",
            "market": "US",
        },
        50,
        "ug",
        "rounded",
    ),
    (
        {"value": 30, "unit": "IU", "nutrient": "vitamin_e", "form": "natural", "to": "mg", "market": "US"},
        20.1,
        "mg",
        "rounded",
    ),
    (
        {"value": 30, "unit": "IU", "nutrient": "vitamin_e", "form": "dl-alpha-tocopherol", "to": "mg", "market": "US"},
        13.5,
        "mg",
        "rounded",
    ),
    ({"value": 30, "unit": "IU", "nutrient": "vitamin_e", "to": "mg", "market": "GB"}, 20.1, "mg", "rounded"),
    ({"value": 25, "unit": "% DV", "nutrient": "iron", "to": "mg", "market": "US"}, 4.5, "mg", "rounded"),
    ({"value": 25, "unit": "%", "nutrient": "iron", "to": "mg", "market": "EU"}, 3.5, "mg", "rounded"),
    ({"value": 12, "unit": "mg", "nutrient": "vitamin_c", "to": "% NRV", "market": "de-DE"}, 15, "%", "rounded"),
    ({"value": 3, "unit": "g", "per": "serving", "to_per": "100 g", "serving": "30 g"}, 10, "g", "exact"),
    ({"value": 10, "unit": "g", "per": "100 g", "to_per": "serving", "serving": "2 x 15 g"}, 3, "g", "exact"),
    (
        {
            "value": 10,
            "unit": "g",
            "per": "100 g",
            "to_per": "racc",
            "ingredient": "Sea salt potato chips",
            "market": "US",
        },
        3,
        "g",
        "exact",
    ),
    (
        {"value": 4, "unit": "%", "nutrient": "sodium", "to": "mg", "market": "US", "per": "28 g", "to_per": "100 g"},
        328.571429,
        "mg",
        "rounded",
    ),
]


@pytest.mark.parametrize(("convert", "value", "unit", "exactness"), FIGURES)
def test_a_figure_comes_with_factor_source_and_exactness(convert, value, unit, exactness):
    answer = asked(**convert)
    assert (answer["value"], answer["unit"], answer["exactness"]) == (pytest.approx(value), unit, exactness)
    assert answer["source"]
    if not isinstance(convert["value"], str):
        assert answer["factor"] * convert["value"] == pytest.approx(value)
    assert answer["low"] <= answer["value"] <= answer["high"]


def test_every_step_names_who_says_so():
    steps = asked(value="1 cup", to="g", ingredient="honey", market="US", measure="label")["steps"]
    assert [(step["before"], step["after"], step["exactness"]) for step in steps] == [
        ("cup", "ml", "rounded"),
        ("ml", "g", "typical"),
    ]
    assert [step["source"] for step in steps] == ["21 CFR 101.9(b)(5)(viii)", "USDA SR27 no. 19296 (honey)"]


def test_a_new_basis_stands_beside_the_unit():
    answer = asked(value=82, unit="g", per="100 ml", to_per="100 g", ingredient="honey")
    assert (answer["unit"], answer["per"]) == ("g", "100 g")
    assert answer["value"] == pytest.approx(57.2, abs=0.1)


def test_a_typical_weight_gives_a_span():
    answer = asked(value="1 cup", to="g", ingredient="flour", market="US")
    assert (answer["value"], answer["low"], answer["high"]) == (125, 87.5, 162.5)


@pytest.mark.parametrize(
    ("convert", "value"),
    [
        ({"value": 100, "unit": "IU", "nutrient": "vitamin_e", "to": "mg", "market": "US"}, "45-67"),
        ({"value": 1000, "unit": "IU", "nutrient": "vitamin_a", "to": "µg", "market": "US"}, "50-300"),
        ({"value": 25, "unit": "%", "nutrient": "iron", "to": "mg", "market": "IN"}, "4.75-7.25"),
    ],
)
def test_what_nobody_said_is_a_span_without_a_likeliest_figure(convert, value):
    answer = asked(**convert)
    assert (answer["value"], answer["factor"]) == (value, None)


# --- no figure ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("convert", "why"),
    [
        (
            {"value": "1 cup", "to": "ml", "market": "fr-FR"},
            "a cup has no defined size here; say which one: US, metric",
        ),
        ({"value": "1 pint", "to": "ml", "market": "IN"}, "a pint has no defined size"),
        ({"value": "1 metric pint", "to": "ml"}, "there is no metric pint"),
        ({"value": "1 katori", "to": "ml", "market": "hi-IN"}, "a katori (bowl) has no standard size"),
        ({"value": "1 glass", "to": "ml"}, "a glass has no standard size"),
        ({"value": "1 chammach", "to": "ml"}, "a spoon may be a tablespoon or a teaspoon"),
        ({"value": "2 capsules", "to": "g"}, "the weight of a capsule or tablet is not given"),
        ({"value": "1 cup", "to": "g", "market": "US"}, "no ingredient is given"),
        ({"value": "1 cup", "to": "g", "market": "US", "ingredient": "Paneer tikka"}, "no weight per volume is known"),
        ({"value": "2 samosas", "to": "g"}, "the weight of one piece of 'samosas' is not known"),
        ({"value": 1, "unit": "furlong", "to": "g"}, "'furlong' is no unit"),
        ({"value": 1, "unit": "g", "to": "furlong"}, "'furlong' is no unit"),
        ({"value": 1, "unit": "g", "to": "kcal"}, "measure different things"),
        ({"value": 1, "unit": "kcal", "to": "g"}, "measure different things"),
        ({"value": 1, "unit": "kcal", "to": "ml"}, "measure different things"),
        ({"value": 1, "unit": "g"}, "neither `to` nor `to_per`"),
        ({"value": 1, "to": "g"}, "the amount has no unit"),
        ({"value": 5, "unit": "IU", "nutrient": "iron", "to": "mg"}, "iron is not counted in IU"),
        ({"value": 5, "unit": "IU", "to": "mg"}, "no nutrient is given"),
        ({"value": 5, "unit": "IU", "nutrient": "vitamin_e", "form": "liquid", "to": "mg"}, "it is one of natural"),
        ({"value": 5, "unit": "%", "nutrient": "iron", "to": "mg"}, "no market is given"),
        ({"value": 5, "unit": "%", "nutrient": "trans_fat", "to": "g", "market": "US"}, "no Daily Value is set"),
        ({"value": 5, "unit": "g", "per": "serving", "to_per": "100 g"}, "the size of a serving is not given"),
        ({"value": 5, "unit": "g", "per": "100 g"}, "belong together"),
        ({"value": 5, "unit": "g", "per": "0 g", "to_per": "100 g"}, "a basis of nothing"),
        ({"value": 5, "unit": "g", "per": "100 g", "to_per": "racc", "market": "EU"}, "the market is EU"),
        ({"value": 5, "unit": "g", "per": "100 g", "to_per": "racc", "market": "US"}, "no reference amount"),
        ({"value": 5, "unit": "g", "to": "mg", "market": "Atlantis"}, "Atlantis"),
        ({"value": 5, "unit": "g", "to": "mg", "market": "XX"}, "it is one of IN, US, GB, EU"),
        ({"value": 5, "unit": "g", "to": "mg", "measure": "troy"}, "it is one of us, us_label"),
        ({"value": math.nan, "unit": "g", "to": "mg"}, "no number"),
        ({"value": math.inf, "unit": "g", "to": "mg"}, "no number"),
        ({"value": -1, "unit": "g", "to": "mg"}, "negative"),
        ({"value": 1e308, "unit": "kg", "to": "ng"}, "more than any amount of food"),
        ({"value": 9e11, "unit": "kg", "to": "ng"}, "larger than any amount of food"),
        ({"value": "1" * 119, "unit": "g", "to": "mg"}, "too long"),
        ({"value": "1 g", "unit": "mg", "to": "ug"}, "'1 g' has a unit already"),
        ({"value": "1 g", "to": "mg", "ingredient": "x" * 1000}, "ingredient is longer than 200 characters"),
        ({"value": 10**400, "unit": "g", "to": "mg"}, "out of range"),
        ({"value": "1 g; 2 kg", "to": "furlong"}, "'furlong' is no unit"),
        ({"value": True, "unit": "g", "to": "mg"}, "Expected"),
        ({"value": [1], "unit": "g", "to": "mg"}, "Expected"),
    ],
)
def test_cannot_is_an_answer_with_a_reason(convert, why):
    answer = asked(**convert)
    assert list(answer) == ["cannot"]
    assert why in answer["cannot"]


@pytest.mark.parametrize("payload", [{}, {"convert": 5}, {"wanted": {}}, {"wanted": {"/a": 1}}, {"name": 3}])
def test_a_payload_that_is_none_is_answered_too(payload):
    assert list(SERVICE.answer([payload])[0]) == ["cannot"]


def test_each_payload_has_its_own_answer_in_order():
    answers = SERVICE.answer([{"convert": {"value": n, "unit": "g", "to": "mg"}} for n in (1, 2)] + [{}])
    assert [answer.get("value") for answer in answers] == [1000, 2000, None]


# --- an item ------------------------------------------------------------------------------------------------------


def test_an_item_gets_a_figure_or_a_reason_for_each_pointer():
    payload = {
        "name": "Clover honey",
        "market": "US",
        "wanted": {
            "/nutrition/serving_size": {"value": "1 tbsp", "to": "g", "measure": "label"},
            "/nutrition/vitamin_e": {"value": 1, "unit": "IU", "nutrient": "vitamin_e", "to": "mg"},
            "/nutrition/per": {"value": "1 katori", "to": "g"},
        },
    }
    answer = SERVICE.answer([payload])[0]
    assert answer["amounts"]["/nutrition/serving_size"]["value"] == pytest.approx(21.5, abs=0.1)
    assert answer["amounts"]["/nutrition/vitamin_e"]["value"] == "0.45-0.67"
    assert answer["cannot"] == {"/nutrition/per": "a katori (bowl) has no standard size; give its ml or g"}


def test_answers_fit_the_shape_that_clients_are_told():
    payloads = [{"convert": convert} for convert, *_ in FIGURES] + [{}]
    payloads.append(
        {"name": "honey", "wanted": {"/a": {"value": "1 us cup", "to": "g"}, "/b": {"value": "x", "to": "g"}}}
    )
    for payload, answer in zip(payloads, SERVICE.answer(payloads), strict=True):
        msgspec.convert(payload, ConversionPayload)
        assert msgspec.to_builtins(msgspec.convert(answer, ConversionReply)).keys() == answer.keys()
        assert json.loads(json.dumps(answer)) == answer  # the same over the wire


# --- laws ---------------------------------------------------------------------------------------------------------

MASS = st.sampled_from(["kg", "g", "mg", "ug", "oz", "lb", "tola"])
VOLUME = st.sampled_from(["l", "dl", "cl", "ml", "cup", "tbsp", "tsp", "fl oz"])
FIGURE = st.floats(min_value=1e-3, max_value=100, allow_nan=False)


@given(FIGURE, MASS | VOLUME, MASS | VOLUME, st.sampled_from(["US", "GB"]))
def test_there_and_back_again(value, unit, other, market):
    place = {"ingredient": "honey", "market": market}
    there = asked(value=value, unit=unit, to=other, **place)
    back = asked(value=there["value"], unit=other, to=unit, **place)
    assert back["value"] == pytest.approx(value, rel=1e-6)


@given(FIGURE, FIGURE, MASS | VOLUME, st.sampled_from(["g", "ml", "oz"]))
def test_more_is_more_and_twice_is_twice(a, b, unit, to):
    one, other = (asked(value=v, unit=unit, to=to, ingredient="whole milk", market="US") for v in (a, b))
    double = asked(value=2 * a, unit=unit, to=to, ingredient="whole milk", market="US")
    if a < b * (1 - 1e-6):
        assert one["value"] < other["value"]
    assert double["value"] == pytest.approx(2 * one["value"], rel=1e-6)
    assert double["low"] == pytest.approx(2 * one["low"], rel=1e-6)


@given(st.floats(min_value=0, max_value=1e6))
def test_energy_is_one_quantity(kcal):
    kj = asked(value=kcal, unit="kcal", to="kJ")["value"]
    assert kj == pytest.approx(kcal * 4.184, rel=1e-6)


@given(
    st.dictionaries(
        st.sampled_from(
            ["value", "unit", "to", "ingredient", "nutrient", "form", "market", "measure", "per", "to_per"]
        ),
        st.text(max_size=60)
        | st.floats()
        | st.integers()
        | st.none()
        | st.sampled_from(["g", "ml", "1 cup", "US", "EU", "%", "IU", "iron", "vitamin_e", "100 g", "racc", *SYSTEMS]),
        max_size=10,
    )
)
def test_nothing_that_is_sent_breaks_it(convert):
    answer = asked(**convert)
    if "cannot" not in answer:
        assert 0 <= answer["low"] <= answer["high"] < math.inf
    json.dumps(answer, allow_nan=False)
