"""`alt.suggester`: lawful wording for words that a rule stopped.

Candidates come from the packs and the item's own numbers (`gate/rewrite/candidates.py`). Each is put in place of the
words and judged with the whole item, as it would be published: one that brings anything above `info`, or anything that
waits for evidence, which was not there without the words is not offered. Same payload, pack and day: same answer.
"""

from collections.abc import Sequence
from datetime import date
from threading import Lock
from typing import Any

import msgspec

from claimlens.domain.errors import ClaimLensError
from claimlens.domain.finding import Finding, Resolution, Severity
from claimlens.domain.item import Item
from claimlens.domain.jurisdiction import Jurisdiction, canonical_locale, jurisdiction_of
from claimlens.domain.text import fold
from claimlens.gate import Examiner
from claimlens.gate.ingest.entry import Defaults
from claimlens.gate.ingest.record import item_of
from claimlens.gate.normalise.reading import Reading
from claimlens.gate.rewrite.alternatives import MOST_FINDINGS, Offer, Offers
from claimlens.gate.rewrite.candidates import Shelf, Suggester, fitted, language_of
from claimlens.ports.clock import Clock
from claimlens.usecases.checks import Checker

#: Offers for one finding, and candidates tried for it.
MOST_OFFERS = 4
MOST_TRIED = 8
#: Answers kept; each is a few hundred bytes.
_MOST_KEPT = 4096
#: Letters of an item's texts; the trials of a longer one would take longer than a verdict may.
_MOST_TEXT = 20_000
_encode = msgspec.json.Encoder(order="sorted").encode


class WantedFor(msgspec.Struct, frozen=True):
    """A finding: the rule, the field by its JSON Pointer, and [start, end) of the words in its text."""

    rule_id: str
    field: str
    span: tuple[int, int]
    matched_text: str = ""


class Wanted(msgspec.Struct, frozen=True):
    """What a client of the service sends for one item. `on` is the day whose law applies: today, if left out."""

    item: dict[str, Any]
    locale: str
    findings: list[WantedFor] = []
    on: date | None = None
    marks: list[str] = []


class Alternatives:
    """Answers payloads; what it remembers changes no answer, and threads may share it."""

    def __init__(self, checker: Checker, clock: Clock) -> None:
        self._checker = checker
        self._clock = clock
        self._shelves: dict[Jurisdiction, Shelf] = {}
        self._kept: dict[tuple[str, date, bytes], dict[str, Any]] = {}
        self._lock = Lock()

    def answer(self, payloads: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
        """For each payload `{"suggestions": [[offer, …] for each finding]}`, or `{"cannot": why}`."""
        return tuple([self._answer(payload) for payload in payloads])

    def _answer(self, payload: dict[str, Any]) -> dict[str, Any]:
        try:
            wanted = msgspec.convert(payload, Wanted)
            locale = canonical_locale(wanted.locale)
            examiner = self._checker.examiner(jurisdiction_of(locale))
            on = wanted.on or self._clock.now().date()
            key = (examiner.pack.digest, on, _encode(payload))
            known = self._kept.get(key)
            if known is None:
                item = item_of(wanted.item, 0, Defaults(marks=tuple(wanted.marks)))
                found = self._offers(examiner, item, wanted.findings, on, locale.partition("-")[0])
                known = msgspec.to_builtins(Offers(found))
                self._keep(key, known)
            return known
        except (ClaimLensError, msgspec.ValidationError, TypeError) as error:
            return {"cannot": str(error)}

    def _keep(self, key: tuple[str, date, bytes], answer: dict[str, Any]) -> None:
        with self._lock:
            if len(self._kept) >= _MOST_KEPT:
                for old in list(self._kept)[: _MOST_KEPT // 8]:
                    del self._kept[old]
            self._kept[key] = answer

    def _offers(
        self, examiner: Examiner, item: Item, findings: list[WantedFor], on: date, language: str
    ) -> list[list[Offer]]:
        pack = examiner.pack
        shelf = self._shelves.get(pack.jurisdiction)
        if shelf is None or shelf.pack is not pack:
            shelf = self._shelves[pack.jurisdiction] = Shelf(pack)
        trial = _Trial(examiner, item, on, language)
        if trial.is_too_long:
            return [[] for _ in findings]
        suggester = Suggester(shelf, item, trial.facts)
        return [
            self._offers_for(one, trial, suggester, language) if i < MOST_FINDINGS else []
            for i, one in enumerate(findings)
        ]

    def _offers_for(self, one: WantedFor, trial: "_Trial", suggester: Suggester, language: str) -> list[Offer]:
        place = trial.place(one)
        if place is None:
            return []
        field, start, end = place
        text = trial.fields[field][1]
        spoken = language_of(text[start:end], language)
        offers: list[Offer] = []
        candidates = suggester.candidates(one.rule_id, text[start:end], spoken)[:MOST_TRIED]
        if not candidates:
            return []
        there = trial.weights(field, start, end, "")
        for candidate in candidates:
            words = fitted(candidate.text, text, start, spoken)
            if trial.weights(field, start, end, words) <= there:
                offers.append(Offer(words, candidate.because, candidate.citation, len(offers) + 1, candidate.kind))
                if len(offers) == MOST_OFFERS:
                    break
        return offers


class _Trial:
    """An item whose words are exchanged and judged again, everything else as it is."""

    def __init__(self, examiner: Examiner, item: Item, on: date, language: str) -> None:
        self.fields = item.texts()
        self.is_too_long = sum([len(text) for _, text in self.fields]) > _MOST_TEXT
        self.facts = examiner.facts_of(item, language)
        self._examiner = examiner
        self._item = item
        self._in_force = examiner.rules_in_force(on)
        self._places = {pointer: i for i, (pointer, _) in enumerate(self.fields)}

    def place(self, one: WantedFor) -> tuple[int, int, int] | None:
        """Field and span of a finding; None if the item has no such words."""
        field = self._places.get(one.field)
        if field is None:
            return None
        start, end = one.span
        text = self.fields[field][1]
        if not 0 <= start < end <= len(text) or (one.matched_text and text[start:end] != one.matched_text):
            return None
        return field, start, end

    def weights(self, field: int, start: int, end: int, words: str) -> set[tuple[str, ...]]:
        """What stops the item, or waits for evidence or a person, with `words` in the place of [start, end)."""
        fields = list(self.fields)
        pointer, text = fields[field]
        fields[field] = (pointer, text[:start] + words + text[end:])
        found = self._examiner.claims_in(Reading(self._item, fields), self.facts, self._in_force)
        return {
            (finding.rule_id, finding.field, finding.severity, fold(finding.matched_text))
            for finding in found
            if _weighs(finding)
        }


def _weighs(finding: Finding) -> bool:
    return finding.severity is not Severity.INFO or finding.resolution in (Resolution.EVIDENCE, Resolution.HUMAN)
