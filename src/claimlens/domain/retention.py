"""How long what is kept, and how often what is older goes."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec


class Data(StrEnum):
    """The kinds of data that go by themselves."""

    AUDITS = "audits"
    REVIEWS = "reviews"
    AUDIT_HOURS = "audit_hours"
    DECISION_LOGS = "decision_logs"
    PERFORMANCE = "performance"
    WEBHOOKS = "webhooks"
    IDEMPOTENCY_KEYS = "idempotency_keys"
    JOBS = "jobs"
    ACCESS_LOG = "access_log"


class Policy(msgspec.Struct, frozen=True):
    """`kept` is None for audits and what goes with them: each tenant says how long. `every`: how often one looks."""

    kept: timedelta | None
    every: timedelta


_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)

#: A delivery that waits for an endpoint which is switched off waits no longer than this.
WAITING_KEPT = timedelta(days=30)

#: Audits, decision logs, performance and webhooks as the runbook's §6 has them.
POLICIES = {
    Data.AUDITS: Policy(None, _DAY),
    Data.REVIEWS: Policy(None, _DAY),
    Data.AUDIT_HOURS: Policy(None, _DAY),
    Data.DECISION_LOGS: Policy(timedelta(hours=24), _HOUR),
    Data.PERFORMANCE: Policy(timedelta(days=30), _WEEK),
    Data.WEBHOOKS: Policy(timedelta(days=7), _DAY),
    Data.IDEMPOTENCY_KEYS: Policy(timedelta(hours=24), _HOUR),
    Data.JOBS: Policy(timedelta(days=7), _DAY),
    Data.ACCESS_LOG: Policy(timedelta(days=365), _DAY),
}


class Owner(msgspec.Struct, frozen=True):
    """A tenant that has audits, or something about them, and how long it keeps them."""

    tenant_id: str
    retention_days: int
    legal_hold: bool

    def cutoff(self, now: datetime) -> datetime:
        """Older audits are past retention. To the second, as the triggers of SQLite reckon."""
        return now.replace(microsecond=0) - timedelta(days=self.retention_days)


class Purged(msgspec.Struct, frozen=True, kw_only=True):
    """What a purge of one kind came to, or would come to.

    `before`: the moment up to which it went (of what each tenant decides about, the latest of theirs). `partitions`
    went as a whole; `in_use` could not, for somebody read them: they go the next time. `held`: tenants under legal
    hold.
    """

    data: Data
    before: datetime
    removed: int
    partitions: tuple[str, ...] = ()
    in_use: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    seconds: float = 0.0
