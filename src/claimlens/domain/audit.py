"""What is written about a verdict: the audit, the decision log, the events for webhooks, the stored reply."""

from datetime import datetime

import msgspec

from claimlens.domain.verdict import Outcome


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """The record of one verdict: canonical JSON bytes (RFC 8785) as hashed, and the columns people search.

    `rules` are the ids of the rules whose findings count against the item (severity above info), each once, sorted.
    `test`: judged for a `cl_test_` key. `job_id` is set for items of a bulk job.
    """

    id: str
    ts: datetime
    tenant_id: str
    item_id: str
    verdict: Outcome
    needs_review: bool
    locale: str
    profile: str
    correlation_id: str
    rules: tuple[str, ...]
    degraded: bool
    test: bool
    record: bytes
    job_id: str | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something to tell a tenant's webhooks. `payload` is the JSON body as it will be sent, signed at each attempt.

    `subject` is what `menu.item.*` filters look at: the outcome of a verdict event, else empty.
    """

    id: str
    ts: datetime
    tenant_id: str
    type: str
    payload: bytes
    subject: str = ""


class DecisionLog(msgspec.Struct, frozen=True, kw_only=True):
    """What each transform did to the items of one request: canonical JSON lines, kept for a day."""

    id: str
    ts: datetime
    tenant_id: str
    correlation_id: str
    lines: bytes


class IdempotencyKey(msgspec.Struct, frozen=True, kw_only=True):
    """A client's own name for a request, within tenant, method and route."""

    tenant_id: str
    method: str
    route: str
    key: str


class StoredReply(msgspec.Struct, frozen=True, kw_only=True):
    """The reply that a repeated request gets again, byte for byte."""

    status: int
    media_type: str
    body: bytes


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """All that one answer leaves behind; written whole or not at all."""

    audits: tuple[Audit, ...] = ()
    events: tuple[Event, ...] = ()
    decisions: DecisionLog | None = None
    reply: tuple[IdempotencyKey, StoredReply] | None = None
    job_chunk: "JobChunk | None" = None


class JobChunk(msgspec.Struct, frozen=True, kw_only=True):
    """One finished part of a bulk job: its results, and how far the job is after it."""

    job_id: str
    number: int
    results: bytes
    items: int
    unread: int
    lease: str
