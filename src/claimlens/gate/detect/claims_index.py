"""The words of a pack, laid out for the search: what is looked for in every text, and what only when it is asked for.

Most texts hold no claim, so the first look is for as little as possible. A key is one of three:

- *near*: a word of some trigger; one automaton finds these in every text;
- *far*: a word of excuses and contradictions only; a second automaton finds these when one of them is asked about;
- *common* ("the", "with"): found by a plain look when a sequence asks that has its rarer words already.

Keys keep the numbers that the pack gave them.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from claimlens.domain.pattern import NUMBER, PERCENT, PatternSet, Sequence
from claimlens.domain.text import BOUNDARY

Span = tuple[int, int]
#: Number of a key, start and end of the place where it stands.
Match = tuple[int, int, int]

PERCENT_SIGN = " % "
_DIGITS = tuple("0123456789")
_SENTENCE_END = f" {BOUNDARY} "
_REPEATS = tuple(letter * 3 for letter in "abcdefghijklmnopqrstuvwxyz")
_NOWHERE = "\0"  # folded text never has it: holds the number of a key that is not looked for
_LONGEST_WORD = 64  # a word is widened at most this far, so that one endless word cannot make scanning quadratic
_FEW = 4
_NO_KEYS: frozenset[int] = frozenset()


class Signs(NamedTuple):
    """What an element cannot stand in a text without: one of some near or far keys, or one of some plain strings."""

    keys: frozenset[int]
    strings: tuple[str, ...]


class Parts(NamedTuple):
    """The sequences of an element by what their anchors cannot stand without."""

    by_key: dict[int, list[Sequence]]
    by_string: dict[str, list[Sequence]]


class PatternIndex:
    """All keys and elements of a pattern set, given the sequences that every text is searched for."""

    def __init__(self, patterns: PatternSet, searched: Iterable[Sequence]) -> None:
        self.keys = patterns.keys
        self.numeric = patterns.numeric
        self._sequences_of: dict[int, list[Sequence]] = {}
        for production in patterns.productions:
            self._sequences_of.setdefault(production.element, []).append(production.sequence)
        keys_of: dict[int, list[int]] = {}
        for key, elements in enumerate(patterns.key_elements):
            for element in elements:
                if element in keys_of:
                    keys_of[element].append(key)
                else:
                    keys_of[element] = [key]
        self._keys_of = {element: frozenset(keys) for element, keys in keys_of.items()}
        self._signs: dict[int, Signs] = {}
        self._common_words: dict[int, tuple[str, ...]] = {}
        self._parts: dict[int, Parts] = {}
        self._asks_far: dict[int, bool] = {}
        self._common = frozenset[int]()
        searched = list(searched)
        self._common = frozenset(patterns.common).difference(*(self.signs(s.anchor).keys for s in searched))
        self._signs.clear()
        self._common_words.clear()
        used = self._with_inner(step.element for sequence in searched for step in sequence.steps)
        near = _NO_KEYS.union(*(self._keys_of.get(element, _NO_KEYS) for element in used)) - self._common
        self._near = _automaton(
            [*(key if i in near else _NOWHERE for i, key in enumerate(self.keys)), _SENTENCE_END, *_REPEATS]
        )
        self.sentence_end = len(self.keys)
        self._far_keys = sorted(set(range(len(self.keys))) - near - self._common)
        self._far_set = frozenset(self._far_keys)
        self._far = _automaton([self.keys[key] for key in self._far_keys])
        self._borders = [(key[0] == " ", key[-1] == " ") for key in self.keys]

    def near_matches(self, folded: str) -> list[Match]:
        """Where near keys stand in a folded text, by end; also `sentence_end`, and repeated letters (numbers above)."""
        return self._near.find_matches_as_indexes(folded, overlapping=True)

    def far_matches(self, folded: str) -> list[Match]:
        """Where far keys stand in a folded text, by end."""
        found = self._far.find_matches_as_indexes(folded, overlapping=True)
        return [(self._far_keys[number], start, end) for number, start, end in found]

    def keys_of(self, element: int) -> frozenset[int]:
        """The keys that are words of an element, common ones among them."""
        return self._keys_of.get(element, _NO_KEYS)

    def common_words(self, element: int) -> tuple[str, ...]:
        """The common words of an element, each with its spaces."""
        words = self._common_words.get(element)
        if words is None:
            words = tuple(self.keys[key] for key in self.keys_of(element) & self._common)
            self._common_words[element] = words
        return words

    def is_common(self, word: str) -> bool:
        """Whether a word is one of the common keys."""
        return any(self.keys[key] == f" {word} " for key in self._common)

    def is_composed(self, element: int) -> bool:
        """Whether sequences make an element, beside its own words."""
        return element in self._sequences_of

    def sequences_of(self, element: int) -> list[Sequence]:
        """The sequences that make an element."""
        return self._sequences_of.get(element, [])

    def signs(self, element: int) -> Signs:
        """What an element cannot stand without: its own keys and numbers, and those of its sequences' anchors."""
        signs = self._signs.get(element)
        if signs is None:
            keys, strings = set(self.keys_of(element)), dict.fromkeys(self.common_words(element))
            kind = self.numeric.get(element, element)
            if kind in (NUMBER, PERCENT):
                strings |= dict.fromkeys(_DIGITS if kind == NUMBER else (PERCENT_SIGN,))
            for sequence in self.sequences_of(element):
                below = self.signs(sequence.anchor)
                keys |= below.keys
                strings |= dict.fromkeys(below.strings)
            signs = self._signs[element] = Signs(frozenset(keys - self._common), tuple(strings))
        return signs

    def signs_of_any(self, sequences: Iterable[Sequence]) -> Signs:
        """What none of some sequences can stand without."""
        signs = [self.signs(sequence.anchor) for sequence in sequences]
        return Signs(_NO_KEYS.union(*(one.keys for one in signs)), tuple({s for one in signs for s in one.strings}))

    def parts_of(self, element: int, found: Mapping[int, object], folded: str) -> list[Sequence]:
        """The sequences of an element that can stand in a text, by the keys that were found there."""
        sequences = self.sequences_of(element)
        if len(sequences) < _FEW:
            return sequences
        parts = self._parts.get(element)
        if parts is None:
            parts = Parts({}, {})
            for sequence in sequences:
                signs = self.signs(sequence.anchor)
                for key in signs.keys:
                    parts.by_key.setdefault(key, []).append(sequence)
                for string in signs.strings:
                    parts.by_string.setdefault(string, []).append(sequence)
            self._parts[element] = parts  # whole before another thread can see it
        possible = {id(part): part for key in parts.by_key.keys() & found.keys() for part in parts.by_key[key]}
        for string, some in parts.by_string.items():
            if string in folded:
                possible |= {id(part): part for part in some}
        return list(possible.values())

    def asks_far(self, element: int) -> bool:
        """Whether far keys belong to an element or to what its sequences are made of."""
        known = self._asks_far.get(element)
        if known is None:
            inner = self._with_inner([element])
            known = self._asks_far[element] = any(not self.keys_of(e).isdisjoint(self._far_set) for e in inner)
        return known

    def words(self, folded: str, key: int, matches: list[Span]) -> list[Span]:
        """The whole words around the matches of a key."""
        left, right = self._borders[key]
        if left and right:
            return [(start + 1, end - 1) for start, end in matches]
        return [
            (start + 1 if left else _word_start(folded, start), end - 1 if right else _word_end(folded, end))
            for start, end in matches
        ]

    def _with_inner(self, elements: Iterable[int]) -> set[int]:
        """Some elements and all that their sequences are made of."""
        found: set[int] = set()
        waiting = list(elements)
        while waiting:
            element = waiting.pop()
            if element not in found:
                found.add(element)
                waiting += [step.element for s in self.sequences_of(element) for step in s.steps]
        return found


def _automaton(keys: list[str]) -> AhoCorasick:
    return AhoCorasick(keys, matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA)


def _word_start(folded: str, at: int) -> int:
    space = folded.rfind(" ", max(0, at - _LONGEST_WORD), at)
    return space + 1 if space >= 0 else at


def _word_end(folded: str, at: int) -> int:
    space = folded.find(" ", at, at + _LONGEST_WORD)
    return space if space >= 0 else at
