"""The table of food weights, held against figures that USDA publishes, and how a name finds its row."""

import pytest

from claimlens.domain.food_weights import _index as index_of_weights
from claimlens.domain.food_weights import food_weight
from claimlens.domain.unit_factors import VOLUME_IN_ML

#: Name, measure, grams: as the release prints them.
PUBLISHED = [
    ("all-purpose flour", "cup", 125),
    ("granulated sugar", "cup", 200),
    ("brown sugar", "cup", 220),
    ("clover honey", "tbsp", 21),
    ("butter", "stick", 113),
    ("Amul ghee", "tbsp", 12.8),
    ("whole milk", "cup", 244),
    ("extra virgin olive oil", "tbsp", 13.5),
    ("cooked rice", "cup", 158),
    ("maple syrup", "cup", 315),
    ("peanut butter", "cup", 258),
    ("egg", "piece", 50),
    ("salt", "tsp", 6),
]
FITS = ["Mehl", "farine de blé", "miel", "Zucker", "azúcar", "zucchero", "Olivenöl", "huile d'olive", "besan", "dahi"]
FITS_NOT = [
    "honey cake",
    "dried blueberries",
    "popcorn",
    "ice cream cake",
    "almond flour",
    "butter chicken",
    "cocoa butter",
    "caramel popcorn",
    "",
]


@pytest.mark.parametrize(("name", "measure", "grams"), PUBLISHED)
def test_weights_are_those_that_usda_publishes(name, measure, grams):
    row = food_weight(name)
    assert row is not None
    assert row.grams[measure] == grams
    assert row.source.startswith("USDA SR27 no. ")


@pytest.mark.parametrize("name", FITS)
def test_names_are_known_in_other_languages(name):
    assert food_weight(name) is not None


@pytest.mark.parametrize("name", FITS_NOT)
def test_a_name_that_only_contains_a_food_finds_nothing(name):
    assert food_weight(name) is None


def test_every_row_agrees_with_itself():
    """A spoon and a cup of one food tell the same density within what it may be off."""
    exact, heads = index_of_weights()
    rows = {row.ndb: row for row in (*exact.values(), *heads.values())}
    assert len(rows) > 100
    for row in rows.values():
        for measure in ("tbsp", "tsp"):
            if measure in row.grams and row.density is not None:
                own = row.grams[measure] / VOLUME_IN_ML[measure]
                assert abs(own / row.density - 1) < max(0.25, row.spread), row
        if row.density is not None:
            assert 0.03 < row.density < 1.5, row
