"""Quantities of food as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.gate.normalise.measures import Measured, read_measure, unit_named

READ = [
    ("1 g", 1, "g", "", ""),
    ("1,5 g", 1.5, "g", "", ""),
    ("1 1/2 cups", 1.5, "cup", "", ""),
    ("1½ cups", 1.5, "cup", "", ""),
    ("½ cup", 0.5, "cup", "", ""),
    ("1-1/4 cup", 1.25, "cup", "", ""),
    ("1.333 Tbsp", 1.333, "tbsp", "", ""),
    ("3/4 cup flour", 0.75, "cup", "", "flour"),
    ("2 x 30 g", 60, "g", "", ""),
    ("2×30 g", 60, "g", "", ""),
    ("1 US cup", 1, "cup", "us", ""),
    ("1 metric cup", 1, "cup", "metric", ""),
    ("1 cup (UK)", 1, "cup", "imperial", ""),
    ("1 imperial pint", 1, "pint", "imperial", ""),
    ("8 fl oz", 8, "fl_oz", "", ""),
    ("8 fl. oz.", 8, "fl_oz", "", ""),
    ("250ml", 250, "ml", "", ""),
    ("1 500 mg", 1500, "mg", "", ""),
    ("1.500 kcal", 1500, "kcal", "", ""),
    ("per cup", 1, "cup", "", ""),
    ("a tablespoon of honey", 1, "tbsp", "", "of honey"),
    ("half a cup of milk", 0.5, "cup", "", "of milk"),
    ("2 heaped tbsp sugar", 2, "tbsp", "", "sugar"),
    ("2 eggs", 2, "piece", "", "eggs"),
    ("2 slices (60 g)", 2, "slice", "", "(60 g)"),
    ("25 % DV", 25, "%", "", ""),
    ("2 EL", 2, "tbsp", "", ""),
    ("1 gestrichener TL Salz", 1, "tsp", "", "salz"),
    ("½ Tasse", 0.5, "cup", "", ""),
    ("eine Prise Salz", 1, "pinch", "", "salz"),
    ("1 Pfund", 1, "metric_pound", "", ""),
    ("2 Scheiben", 2, "slice", "", ""),
    ("3 cuillères à soupe", 3, "tbsp", "", ""),
    ("2 c. à c.", 2, "tsp", "", ""),
    ("1 pincée de sel", 1, "pinch", "", "de sel"),
    ("2 cucharadas de aceite", 2, "tbsp", "", "de aceite"),
    ("1 cucharadita", 1, "tsp", "", ""),
    ("1 taza", 1, "cup", "", ""),
    ("2 cucchiai", 2, "tbsp", "", ""),
    ("1 cucchiaino", 1, "tsp", "", ""),
    ("2 etti", 2, "hg", "", ""),
    ("1 katori", 1, "katori", "", ""),
    ("1 chai ka chammach", 1, "tsp", "", ""),
    ("1 chammach", 1, "spoon", "", ""),
    ("100 ग्राम", 100, "g", "", ""),
    ("2 किलो", 2, "kg", "", ""),
]


@pytest.mark.parametrize(("text", "value", "unit", "system", "rest"), READ)
def test_it_reads_what_cooks_and_labels_write(text, value, unit, system, rest):
    assert read_measure(text) == Measured(value, unit, system, rest)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no amount"),
        ("5", "no amount"),
        ("flour", "no amount"),
        ("-1 g", "negative"),
        ("3-4 g", "two figures"),
        ("1/2 - 3/4 cup", "two figures"),
        ("1.500 g", "thousands or decimals"),
        ("1/0 cup", "no fraction"),
        ("1 3/2 cup", "no fraction"),
        ("1 cup " + "x" * 200, "too long"),
    ],
)
def test_it_says_why_it_reads_nothing(text, why):
    assert why in str(read_measure(text))


@given(st.text(max_size=140))
def test_no_text_breaks_it(text):
    read = read_measure(text)
    if isinstance(read, Measured):
        assert 0 <= read.value < float("inf")
    unit_named(text)


@pytest.mark.parametrize(
    ("name", "unit"),
    [("µg", "ug"), ("mcg", "ug"), ("KJ", "kj"), ("fl oz", "fl_oz"), ("c. à soupe", "tbsp"), ("%", "%")],
)
def test_units_are_known_by_name(name, unit):
    assert unit_named(name) == (unit, "")


def test_an_unknown_unit_is_none():
    assert unit_named("furlong") is None
    assert unit_named("g; drop table") is None
