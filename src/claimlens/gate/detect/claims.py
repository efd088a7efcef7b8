"""`detect.claims`: which claim rules' words stand in a text. No opinion: excuses, numbers and dates come in `judge`."""

import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from claimlens.domain.pattern import FIRST_ELEMENT, NUMBER, PERCENT, PatternSet, Sequence, Step

Span = tuple[int, int]

_NUMBER = re.compile(r" ([0-9]+(?:\.[0-9]+)*)(?= )")
_PERCENT = re.compile(r" ([0-9]+(?:\.[0-9]+)* %)(?= )")
_LONGEST_WORD = 64  # a word is widened at most this far, so that one endless word cannot make scanning quadratic
_MOST_KNOWN = 50_000
_SHORTEST_PART, _LONGEST_PART, _LONGEST_ENDING = 3, 20, 4
_MOST_SIGHTINGS = 50  # of one rule in one item: said so often it is said enough, and the work stays in proportion
_MOST_SPANS = 200  # per sequence and text; a text with more of them is not read by a person either


_REPEATS = tuple(letter * 3 for letter in "abcdefghijklmnopqrstuvwxyz")
_NO_KEYS: frozenset[int] = frozenset()


class HasTriggers(Protocol):
    """A rule, or a wording of a register."""

    @property
    def triggers(self) -> tuple[Sequence, ...]:
        """What makes it speak."""
        ...

    @property
    def requires_item(self) -> tuple[Sequence, ...]:
        """What must stand somewhere in the item, or it stays silent (empty: nothing)."""
        ...


class Trigger(NamedTuple):
    """A sequence that belongs to rule number `rule` (-1: to an element); `needs` has a bit for each of its elements."""

    rule: int
    sequence: Sequence
    needs: int
    requires: tuple[Sequence, ...]


class Sighting(NamedTuple):
    """The words of rule number `rule` stand at [start, end) of the folded text."""

    rule: int
    start: int
    end: int


class Hits:
    """Where the elements of a pattern set stand in one folded text; spans are whole words, sorted.

    Most texts hold dozens of key words and no claim, so nothing is worked out before it is asked for.
    """

    __slots__ = ("_by_key", "_detector", "_matches", "_spans", "folded", "possible", "present")

    def __init__(self, folded: str, matches: list[tuple[int, int, int]], detector: "ClaimDetector") -> None:
        self.folded = folded
        self.present = {key for key, _, _ in matches}
        possible = detector.numbers_possible if " % " in folded else detector.numbers_possible & ~(1 << PERCENT)
        makes_possible = detector.makes_possible
        for key in self.present:
            possible |= makes_possible[key]
        self.possible = possible
        self._matches = matches
        self._detector = detector
        self._by_key: dict[int, list[Span]] | None = None
        self._spans: dict[int, list[Span]] = {}

    def may_have(self, element: int) -> bool:
        """Whether an element can stand in the text; False is certain, True is to be looked at."""
        return bool(self.possible >> element & 1)

    def of(self, element: int) -> list[Span]:
        """Spans of an element, sorted by start; empty if it does not occur."""
        spans = self._spans.get(element)
        if spans is None:
            spans = self._spans[element] = self._find_element(element)
        return spans

    def find(self, sequence: Sequence) -> list[Span]:
        """Spans of a sequence, each from its first to its last word; never across a sentence end."""
        steps = sequence.steps
        if len(steps) == 1:
            return self.of(steps[0].element)
        if not self.of(sequence.anchor):
            return []
        found: list[Span] = []
        for start, end in self.of(steps[0].element):
            found += [(start, last) for last in self._ends(steps, 1, end)]
            if len(found) >= _MOST_SPANS:
                break
        return found

    def any(self, sequences: Iterable[Sequence]) -> bool:
        """Whether one of the sequences occurs anywhere."""
        return any(self.may_have(sequence.anchor) and self.find(sequence) for sequence in sequences)

    def _find_element(self, element: int) -> list[Span]:
        if element < FIRST_ELEMENT:
            pattern = _NUMBER if element == NUMBER else _PERCENT
            return [m.span(1) for m in pattern.finditer(self.folded)]
        by_key = self._by_key
        if by_key is None:
            by_key = self._by_key = {}
            for key, start, end in self._matches:
                if key in by_key:
                    by_key[key].append((start, end))
                else:
                    by_key[key] = [(start, end)]
        detector = self._detector
        only = detector.only_key.get(element)
        if only is not None:
            return detector.words(self.folded, only, by_key[only]) if only in by_key else []
        found: set[Span] = set()
        for key in detector.keys_of[element] & self.present:
            found.update(detector.words(self.folded, key, by_key[key]))
        composed = detector.composed.get(element)
        if composed:
            parts = {id(part): part for key in composed.keys() & self.present for part in composed[key]}
            for part in parts.values():
                if part.needs & self.possible == part.needs:
                    found.update(self.find(part.sequence))
        if element in detector.numeric:
            found.update(self.of(detector.numeric[element]))
        return sorted(found)

    def _ends(self, steps: tuple[Step, ...], at: int, end: int) -> set[int]:
        step = steps[at]
        spans = self.of(step.element)
        folded = self.folded
        ends: set[int] = set()
        tried = 0
        for i in range(bisect_left(spans, (end + 1,)), len(spans)):
            start, stop = spans[i]
            tried += 1
            if folded.count(" ", end, start) - 1 > step.gap or tried > _MOST_SPANS:
                break
            between = folded[end:start]
            if " . " in between or (step.fillers and between.strip() not in step.fillers):
                continue
            if at + 1 == len(steps):
                ends.add(stop)
            else:
                ends |= self._ends(steps, at + 1, stop)
        return ends


