"""`detect.claims`: which claim rules' words stand in a text. No opinion: excuses, numbers and dates come in `judge`."""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple, Protocol

from claimlens.domain.pattern import PatternSet, Sequence
from claimlens.gate.detect.claims_hits import Hits
from claimlens.gate.detect.claims_index import PatternIndex, Signs, Span
from claimlens.gate.detect.known_words import KnownWords

__all__ = ["ClaimDetector", "HasTriggers", "Hits", "Sighting"]

_MOST_SIGHTINGS = 50  # of one rule in one item: said so often it is said enough, and the work stays in proportion
_LONG_SENTENCE = 64  # key words from which on a sentence repeats itself


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
    """A sequence that belongs to rule number `rule`.

    `requires` is what must stand somewhere in the item, `required` what that cannot stand without.
    """

    rule: int
    sequence: Sequence
    requires: tuple[Sequence, ...]
    required: Signs


class Call(NamedTuple):
    """A trigger, and what must stand in the sentence beside its anchor before it is tried.

    That is one key of each of `others`; `loose` are the elements that may also be a common word or a number.
    """

    others: tuple[frozenset[int], ...]
    loose: tuple[Signs, ...]
    trigger: Trigger


class Sighting(NamedTuple):
    """The words of rule number `rule` stand at [start, end) of the folded text."""

    rule: int
    start: int
    end: int


class ClaimDetector:
    """Finds the triggers of a pack's claim rules; built once per pack, used from any thread."""

    def __init__(self, patterns: PatternSet, rules: Iterable[HasTriggers]) -> None:
        rules = list(rules)
        self.index = PatternIndex(patterns, (s for rule in rules for s in (*rule.triggers, *rule.requires_item)))
        self.words = KnownWords(patterns, self.index)
        by_anchor: dict[frozenset[int], list[Call]] = {}
        for number, rule in enumerate(rules):
            required = self.index.signs_of_any(rule.requires_item)
            for sequence in rule.triggers:
                for keys, call in self._calls(Trigger(number, sequence, rule.requires_item, required)):
                    by_anchor.setdefault(keys, []).append(call)
        self._calls_of: dict[int, list[Call]] = {}
        for keys, calls in by_anchor.items():
            for key in keys:
                self._calls_of[key] = self._calls_of[key] + calls if key in self._calls_of else calls

    def _calls(self, trigger: Trigger) -> Iterator[tuple[frozenset[int], Call]]:
        """A trigger's calls, each with the keys that make them.

        A trigger that is a single element is tried for that element's own words, and apart from that for each sequence
        that makes it: so it is not tried where only some of their words stand.
        """
        index, sequence = self.index, trigger.sequence
        anchor = sequence.anchor
        if len(sequence.steps) > 1:
            signs = [index.signs(step.element) for step in sequence.steps if step.element != anchor]
            others = tuple(sorted({one.keys for one in signs if not one.strings}, key=len))
            yield index.signs(anchor).keys, Call(others, tuple(one for one in signs if one.strings), trigger)
        else:
            yield index.keys_of(anchor), Call((), (), trigger)
            for part in index.sequences_of(anchor):
                yield from self._calls(trigger._replace(sequence=part))

    def scan(self, folded: str) -> Hits:
        """The key words of a folded text."""
        return Hits(folded, self.index.near_matches(folded), self.index)

    def has_repeats(self, hits: Hits) -> bool:
        """Whether a letter stands three times in a row."""
        return max([key for key, _, _ in hits.matches], default=0) > self.index.sentence_end

    def sightings(self, hits: Hits, item_hits: Hits | None = None) -> list[Sighting]:
        """Every trigger that stands in the text, by rule then place; overlapping spans of one rule are joined.

        `item_hits` are those of the whole item, where `hits` are of a part of it.
        """
        spans: dict[int, list[Span]] = {}
        for rule, sequence, requires, required in self._candidates(hits):
            if requires and rule not in spans:
                whole = item_hits or hits
                if not (whole.may_hold(required) and whole.any(requires)):
                    continue
            found = hits.find(sequence)
            if found:
                spans.setdefault(rule, []).extend(found)
        return [
            Sighting(rule, start, end)
            for rule in sorted(spans)
            for start, end in _joined(spans[rule])[:_MOST_SIGHTINGS]
        ]

    def _candidates(self, hits: Hits) -> list[Trigger]:
        """The triggers all of whose elements can stand in one sentence."""
        calls_of, sentence_end = self._calls_of, self.index.sentence_end
        candidates: list[Trigger] = []
        keys: list[int] = []
        calls: list[Call] = []
        for key, _, _ in hits.matches:
            if key == sentence_end:
                if calls:
                    candidates += _answered(calls, keys, hits)
                    calls = []
                keys = []
            else:
                keys.append(key)
                if key in calls_of:
                    calls += calls_of[key]
        if calls:
            candidates += _answered(calls, keys, hits)
        if len(candidates) > 1:
            return list({id(trigger): trigger for trigger in candidates}.values())
        return candidates


def _answered(calls: list[Call], keys: list[int], hits: Hits) -> list[Trigger]:
    """The triggers of those calls that the keys of a sentence answer."""
    held: Collection[int] = keys
    if len(keys) > _LONG_SENTENCE:
        # The same words again ask the same again: a text without full stops must not cost the square of its length.
        held = set(keys)
        calls = list({id(call): call for call in calls}.values())
    answered = []
    for others, loose, trigger in calls:
        for one_of in others:
            if one_of.isdisjoint(held):
                break
        else:
            if not loose or all(hits.may_hold(signs) for signs in loose):
                answered.append(trigger)
    return answered


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
