"""Triggers are found where they stand; words that only excuses use are found when asked for."""

import sys
from collections import Counter
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.pattern import Sequence
from claimlens.domain.text import fold
from claimlens.gate.detect.claims import ClaimDetector
from claimlens.packs.pattern_compiler import PatternCompiler

_LISTS = {
    "disease": ["diabet*", "cancer", "{pain} ..2 knee*", "free from (gout|colds)"],
    "pain": ["pain*", "ache*"],
    "heal": ["cure*", "say goodbye to", "beat", "no more"],
}
_TRIGGERS = ["{heal} ..3 {disease}", "{disease}", "good for the heart", "(with|for) you", "(#|two) eggs", "#% fat free"]
_EXCUSES = ["dry cured", "heart of palm", "{pain} au chocolat", "for the table"]
_WORDS = (
    "cures cured beat no more say goodbye to diabetes cancer pain in the knees free from colds good for the heart of "
    "palm with you two 3 eggs 97% fat dry ham au chocolat table . , ; and"
).split()


class Rule(NamedTuple):
    triggers: tuple[Sequence, ...]
    requires_item: tuple[Sequence, ...] = ()


def detectors() -> tuple[ClaimDetector, ClaimDetector, list[Sequence], list[Sequence]]:
    """One that searches for triggers, one that is only asked, and the sequences of triggers and of excuses."""
    compiler = PatternCompiler(_LISTS)
    triggers = [sequence for pattern in _TRIGGERS for sequence in compiler.sequences(pattern)]
    excuses = [sequence for pattern in _EXCUSES for sequence in compiler.sequences(pattern)]
    patterns = compiler.finish()
    return (
        ClaimDetector(patterns, [Rule((trigger,)) for trigger in triggers]),
        ClaimDetector(patterns, []),
        triggers,
        excuses,
    )


SEARCHING, ASKED, TRIGGERS, EXCUSES = detectors()


@given(st.lists(st.sampled_from(_WORDS), max_size=25).map(" ".join))
def test_what_is_searched_for_and_what_is_asked_for_are_the_same(text: str) -> None:
    folded = fold(text)
    hits, asked = SEARCHING.scan(folded), ASKED.scan(folded)
    seen = {(s.rule, folded[s.start : s.end]) for s in SEARCHING.sightings(hits)}
    assert {rule for rule, _ in seen} == {i for i, trigger in enumerate(TRIGGERS) if asked.find(trigger)}
    for sequence in (*TRIGGERS, *EXCUSES):
        assert hits.find(sequence) == asked.find(sequence)
        assert hits.may_have(sequence.anchor) or not asked.find(sequence)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It cures all known diabetes", ["cures all known diabetes", "diabetes"]),
        ("It cures. Diabetes?", ["diabetes"]),
        ("free from colds", ["free from colds"]),
        ("dishes for you, with you in mind", ["for you", "with you"]),
        ("3 eggs", ["3 eggs"]),
        ("97% fat free", ["97 % fat free"]),
        ("good for the table", []),
    ],
)
def test_sightings(text: str, words: list[str]) -> None:
    hits = SEARCHING.scan(fold(text))
    assert sorted(hits.folded[s.start : s.end] for s in SEARCHING.sightings(hits)) == sorted(words)


def test_a_rule_may_require_words_elsewhere_in_the_item() -> None:
    compiler = PatternCompiler({})
    rule = Rule(compiler.sequences("vegan"), compiler.sequences("honey ..2 syrup"))
    detector = ClaimDetector(compiler.finish(), [rule])
    assert detector.sightings(detector.scan(fold("vegan; honey and rice syrup")))
    assert not detector.sightings(detector.scan(fold("vegan; honey")))
    part, whole = detector.scan(fold("vegan")), detector.scan(fold("vegan. honey syrup"))
    assert not detector.sightings(part)
    assert detector.sightings(part, whole)


@pytest.mark.parametrize(
    ("word", "known"), [("diabetics", 6), ("withdrawn", 0), ("with", 4), ("palms", 0), ("palm", 4)]
)
def test_known_words_are_known_wherever_they_are_used(word: str, known: int) -> None:
    compiler = PatternCompiler(_LISTS)
    rules = [Rule(compiler.sequences("{disease} (with|without) you"))]
    compiler.sequences("palm")
    assert ClaimDetector(compiler.finish(), rules).words.known_start(word) == known


def test_a_letter_three_times_in_a_row_is_noticed() -> None:
    assert SEARCHING.has_repeats(SEARCHING.scan(fold("cuuure")))
    assert not SEARCHING.has_repeats(SEARCHING.scan(fold("cuure cancer. yes")))


@given(st.lists(st.sampled_from([word for word in _WORDS if word not in ".;"]), min_size=1, max_size=8))
def test_a_long_sentence_says_what_the_same_words_say_in_a_short_one(words: list[str]) -> None:
    short, long = (SEARCHING.scan(fold(" ".join(words * times))) for times in (3, 60))
    assert {s.rule for s in SEARCHING.sightings(long)} == {s.rule for s in SEARCHING.sightings(short)}


def test_words_that_come_again_in_a_sentence_are_not_weighed_again() -> None:
    def weighed(times: int) -> int:
        hits = SEARCHING.scan(fold("no more cancer and pain in the knees " * times))
        called: Counter[str] = Counter()

        def note(_: Any, event: str, function: Any) -> None:
            if event == "c_call":
                called[function.__name__] += 1

        sys.setprofile(note)
        try:
            SEARCHING.sightings(hits)
        finally:
            sys.setprofile(None)
        return called["isdisjoint"]

    assert weighed(1_000) < 3 * weighed(100)


def test_a_text_is_searched_once_for_a_common_word_however_many_sentences_ask() -> None:
    class Counted(str):
        searched = 0

        def __contains__(self, words: object) -> bool:
            Counted.searched += 1
            return super().__contains__(words)  # type: ignore[operator]

    def searched(times: int) -> int:
        hits = SEARCHING.scan(fold("You too. Not you. " * times))
        hits.folded, Counted.searched = Counted(hits.folded), 0
        assert not SEARCHING.sightings(hits)
        return Counted.searched

    assert 0 < searched(500) <= searched(50)
