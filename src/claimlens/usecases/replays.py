"""Audits judged once more: the same law must give the same bytes, another law shows what it would change.

An audit holds everything that its verdict came from, and replay takes all of it from there: the item, the day, the
profile, the publisher's own names, the kind, what services answered, the suppressions that met a finding, the
transforms that an operator had switched off. One thing it does not hold: personal data. The item is judged as it is
kept, masked, and where personal data was is taken from the findings of the audit; so only a rule that was met by the
masked letters themselves can be missed. A question that the audit holds no answer to goes unanswered.
"""

import glob
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
from msgspec.structs import replace

from claimlens.domain.errors import InputError
from claimlens.domain.finding import Severity
from claimlens.domain.item import Item, Kind
from claimlens.domain.jurisdiction import Jurisdiction, jurisdiction_of
from claimlens.domain.pack import Pack
from claimlens.domain.profile import TRANSFORMS, profile_for
from claimlens.domain.question import Answer, Outside, Question
from claimlens.domain.replay import Again
from claimlens.domain.service import ALT_SUGGESTER, OCR_LABEL, RECALL_LOOKUP, UNIT_CONVERT
from claimlens.domain.suppression import Answered, Suppression
from claimlens.domain.verdict import Verdict
from claimlens.gate import Examined, Examiner, Steps, examine
from claimlens.gate.ingest.entry import Defaults
from claimlens.gate.ingest.record import item_of
from claimlens.gate.judge.suppressions import answer
from claimlens.gate.normalise.pii import MASK_SIGN, PiiHit, find_pii
from claimlens.gate.record import counting_rules, marked
from claimlens.kit.canonical_json import canonical_json
from claimlens.usecases.scan_pieces import categories_of

_MASK = MASK_SIGN.encode()
_ASKED = (UNIT_CONVERT, RECALL_LOOKUP, ALT_SUGGESTER)


class _Covered(msgspec.Struct):
    rule: str
    reason: str
    author: str
    expires: date


class _Reason(msgspec.Struct):
    rule_id: str
    field: str
    span: tuple[int, int]
    severity: Severity
    matched_text: str = ""
    type: str = ""
    suppressed: _Covered | None = None
    suppression_expired: _Covered | None = None


class _Verdict(msgspec.Struct):
    item_id: str
    verdict: str
    reasons: list[_Reason]
    not_checked: list[str]
    degraded_services: list[str]


class Recorded(msgspec.Struct):
    """An audit as it was written (docs/reference/records.md)."""

    audit_id: str
    tenant_id: str
    locale: str
    profile: str
    on: date
    engine: str
    item: dict[str, Any]
    item_digest: str
    pack_digests: dict[str, str]
    services: dict[str, dict[str, Any] | None]
    verdict: msgspec.Raw
    brand_names: tuple[str, ...] = ()
    kind: Kind | None = None


