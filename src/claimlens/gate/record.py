"""What is written about a verdict: the audit and the decision log, without personal data. Decides, does not write."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from claimlens.domain.audit import Audit
from claimlens.domain.finding import Severity
from claimlens.domain.item import Item, Kind
from claimlens.domain.suppression import Answered, Suppression
from claimlens.domain.verdict import Verdict
from claimlens.gate.judge.claims import Excused
from claimlens.gate.masking import masked, masked_pointer
from claimlens.kit.canonical_json import canonical_json

#: Raised when a stored record means something else than before.
SCHEMA = 1
_encoder = msgspec.json.Encoder()
_NONE = msgspec.Raw(b"{}")


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """What all records of one request share. `on` is the day whose law applied, `engine` the version that judged."""

    ts: datetime
    tenant_id: str
    correlation_id: str
    on: date
    engine: str
    brand_names: tuple[str, ...] = ()
    test: bool = False
    job_id: str | None = None


class Law(NamedTuple):
    """By what an item was judged. `digests` is canonical JSON: {pack: SHA-256}."""

    locale: str
    region: str
    profile: str
    digests: bytes


class Case(NamedTuple):
    """One judged item: as submitted, as read, and the answer for it.

    `image` is the digest of a photo, or empty; `services` is what services answered for the item, None for nothing.
    """

    record: dict[str, Any]
    item: Item
    law: Law
    answered: Answered
    excused: Sequence[Excused]
    image: str = ""
    services: dict[str, dict[str, Any] | None] | None = None


class Recorded(NamedTuple):
    """The audit of a verdict, the verdict as it is sent (JSON, with what stands beside it), lines of the decision log.

    A decision is one JSON line for each transform that did something: rules and places, no text of the item.
    """

    audit: Audit
    verdict: bytes
    decisions: bytes


class _Beside(msgspec.Struct):
    locale: str
    profile: str
    audit_id: str
    correlation_id: str


class _Record(msgspec.Struct):
    """The members of an audit record in their canonical order."""

    audit_id: str
    brand_names: tuple[str, ...]
    correlation_id: str
    engine: str
    item: msgspec.Raw
    item_digest: str
    job_id: str | None
    kind: Kind
    locale: str
    on: date
    pack_digests: msgspec.Raw
    profile: str
    schema: int
    services: msgspec.Raw
    tenant_id: str
    test: bool
    ts: str
    verdict: msgspec.Raw


def record(case: Case, occasion: Occasion, audit_id: str, original: bytes, item_digest: str) -> Recorded:
    """What is stored and sent of one verdict.

    `original` is the submitted item in canonical form and `item_digest` its keyed digest, the only trace it leaves.
    """
    law, answered = case.law, case.answered
    stored, verdict, keys = masked(case.record, case.item, answered.verdict, law.region)
    if case.image or "image" in stored:
        stored = _without_image(stored, case.image)
    document = marked(Answered(verdict, answered.suppressed, answered.expired))
    beside = _encoder.encode(_Beside(law.locale, law.profile, audit_id, occasion.correlation_id))
    sent = _encoder.encode(document)
    written = _Record(
        audit_id=audit_id,
        brand_names=occasion.brand_names,
        correlation_id=occasion.correlation_id,
        engine=occasion.engine,
        item=msgspec.Raw(original if stored is case.record else canonical_json(stored)),
        item_digest=item_digest,
        job_id=occasion.job_id,
        kind=case.item.kind,
        locale=law.locale,
        on=occasion.on,
        pack_digests=msgspec.Raw(law.digests),
        profile=law.profile,
        schema=SCHEMA,
        services=msgspec.Raw(canonical_json(case.services)) if case.services else _NONE,
        tenant_id=occasion.tenant_id,
        test=occasion.test,
        ts=moment_text(occasion.ts),
        verdict=msgspec.Raw(canonical_json(document)),
    )
    audit = Audit(
        id=audit_id,
        ts=occasion.ts,
        tenant_id=occasion.tenant_id,
        item_id=verdict.item_id,
        verdict=verdict.verdict,
        needs_review=verdict.needs_review,
        locale=law.locale,
        profile=law.profile,
        correlation_id=occasion.correlation_id,
        rules=counting_rules(answered),
        degraded=bool(verdict.degraded_services),
        test=occasion.test,
        record=_encoder.encode(written),
        job_id=occasion.job_id,
    )
    return Recorded(audit, b"%b,%b" % (sent[:-1], beside[1:]), _decisions(case, verdict, keys, audit_id))


def counting_rules(answered: Answered) -> tuple[str, ...]:
    """Ids of the rules whose findings count against the item, each once, sorted."""
    reasons = answered.verdict.reasons
    if not reasons:
        return ()
    return tuple(
        sorted(
            {
                finding.rule_id
                for index, finding in enumerate(reasons)
                if finding.severity is not Severity.INFO and index not in answered.suppressed
            }
        )
    )


def marked(answered: Answered) -> Any:
    """The verdict; a reason that a suppression covers carries it as `suppressed` or `suppression_expired`."""
    if not answered.suppressed and not answered.expired:
        return answered.verdict
    document: dict[str, Any] = msgspec.to_builtins(answered.verdict)
    reasons = list(document["reasons"])
    for key, covered in (("suppressed", answered.suppressed), ("suppression_expired", answered.expired)):
        for index, suppression in covered.items():
            reasons[index] = {**reasons[index], key: suppression_wire(suppression)}
    return {**document, "reasons": reasons}


def suppression_wire(suppression: Suppression) -> dict[str, Any]:
    """Who answers for a finding, why, and until when."""
    return {
        "rule": suppression.rule,
        "reason": suppression.reason,
        "author": suppression.author,
        "expires": suppression.expires.isoformat(),
    }


def moment_text(moment: datetime) -> str:
    """A moment (UTC) as it stands in records: RFC 3339 with microseconds."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _without_image(stored: dict[str, Any], digest: str) -> dict[str, Any]:
    image = stored.get("image")
    if not digest and isinstance(image, str) and image:
        digest = "sha256:" + sha256(image.encode()).hexdigest()
    return {**stored, "image": {"digest": digest}} if digest else stored


