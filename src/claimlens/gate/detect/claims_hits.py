"""Where the words and sequences of a pack stand in one folded text."""

import re
from bisect import bisect_left
from collections.abc import Iterable

from claimlens.domain.pattern import FIRST_ELEMENT, NUMBER, Sequence, Step
from claimlens.gate.detect.claims_index import Match, PatternIndex, Signs, Span

_NUMBER = re.compile(r" ([0-9]+(?:\.[0-9]+)*)(?= )")
_PERCENT = re.compile(r" ([0-9]+(?:\.[0-9]+)* %)(?= )")
_MOST_SPANS = 200  # per sequence and text; a text with more of them is not read by a person either


class Hits:
    """Where the elements of a pattern set stand in one folded text; spans are whole words, sorted.

    Most texts hold dozens of key words and no claim, so nothing is worked out before it is asked for. `matches` are
    those of the near keys, as the index gives them.
    """

    __slots__ = ("_by_key", "_index", "_keys", "_looked_far", "_spans", "_stands", "folded", "matches")

    def __init__(self, folded: str, matches: list[Match], index: PatternIndex) -> None:
        self.folded = folded
        self.matches = matches
        self._index = index
        self._keys: set[int] | None = None
        self._by_key: dict[int, list[Span]] | None = None
        self._looked_far = False
        self._spans: dict[int, list[Span]] = {}
        self._stands: dict[str, bool] = {}

    def may_have(self, element: int) -> bool:
        """Whether an element can stand in the text; False is certain, True is to be looked at."""
        if not self._looked_far and self._index.asks_far(element):
            self._look_far()
        return self.may_hold(self._index.signs(element))

    def may_hold(self, signs: Signs) -> bool:
        """Whether one of some keys (far ones only after a far look) or strings stands in the text."""
        stands = self._stands
        for string in signs.strings:
            found = stands.get(string)
            if found is None:
                # Every sentence may ask: the text is searched once.
                found = stands[string] = string in self.folded
            if found:
                return True
        if not signs.keys:
            return False
        if self._keys is None:
            self._keys = {key for key, _, _ in self.matches}
        return not signs.keys.isdisjoint(self._keys)

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
        return any(self.may_have(sequence.anchor) and self.find(sequence) for sequence in sequences)

    def _look_far(self) -> None:
        """Look for the words that only excuses and contradictions are made of."""
        self._looked_far = True
        more = self._index.far_matches(self.folded)
        self.matches = [*self.matches, *more]
        if self._keys is not None:
            self._keys.update([key for key, _, _ in more])
        if self._by_key is not None:
            _gather(more, self._by_key)

    def _places_by_key(self) -> dict[int, list[Span]]:
        if self._by_key is None:
            self._by_key = {}
            _gather(self.matches, self._by_key)
        return self._by_key

    def _find_element(self, element: int) -> list[Span]:
        if element < FIRST_ELEMENT:
            pattern = _NUMBER if element == NUMBER else _PERCENT
            return [m.span(1) for m in pattern.finditer(self.folded)]
        index = self._index
        if not self._looked_far and index.asks_far(element):
            self._look_far()
        by_key = self._places_by_key()
        found: list[Span] = []
        for key in index.keys_of(element).intersection(by_key):
            found += index.words(self.folded, key, by_key[key])
        for word in index.common_words(element):
            found += _places(self.folded, word)
        if index.is_composed(element):
            for sequence in index.parts_of(element, by_key, self.folded):
                if all(self.may_have(step.element) for step in sequence.steps):
                    found += self.find(sequence)
        if element in index.numeric:
            found += self.of(index.numeric[element])
        return sorted(set(found)) if len(found) > 1 else found

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


def _gather(matches: list[Match], by_key: dict[int, list[Span]]) -> None:
    for key, start, end in matches:
        if key in by_key:
            by_key[key].append((start, end))
        else:
            by_key[key] = [(start, end)]


def _places(folded: str, word: str) -> list[Span]:
    """Where a word stands; `word` has its spaces around it."""
    places: list[Span] = []
    at = folded.find(word)
    while at >= 0:
        places.append((at + 1, at + len(word) - 1))
        at = folded.find(word, at + len(word) - 1)
    return places
