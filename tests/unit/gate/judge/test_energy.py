"""A label's energy against its macronutrients."""

from typing import Any

import pytest

from claimlens.gate.judge.energy import energy_mismatch
from claimlens.gate.normalise.nutrition import normalise_nutrition
from tests.unit.gate.references import references_of

MACROS = {"basis": "per 100 g", "fat": "20 g", "carbohydrate": "10 g", "protein": "5 g"}


def mismatch(raw: dict[str, Any], jurisdiction: str = "eu") -> str | None:
    references = references_of(jurisdiction)
    return energy_mismatch(normalise_nutrition(raw, liquid=None, name="", references=references), references)


def test_the_contradiction_is_explained():
    assert mismatch({**MACROS, "energy": "100 kcal"}) == (
        "20 g fat, 10 g carbohydrate, 5 g protein make about 240 kcal per 100 g, but the label says 100 kcal"
    )


@pytest.mark.parametrize(
    ("raw", "contradicts"),
    [
        ({**MACROS, "energy": "240 kcal"}, False),
        ({**MACROS, "energy": "280 kcal"}, False),
        ({**MACROS, "energy": "300 kcal"}, True),
        ({**MACROS, "energy": "1004 kJ"}, False),
        ({**MACROS, "energy": "1500 kJ"}, True),
        ({**MACROS, "energy": "1004 kJ / 120 kcal"}, True),
        ({**MACROS, "energy": "300 kcal", "fibre": "30 g"}, False),
        ({**MACROS, "energy": "<300 kcal"}, False),
        ({"basis": "per 100 g", "fat": "20 g", "energy": "50 kcal"}, True),
        ({"basis": "per 100 g", "fat": "20 g", "energy": "500 kcal"}, False),
        ({"basis": "per 100 g", "fat": "0.1 g", "carbohydrate": "1 g", "protein": "0.2 g", "energy": "12 kcal"}, False),
        ({"basis": "per 100 g", "fat": "0 g", "carbohydrate": "95 g", "protein": "0 g", "polyols": "95 g",
          "energy": "228 kcal"}, False),
        ({"basis": "per 100 ml", "fat": "0 g", "carbohydrate": "3 g", "protein": "0 g", "alcohol": "5 %",
          "energy": "40 kcal"}, False),
        ({"basis": "per 100 g", "energy": "300 kcal"}, False),
        ({}, False),
    ],
)  # fmt: skip
def test_only_a_real_contradiction_is_reported(raw: dict[str, Any], contradicts: bool):
    assert (mismatch(raw) is not None) is contradicts


def test_american_carbohydrate_includes_fibre():
    bran = {"basis": "per 100 g", "fat": "4 g", "carbohydrate": "64 g", "fibre": "43 g", "protein": "16 g"}
    assert mismatch({**bran, "energy": "216 kcal"}, "us") is None
    assert mismatch({**bran, "energy": "216 kcal"}, "eu") is not None
