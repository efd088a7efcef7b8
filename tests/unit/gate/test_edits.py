"""Edits leave a text that a person would print."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from claimlens.domain.rule import Rewrite, RewriteAction
from claimlens.gate.rewrite.edits import Edit, apply_edits

_REMOVE = Rewrite(RewriteAction.REMOVE)


def edited(text: str, words: str, rewrite: Rewrite = _REMOVE, *, clause: bool = False, title: bool = False) -> str:
    start = text.index(words)
    return apply_edits(text, [Edit(start, start + len(words), rewrite, clause)], is_title=title)


@pytest.mark.parametrize(
    ("text", "words", "title", "clause", "after"),
    [
        ("Immunity Boost Orange Juice", "Immunity Boost", True, False, "Orange Juice"),
        ("Orange Juice (Immunity Boost)", "Immunity Boost", True, False, "Orange Juice"),
        ("A low fat creamy dip.", "low fat", False, False, "A creamy dip."),
        ("Cures colds. Served hot.", "Cures colds", False, True, "Served hot."),
        ("Made with ginger, cures colds, served hot.", "cures colds", False, True, "Made with ginger, served hot."),
        ("Our soup cures colds and flu", "cures colds", False, True, ""),
        ("Fresh juice #immunity #yum", "immunity", False, False, "Fresh juice #yum"),
        ("Tasty and healthy", "healthy", True, False, "Tasty"),
        ("With horseradish. Cures colds. With love..", "Cures colds", False, True, "With horseradish. With love.."),
        ("Pure and fresh. low-key, healthy and tasty.", "healthy", False, False, "Pure and fresh. low-key, and tasty."),
        ("Low fat and tasty.", "Low fat", False, False, "Tasty."),
    ],
)
def test_removes(text: str, words: str, title: bool, clause: bool, after: str) -> None:
    assert edited(text, words, clause=clause, title=title) == after


def test_replaces_in_place_with_the_capital_of_the_place() -> None:
    rewrite = Rewrite(RewriteAction.REPLACE, "no artificial colours")
    assert edited("Chemical free. Tasty.", "Chemical free", rewrite) == "No artificial colours. Tasty."


def test_appends_once() -> None:
    rewrite = Rewrite(RewriteAction.APPEND, "Contains naturally occurring sugars.")
    once = edited("No added sugar juice.", "No added sugar", rewrite)
    assert once == "No added sugar juice. Contains naturally occurring sugars."
    assert edited(once, "No added sugar", rewrite) == once


def test_an_authorised_wording_replaces_a_sentence_but_leaves_a_title() -> None:
    rewrite = Rewrite(RewriteAction.AUTHORISED, "Vitamin C contributes to the normal function of the immune system")
    assert edited("Boosts immunity. Low fat.", "Boosts immunity", rewrite).startswith("Vitamin C contributes")
    assert edited("Immunity Juice", "Immunity", rewrite, title=True) == "Juice"
    inside = "Pressed daily. Our juice boosts immunity naturally. Served cold."
    assert edited(inside, "boosts immunity", rewrite, clause=True) == (
        "Pressed daily. Vitamin C contributes to the normal function of the immune system. Served cold."
    )
    assert edited("Jus d'orange qui booste", "booste", _REMOVE, title=True) == "Jus d'orange"


@given(st.text(st.sampled_from("ab ,.;-()!\n"), max_size=40), st.integers(0, 40), st.integers(1, 12), st.booleans())
def test_any_removal_ends_tidily(text: str, start: int, length: int, title: bool) -> None:
    end = min(start + length, len(text))
    assume(start < end)  # a finding has words
    result = apply_edits(text, [Edit(start, end, _REMOVE, not title)], is_title=title)
    assert result == result.strip() or result == text
    assert len(result) <= len(text)
