"""Stored audits, read. Pages go by position (ts, id), so rows that are added meanwhile move nothing."""

import zlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import Id, Moment, audit_hours, audits, decision_logs
from claimlens.adapters.sql.within import is_storable, is_text, within
from claimlens.domain.audit import Audit
from claimlens.domain.tenant import PlatformScope, Reach, TenantScope
from claimlens.domain.verdict import Outcome
from claimlens.kit.uuid7 import is_uuid, moment_of
from claimlens.ports.audits import AuditFilter, Position

_EXPORT_ROWS = 1_000
_EXPORT_S = 60
_HOUR = timedelta(hours=1)
#: An audit's id is made about when it is judged: where to look for it by `ts`, first nearby, then further.
_NEAR = (timedelta(seconds=5), timedelta(hours=1))


class SqlAudits:
    """An AuditStore; see `ports/audits.py`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, reach: Reach, chosen: AuditFilter, *, after: Position | None, limit: int) -> Sequence[Audit]:
        """Newest first, the rows that come after a position; of one tenant or of all."""
        query = sa.select(audits).where(*_conditions(reach, chosen))
        if after is not None:
            # The second condition says nothing new, except to PostgreSQL which partitions it need not open.
            query = query.where(_position() < _literal(after), audits.c.ts <= after[0])
        query = query.order_by(audits.c.ts.desc(), audits.c.id.desc())
        async with self._database.read() as connection:
            is_narrow = bool(chosen.item_id or chosen.correlation_id)
            if not chosen.rule_id or is_narrow or isinstance(reach, PlatformScope):
                return [audit_of(row) for row in await connection.execute(query.limit(limit))]
            found: list[Audit] = []
            for start, end in await _stretches(connection, reach, chosen, after):
                within_it = [audits.c.ts < end] if end is not None else []
                within_it += [audits.c.ts >= start] if start is not None else []
                rows = await connection.execute(query.where(*within_it).limit(limit - len(found)))
                found += [audit_of(row) for row in rows]
                if len(found) >= limit:
                    break
            return found

    async def find(self, scope: TenantScope, audit_id: str) -> Audit | None:
        """One audit, from the primary."""
        if not is_uuid(audit_id):
            return None
        try:
            made = datetime.fromtimestamp(moment_of(audit_id) / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            return None  # not one of ours
        async with self._database.read(fresh=True) as connection:
            for near in _NEAR:
                query = sa.select(audits).where(
                    within(audits, scope), audits.c.id == audit_id, audits.c.ts.between(made - near, made + near)
                )
                if row := (await connection.execute(query)).one_or_none():
                    return audit_of(row)
        return None

    async def export(self, scope: TenantScope, chosen: AuditFilter) -> AsyncIterator[Sequence[bytes]]:
        """The records, oldest first, in batches; each batch is a read of its own."""
        query = sa.select(audits.c.ts, audits.c.id, audits.c.record).where(*_conditions(scope, chosen))
        query = query.order_by(audits.c.ts, audits.c.id).limit(_EXPORT_ROWS)
        after: Position | None = None
        while True:
            following = query
            if after is not None:
                following = query.where(_position() > _literal(after), audits.c.ts >= after[0])
            async with self._database.read(statement_s=_EXPORT_S) as connection:
                rows = (await connection.execute(following)).all()
            if rows:
                yield [zlib.decompress(row.record) for row in rows]
            if len(rows) < _EXPORT_ROWS:
                return
            after = (rows[-1].ts, rows[-1].id)

    async def latest_by_item(self, scope: TenantScope, *, after_item: str, limit: int) -> Sequence[Audit]:
        """The newest audit of each item id, in order of the ids (by code points), those after one; no test audits."""
        if not is_storable(after_item):
            return []
        async with self._database.read(statement_s=_EXPORT_S) as connection:
            values = {"tenant": scope.tenant_id, "after": after_item, "most": limit}
            return [audit_of(row) for row in await connection.execute(_latest(self._database.dialect), values)]

    async def decisions(self, scope: TenantScope, audit: Audit) -> Sequence[bytes]:
        """Lines of the decision log: what the transforms did to the item, and how long they took for its request."""
        query = sa.select(decision_logs.c.lines).where(
            within(decision_logs, scope),
            decision_logs.c.ts == audit.ts,
            decision_logs.c.correlation_id == audit.correlation_id,
        )
        async with self._database.read(fresh=True) as connection:
            found = (await connection.execute(query)).scalars().all()
        named = f'"audit_id":"{audit.id}"'.encode()
        lines = [line for packed in found for line in zlib.decompress(packed).splitlines()]
        return [line for line in lines if named in line or line.startswith(b'{"items":')]

    async def count(self, scope: TenantScope, chosen: AuditFilter) -> int:
        """How many there are."""
        query = sa.select(sa.func.count()).select_from(audits).where(*_conditions(scope, chosen))
        async with self._database.read(statement_s=_EXPORT_S) as connection:
            return int((await connection.execute(query)).scalar_one())


async def _stretches(
    connection: AsyncConnection, scope: TenantScope, chosen: AuditFilter, after: Position | None
) -> list[tuple[datetime | None, datetime | None]]:
    """Where audits of a rule may be, newest first: everywhere but in the finished hours that were counted without it.

    No index knows the rules of an audit. Most rules are in most hours or in hardly any: then these are few.
    """
    begins, ends = chosen.start, chosen.end
    if not is_storable(chosen.rule_id):
        return []
    if after is not None:
        latest = after[0] + timedelta(microseconds=1)
        ends = latest if ends is None else min(ends, latest)
    named = f'%"{_like(chosen.rule_id)}":%'
    query = sa.select(audit_hours.c.hour).where(
        within(audit_hours, scope), audit_hours.c.counts.not_like(named, escape="\\")
    )
    if begins is not None:
        query = query.where(audit_hours.c.hour >= begins)
    if ends is not None:
        query = query.where(audit_hours.c.hour < ends)
    found: list[tuple[datetime | None, datetime | None]] = []
    upper = ends
    for hour in (await connection.execute(query.order_by(audit_hours.c.hour.desc()))).scalars():
        over = hour + _HOUR
        if upper is None or over < upper:
            found.append((over, upper))
        upper = hour
    if begins is None or upper is None or begins < upper:
        found.append((begins, upper))
    return found


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _conditions(reach: Reach, chosen: AuditFilter) -> list[sa.ColumnElement[bool]]:
    found = [within(audits, reach)]
    if chosen.start is not None:
        found.append(audits.c.ts >= chosen.start)
    if chosen.end is not None:
        found.append(audits.c.ts < chosen.end)
    if chosen.verdict is not None:
        found.append(audits.c.verdict == chosen.verdict.value)
    if chosen.item_id:
        found.append(is_text(audits.c.item_id, chosen.item_id))
    if chosen.rule_id:
        known = is_storable(chosen.rule_id) and not chosen.rule_id.isspace()
        found.append(audits.c.rules.contains(f" {chosen.rule_id} ", autoescape=True) if known else sa.false())
    if chosen.correlation_id:
        found.append(is_text(audits.c.correlation_id, chosen.correlation_id))
    if chosen.job_id:
        found.append(audits.c.job_id == chosen.job_id if is_uuid(chosen.job_id) else sa.false())
    if chosen.needs_review is not None:
        found.append(audits.c.needs_review.is_(chosen.needs_review))
    return found


def _position() -> sa.Tuple:
    return sa.tuple_(audits.c.ts, audits.c.id)


def _literal(position: Position) -> sa.Tuple:
    return sa.tuple_(sa.literal(position[0], Moment), sa.literal(position[1], Id))


def _latest(dialect: str) -> sa.TextualSelect:
    """The newest audit of each of the next items.

    Jumps from item to item in the index (tenant_id, item_id, ts) instead of reading every audit of each. Both stores
    stop the recursion at the limit, SQLite if it stands inside, PostgreSQL only outside.
    """
    inside = " LIMIT :most" if dialect == "sqlite" else ""
    following = "SELECT min(item_id) FROM audits WHERE tenant_id = :tenant AND NOT test AND item_id >"
    newest = (
        "FROM audits AS b WHERE b.tenant_id = :tenant AND b.item_id = p.item_id AND NOT b.test"
        " ORDER BY b.ts DESC, b.id DESC LIMIT 1"
    )
    return sa.text(
        f"WITH RECURSIVE items (item_id) AS ({following} :after"
        f" UNION ALL SELECT ({following} items.item_id) FROM items WHERE items.item_id IS NOT NULL{inside}),"
        " picked AS (SELECT item_id FROM items WHERE item_id IS NOT NULL LIMIT :most)"
        " SELECT a.* FROM picked AS p JOIN audits AS a"
        f" ON a.ts = (SELECT b.ts {newest}) AND a.id = (SELECT b.id {newest}) AND a.tenant_id = :tenant"
        " ORDER BY p.item_id"
    ).columns(*audits.columns)


def audit_of(row: Any) -> Audit:
    """The audit that a row holds."""
    return Audit(
        id=row.id,
        ts=row.ts,
        tenant_id=row.tenant_id,
        item_id=row.item_id,
        verdict=Outcome(row.verdict),
        needs_review=row.needs_review,
        locale=row.locale,
        profile=row.profile,
        correlation_id=row.correlation_id,
        rules=tuple(row.rules.split()),
        degraded=row.degraded,
        test=row.test,
        record=zlib.decompress(row.record),
        job_id=row.job_id,
    )