class Replay:
    """Judges audits again by the packs that `load_pack` gives, and says what came of it."""

    def __init__(self, load_pack: Callable[[Jurisdiction], Pack], *, engine: str) -> None:
        self._load_pack = load_pack
        self._engine = engine
        self._examiners: dict[Jurisdiction, Examiner] = {}
        self._personal: dict[str, list[PiiHit]] = {}
        self.categories: dict[str, str] = {}

    def again(self, record: bytes) -> Again:
        """One audit. Raises ClaimLensError for a record that cannot be judged again."""
        try:
            told = msgspec.json.decode(record, type=Recorded)
            was = msgspec.json.decode(told.verdict, type=_Verdict)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise InputError(f"no audit that can be read: {error}") from None
        market = jurisdiction_of(told.locale)
        examiner = self._examiner(market)
        item = self._item(told, was)
        self._personal = _personal(item, was)
        answered = _with_suppressions(_with_label(self._verdict(told, was, item, examiner), was), was, told.on)
        same_law = told.engine == self._engine and told.pack_digests.get(market.value.lower()) == examiner.pack.digest
        return Again(
            name=told.audit_id,
            tenant=told.tenant_id,
            before=was.verdict,
            now=answered.verdict.verdict.value,
            rules_before=_rules_of(was),
            rules_now=counting_rules(answered),
            same_law=same_law,
            same_bytes=canonical_json(marked(answered)) == bytes(told.verdict),
            masked=any(reason.type for reason in was.reasons) or _MASK in record,
            hidden=any(MASK_SIGN in reason.matched_text and not reason.type for reason in was.reasons),
        )

    def _examiner(self, market: Jurisdiction) -> Examiner:
        known = self._examiners.get(market)
        if known is None:
            pack = self._load_pack(market)
            known = self._examiners[market] = Examiner(pack, self._find_personal)
            self.categories |= categories_of(pack)
        return known

    def _find_personal(self, text: str, region: str) -> list[PiiHit]:
        known = self._personal.get(text)
        return known if known is not None else find_pii(text, region)

    @staticmethod
    def _item(told: Recorded, was: _Verdict) -> Item:
        record = dict(told.item)
        if isinstance(record.get("image"), dict):
            del record["image"]  # its digest is kept; what was read of it stands in the item
        item = item_of(record, 0, Defaults(told.kind, "", told.brand_names))
        return replace(item, id=was.item_id)

    @staticmethod
    def _verdict(told: Recorded, was: _Verdict, item: Item, examiner: Examiner) -> Verdict:
        off = frozenset(was.not_checked) & frozenset(TRANSFORMS)
        asked = any(service in told.services for service in _ASKED)
        steps = examine(
            examiner,
            [item],
            profile=profile_for(told.profile, examiner.pack.jurisdiction).without(off),
            on=told.on,
            locale=told.locale,
            outside=Outside.ASKED if asked else Outside.UNASKED,
        )
        return _run(steps, told.services).verdict


def _run(steps: Steps, services: dict[str, dict[str, Any] | None]) -> Examined:
    def recorded(question: Question) -> Answer:
        held = services.get(question.service)
        return None if held is None else (held,)

    try:
        questions = next(steps)
        while True:
            questions = steps.send(tuple([recorded(question) for question in questions]))
    except StopIteration as done:
        (examined,) = done.value
        assert isinstance(examined, Examined)
        return examined


def _personal(item: Item, was: _Verdict) -> dict[str, list[PiiHit]]:
    """Where personal data was, by the text as it is kept."""
    texts = dict(item.texts())
    found: dict[str, list[PiiHit]] = {}
    for reason in was.reasons:
        if reason.type and reason.field in texts:
            found.setdefault(texts[reason.field], []).append(PiiHit(reason.type, *reason.span))
    return {text: sorted(hits, key=lambda hit: (hit.start, -hit.end, hit.type)) for text, hits in found.items()}


def _with_label(verdict: Verdict, was: _Verdict) -> Verdict:
    """What the reading of a photo left unchecked stands in the verdict, too."""
    if OCR_LABEL not in was.not_checked:
        return verdict
    verdict = replace(verdict, not_checked=(*verdict.not_checked, OCR_LABEL))
    if OCR_LABEL in was.degraded_services:
        verdict = replace(verdict, degraded_services=(OCR_LABEL, *verdict.degraded_services))
    return verdict


def _with_suppressions(verdict: Verdict, was: _Verdict, on: date) -> Answered:
    """The suppressions that met a finding then meet the same finding now, and no other."""
    told: list[tuple[Suppression, Suppression]] = []
    for reason in was.reasons:
        covered = reason.suppressed or reason.suppression_expired
        if covered is not None:
            shown = Suppression(
                rule=covered.rule, reason=covered.reason, author=covered.author, expires=covered.expires
            )
            exact = replace(
                shown,
                rule=glob.escape(reason.rule_id),
                item=glob.escape(was.item_id),
                field=glob.escape(reason.field),
                text=reason.matched_text,
            )
            told.append((exact, shown))
    if not told:
        return Answered(verdict)
    found = answer(verdict, [exact for exact, _ in told], on)
    as_shown = {id(exact): shown for exact, shown in told}
    return replace(
        found,
        suppressed={index: as_shown[id(one)] for index, one in found.suppressed.items()},
        expired={index: as_shown[id(one)] for index, one in found.expired.items()},
    )


def _rules_of(was: _Verdict) -> tuple[str, ...]:
    counting = {
        reason.rule_id for reason in was.reasons if reason.severity is not Severity.INFO and reason.suppressed is None
    }
    return tuple(sorted(counting))
