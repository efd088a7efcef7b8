"""The pattern language: what a pack author writes is what is found."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.errors import PackInvalidError
from claimlens.domain.text import fold
from claimlens.gate.detect.claims import ClaimDetector
from claimlens.packs.pattern_compiler import PatternCompiler

_LISTS = {
    "disease": ["diabet*", "high blood pressure", "{pain} ..2 knee*"],
    "pain": ["pain*", "ache*"],
    "heal": ["cur(e|es|ed|ing)"],
    "fat": ["*bauchfett*", "belly fat"],
    "slip": ["cholesterol", "immunity"],
}


def found(pattern: str, text: str) -> list[str]:
    """The folded words that a pattern finds in a text."""
    compiler = PatternCompiler(_LISTS, misspelt=["slip"])
    sequences = compiler.sequences(pattern)
    detector = ClaimDetector(compiler.finish(), [])
    hits = detector.scan(fold(text))
    return sorted({hits.folded[a:b] for s in sequences for a, b in hits.find(s)})


@pytest.mark.parametrize(
    ("pattern", "text", "words"),
    [
        ("boost* [your] immun*", "Boosts your immunity!", ["boosts your immunity"]),
        ("boost* [your] immun*", "boosting immune", ["boosting immune"]),
        ("boost* [your] immun*", "boosts her immunity", []),
        ("cure", "secure and cured", []),
        ("(cure|treat|get rid of) {disease}", "get rid of diabetes", ["get rid of diabetes"]),
        ("(cure|treat)* {disease}", "treating diabetics", ["treating diabetics"]),
        ("{disease}", "a pain in the knees", ["pain in the knees"]),
        ("{disease}", "a pain in the left old knees", []),
        ("low fat", "LOW-FAT, low_fat", ["low fat"]),
        ("immune ~2 boost*", "boost the immune system", ["boost the immune"]),
        ("immune ~2 boost*", "immune system boost", ["immune system boost"]),
        ("immune ~2 boost*", "immune. boost", []),
        ("# kg", "lose 5kg or 2.5 kg", ["2.5 kg", "5 kg"]),
        ("(#|two|{pain}) eggs", "3 eggs, two eggs", ["3 eggs", "two eggs"]),
        ("#% fat free", "97% fat free", ["97 % fat free"]),
        ("{fat}", "Gegen Bauchfettpolster", ["bauchfettpolster"]),
        ("creme", "Crème", ["creme"]),
        ("a ..1 b", "a x b", ["a x b"]),
        ("a ..1 b", "a x y b", []),
        ("sugar [and|or] salt", "sugar and salt, sugar salt", ["sugar and salt", "sugar salt"]),
    ],
)
def test_finds(pattern: str, text: str, words: list[str]) -> None:
    assert found(pattern, text) == words


@pytest.mark.parametrize("text", ["imunity", "immuntiy", "cholestrol", "cholesterrol"])
def test_lists_marked_for_it_match_common_misspellings(text: str) -> None:
    assert found("{slip}", text) == [text]


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("boost* (immun*", "missing ')'"),
        ("{nowhere}", "no word list named {nowhere}"),
        ("..3", "names no word"),
        ("a|b", "bare '|'"),
        ("im*mun", "star may stand only"),
        ("one ..1 ..2 two", "two gaps"),
        ("done. Next", "ends a sentence"),
        ("(cure|heal)s it", "letters stick to a bracket"),
        ("!!!", "ends a sentence"),
    ],
)
def test_a_mistake_is_named(pattern: str, complaint: str) -> None:
    with pytest.raises(
        PackInvalidError,
        match=complaint.replace("(", r"\(").replace(")", r"\)").replace("|", r"\|").replace("{", r"\{"),
    ):
        found(pattern, "text")


def test_a_list_inside_itself_is_refused() -> None:
    compiler = PatternCompiler({"a": ["{b}"], "b": ["{a}"]})
    with pytest.raises(PackInvalidError, match="a > b > a"):
        compiler.sequences("{a}")


@given(st.lists(st.sampled_from(["the", "old", "very", "red"]), max_size=6), st.integers(0, 6))
def test_a_gap_counts_words(between: list[str], gap: int) -> None:
    text = " ".join(["heal", *between, "diabetes"])
    assert bool(found(f"heal ..{gap} diabet*", text)) == (len(between) <= gap)


@given(st.text(st.sampled_from("abc {}()[]|*.~#%0"), max_size=14))
def test_any_text_is_a_pattern_or_a_clear_error(pattern: str) -> None:
    with suppress(PackInvalidError):
        found(pattern, "a b c")
