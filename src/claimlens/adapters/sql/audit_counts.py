"""Counts of audits by hour."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import audit_hours, audits
from claimlens.adapters.sql.within import within
from claimlens.domain.audit_count import AuditCount
from claimlens.domain.tenant import TenantScope

_COUNT_S = 60


class SqlAuditCounts:
    """An AuditCountStore (`ports/audit_counts.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, scope: TenantScope, start: datetime, end: datetime) -> dict[datetime, AuditCount]:
        """Count the audits themselves, from `start` up to `end`; hours without any are left out."""
        hour = self._hour().label("hour")
        kinds = (hour, audits.c.verdict, audits.c.needs_review, audits.c.degraded, audits.c.test, audits.c.rules)
        query = (
            sa.select(*kinds, sa.func.count().label("times"))
            .where(within(audits, scope), audits.c.ts >= start, audits.c.ts < end)
            .group_by(*kinds)
        )
        found: dict[datetime, AuditCount] = {}
        async with self._database.read(statement_s=_COUNT_S) as connection:
            for row in await connection.execute(query):
                _add(found.setdefault(_moment(row.hour), AuditCount(rules={}, test_rules={})), row)
        return found

    async def kept(self, scope: TenantScope, start: datetime, end: datetime) -> dict[datetime, AuditCount]:
        """The hours that were kept."""
        query = sa.select(audit_hours.c.hour, audit_hours.c.counts).where(
            within(audit_hours, scope), audit_hours.c.hour >= start, audit_hours.c.hour < end
        )
        async with self._database.read() as connection:
            rows = await connection.execute(query)
            return {row.hour: msgspec.json.decode(row.counts, type=AuditCount) for row in rows}

    async def keep(self, scope: TenantScope, hours: Mapping[datetime, AuditCount]) -> None:
        """Keep finished hours; one that is kept already stays as it is."""
        if not hours:
            return
        rows = [
            {"tenant_id": scope.tenant_id, "hour": hour, "counts": msgspec.json.encode(count).decode()}
            for hour, count in hours.items()
        ]
        insert = sqlite.insert if self._database.dialect == "sqlite" else postgresql.insert
        async with self._database.write() as connection:
            await connection.execute(insert(audit_hours).on_conflict_do_nothing(), rows)

    def _hour(self) -> sa.ColumnElement[Any]:
        if self._database.dialect == "sqlite":
            return sa.func.substr(sa.cast(audits.c.ts, sa.Text), 1, 13)
        return sa.func.date_trunc(sa.literal_column("'hour'"), audits.c.ts, sa.literal_column("'UTC'"))


def _add(count: AuditCount, row: Any) -> None:
    rules = count.test_rules if row.test else count.rules
    for rule in row.rules.split():
        rules[rule] = rules.get(rule, 0) + row.times
    if row.test:
        return
    setattr(count, row.verdict, getattr(count, row.verdict) + row.times)
    count.needs_review += row.times if row.needs_review else 0
    count.degraded += row.times if row.degraded else 0


def _moment(hour: datetime | str) -> datetime:
    if isinstance(hour, str):
        return datetime.fromisoformat(f"{hour}:00:00").replace(tzinfo=UTC)
    return hour.astimezone(UTC)