class _Decision(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Members in their canonical order."""

    audit_id: str
    changes: tuple[str, ...] = ()
    excused: tuple[dict[str, Any], ...] = ()
    findings: tuple[str, ...] = ()
    item_id: str
    transform: str
    values: int = 0


def times_line(took_ms: dict[str, float], items: int) -> bytes:
    """The line of a decision log that says how long each transform took for all the items of a request."""
    took = {name: round(ms * 1000) for name, ms in sorted(took_ms.items())}
    return _encoder.encode({"items": items, "took_us": took}) + b"\n"


def _decisions(case: Case, verdict: Verdict, keys: dict[str, str], audit_id: str) -> bytes:
    if not (verdict.reasons or verdict.nutrition or case.excused):
        return b""
    line = partial(_Decision, audit_id=audit_id, item_id=verdict.item_id)
    found: dict[str, list[str]] = {"detect.claims": []} if case.excused else {}
    for finding in verdict.reasons:
        found.setdefault(finding.transform, []).append(finding.rule_id)
    lines = []
    if verdict.nutrition:
        lines.append(line(transform="normalize.nutrition", values=len(verdict.nutrition)))
    for transform, rules in found.items():
        excused = _excused(case, keys) if case.excused and transform == "detect.claims" else ()
        lines.append(line(transform=transform, excused=excused, findings=tuple(rules)))
    if verdict.changes:
        fields = tuple([change.field for change in verdict.changes])
        lines.append(line(transform="rewrite.disclaimer", changes=fields))
    return _encoder.encode_lines(lines)


def _excused(case: Case, keys: dict[str, str]) -> tuple[dict[str, Any], ...]:
    pointers = [masked_pointer(pointer, keys) for pointer, _ in case.item.texts()]
    return tuple(
        [
            {"because": one.because, "field": pointers[one.place.field], "rule_id": one.rule_id, "span": one.place[1:]}
            for one in case.excused
        ]
    )
