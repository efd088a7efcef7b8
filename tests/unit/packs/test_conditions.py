"""The condition language: what it says, and what a mistake in it says."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.condition import All, ByState, Condition, Level, Limit, Share, Size, Some, nutrients_of
from claimlens.domain.errors import ConditionError
from claimlens.packs.conditions import parse_condition

LOW_FAT = Limit(("fat",), "<=", 3.0, "g", "100g")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("fat <= 3 g/100g", LOW_FAT),
        ("total_fat<=3g/100g", LOW_FAT),
        (
            "solid: fat <= 3 g/100g; liquid: fat <= 1.5 g/100ml",
            ByState(LOW_FAT, Limit(("fat",), "<=", 1.5, "g", "100ml")),
        ),
        ("liquid: energy <= 4 kcal/100ml", ByState(None, Limit(("energy_kcal",), "<=", 4.0, "kcal", "100ml"))),
        ("vitamin_b1 >= source_of", Level("thiamin", "source_of")),
        ("calcium >= 20 %dv/racc", Limit(("calcium",), ">=", 20.0, "%", "racc")),
        ("vitamin_c >= 200 mg/day", Limit(("vitamin_c",), ">=", 200.0, "mg", "day")),
        ("beta_glucan >= 1 g/portion", Limit(("beta_glucan",), ">=", 1.0, "g", "serving")),
        ("saturates + trans_fat <= 1.5 g/100", Limit(("saturates", "trans_fat"), "<=", 1.5, "g", "100")),
        ("energy_from_protein >= 20 %", Share("energy", ("protein",), ">=", 20.0)),
        ("fat_from_mono_unsaturates >= 45 %", Share("fat", ("mono_unsaturates",), ">=", 45.0)),
        ("racc > 30 g or fat <= 3 g/50g", Some((Size("racc", ">", 30.0), Limit(("fat",), "<=", 3.0, "g", "50g")))),
    ],
)
def test_a_condition_reads_as_it_is_written(text: str, tree: Condition):
    assert parse_condition(text) == tree


def test_and_binds_closer_than_or():
    a, b, c = (Limit((n,), ">=", 1.0, "g", "100g") for n in ("ala", "fibre", "protein"))
    assert parse_condition("ala >= 1 g/100g or fibre >= 1 g/100g and protein >= 1 g/100g") == Some((a, All((b, c))))
    assert parse_condition("(ala >= 1 g/100g or fibre >= 1 g/100g) and protein >= 1 g/100g") == All((Some((a, b)), c))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        ("fat", "character 4: expected an operator"),
        ("fat <= <= 3 g/100g", "expected a number"),
        ("fat <= 3 g", "expected '/'"),
        ("fat <= 3 g/100kg", "the basis is one of"),
        ("fat <= 3 spoons/100g", "'spoons' is not a unit"),
        ("fat <= 3 kcal/100g", "fat is not counted in kcal"),
        ("energy <= 3 g/100g", "energy_kcal is not counted in g"),
        ("(fat <= 3 g/100g", "expected ')'"),
        ("fat <= 3 g/100g or", "expected a nutrient"),
        ("fat <= 3 g/100g fat <= 3 g/100g", "expected 'and', 'or' or the end"),
        ("solid: fat <= 3 g/100g; solid: fat <= 3 g/100g", "each once"),
        ("fat = 3 g/100g", "cannot read"),
        ("fat <= source_of", "a level is written"),
        ("(" * 50 + "fat <= 3 g/100g" + ")" * 50, "too deeply"),
    ],
)
def test_a_mistake_says_where_and_what(text: str, complaint: str):
    with pytest.raises(ConditionError) as caught:
        parse_condition(text)
    assert complaint in str(caught.value)


@given(st.text(alphabet="fatsodium<>=+/%():;_ 0123456789.gmlkcandor", max_size=200))
def test_any_text_is_a_condition_or_a_condition_error(text: str):
    try:
        parsed = parse_condition(text)
    except ConditionError:
        return
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(parsed), type=Condition) == parsed


def test_the_nutrients_of_a_condition_are_known():
    condition = parse_condition(
        "solid: fat <= 3 g/100g and (vitamin_c >= source_of or racc > 30 g); liquid: salt <= 1 g/100ml"
    )
    assert nutrients_of(condition) == {"fat", "vitamin_c", "salt"}
