"""Disguised spellings: "im-mun-ity", "d i a b e t e s", "1mmun1ty", "cuuuure", "#WeightLoss".

A cheap look decides whether a text could hold one at all; only then a second reading is made in which the disguise is
off. Spans of the second reading still point into the text as submitted.
"""

import re
from collections.abc import Callable

from claimlens.domain.text import FoldedText, fold_with_origins, has_dotted


def _shape(sign: str) -> str:
    return "a" if sign.isalpha() else "1" if sign in "013457" else sign


_SHAPES = str.maketrans({chr(i): _shape(chr(i)) for i in range(128) if chr(i) != " "})
_ASCII_SHAPES = bytes(ord(_shape(chr(i))) for i in range(128)) + bytes(128)
_JOINED = re.compile(r"[^\W\d_]+(?:[-‐‑._*\u2013][^\W\d_]+)+")
_SPACED = re.compile(r"(?<!\w)[^\W\d_](?:[ .\-_*][^\W\d_]){3,}(?!\w)")
_LEET = re.compile(r"[^\W_]*(?:[^\W\d_][013457@$€!|]+[^\W\d_]|(?<!\w)[13457@$€][^\W\d_]{3})[^\s]*")
_LEADING_LEET = re.compile(r"(?<![\w.,])[13457][^\W\d_]{4}")
_REPEATED = re.compile(r"([^\W\d_])\1{2,}")
_HASHTAG = re.compile(r"#[^\W\d_]{5,60}")
_CAPITAL_AFTER_SMALL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LEET_LETTERS = {
    "0": "o",
    "1": "i",
    "3": "e",
    "4": "a",
    "5": "s",
    "7": "t",
    "@": "a",
    "$": "s",
    "€": "e",
    "!": "i",
    "|": "i",
}
_SIGNS = "-‐‑_*\u2013"
_SHORTEST = 4
_JOINING = "-*_"
_WITHOUT_SIGNS = {ord(sign): None for sign in _SIGNS + ". "}


def second_readings(
    text: str,
    folded: str,
    known_start: Callable[[str], int],
    word_starts: Callable[[str], list[int]],
    *,
    has_repeats: bool,
) -> list[FoldedText]:
    """The sentences that hold a disguise, with it taken off; their spans point into the whole of `text`.

    `known_start` says how many letters from a word's start are a word worth uncovering (0: none); `has_repeats`
    whether a letter stands three times in a row anywhere.
    """
    if folded.isascii():  # through bytes, which is twice as quick
        shapes = folded.encode("ascii").translate(_ASCII_SHAPES).decode("ascii")
    else:
        shapes = folded.translate(_SHAPES)
    replaced: dict[int, str] = {}
    for sign in _JOINING if text.isascii() else _SIGNS:
        if sign in text:
            _join_parts(text, sign, replaced, known_start)
    if has_dotted(text) and " a . a . a" in shapes:
        _join_parts(text, ".", replaced, known_start)
    if " a a a a " in shapes:
        for match in _SPACED.finditer(text):
            _drop_signs(text, match.start(), match.end(), replaced)
    if (
        "@" in text
        or "$" in text
        or "€" in text
        or ("1" in shapes and ("a1 a" in shapes or (" 1 aaa" in shapes and _LEADING_LEET.search(text))))
    ):
        _undo_leet(text, replaced, known_start)
    if has_repeats:
        for match in _REPEATED.finditer(text):
            replaced.update(dict.fromkeys(range(match.start() + 1, match.end()), ""))
    if "#" in text:
        _split_hashtags(text, replaced, word_starts)
    return [_read_again(text, start, end, replaced) for start, end in _sentences(text, sorted(replaced))]


def _sentences(text: str, places: list[int]) -> list[tuple[int, int]]:
    """The sentences around some places, roughly: from the last boundary that is surely one to the next."""
    found: list[tuple[int, int]] = []
    for place in places:
        if found and place < found[-1][1]:
            continue
        start = max(text.rfind("\n", 0, place), text.rfind(". ", 0, place), -1) + 1
        ends = [at for at in (text.find("\n", place), text.find(". ", place)) if at >= 0]
        found.append((start, min(ends, default=len(text))))
    return found


def _read_again(text: str, start: int, end: int, replaced: dict[int, str]) -> FoldedText:
    here = {place - start: new for place, new in replaced.items() if start <= place < end}
    folded, origins = fold_with_origins(text[start:end], here)
    return FoldedText(text, folded, [start + origin for origin in origins])


def _join_parts(text: str, sign: str, replaced: dict[int, str], known_start: Callable[[str], int]) -> None:
    """Join what stands around each `sign` without a space, if that makes a known word longer than its first part."""
    at = text.find(sign)
    while at >= 0:
        start = text.rfind(" ", 0, at) + 1
        end = text.find(" ", at)
        end = end if end >= 0 else len(text)
        for match in _JOINED.finditer(text, start, end):
            if _hides_word(match[0].lower(), known_start):
                _drop_signs(text, match.start(), match.end(), replaced)
        at = text.find(sign, end)


def _hides_word(token: str, known_start: Callable[[str], int]) -> bool:
    """Whether the joined letters hold a word that the parts do not ("im-mun-ity", not "gluten-free")."""
    letters = token.translate(_WITHOUT_SIGNS)
    first_part = next(i for i, c in enumerate(token) if not c.isalpha())
    if len(letters) < _SHORTEST or known_start(letters) <= first_part + 1:
        return False
    return known_start("".join(c if c.isalpha() else " " for c in token)) <= first_part


def _drop_signs(text: str, start: int, end: int, replaced: dict[int, str]) -> None:
    replaced.update({i: "" for i in range(start, end) if ord(text[i]) in _WITHOUT_SIGNS})


def _undo_leet(text: str, replaced: dict[int, str], known_start: Callable[[str], int]) -> None:
    for match in _LEET.finditer(text):
        token = match[0]
        plain = "".join(_LEET_LETTERS.get(c, c) for c in token).lower()
        first_sign = next((i for i, c in enumerate(token) if c in _LEET_LETTERS), len(token))
        if known_start("".join(c for c in plain if c.isalpha())) > max(first_sign, 3):
            replaced.update({match.start() + i: _LEET_LETTERS[c] for i, c in enumerate(token) if c in _LEET_LETTERS})


def _split_hashtags(text: str, replaced: dict[int, str], word_starts: Callable[[str], list[int]]) -> None:
    for match in _HASHTAG.finditer(text):
        tag = match[0][1:]
        starts = [m.start() for m in _CAPITAL_AFTER_SMALL.finditer(tag)] or word_starts(tag.lower())
        for start in starts:
            at = match.start() + 1 + start
            replaced[at] = " " + text[at]
