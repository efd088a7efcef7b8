"""Partitions that lie wholly in the past are dropped as a whole: nothing to delete row by row, nothing to vacuum."""

import asyncio
from datetime import UTC, datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from claimlens.adapters.sql.engine import Database, says_not_now
from claimlens.adapters.sql.owners import owners_of
from claimlens.adapters.sql.tables import audit_purges

_log = structlog.get_logger()

#: A drop waits so long for who reads the table; meanwhile every insert waits behind it, so it is short and repeated.
_LOCK_MS, _TRIES, _PAUSE_S = 500, 5, 1.0
_COUNT_S = 600


async def drop(
    database: Database, table: str, before: datetime, now: datetime
) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """Drop the partitions of a table that end before a moment: rows that went, partitions dropped, those in use.

    One of `audits` goes only if every tenant that has rows in it is past retention and none is under legal hold; the
    purge is noted for each in the same transaction.
    """
    rows, dropped, in_use = 0, [], []
    async with database.alone() as connection:
        await connection.exec_driver_sql(f"SET statement_timeout = '{_COUNT_S}s'")
        await connection.commit()
        for name, end in await _ended(connection, table, before):
            if table == "audits" and not await _all_past(connection, name, end, now):
                continue
            counted = (
                await connection.execute(
                    sa.text(f"SELECT tenant_id, count(*) AS rows, max(ts) AS latest FROM {name} GROUP BY tenant_id")
                )
            ).all()
            await connection.commit()
            purges = [
                {
                    "tenant_id": each.tenant_id,
                    "day": f"{now.astimezone(UTC):%Y-%m-%d}",
                    "removed": each.rows,
                    "kept": 0,
                    "latest": each.latest,
                }
                for each in counted
            ]
            if await _drop(connection, table, name, end, now, purges if table == "audits" else []):
                rows += sum(each.rows for each in counted)
                dropped.append(name)
            else:
                in_use.append(name)
    return rows, tuple(dropped), tuple(in_use)


async def _ended(connection: AsyncConnection, table: str, before: datetime) -> list[tuple[str, datetime]]:
    """Partitions of ours (`audits_2026_11`) that end before a moment, oldest first, with their ends."""
    query = sa.text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:table AS regclass)")
    names = sorted((await connection.execute(query, {"table": table})).scalars())
    await connection.commit()
    found = []
    for name in names:
        try:
            month = datetime.strptime(name.removeprefix(f"{table}_"), "%Y_%m").replace(tzinfo=UTC)
        except ValueError:
            continue  # somebody made one of their own
        end = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
        if end <= before:
            found.append((name, end))
    return found


async def _all_past(connection: AsyncConnection, name: str, end: datetime, now: datetime) -> bool:
    owners = await owners_of(connection, name)
    return all(not owner.legal_hold and end <= owner.cutoff(now) for owner in owners)


async def _drop(
    connection: AsyncConnection, table: str, name: str, end: datetime, now: datetime, purges: list[dict[str, object]]
) -> bool:
    """Whether it is gone: not if somebody reads it, or if a tenant's retention was changed meanwhile."""
    await connection.commit()
    for attempt in range(_TRIES):
        try:
            await connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_MS}ms'")
            # From here on nobody puts a tenant under legal hold until it is gone.
            await connection.exec_driver_sql("LOCK TABLE tenants IN SHARE MODE")
            if table == "audits" and not await _all_past(connection, name, end, now):
                await connection.rollback()
                return False
            await connection.exec_driver_sql(f"DROP TABLE {name}")
            if purges:
                noted = postgresql.insert(audit_purges)
                again = {
                    "removed": audit_purges.c.removed + noted.excluded.removed,
                    "latest": sa.func.greatest(audit_purges.c.latest, noted.excluded.latest),
                }
                key = list(audit_purges.primary_key)
                await connection.execute(noted.on_conflict_do_update(index_elements=key, set_=again), purges)
            await connection.commit()
            _log.info("partition_dropped", partition=name)
            return True
        except sa.exc.DBAPIError as error:
            await connection.rollback()
            if not says_not_now(error) or error.connection_invalidated:
                raise
            if attempt + 1 < _TRIES:
                await asyncio.sleep(_PAUSE_S)
    return False
