"""Folding keeps the words, drops the dress, and always knows the way back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.text import FoldedText, fold, fold_with_origins

_PIECES = st.lists(
    st.sampled_from(
        ["No. ", "no.", "Dr. ", "Rs.", "vit. C", "5", " ", "a", "10kg", "1.5", ".", "\n", "&", "%", "é", "ﬁ", "x-y"]
    ),
    max_size=8,
).map("".join)
_TEXTS = _PIECES | st.text(
    st.one_of(
        st.sampled_from("abcXYZnodr 0123.,!?%&-'\n:|()é’İﬁ½\u200b\u00adäßаＡ①²क़ी्९।e\u0301™👍"),
        st.characters(),
    ),
    max_size=40,
)


@pytest.mark.parametrize(
    ("submitted", "folded"),
    [
        ("Low-Fat DIP", " low fat dip "),
        ("Crème brûlée", " creme brulee "),
        ("im\u00admun\u200bity", " immunity "),
        ("ｆｕｌｌ width", " full width "),
        ("сancеr", " cancer "),  # Cyrillic es and ie
        ("Good. Better", " good . better "),
        ("1.5 g of 10kg", " 1.5 g of 10 kg "),
        ("100% pure & fresh", " 100 % pure and fresh "),
        ("grandma's", " grandma s "),
        ("first\nsecond", " first . second "),
        ("Straße", " strasse "),
        ("शुगर फ़्री", " शुगर फ्रि "),
        ("Say no. 1 pie. Dr. Rao, Vit.C, Rs. 99", " say no 1 pie . dr rao vit c rs 99 "),
        ("Just say no. Pies", " just say no . pies "),
        ("९८", " 98 "),
        ("Tea™", " tea "),
        ("", "  "),
    ],
)
def test_folds(submitted: str, folded: str) -> None:
    assert fold(submitted) == folded


@given(_TEXTS)
def test_fast_and_plain_folding_agree(text: str) -> None:
    folded, origins = fold_with_origins(text)
    assert fold(text) == folded
    assert len(origins) == len(folded)


@given(_TEXTS)
def test_each_token_maps_into_the_submitted_text(text: str) -> None:
    read = FoldedText(text)
    at = 1
    previous_end = 0
    for token in read.folded.split():
        start, end = read.submitted_span(at, at + len(token))
        assert 0 <= start < end <= len(text)
        assert start >= previous_end or token == "and" or end >= previous_end
        assert token in fold(text[start:end]) or token == "."
        previous_end = start
        at += len(token) + 1


@given(st.text("nodrabc. -'%&1\n", max_size=30))
def test_plain_ascii_maps_as_the_slow_way_does(text: str) -> None:
    quick, slow = FoldedText(text), FoldedText(text, *fold_with_origins(text))
    at = 1
    for token in quick.folded.split():
        assert quick.submitted_span(at, at + len(token)) == slow.submitted_span(at, at + len(token))
        at += len(token) + 1


def test_a_span_covers_hidden_characters_and_combining_accents() -> None:
    text = "eat im\u200bmunite\u0301 now"
    read = FoldedText(text)
    start = read.folded.index("immunite")
    first, last = read.submitted_span(start, start + len("immunite"))
    assert text[first:last] == "im\u200bmunite\u0301"


def test_folding_twice_changes_nothing() -> None:
    once = fold("Ｌow-Fat №1 “dip”… 100% ½")
    assert fold(once) == once
