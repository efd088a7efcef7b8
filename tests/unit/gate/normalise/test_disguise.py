"""Disguised spellings do not slip past and do not shift the reported words."""

import pytest

from claimlens.domain.text import FoldedText
from claimlens.gate.normalise.disguise import second_readings

_WORDS = {"immunity", "diabetes", "cure", "cures", "weight", "loss", "cancer", "booster"}


def known_start(word: str) -> int:
    """As the detector does it: the longest known word that `word` starts with."""
    return max((len(known) for known in _WORDS if word.startswith(known)), default=0)


def word_starts(letters: str) -> list[int]:
    """Where known words begin, the first place left out."""
    starts, at = [], 0
    while length := known_start(letters[at:]):
        at += length
        if at < len(letters):
            starts.append(at)
    return starts


def words_of(text: str) -> str | None:
    again = second_readings(text, FoldedText(text).folded, known_start, word_starts, has_repeats=True)
    return " / ".join(reading.folded.strip() for reading in again) or None


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("improves im-mun-ity", "improves immunity"),
        ("d i a b e t e s care", "diabetes care"),
        ("1mmun1ty tea", "immunity tea"),
        ("c@ncer", "cancer"),
        ("cuuure", "cure"),
        ("c.u.r.e.s it", "cures it"),
        ("#WeightLoss", "weight loss"),
        ("#weightloss #immunitybooster", "weight loss immunity booster"),
    ],
)
def test_disguise_is_taken_off(text: str, folded: str) -> None:
    assert words_of(text) == folded


@pytest.mark.parametrize(
    "text", ["Slow-cooked lamb, stir-fried", "vitamin B12 and omega-3", "A B C soup", "Coffee #1", "hmm"]
)
def test_ordinary_spelling_is_read_once(text: str) -> None:
    assert words_of(text) is None


def test_spans_point_into_the_text_as_submitted() -> None:
    text = "Hot tea. Tea for im-mun-ity!"
    (again,) = second_readings(text, FoldedText(text).folded, known_start, word_starts, has_repeats=False)
    assert again.folded.strip() == "tea for immunity ."
    start = again.folded.index("immunity")
    first, last = again.submitted_span(start, start + len("immunity"))
    assert text[first:last] == "im-mun-ity"
