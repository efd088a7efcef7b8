"""Journal entries as rows, and the statements that insert the rows of many entries at once.

PostgreSQL gets one statement for all tables, each row a place in arrays: it is atomic by itself and one round trip.
As quick as COPY in a transaction or quicker up to 128 rows (docs/adr/0009-a-batch-is-one-statement.md).
"""

import zlib
from collections.abc import Iterable
from functools import cache
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from claimlens.adapters.sql import tables
from claimlens.domain.audit import Audit, DecisionLog, Event, IdempotencyKey, JobChunk, JournalEntry, StoredReply
from claimlens.domain.errors import ConflictError
from claimlens.domain.tenant import TenantScope
from claimlens.kit.merkle import leaf_hash

Row = tuple[Any, ...]

_REPLY_COLUMNS = ("tenant_id", "method", "route", "key", "status", "media_type", "body")


class Rows:
    """What entries come to, by table: rows in the order of the columns of `tables.py`."""

    __slots__ = ("audits", "decision_logs", "outbox", "replies", "unsealed_audits")

    def __init__(self) -> None:
        self.audits: list[Row] = []
        self.unsealed_audits: list[Row] = []
        self.decision_logs: list[Row] = []
        self.outbox: list[Row] = []
        self.replies: list[Row] = []

    def __len__(self) -> int:
        # An audit and what its seal will need count as one.
        return len(self.audits) + len(self.decision_logs) + len(self.outbox) + len(self.replies)

    def add(self, more: "Rows") -> None:
        """Take the rows of another one in."""
        self.audits += more.audits
        self.unsealed_audits += more.unsealed_audits
        self.decision_logs += more.decision_logs
        self.outbox += more.outbox
        self.replies += more.replies

    def months(self) -> Iterable[Any]:
        """A moment in each month for which a partition is needed."""
        return {(row[0].year, row[0].month): row[0] for row in (*self.audits, *self.decision_logs)}.values()


def rows_of(scope: TenantScope, entry: JournalEntry) -> Rows:
    """The rows of one entry, records compressed. Raises ValueError if a part of it is another tenant's."""
    rows = Rows()
    rows.audits = [_audit(audit) for audit in entry.audits]
    rows.unsealed_audits = [(audit.tenant_id, audit.ts, audit.id, leaf_hash(audit.record)) for audit in entry.audits]
    rows.outbox = [event_row(event) for event in entry.events]
    owners = {audit.tenant_id for audit in entry.audits} | {event.tenant_id for event in entry.events}
    if entry.decisions is not None:
        rows.decision_logs = [_decisions(entry.decisions)]
        owners.add(entry.decisions.tenant_id)
    if entry.reply is not None:
        rows.replies = [reply_row(scope, *entry.reply)]
        owners.add(entry.reply[0].tenant_id)
    if not owners <= {scope.tenant_id}:
        raise ValueError("a journal entry holds what belongs to another tenant")
    return rows


def weight(entry: JournalEntry) -> int:
    """About how many bytes there are to compress."""
    return sum(len(audit.record) for audit in entry.audits) + (len(entry.decisions.lines) if entry.decisions else 0)


def _audit(audit: Audit) -> Row:
    return (
        audit.ts,
        audit.id,
        audit.tenant_id,
        audit.item_id,
        audit.verdict.value,
        audit.needs_review,
        audit.locale,
        audit.profile,
        audit.correlation_id,
        f" {' '.join(audit.rules)} " if audit.rules else "",
        audit.degraded,
        audit.test,
        audit.job_id,
        zlib.compress(audit.record, 1),
    )


def _decisions(log: DecisionLog) -> Row:
    return log.ts, log.id, log.tenant_id, log.correlation_id, zlib.compress(log.lines, 1)


def event_row(event: Event) -> Row:
    """An event as a row of `outbox`."""
    return event.id, event.ts, event.tenant_id, event.type, event.subject, event.payload


def reply_row(scope: TenantScope, key: IdempotencyKey, reply: StoredReply) -> Row:
    """A claim as it is to be settled: `_REPLY_COLUMNS`."""
    body = zlib.compress(reply.body, 1)
    return scope.tenant_id, key.method, key.route, key.key, reply.status, reply.media_type, body


