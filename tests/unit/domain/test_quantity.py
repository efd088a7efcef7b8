"""Amounts: what a label leaves open stays open, and what is shown is stable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.quantity import INFINITE, Amount, Operator, Truth, exactly, shown, tidy

figures = st.floats(min_value=0, max_value=1e6, allow_nan=False)
operators: st.SearchStrategy[Operator] = st.sampled_from(("<=", "<", ">=", ">"))


@st.composite
def amounts(draw: st.DrawFn) -> Amount:
    low, width = draw(figures), draw(figures)
    return Amount(low, low + width)


@pytest.mark.parametrize(
    ("amount", "operator", "limit", "outcome"),
    [
        (exactly(3), "<=", 3, "holds"),
        (exactly(3), "<", 3, "fails"),
        (exactly(3.01), "<=", 3, "fails"),
        (exactly(0.1 + 0.2), "<=", 0.3, "holds"),
        (Amount(0, 0.5, below=True), "<", 0.5, "holds"),
        (Amount(0, 0.5, below=True), "<=", 0.3, "unknown"),
        (Amount(0, 0.5, below=True), ">=", 0.5, "fails"),
        (Amount(0, 0.5), ">=", 0.5, "unknown"),
        (Amount(3, 4), "<=", 3.5, "unknown"),
        (Amount(3, 4), "<=", 4, "holds"),
        (Amount(3, 4), ">", 4, "fails"),
        (Amount(20, INFINITE), ">=", 20, "holds"),
        (Amount(20, INFINITE), "<=", 30, "unknown"),
        (Amount(20, INFINITE), "<=", 10, "fails"),
    ],
)
def test_a_comparison_has_three_outcomes(amount: Amount, operator: Operator, limit: float, outcome: str):
    assert amount.compare(operator, exactly(limit)) == outcome


def test_a_law_with_two_figures_decides_only_outside_them():
    span = Amount(10.8, 12)
    assert exactly(13).compare(">=", span) is Truth.HOLDS
    assert exactly(11).compare(">=", span) is Truth.UNKNOWN
    assert exactly(10).compare(">=", span) is Truth.FAILS


@given(amounts(), operators, figures)
def test_a_vague_amount_never_says_more_than_its_ends(amount: Amount, operator: Operator, limit: float):
    ends = {exactly(end).compare(operator, exactly(limit)) for end in (amount.low, amount.high)}
    whole = amount.compare(operator, exactly(limit))
    assert whole is Truth.UNKNOWN or ends == {whole}


@given(figures, figures, figures)
def test_less_of_a_nutrient_never_breaks_an_upper_limit(a: float, b: float, limit: float):
    low, high = sorted((a, b))
    if exactly(high).compare("<=", exactly(limit)) is Truth.HOLDS:
        assert exactly(low).compare("<=", exactly(limit)) is Truth.HOLDS


@given(figures, st.floats(min_value=0.001, max_value=1000))
def test_scaling_both_sides_changes_nothing(value: float, factor: float):
    limit = exactly(42.5)
    before = exactly(value).compare("<=", limit)
    assert exactly(value).scaled(factor).compare("<=", limit.scaled(factor)) is before


@pytest.mark.parametrize(
    ("value", "short"),
    [(42.0, 42), (0.1 + 0.2, 0.3), (175.728, 175.728), (1234567.0, 1234570), (0.000123456789, 0.000123457), (0.0, 0)],
)
def test_tidy_leaves_no_float_noise(value: float, short: float):
    assert tidy(value) == short
    assert repr(tidy(value)) == repr(short)


@given(figures)
def test_shown_is_plain_digits(value: float):
    assert set(shown(value)) <= set("0123456789.")


@pytest.mark.parametrize(
    ("amount", "text", "wire"),
    [
        (exactly(8.9), "8.9", 8.9),
        (Amount(0, 0.5, below=True), "less than 0.5", "<0.5"),
        (Amount(0, 5), "at most 5", "<=5"),
        (Amount(3, 4), "3 to 4", "3-4"),
        (Amount(20, INFINITE), "at least 20", ">=20"),
    ],
)
def test_an_amount_is_written_as_the_label_meant_it(amount: Amount, text: str, wire: float | str):
    assert (amount.text(), amount.wire()) == (text, wire)
