"""What tenants were told of each service last, and the events that told it."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import outbox, service_news, webhooks
from claimlens.domain.audit import Event
from claimlens.domain.tenant import PlatformScope
from claimlens.gate.notify import service_event
from claimlens.ports.clock import Clock
from claimlens.ports.service_news import Told


class SqlServiceNews:
    """A ServiceNewsStore (`ports/service_news.py`)."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def turn(self, scope: PlatformScope, service: str, at: datetime, *, out: bool, payload: bytes) -> bool:
        """Whether it is news; then the event is in the outbox of every tenant with an endpoint that asks for it."""
        async with self._database.write() as connection:
            if not await self._turned(connection, service, at, out=out):
                return False
            kind = service_event(out=out)
            rows = [
                msgspec.structs.asdict(
                    Event(id=self._clock.new_id(), ts=at, tenant_id=tenant_id, type=kind, payload=payload)
                )
                for tenant_id in await _asking_for(connection, kind)
            ]
            if rows:
                await connection.execute(sa.insert(outbox), rows)
        return True

    async def still_out(self, scope: PlatformScope, service: str, at: datetime) -> None:
        """Note that somebody still finds it out."""
        async with self._database.write() as connection:
            await connection.execute(
                sa.update(service_news)
                .where(service_news.c.service == service, service_news.c.is_out)
                .values(seen_at=at)
            )

    async def told(self) -> Mapping[str, Told]:
        """What was told last, by service."""
        async with self._database.read(fresh=True) as connection:
            rows = (await connection.execute(sa.select(service_news))).all()
        return {row.service: Told(is_out=row.is_out, since=row.since, seen_at=row.seen_at) for row in rows}

    async def _turned(self, connection: AsyncConnection, service: str, at: datetime, *, out: bool) -> bool:
        """Change the row unless it says so already. Two processes at once: the second waits, then finds it changed."""
        row = {"is_out": out, "since": at, "seen_at": at}
        changed = await connection.execute(
            sa.update(service_news)
            .where(service_news.c.service == service, service_news.c.is_out != sa.literal(out))
            .values(row)
        )
        if changed.rowcount:
            return True
        insert = sqlite.insert if self._database.dialect == "sqlite" else postgresql.insert
        first = insert(service_news).values(row | {"service": service})
        added = await connection.execute(first.on_conflict_do_nothing(index_elements=["service"]))
        # A service that nobody has told of before is taken to have been there.
        return bool(added.rowcount) and out


async def _asking_for(connection: AsyncConnection, kind: str) -> list[str]:
    """The tenants with an endpoint that asks for this event."""
    asking = webhooks.c.events.contains(f'"{kind}"', autoescape=True)
    query = sa.select(webhooks.c.tenant_id).where(webhooks.c.enabled, asking).distinct()
    return list((await connection.execute(query)).scalars())
