"""Words spelled nearly alike: one slip in a word of five letters or more, two in a word of ten or more.

A slip is a letter more, less, another, or two that changed places. Each word of the index stands under the keys that
one missing letter makes of it (symmetric deletion), a long word under those of its first and last five
letters, one of which at most one slip can have touched. So a lookup reads a few rows, whatever the size of the index.
"""

from collections.abc import Iterable

_SHORTEST = 5
_LONG = 10
_HALF = 5


def keys_of(word: str) -> set[str]:
    """The keys under which a word of the index stands."""
    keys = set()
    if len(word) >= _SHORTEST:
        keys |= _less_one(word)
    if len(word) >= _LONG:
        keys |= _halves(word)
    return keys


def keys_for(word: str) -> set[str]:
    """The keys to look under for what a word may have been meant to be; empty for a short one."""
    if len(word) < _SHORTEST - 1 or not word.isalpha():
        return set()
    return _less_one(word) | (_halves(word) if len(word) >= _LONG - 2 else set())


def nearness(word: str, other: str) -> float:
    """How near a word of the index is to the one asked for: 1 the same, 0 another word."""
    longest = max(len(word), len(other))
    allowed = 2 if longest >= _LONG else 1
    slips = distance(word, other, allowed)
    if slips > allowed or (word[0] != other[0] and longest < 7):
        return 0.0
    return 1.0 - slips / longest


def distance(one: str, other: str, most: int) -> int:
    """How many slips lie between two words; `most` + 1 if more than `most`."""
    # A slip brings at most one letter and takes one: most words are told apart by that alone.
    if abs(len(one) - len(other)) > most or len(set(one) ^ set(other)) > 2 * most:
        return most + 1
    one, other = _without_ends(one, other)
    if not one or not other:
        return len(one) + len(other)
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, sign in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != sign))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == sign:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def _without_ends(one: str, other: str) -> tuple[str, str]:
    """Two words without what they begin and end with in common: no slip lies there."""
    start, shorter = 0, min(len(one), len(other))
    while start < shorter and one[start] == other[start]:
        start += 1
    end = 0
    while end < shorter - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return one[start : len(one) - end], other[start : len(other) - end]


def _less_one(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _halves(word: str) -> set[str]:
    return {
        *(f"^{key}" for key in _less_one(word[:_HALF])),
        *(f"${key}" for key in _less_one(word[-_HALF:])),
    }


def pairs(words: Iterable[str]) -> set[tuple[str, str]]:
    """(key, word) for every key of every word."""
    return {(key, word) for word in words if word.isalpha() for key in keys_of(word)}
