"""What the stores are filled with."""

from typing import Any

from claimlens.domain.audit import Audit, DecisionLog, Event, IdempotencyKey, JobChunk, JournalEntry, StoredReply
from claimlens.domain.job import Job, JobState
from claimlens.domain.tenant import PlatformScope, TenantScope
from claimlens.domain.verdict import Outcome
from claimlens.ports.clock import Clock

OURS, THEIRS, ALL = TenantScope("tenant-001"), TenantScope("tenant-002"), PlatformScope()


def an_audit(clock: Clock, scope: TenantScope = OURS, **fields: Any) -> Audit:
    given: dict[str, Any] = {
        "id": clock.new_id(),
        "ts": clock.now(),
        "tenant_id": scope.tenant_id,
        "item_id": "dish-1",
        "verdict": Outcome.MODIFY,
        "needs_review": False,
        "locale": "en-IN",
        "profile": "menushield_in",
        "correlation_id": "c-1",
        "rules": ("IN-DISEASE-001",),
        "degraded": False,
        "test": False,
        "record": b'{"schema":1}',
    }
    return Audit(**given | fields)


def an_event(clock: Clock, scope: TenantScope = OURS, **fields: Any) -> Event:
    given: dict[str, Any] = {
        "id": clock.new_id(),
        "ts": clock.now(),
        "tenant_id": scope.tenant_id,
        "type": "verdict.generated",
        "payload": b"{}",
    }
    return Event(**given | fields)


def decisions(clock: Clock, scope: TenantScope = OURS) -> DecisionLog:
    return DecisionLog(
        id=clock.new_id(), ts=clock.now(), tenant_id=scope.tenant_id, correlation_id="c-1", lines=b"{}\n{}\n"
    )


def an_entry(clock: Clock, scope: TenantScope = OURS, **fields: Any) -> JournalEntry:
    """One audit, its event, its decision log."""
    audit = an_audit(clock, scope, **fields)
    return JournalEntry(audits=(audit,), events=(an_event(clock, scope),), decisions=decisions(clock, scope))


def a_key(name: str = "k-1", scope: TenantScope = OURS) -> IdempotencyKey:
    return IdempotencyKey(tenant_id=scope.tenant_id, method="POST", route="/v1/menu/feed", key=name)


def a_reply(body: bytes = b'{"verdicts":[]}') -> StoredReply:
    return StoredReply(status=200, media_type="application/json", body=body)


def a_job(clock: Clock, scope: TenantScope = OURS, **fields: Any) -> Job:
    given: dict[str, Any] = {
        "id": clock.new_id(),
        "tenant_id": scope.tenant_id,
        "state": JobState.RECEIVING,
        "locale": "en-IN",
        "created_at": clock.now(),
        "created_by": "key:1",
    }
    return Job(**given | fields)


def a_chunk(job: Job, number: int, lease: str, **fields: Any) -> JobChunk:
    given: dict[str, Any] = {"job_id": job.id, "number": number, "results": b"{}\n", "items": 1, "unread": 0}
    return JobChunk(lease=lease, **given | fields)