class ClaimDetector:
    """Finds the triggers of a pack's claim rules; built once per pack, used from any thread.

    `keys_of` are the keys of each element; `composed`, for the elements that have sequences of their own, those
    sequences by the keys that make them possible.
    """

    def __init__(self, patterns: PatternSet, rules: Iterable[HasTriggers]) -> None:
        self._first_repeat = len(patterns.keys)
        self._search = AhoCorasick(
            [*patterns.keys, *_REPEATS], matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA
        ).find_matches_as_indexes
        self._lengths = [len(key.strip()) for key in (*patterns.keys, *_REPEATS)]
        self._borders = [(key.startswith(" "), key.endswith(" ")) for key in patterns.keys]
        self._known: dict[str, int] = {}
        self._whole_words = {key.strip() for key in patterns.keys if key[0] == key[-1] == " " and key.count(" ") == 2}
        self._stems = {key.strip() for key in patterns.keys if key[0] == " " != key[-1] and key.count(" ") == 1}
        self.numeric = patterns.numeric
        self._sequences_of: dict[int, list[Sequence]] = {}
        for production in patterns.productions:
            self._sequences_of.setdefault(production.element, []).append(production.sequence)
        keys_of: dict[int, set[int]] = {}
        for key, elements in enumerate(patterns.key_elements):
            for element in elements:
                keys_of.setdefault(element, set()).add(key)
        self._triggers: dict[int, list[Trigger]] = {}
        for number, rule in enumerate(rules):
            for sequence in rule.triggers:
                trigger = Trigger(number, sequence, _needs(sequence), rule.requires_item)
                self._triggers.setdefault(sequence.anchor, []).append(trigger)
        every = {e for p in patterns.productions for e in (p.element, *(s.element for s in p.sequence.steps))}
        self.keys_of = _KeysOf({e: frozenset(keys_of.get(e, ())) for e in keys_of.keys() | every})
        self.composed: dict[int, dict[int, list[Trigger]]] = {}
        for element, sequences in self._sequences_of.items():
            by_key = self.composed[element] = {}
            for sequence in sequences:
                part = Trigger(-1, sequence, _needs(sequence), ())
                for key in self._keys_below(sequence.anchor):
                    by_key.setdefault(key, []).append(part)
        self.only_key = {
            element: next(iter(keys))
            for element, keys in self.keys_of.items()
            if len(keys) == 1 and element not in self.composed and element not in patterns.numeric
        }
        self.makes_possible = [0] * (self._first_repeat + len(_REPEATS))
        for element in self.keys_of:
            bit = 1 << element
            for key in self._keys_below(element):
                self.makes_possible[key] |= bit
        self.numbers_possible = sum(1 << element for element in (NUMBER, PERCENT, *patterns.numeric))
        self._anchors_of_key = self._anchors()
        self._anchor_keys = frozenset(self._anchors_of_key)

    def _keys_below(self, element: int) -> set[int]:
        """The keys without which an element cannot stand in a text: its own, and those of its sequences' anchors."""
        keys = set(self.keys_of[element])
        for sequence in self._sequences_of.get(element, ()):
            keys |= self._keys_below(sequence.anchor)
        return keys

    def _anchors(self) -> dict[int, tuple[int, ...]]:
        """For each key: the anchors of triggers that its presence makes possible."""
        anchors: dict[int, list[int]] = {}
        for anchor in self._triggers:
            for key in self._keys_below(anchor):
                anchors.setdefault(key, []).append(anchor)
        return {key: tuple(found) for key, found in anchors.items()}

    def known_start(self, word: str) -> int:
        """How many letters from the start of a folded word are a word that rules look for; 0 if none are."""
        known = self._known.get(word)
        if known is None:
            found = self._search(f" {word} ", overlapping=True)
            known = max((self._lengths[key] for key, start, _ in found if start == 0), default=0)
            if len(self._known) < _MOST_KNOWN:
                self._known[word] = known
        return known

    def word_starts(self, letters: str) -> list[int]:
        """Where words begin inside letters written together ("curescancer"), the first place left out; known words win.

        The split that leaves the fewest letters outside known words is taken; a stem may have an ending of up to four
        letters.
        """
        size = len(letters)
        best: list[tuple[int, int]] = [(2 * (size - i), size) for i in range(size + 1)]
        for i in range(size - 1, -1, -1):
            options = [(best[i + 1][0] + 2, i + 1)]
            for end in range(i + _SHORTEST_PART, min(size, i + _LONGEST_PART) + 1):
                if letters[i:end] in self._whole_words:
                    options.append((best[end][0], end))
                if letters[i:end] in self._stems:
                    options += [(best[k][0] + k - end, k) for k in range(end, min(size, end + _LONGEST_ENDING) + 1)]
            best[i] = min(options, key=lambda option: (option[0], -option[1]))
        starts, at = [], 0
        while at < size:
            loose = best[at][1] == at + 1
            at = best[at][1]
            if at < size and not (loose and best[at][1] == at + 1):
                starts.append(at)
        return starts if best[0][0] <= size else []

    def scan(self, folded: str) -> Hits:
        """All key words of a folded text."""
        return Hits(folded, self._search(folded, overlapping=True), self)

    def has_repeats(self, hits: Hits) -> bool:
        """Whether a letter stands three times in a row."""
        return max(hits.present, default=0) >= self._first_repeat

    def sightings(self, hits: Hits, item_hits: Hits | None = None) -> list[Sighting]:
        """Every trigger that stands in the text, by rule then place; overlapping spans of one rule are joined.

        `item_hits` are those of the whole item, where `hits` are of a part of it.
        """
        keys = self._anchor_keys & hits.present
        if not keys:
            return []
        possible = hits.possible
        spans: dict[int, list[Span]] = {}
        anchors = {anchor for key in keys for anchor in self._anchors_of_key[key]}
        for anchor in anchors:
            for rule, sequence, needs, requires in self._triggers[anchor]:
                if needs & possible != needs:
                    continue
                if requires and rule not in spans and not (item_hits or hits).any(requires):
                    continue
                found = hits.find(sequence)
                if found:
                    spans.setdefault(rule, []).extend(found)
        return [
            Sighting(rule, start, end)
            for rule in sorted(spans)
            for start, end in _joined(spans[rule])[:_MOST_SIGHTINGS]
        ]

    def words(self, folded: str, key: int, matches: list[Span]) -> list[Span]:
        """The whole words around the matches of a key."""
        left, right = self._borders[key]
        return [
            (start + 1 if left else _word_start(folded, start), end - 1 if right else _word_end(folded, end))
            for start, end in matches
        ]


def _needs(sequence: Sequence) -> int:
    """A bit for each element of a sequence."""
    needs = 0
    for step in sequence.steps:
        needs |= 1 << step.element
    return needs


class _KeysOf(dict[int, frozenset[int]]):
    """Keys by element; an element without keys has none."""

    def __missing__(self, element: int) -> frozenset[int]:
        return _NO_KEYS


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _word_start(folded: str, at: int) -> int:
    space = folded.rfind(" ", max(0, at - _LONGEST_WORD), at)
    return space + 1 if space >= 0 else at


def _word_end(folded: str, at: int) -> int:
    space = folded.find(" ", at, at + _LONGEST_WORD)
    return space if space >= 0 else at
