"""Which sentences an edit touched: the others must be read as they were."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.rule import Rewrite, RewriteAction
from claimlens.domain.text import FoldedText, fold
from claimlens.gate.rewrite.changed import changed_sentences, is_undisguised
from claimlens.gate.rewrite.edits import Edit, apply_edits

_TEXT = "Served warm with bread. Boosts your immunity fast. Fresh from the oven every single day."


def change(before: str, words: str, after: str) -> tuple[str, str] | None:
    start = before.index(words)
    found = changed_sentences(before, after, start, start + len(words))
    return (before[found.start : found.end], found.text) if found else None


def test_a_sentence_that_went_leaves_nothing() -> None:
    after = "Served warm with bread. Fresh from the oven every single day."
    assert change(_TEXT, "immunity", after) == ("Boosts your immunity fast. ", "")


def test_what_became_of_a_sentence() -> None:
    after = "Served warm with bread. Boosts fast. Fresh from the oven every single day."
    assert change(_TEXT, "your immunity", after) == ("Boosts your immunity fast. ", "Boosts fast.")


def test_the_next_sentence_may_get_its_capital() -> None:
    before = "Served warm. It cures diabetes. with rice, peas and a salad of the season."
    after = "Served warm. With rice, peas and a salad of the season."
    assert change(before, "cures", after) == ("It cures diabetes. ", "")


@pytest.mark.parametrize(
    ("before", "words", "after"),
    [
        (_TEXT, "immunity", "Served warm with bread. Boosts your fast. Fresh from the oven."),  # more went
        (_TEXT, "immunity", _TEXT + " Not a medicine."),  # something came
        ("Cures diabetes and warms", "diabetes", "Cures and warms"),  # most of the text
        ("Soup No. 1 of all, rich in vit. C and more", "rich", "Soup No. 1 of all, in vit. C and more"),
    ],
)
def test_when_in_doubt_all_is_read_again(before: str, words: str, after: str) -> None:
    assert change(before, words, after) is None


def sentences(text: str) -> list[str]:
    """The folded sentences of a text."""
    return [words for part in re.split(r"(?: \.)+ ", fold(text)) if (words := part.strip())]


_sentences = st.lists(
    st.sampled_from(
        ["Warm soup.", "It cures all ills!", "vit. C and no. 5", "Rich", "ßoup.", "eggs, milk; peas", "\n"]
    ),
    min_size=1,
    max_size=9,
).map(" ".join)


@given(_sentences, st.data(), st.sampled_from(["", "better words", "Ends here."]), st.booleans())
def test_other_sentences_are_read_as_before(before: str, data: st.DataObject, new: str, clause: bool) -> None:
    start = data.draw(st.integers(0, len(before) - 1))
    end = data.draw(st.integers(start + 1, len(before)))
    rewrite = Rewrite(RewriteAction.REPLACE if new else RewriteAction.REMOVE, new)
    after = apply_edits(before, [Edit(start, end, rewrite, clause)], is_title=False)
    found = changed_sentences(before, after, start, end)
    if found:
        assert sentences(after) == sentences(f"{before[: found.start]} {found.text} {before[found.end :]}")
        assert not fold(before[: found.start]).strip() or fold(before[: found.start]).endswith(" . ")


@pytest.mark.parametrize("text", ["c u r e", "for $5", "a.b.c", "sm4rt", "५ eggs"])
def test_what_makes_the_gate_look_for_disguises(text: str) -> None:
    assert not is_undisguised(FoldedText(text))


def test_plain_words_hide_nothing() -> None:
    assert is_undisguised(FoldedText("Slow-cooked, a bowl for 2 with vitamin C (28 mg)."))
