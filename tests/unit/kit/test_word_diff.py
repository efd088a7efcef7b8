from hypothesis import given
from hypothesis import strategies as st

from claimlens.kit.word_diff import Piece, word_diff

WORDS = st.lists(st.sampled_from(["low", "fat", "cures", ".", " ", "  ", "\n", "é"]), max_size=15).map("".join)


@given(WORDS, WORDS)
def test_the_pieces_make_up_both_texts(before, after):
    pieces = word_diff(before, after)
    assert "".join(text for part, text in pieces if part != "in") == before
    assert "".join(text for part, text in pieces if part != "out") == after


def test_replaced_words_read_as_one_replacement():
    assert word_diff("Boosts your immunity. Tasty.", "Contains vitamin C. Tasty.") == [
        Piece("out", "Boosts your immunity"),
        Piece("in", "Contains vitamin C"),
        Piece("same", ". Tasty."),
    ]


def test_long_texts_are_compared_as_a_whole():
    assert [part for part, _ in word_diff("a " * 5000, "b " * 5000)] == ["out", "in"]
