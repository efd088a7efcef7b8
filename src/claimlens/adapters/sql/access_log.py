"""The access log."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import access_log
from claimlens.adapters.sql.within import is_text, within
from claimlens.domain.access import Access
from claimlens.domain.tenant import Reach, TenantScope
from claimlens.ports.accounts import AccessFilter

_BATCH = 1000


async def add_line(connection: AsyncConnection, access: Access) -> None:
    """Put a line into the log, in the transaction of what it tells of."""
    row = msgspec.structs.asdict(access) | {"delta": msgspec.json.encode(access.delta).decode()}
    await connection.execute(sa.insert(access_log).values(row))


class SqlAccessLog:
    """An AccessLog (`ports/accounts.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, scope: TenantScope, access: Access) -> None:
        """For what changes nothing else: reads, exports, sign-ins, refusals."""
        async with self._database.write() as connection:
            await add_line(connection, msgspec.structs.replace(access, tenant_id=scope.tenant_id))

    async def page(
        self, reach: Reach, chosen: AccessFilter, *, after: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Access]:
        """Newest first."""
        query = _chosen(reach, chosen).order_by(access_log.c.ts.desc(), access_log.c.id.desc()).limit(limit)
        if after is not None:
            query = query.where(_place() < _values(after))
        async with self._database.read() as connection:
            return [_access(row) for row in await connection.execute(query)]

    async def export(self, reach: Reach, chosen: AccessFilter) -> AsyncIterator[Sequence[Access]]:
        """Oldest first, in batches; no transaction stays open between them."""
        query = _chosen(reach, chosen).order_by(access_log.c.ts, access_log.c.id).limit(_BATCH)
        after: tuple[datetime, str] | None = None
        while True:
            step = query if after is None else query.where(_place() > _values(after))
            async with self._database.read() as connection:
                batch = [_access(row) for row in await connection.execute(step)]
            if batch:
                yield batch
            if len(batch) < _BATCH:
                return
            after = (batch[-1].ts, batch[-1].id)


def _chosen(reach: Reach, chosen: AccessFilter) -> sa.Select[Any]:
    query = sa.select(access_log).where(within(access_log, reach))
    if chosen.start is not None:
        query = query.where(access_log.c.ts >= chosen.start)
    if chosen.end is not None:
        query = query.where(access_log.c.ts < chosen.end)
    if chosen.actor:
        query = query.where(is_text(access_log.c.actor, chosen.actor))
    if chosen.action:
        query = query.where(is_text(access_log.c.action, chosen.action))
    return query


def _place() -> sa.ColumnElement[Any]:
    return sa.tuple_(access_log.c.ts, access_log.c.id)


def _values(place: tuple[datetime, str]) -> sa.ColumnElement[Any]:
    ts, row_id = place
    return sa.tuple_(sa.literal(ts, access_log.c.ts.type), sa.literal(row_id, access_log.c.id.type))


def _access(row: sa.Row[Any]) -> Access:
    return Access(**{**row._mapping, "delta": msgspec.json.decode(row.delta)})
