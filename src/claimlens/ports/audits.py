"""Stored audits, read."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from claimlens.domain.audit import Audit
from claimlens.domain.tenant import Reach, TenantScope
from claimlens.domain.verdict import Outcome


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which audits: all given parts hold. `start` inclusive, `end` exclusive."""

    start: datetime | None = None
    end: datetime | None = None
    verdict: Outcome | None = None
    item_id: str = ""
    rule_id: str = ""
    correlation_id: str = ""
    job_id: str = ""
    needs_review: bool | None = None


Position = tuple[datetime, str]
"""(ts, id) of the last row that was seen."""


class AuditStore(Protocol):
    """A tenant's audits. Lists and exports are read from the replica where there is one."""

    async def page(self, reach: Reach, chosen: AuditFilter, *, after: Position | None, limit: int) -> Sequence[Audit]:
        """Newest first, the rows that come after a position; of one tenant or of all."""
        ...

    async def find(self, scope: TenantScope, audit_id: str) -> Audit | None:
        """One audit, from the primary: an answer's audit is there as soon as the answer is."""
        ...

    def export(self, scope: TenantScope, chosen: AuditFilter) -> AsyncIterator[Sequence[bytes]]:
        """The records, oldest first, in batches, in constant memory; no transaction stays open between batches."""
        ...

    async def latest_by_item(self, scope: TenantScope, *, after_item: str, limit: int) -> Sequence[Audit]:
        """The newest audit of each item id, in order of the ids (by code point), those after one; no test audits."""
        ...

    async def decisions(self, scope: TenantScope, audit: Audit) -> Sequence[bytes]:
        """Lines of the decision log: what the transforms did to the item, and how long they took for its request.

        None after a day.
        """
        ...

    async def count(self, scope: TenantScope, chosen: AuditFilter) -> int:
        """How many there are."""
        ...
