"""What a label prints for an amount, a basis and a serving."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.gate.normalise.amounts import read_amount, read_basis, read_serving_size


@pytest.mark.parametrize(
    ("text", "low", "high", "unit"),
    [
        ("8,9 g", 8.9, 8.9, "g"),
        ("8.9g", 8.9, 8.9, "g"),
        ("8.9\u202fg", 8.9, 8.9, "g"),
        ("８．９ g", 8.9, 8.9, "g"),
        ("9 grams fat", 9, 9, "g"),
        ("30 mg (38 % NRV)", 30, 30, "mg"),
        ("10 µg", 10, 10, "ug"),
        ("10 μg", 10, 10, "ug"),
        ("10 mcg", 10, 10, "ug"),
        ("400 IU", 400, 400, "iu"),
        ("140 Cal", 140, 140, "kcal"),
        ("240 calories", 240, 240, "kcal"),
        ("3-4 g", 3, 4, "g"),
        ("3 – 4 g", 3, 4, "g"),
        ("3 g bis 4 g", 3, 4, "g"),
        ("<0,5 g", 0, 0.5, "g"),
        ("less than 1 g", 0, 1, "g"),
        ("moins de 0,5 g", 0, 0.5, "g"),
        ("weniger als 0,5 g", 0, 0.5, "g"),
        ("max. 5 g", 0, 5, "g"),
        ("at least 20 g", 20, float("inf"), "g"),
        ("au moins 20 g", 20, float("inf"), "g"),
        ("ca. 3 g", 3, 3, "g"),
        ("~3 g", 3, 3, "g"),
        ("approx. 3 g*", 3, 3, "g"),
        ("nil", 0, 0, ""),
        ("1,500 kJ", 1500, 1500, "kj"),
        ("2.000 kcal", 2000, 2000, "kcal"),
        ("1 500 kJ", 1500, 1500, "kj"),
        ("1'500 mg", 1500, 1500, "mg"),
        ("1.234,5 mg", 1234.5, 1234.5, "mg"),
        ("1,234.5 mg", 1234.5, 1234.5, "mg"),
        ("1,500 mg", 1500, 1500, "mg"),
        ("0,125 mg", 0.125, 0.125, "mg"),
        ("1,125 g", 1.125, 1.125, "g"),
    ],
)
def test_an_amount(text: str, low: float, high: float, unit: str):
    reading = read_amount(text)
    assert (reading.state, reading.low, reading.high, reading.unit) == ("amount", low, high, unit)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("trace", "trace"),
        ("Spuren", "trace"),
        ("n/a", "absent"),
        ("", "absent"),
        ("-", "absent"),
        ("-3 g", "bad"),
        ("−3 g", "bad"),
        ("NaN", "bad"),
        ("1e5 g", "bad"),
        ("lots", "bad"),
        ("5 bananas", "bad"),
        ("4-3 g", "bad"),
        ("1/2 g", "bad"),
        ("1½ g", "bad"),
        ("1.500 mg", "bad"),
        ("9" * 500, "bad"),
    ],
)
def test_what_is_no_amount_is_not_guessed_at(text: str, state: str):
    assert read_amount(text).state == state


def test_both_energies_of_one_text_are_read():
    for text in ("176 kJ / 42 kcal", "176kJ/42kcal", "176 kJ (42 kcal)"):
        reading = read_amount(text)
        assert (reading.low, reading.unit) == (176, "kj")
        assert reading.also is not None
        assert (reading.also.low, reading.also.unit) == (42, "kcal")


@pytest.mark.parametrize(
    ("text", "kind", "size"),
    [
        ("per_100g", "100g", 100),
        ("per 100 g", "100g", 100),
        ("pro 100 ml", "100ml", 100),
        ("pour 100 ml", "100ml", 100),
        ("per bar (35 g)", "serving", 35),
        ("per portion (30 g)", "serving", 30),
        ("par portion de 30 g", "serving", 30),
        ("per 1/2 cup (55 g)", "serving", 55),
        ("per serving", "serving", None),
        ("per 2 capsules", "serving", None),
        ("per daily dose", "day", None),
        ("pro Tagesdosis", "day", None),
        ("per kg", "100g", 1000),
        ("per 100 kcal", "100kcal", None),
        ("as sold", "", None),
    ],
)
def test_a_basis(text: str, kind: str, size: float | None):
    stated = read_basis(text)
    assert (stated.kind, stated.grams or stated.millilitres) == (kind, size)


@pytest.mark.parametrize(
    ("text", "grams", "millilitres"),
    [
        ("30 g", 30, None),
        ("1 cup (240 ml)", None, 240),
        ("240 ml (1 cup)", None, 240),
        ("8 fl. oz (240 mL)", None, 240),
        ("25 cl", None, 250),
        ("116 g (0.5 cup)", 116, None),
        ("1/2 cup (120 g)", 120, None),
        ("30 g (1 oz)", 30, None),
        ("une assiette 200 ml", None, 200),
        ("8 ml (240 ml)", None, None),
        ("8 ml (1 cup)", None, None),
        ("1 bowl", None, None),
        ("2 cups", None, None),
    ],
)
def test_a_serving_size(text: str, grams: float | None, millilitres: float | None):
    assert read_serving_size(text) == (grams, millilitres)


def test_a_cup_counts_for_a_drink_only():
    assert read_serving_size("½ cup", household=True) == (None, 118.294)
    assert read_serving_size("1 1/2 cups", household=True) == (None, 354.882)


@given(st.floats(min_value=0, max_value=9999, allow_nan=False), st.sampled_from(["g", "mg", "µg", "kcal", "kJ"]))
def test_what_is_printed_is_read_back(value: float, unit: str):
    printed = f"{round(value, 2):.2f}"
    assert read_amount(f"{printed} {unit}").low == float(printed)
    assert read_amount(f"{printed.replace('.', ',')}{unit}").low == float(printed)


@given(st.text(max_size=200))
def test_any_text_has_a_reading(text: str):
    reading = read_amount(text)
    assert 0 <= reading.low <= reading.high
    read_basis(text)
    read_serving_size(text, household=True)
