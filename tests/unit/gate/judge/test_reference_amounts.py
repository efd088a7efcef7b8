"""Which reference amount a dish's name leads to."""

import pytest

from claimlens.gate.judge.reference_amounts import reference_amount
from tests.unit.gate.references import references_of


@pytest.mark.parametrize(
    ("name", "category", "amount"),
    [
        ("Low fat oat and raisin cookies", "cookie", 30),
        ("CHICKEN NOODLE SOUP", "soup", 245),
        ("Tomato soup with croutons", "soup", 245),
        ("Rye crackers – a little fiber in each", "cracker_snack", 30),
        ("Sugar free plum jelly", "honey_jam", 20),
        ("Potato chips, salt free", "snack", 30),
        ("Peanut butter", "nutbutter", 32),
        ("Strawberry Greek yogurt", "yogurt", 170),
        ("Orange juice", "juice", 240),
        ("Oatmeal cookie", "cookie", 30),
        ("Brownies", "brownie", 40),
    ],
)
def test_the_last_food_of_the_name_counts(name: str, category: str, amount: float):
    found = reference_amount(name, references_of("us"))
    assert found is not None
    assert (found.id, found.amount) == (category, amount)


@pytest.mark.parametrize("name", ["", "Buddha bowl", "Sugar free", "🍕"])
def test_no_keyword_no_amount(name: str):
    assert reference_amount(name, references_of("us")) is None


def test_only_american_law_has_the_table():
    assert reference_amount("Cookies", references_of("gb")) is None
