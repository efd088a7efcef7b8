"""Counts of audits: of any stretch from the audits themselves, and of finished hours as they were kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from claimlens.domain.audit_count import AuditCount
from claimlens.domain.tenant import TenantScope


class AuditCountStore(Protocol):
    """A tenant's counts by hour (UTC)."""

    async def count(self, scope: TenantScope, start: datetime, end: datetime) -> dict[datetime, AuditCount]:
        """Count the audits themselves, from `start` up to `end`; hours without any are left out."""
        ...

    async def kept(self, scope: TenantScope, start: datetime, end: datetime) -> dict[datetime, AuditCount]:
        """The hours that were kept."""
        ...

    async def keep(self, scope: TenantScope, hours: Mapping[datetime, AuditCount]) -> None:
        """Keep finished hours; one that is kept already stays as it is."""
        ...
