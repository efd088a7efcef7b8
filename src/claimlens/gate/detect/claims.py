"""`detect.claims`: which claim rules' words stand in a text. No opinion: excuses, numbers and dates come in `judge`."""

import re
from bisect import bisect_left
from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from claimlens.domain.pattern import FIRST_ELEMENT, NUMBER, PatternSet, Sequence, Step
from claimlens.domain.rule import Rule

Span = tuple[int, int]

_NUMBER = re.compile(r"(?<= )[0-9]+(?:\.[0-9]+)*(?= )")
_PERCENT = re.compile(r"(?<= )[0-9]+(?:\.[0-9]+)* %(?= )")
_LONGEST_WORD = 64  # a word is widened at most this far, so that one endless word cannot make scanning quadratic
_MOST_KNOWN = 50_000
_MOST_SPANS = 200  # per sequence and text; a text with more of them is not read by a person either


class Sighting(NamedTuple):
    """The words of rule number `rule` stand at [start, end) of the folded text."""

    rule: int
    start: int
    end: int


class Hits:
    """Where the elements of a pattern set stand in one folded text; spans are whole words, sorted."""

    __slots__ = ("_sorted", "by_element", "folded")

    def __init__(self, folded: str, by_element: dict[int, list[Span]]) -> None:
        self.folded = folded
        self.by_element = by_element
        self._sorted: set[int] = set()

    def of(self, element: int) -> list[Span]:
        """Spans of an element, sorted by start; empty if it does not occur."""
        if element < FIRST_ELEMENT and element not in self.by_element:
            pattern = _NUMBER if element == NUMBER else _PERCENT
            self.by_element[element] = [m.span() for m in pattern.finditer(self.folded)]
        spans = self.by_element.get(element)
        if spans is None:
            return []
        if element not in self._sorted:
            spans = self.by_element[element] = sorted(set(spans))
            self._sorted.add(element)
        return spans

    def find(self, sequence: Sequence) -> list[Span]:
        """Spans of a sequence, each from its first to its last word; never across a sentence end."""
        steps = sequence.steps
        if len(steps) == 1:
            return self.of(steps[0].element)
        for step in steps:
            if not self.of(step.element):
                return []
        found: list[Span] = []
        for start, end in self.of(steps[0].element):
            found += [(start, last) for last in self._ends(steps, 1, end)]
            if len(found) >= _MOST_SPANS:
                break
        return found

    def any(self, sequences: Iterable[Sequence]) -> bool:
        """Whether one of the sequences occurs anywhere."""
        return any(sequence.anchor in self.by_element and self.find(sequence) for sequence in sequences)

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
    """Finds the triggers of a pack's claim rules; built once per pack, used from any thread."""

    def __init__(self, patterns: PatternSet, rules: Iterable[Rule]) -> None:
        self._automaton = AhoCorasick(
            list(patterns.keys) or ["\x00"], matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA
        )
        self._keys = [
            (key.startswith(" "), key.endswith(" "), elements)
            for key, elements in zip(patterns.keys, patterns.key_elements, strict=True)
        ]
        self._known: dict[str, bool] = {}
        self._productions = patterns.productions
        self._productions_of: dict[int, list[int]] = {}
        for i, production in enumerate(patterns.productions):
            self._productions_of.setdefault(production.sequence.anchor, []).append(i)
        self._triggers: dict[int, list[tuple[int, Sequence]]] = {}
        for number, rule in enumerate(rules):
            for sequence in rule.triggers:
                self._triggers.setdefault(sequence.anchor, []).append((number, sequence))

    def knows(self, word: str) -> bool:
        """Whether a folded word is one that rules look for (the whole of it, or from its start)."""
        known = self._known.get(word)
        if known is None:
            found = self._automaton.find_matches_as_indexes(f" {word} ", overlapping=True)
            known = any(start == 0 and end >= 6 and self._keys[key][0] for key, start, end in found)
            if len(self._known) < _MOST_KNOWN:
                self._known[word] = known
        return known

    def scan(self, folded: str) -> Hits:
        """All elements in a folded text."""
        by_element: dict[int, list[Span]] = {}
        keys = self._keys
        for key, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            left, right, elements = keys[key]
            start = start + 1 if left else _word_start(folded, start)
            end = end - 1 if right else _word_end(folded, end)
            for element in elements:
                if element in by_element:
                    by_element[element].append((start, end))
                else:
                    by_element[element] = [(start, end)]
        hits = Hits(folded, by_element)
        if by_element and not self._productions_of.keys().isdisjoint(by_element):
            self._produce(hits)
        return hits

    def sightings(self, hits: Hits) -> list[Sighting]:
        """Every trigger that stands in the text, by rule then place; overlapping spans of one rule are joined."""
        triggers = self._triggers
        active = triggers.keys() & hits.by_element.keys()
        if not active:
            return []
        spans: dict[int, list[Span]] = {}
        for element in active:
            for rule, sequence in triggers[element]:
                found = hits.find(sequence)
                if found:
                    spans.setdefault(rule, []).extend(found)
        return [Sighting(rule, start, end) for rule in sorted(spans) for start, end in _joined(spans[rule])]

    def _produce(self, hits: Hits) -> None:
        waiting = [i for element in hits.by_element for i in self._productions_of.get(element, ())]
        heapify(waiting)
        done = -1
        while waiting:
            i = heappop(waiting)
            if i <= done:
                continue
            done = i
            production = self._productions[i]
            found = hits.find(production.sequence)
            if not found:
                continue
            known = hits.by_element.get(production.element)
            if known is None:
                for later in self._productions_of.get(production.element, ()):
                    heappush(waiting, later)
            hits.by_element[production.element] = sorted({*(known or ()), *found})


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
