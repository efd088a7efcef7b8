"""Solid or liquid: what the label, the name and the kind say."""

from typing import Any

import pytest

from claimlens.domain.item import Kind
from claimlens.gate.normalise.state import is_liquid
from tests.unit.gate.references import references_of


@pytest.mark.parametrize(
    ("kind", "name", "nutrition", "liquid"),
    [
        (Kind.MENU_ITEM, "Mango lassi", None, True),
        (Kind.MENU_ITEM, "Filter coffee", None, True),
        (Kind.MENU_ITEM, "Coffee cake", None, False),
        (Kind.BEVERAGE, "Malt drink mix", {"basis": "per 100 g"}, False),
        (Kind.BEVERAGE, "Sunrise", None, True),
        (Kind.ALCOHOL, "House pour", None, True),
        (Kind.PACKAGED_FOOD, "Soya dessert", {"basis": "per 100 ml"}, True),
        (Kind.PACKAGED_FOOD, "Skyr", {"basis": "per 100 g"}, False),
        (Kind.PACKAGED_FOOD, "Orange juice", {"basis": "per 100 g"}, True),
        (Kind.PACKAGED_FOOD, "Tonic of the sages", {"basis": "per serving", "serving_size": "240 ml"}, True),
        (Kind.MENU_ITEM, "Tomato soup", None, None),
        (Kind.MENU_ITEM, "Chocolate with milk", None, False),
    ],
)
def test_the_state(kind: Kind, name: str, nutrition: Any, liquid: bool | None):
    assert is_liquid(kind, nutrition, name, references_of("in")) is liquid


@pytest.mark.parametrize("name", ["Orangensaft", "Jus d'orange", "Zumo de naranja", "Succo d'arancia"])
def test_drinks_are_known_in_the_languages_of_the_market(name: str):
    assert is_liquid(Kind.PACKAGED_FOOD, None, name, references_of("eu")) is True