async def insert(connection: AsyncConnection, rows: Rows) -> None:
    """Write rows: inside the connection's transaction if it has begun one, else (PostgreSQL) as one of their own."""
    if connection.dialect.name == "sqlite":
        for table in (tables.audits, tables.unsealed_audits, tables.decision_logs, tables.outbox):
            if values := getattr(rows, table.name):
                await connection.execute(
                    sa.insert(table), [dict(zip(table.c.keys(), row, strict=True)) for row in values]
                )
        if rows.replies:
            await settle(connection, rows.replies)
        return
    parts = tuple(name for name in Rows.__slots__ if getattr(rows, name))
    if parts:
        # Past SQLAlchemy: it would begin a transaction, and the statement is one already.
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, asyncpg.Connection)
        columns = (column for name in parts for column in zip(*getattr(rows, name), strict=True))
        await driver.execute(_statement(parts), *columns)


async def advance(connection: AsyncConnection, scope: TenantScope, chunk: JobChunk, *, again: bool) -> bool:
    """Count a finished chunk of a job and keep its results.

    False if `again` and it was counted already. Raises ConflictError if the job is no longer ours, or the chunk is not
    its next.
    """
    jobs, parts = tables.jobs, tables.job_chunks
    ours = (jobs.c.id == chunk.job_id) & (jobs.c.tenant_id == scope.tenant_id) & (jobs.c.lease == chunk.lease)
    counted = await connection.execute(
        sa.update(jobs)
        .where(ours, jobs.c.state == "running", jobs.c.chunks_done == chunk.number)
        .values(chunks_done=chunk.number + 1, items=jobs.c["items"] + chunk.items, unread=jobs.c.unread + chunk.unread)
    )
    if not counted.rowcount:
        done = (await connection.execute(sa.select(jobs.c.chunks_done).where(ours))).scalar_one_or_none()
        if again and done == chunk.number + 1:
            return False
        raise ConflictError(f"chunk {chunk.number} of job {chunk.job_id} is somebody else's, or done")
    await connection.execute(
        sa.update(parts)
        .where(parts.c.job_id == chunk.job_id, parts.c.number == chunk.number, parts.c.tenant_id == scope.tenant_id)
        .values(results=zlib.compress(chunk.results, 1))
    )
    return True


async def settle(connection: AsyncConnection, replies: list[Row]) -> None:
    """Keep replies with their claims, as far as these are still open."""
    keys = tables.idempotency_keys
    # An update's parameters must not have the names of its columns.
    match = [keys.c[name] == sa.bindparam(f"{name}_") for name in _REPLY_COLUMNS[:4]]
    kept: dict[str, Any] = {name: sa.bindparam(f"{name}_") for name in _REPLY_COLUMNS[4:]}
    values = [{f"{name}_": value for name, value in zip(_REPLY_COLUMNS, row, strict=True)} for row in replies]
    await connection.execute(sa.update(keys).where(*match, keys.c.status.is_(None)).values(kept), values)


@cache
def _statement(parts: tuple[str, ...]) -> str:
    """One PostgreSQL statement that writes rows to several tables; its parameters are their columns as arrays."""
    ctes, number = [], 0
    for name in parts:
        table = tables.idempotency_keys if name == "replies" else tables.metadata.tables[name]
        columns = [table.c[column] for column in (_REPLY_COLUMNS if name == "replies" else table.c.keys())]
        names = ", ".join(column.name for column in columns)
        arrays = ", ".join(f"${number + place}::{_type(column)}[]" for place, column in enumerate(columns, 1))
        number += len(columns)
        if name == "replies":
            match = " AND ".join(f"k.{column} = r.{column}" for column in _REPLY_COLUMNS[:4])
            ctes.append(
                "UPDATE idempotency_keys AS k SET status = r.status, media_type = r.media_type, body = r.body"
                f" FROM unnest({arrays}) AS r ({names}) WHERE k.status IS NULL AND {match}"
            )
        else:
            ctes.append(f"INSERT INTO {name} ({names}) SELECT * FROM unnest({arrays})")
    *first, last = ctes
    prelude = ", ".join(f"part_{place} AS ({cte})" for place, cte in enumerate(first))
    return f"WITH {prelude} {last}" if prelude else last


def _type(column: sa.Column[Any]) -> str:
    """The name of a column's type, without the order of its texts: arrays have none."""
    named: str = column.type.compile(postgresql.dialect())  # type: ignore[no-untyped-call]
    return named.partition(" COLLATE ")[0]
