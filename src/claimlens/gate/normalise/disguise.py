"""Disguised spellings: "im-mun-ity", "d i a b e t e s", "1mmun1ty", "cuuuure", "#WeightLoss".

A cheap look decides whether a text could hold one at all; only then a second reading is made in which the disguise is off.
Spans of the second reading still point into the text as submitted.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from claimlens.domain.text import FoldedText, fold_with_origins

_SHAPES = str.maketrans(
    {chr(i): "a" if chr(i).isalpha() else "1" if chr(i) in "013457" else chr(i) for i in range(128) if chr(i) != " "}
)
_TRIPLES = tuple(letter * 3 for letter in "abcdefghijklmnopqrstuvwxyz")
_JOINED = re.compile(r"[^\W\d_]+(?:[-‐‑._*'’/\u2013][^\W\d_]+)+")  # noqa: RUF001 - the dashes that people type
_SPACED = re.compile(r"(?<!\w)[^\W\d_](?:[ .\-_*][^\W\d_]){3,}(?!\w)")
_LEET = re.compile(r"[^\W_]*(?:[^\W\d_][013457@$!|]+[^\W\d_]|(?<!\w)[13457@$][^\W\d_]{3})[^\s]*")
_REPEATED = re.compile(r"([^\W\d_])\1{2,}")
_HASHTAG = re.compile(r"#[^\W\d_]{5,}")
_LEET_LETTERS = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i", "|": "i"}
_SIGNS = "-‐‑._*'’/\u2013 "  # noqa: RUF001


def second_reading(text: str, folded: str, is_word: Callable[[str], bool]) -> FoldedText | None:
    """The text with disguises taken off, or None if there are none. `is_word` knows the words worth uncovering."""
    shapes = folded.translate(_SHAPES) if folded.isascii() else folded
    replaced: dict[int, str] = {}
    if "-" in text or "*" in text or "_" in text or "." in folded or not text.isascii():
        _join_parts(text, replaced, is_word)
    if " a a a a " in shapes or not folded.isascii():
        for match in _SPACED.finditer(text):
            _drop_signs(text, match.start(), match.end(), replaced)
    if "a1 a" in shapes or " 1 aaa" in shapes or "@" in text or "$" in text:
        _undo_leet(text, replaced, is_word)
    if any(triple in folded for triple in _TRIPLES):
        for match in _REPEATED.finditer(text):
            replaced.update(dict.fromkeys(range(match.start() + 1, match.end()), ""))
    if "#" in text:
        _split_hashtags(text, replaced, is_word)
    if not replaced:
        return None
    again, origins = fold_with_origins(text, replaced)
    return None if again == folded else FoldedText(text, again, origins)


def _join_parts(text: str, replaced: dict[int, str], is_word: Callable[[str], bool]) -> None:
    for match in _JOINED.finditer(text):
        if _hides_word(match[0], is_word):
            _drop_signs(text, match.start(), match.end(), replaced)


def _hides_word(token: str, is_word: Callable[[str], bool]) -> bool:
    joined = "".join(c for c in token if c not in _SIGNS).lower()
    return (len(joined) >= 6 or len(token) - len(joined) >= 3) and is_word(joined)


def _drop_signs(text: str, start: int, end: int, replaced: dict[int, str]) -> None:
    replaced.update({i: "" for i in range(start, end) if text[i] in _SIGNS})


def _undo_leet(text: str, replaced: dict[int, str], is_word: Callable[[str], bool]) -> None:
    for match in _LEET.finditer(text):
        token = match[0]
        plain = "".join(_LEET_LETTERS.get(c, c) for c in token)
        if is_word("".join(c for c in plain if c.isalpha()).lower()):
            replaced.update(
                {match.start() + i: _LEET_LETTERS[c] for i, c in enumerate(token) if c in _LEET_LETTERS}
            )


def _split_hashtags(text: str, replaced: dict[int, str], is_word: Callable[[str], bool]) -> None:
    for match in _HASHTAG.finditer(text):
        at = match.start() + 1
        for part in _parts(match[0][1:], is_word)[1:]:
            at = match.end() - part
            replaced[at] = " " + text[at]


@lru_cache(maxsize=1024)
def _camel(tag: str) -> tuple[int, ...]:
    return tuple(len(tag) - m.start() for m in re.finditer(r"(?<=[a-z])(?=[A-Z])", tag))


def _parts(tag: str, is_word: Callable[[str], bool]) -> list[int]:
    """Distances from the tag's end at which its words start; the first is the whole tag."""
    camel = _camel(tag)
    if camel:
        return [len(tag), *camel]
    low = tag.lower()
    starts, at = [len(tag)], 0
    while at < len(low):
        for end in range(min(len(low), at + 16), at + 2, -1):
            if is_word(low[at:end]):
                at = end
                if at < len(low):
                    starts.append(len(low) - at)
                break
        else:
            return starts
    return starts
