"""nutrients.yaml: the shipped ones hold the law's figures, a wrong one is refused by name."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from claimlens.domain.errors import PackInvalidError
from claimlens.domain.references import LevelShares
from claimlens.packs.conditions import parse_condition, without_reference
from claimlens.packs.nutrients import encoded_facts, facts_left_out, read_references

PACKS = Path(__file__).parents[3] / "packs"
JURISDICTIONS = ("in", "us", "gb", "eu")


def document(jurisdiction: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PACKS / jurisdiction / "nutrients.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize(
    ("jurisdiction", "nutrient", "low", "high"),
    [
        ("eu", "vitamin_c", 80, 80),
        ("gb", "thiamin", 1.1, 1.1),
        ("eu", "vitamin_d", 5, 5),
        ("us", "vitamin_c", 90, 90),
        ("us", "sodium", 2300, 2300),
        ("us", "fibre", 28, 28),
        ("in", "iron", 19, 29),
        ("in", "vitamin_d", 15, 15),
        ("in", "protein", 54, 60),
    ],
)
def test_daily_references_are_the_laws_figures(jurisdiction: str, nutrient: str, low: float, high: float):
    reference = read_references(document(jurisdiction)).daily[nutrient]
    assert (reference.low, reference.high) == (low, high)


def test_levels_differ_by_law():
    assert read_references(document("eu")).levels["source_of"] == LevelShares(15, 7.5, 15, 15)
    assert read_references(document("gb")).levels["high"] == LevelShares(30, 15, 30, 30)
    assert read_references(document("us")).levels["high"] == LevelShares(racc=20)
    assert read_references(document("in")).levels["high"] == LevelShares(30, 15, None, 30)


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_a_fact_is_encoded_or_left_out_with_a_reason_never_both(jurisdiction: str):
    encoded, left_out = set(encoded_facts(document(jurisdiction))), facts_left_out(document(jurisdiction))
    assert encoded
    assert not encoded & set(left_out)
    assert all(len(reason) > 20 for reason in left_out.values())


def test_a_span_of_rows_is_every_row():
    assert {"NRV042", "NRV050", "NRV059"} <= set(encoded_facts(document("eu")))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"daily": [{"levels": True}]}, "daily[0]"),
        ({"iu": {"vitamin_a": "0.3"}}, "vitamin_a: '0.3' is not a number and a unit"),
        ({"iu": {"vitamin_a": "3 kcal"}}, "vitamin_a is counted in ug, not in kcal"),
        ({"conversions": {"salt_per_sodium": {"value": "much", "confidence": "verified"}}}, "conversions"),
        ({"unheard_of": 1}, "unheard_of"),
    ],
)
def test_a_mistake_names_the_file_and_the_place(change: dict[str, Any], complaint: str):
    with pytest.raises(PackInvalidError) as caught:
        read_references(document("eu") | change, "EU")
    assert str(caught.value).startswith("eu/nutrients.yaml")
    assert complaint.split("[")[0] in str(caught.value)


def test_lint_can_ask_what_a_condition_lacks():
    references = read_references(document("eu"))
    assert (
        without_reference(parse_condition("vitamin_c >= source_of and energy_from_protein >= 20 %"), references) == ()
    )
    assert without_reference(parse_condition("protein >= source_of"), references) == ("protein",)
    assert without_reference(parse_condition("collagen >= 15 %nrv/100g"), references) == ("collagen",)


def test_an_empty_document_is_no_reference_at_all():
    assert read_references({}).daily == {}
