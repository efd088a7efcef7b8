"""What is past its retention, removed in bounded steps."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from claimlens.adapters.sql import deleting, old_partitions
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.owners import owners_of
from claimlens.adapters.sql.tables import (
    access_log,
    audit_hours,
    audit_purges,
    audits,
    decision_logs,
    deliveries,
    idempotency_keys,
    job_chunks,
    jobs,
    performance_hours,
    performance_minutes,
    reviews,
    runs,
    seals,
    tenants,
)
from claimlens.domain.job import JobState
from claimlens.domain.retention import POLICIES, WAITING_KEPT, Data, Owner, Purged
from claimlens.domain.tenant import PlatformScope
from claimlens.domain.webhook import DeliveryState
from claimlens.kit.uuid7 import uuid7

#: Any number that nothing else in the installation locks.
_LOCK = 0x636C_7075_7267
#: Rows that one transaction removes. Of jobs few: each may have a hundred parts.
_BATCH, _JOBS = 2_000, 20
_COUNT_S = 60
_KEPT_DELIVERIES = POLICIES[Data.WEBHOOKS].kept or WAITING_KEPT
#: What is noted about runs is kept so long.
_RUNS_KEPT = timedelta(days=400)

#: Kinds that each tenant keeps as long as it says.
OWNED = {Data.AUDITS: audits, Data.REVIEWS: reviews, Data.AUDIT_HOURS: audit_hours}
#: The others.
TABLES: dict[Data, tuple[sa.Table, ...]] = {
    Data.DECISION_LOGS: (decision_logs,),
    Data.PERFORMANCE: (performance_minutes, performance_hours),
    Data.WEBHOOKS: (deliveries,),
    Data.IDEMPOTENCY_KEYS: (idempotency_keys,),
    Data.JOBS: (jobs,),
    Data.ACCESS_LOG: (access_log,),
}


class SqlRetention:
    """A RetentionStore (`ports/retention.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        """Whether nobody else in the installation purges as long as the block lasts. With SQLite two may: slower."""
        if self._database.dialect == "sqlite":
            yield True
            return
        async with self._database.alone() as connection:
            # Held by the connection: a purge that is killed lets go of it.
            mine = (await connection.execute(sa.select(sa.func.pg_try_advisory_lock(_LOCK)))).scalar_one()
            await connection.commit()
            yield mine

    async def owners(self, scope: PlatformScope, data: Data) -> Sequence[Owner]:
        """Every tenant that has rows of a kind, known or not (what is not known is kept longest)."""
        async with self._database.read(fresh=True) as connection:
            found = await owners_of(connection, OWNED[data].name)
            if data is Data.AUDITS:
                # Where audits went with their partition the list of members of their seals is left.
                found += [owner for owner in await owners_of(connection, seals.name) if owner not in found]
            return found

    async def drop_partitions(
        self, scope: PlatformScope, data: Data, before: datetime, now: datetime
    ) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
        """Drop what lies wholly before a moment and is past every owner's retention: rows, dropped, still in use."""
        table = {Data.AUDITS: "audits", Data.DECISION_LOGS: "decision_logs"}.get(data)
        if table is None or self._database.dialect == "sqlite":
            return 0, (), ()
        return await old_partitions.drop(self._database, table, before, now)

    async def remove_owned(self, scope: PlatformScope, data: Data, owner: Owner, now: datetime) -> int:
        """Remove a batch of an owner's rows of a kind that are past retention; how many, 0 when none is left.

        With the last audits under a seal goes its list of members.
        """
        table = OWNED[data]
        old, key = _past(table, owner, owner.cutoff(now)), _key(table)
        keys = sa.select(*table.primary_key).where(*old).order_by(*table.primary_key).limit(_BATCH)
        async with self._database.write() as connection:
            found = (await connection.execute(keys)).all()
            if found:
                # By their place in the key; the moments say nothing new except to PostgreSQL about its partitions.
                here = [key <= _values(table, found[-1])]
                if table is audits:
                    here.append(audits.c.ts.between(found[0].ts, found[-1].ts))
                    await deleting.purging(connection, now)
                removed = (await connection.execute(sa.delete(table).where(*old, *here))).rowcount
                if table is audits:
                    await deleting.ended(connection)
                return removed
            if table is audits:
                await connection.execute(_emptied(owner, now))
            return 0

    async def remove(self, scope: PlatformScope, data: Data, before: datetime) -> int:
        """Remove a batch of another kind; how many, 0 when none is left."""
        for table in TABLES[data]:
            old = _old(table, before)
            limit = _JOBS if table is jobs else _BATCH
            keys = sa.select(*table.primary_key).where(*old).order_by(*table.primary_key).limit(limit)
            async with self._database.write() as connection:
                found = (await connection.execute(keys)).all()
                if not found:
                    continue
                if table is jobs:
                    await connection.execute(
                        sa.delete(job_chunks).where(job_chunks.c.job_id.in_([row.id for row in found]))
                    )
                    gone = sa.delete(jobs).where(jobs.c.id.in_([row.id for row in found]))
                else:
                    here = _key(table).between(_values(table, found[0]), _values(table, found[-1]))
                    gone = sa.delete(table).where(*old, here)
                return (await connection.execute(gone)).rowcount
        return 0

    async def count(self, scope: PlatformScope, data: Data, before: datetime, owner: Owner | None = None) -> int:
        """How many rows would go."""
        conditions: dict[sa.Table, tuple[sa.ColumnElement[bool], ...]]
        if data in OWNED:
            assert owner is not None
            conditions = {OWNED[data]: _past(OWNED[data], owner, before)}
        else:
            conditions = {table: _old(table, before) for table in TABLES[data]}
        found = 0
        async with self._database.read(statement_s=_COUNT_S) as connection:
            for table, old in conditions.items():
                query = sa.select(sa.func.count()).select_from(table).where(*old)
                found += (await connection.execute(query)).scalar_one()
        return found

    async def begun(self, scope: PlatformScope, run_id: str, data: Data, now: datetime) -> None:
        """Note that a purge has begun; what was noted long ago goes."""
        row = {
            "id": run_id,
            "kind": "purge",
            "part": data.value,
            "started_at": now,
            "outcome": "",
            "rows": 0,
            "report": "{}",
        }
        async with self._database.write() as connection:
            await connection.execute(sa.delete(runs).where(runs.c.started_at < now - _RUNS_KEPT))
            await connection.execute(sa.insert(runs).values(row))

    async def finished(self, scope: PlatformScope, run_id: str, purged: Purged, now: datetime) -> None:
        """Note what it came to."""
        ended = {
            "finished_at": now,
            "outcome": "done",
            "rows": purged.removed,
            "report": msgspec.json.encode(purged).decode(),
        }
        async with self._database.write() as connection:
            await connection.execute(sa.update(runs).where(runs.c.id == run_id).values(ended))

    async def last(self, scope: PlatformScope, data: Data) -> datetime | None:
        """When the last purge began that came to its end."""
        query = (
            sa.select(runs.c.started_at)
            .where(runs.c.kind == "purge", runs.c.part == data.value, runs.c.outcome == "done")
            .order_by(runs.c.started_at.desc())
            .limit(1)
        )
        async with self._database.read(fresh=True) as connection:
            return (await connection.execute(query)).scalar_one_or_none()


def _past(table: sa.Table, owner: Owner, before: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """An owner's rows about audits from before a moment."""
    moment = table.c.hour if table is audit_hours else table.c.ts
    return table.c.tenant_id == owner.tenant_id, moment < before


def _emptied(owner: Owner, now: datetime) -> sa.Update:
    """Without their lists of members: an owner's seals that have no audit left."""
    purged_to = sa.select(sa.func.max(audit_purges.c.latest)).where(audit_purges.c.tenant_id == owner.tenant_id)
    past = (seals.c.last_ts < owner.cutoff(now), seals.c.last_ts <= purged_to.scalar_subquery())
    return (
        sa.update(seals)
        .where(seals.c.tenant_id == owner.tenant_id, *past, seals.c.members.is_not(None))
        .values(members=None)
    )


def _old(table: sa.Table, before: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """The rows of a table that may go. An id names the moment it was made: by it the old ones are found in the key."""
    if table is deliveries:
        done = sa.and_(deliveries.c.state != DeliveryState.PENDING.value, deliveries.c.finished_at < before)
        waited = deliveries.c.created_at < before - (WAITING_KEPT - _KEPT_DELIVERIES)
        return sa.or_(done, waited), deliveries.c.id < _id_of(before)
    if table is jobs:
        ended = jobs.c.state.in_([JobState.FINISHED.value, JobState.FAILED.value])
        return ended, jobs.c.finished_at < before, jobs.c.id < _id_of(before)
    if table is access_log:
        held = sa.select(tenants.c.id).where(tenants.c.legal_hold)
        return access_log.c.ts < before, access_log.c.tenant_id.not_in(held)
    return ((table.c.created_at if table is idempotency_keys else table.c.ts) < before,)


def _id_of(moment: datetime) -> str:
    return uuid7(int(moment.timestamp() * 1000), bytes(10))


def _key(table: sa.Table) -> sa.ColumnElement[Any]:
    columns = list(table.primary_key)
    return columns[0] if len(columns) == 1 else sa.tuple_(*columns)


def _values(table: sa.Table, row: Any) -> sa.ColumnElement[Any]:
    values = [sa.literal(value, column.type) for value, column in zip(row, table.primary_key, strict=True)]
    return values[0] if len(values) == 1 else sa.tuple_(*values)
