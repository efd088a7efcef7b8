"""Seals, and the audits that wait for one."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import Id, Moment, audit_purges, audits, seals, tenants, unsealed_audits
from claimlens.adapters.sql.within import within
from claimlens.adapters.sql.zipped import unzipped
from claimlens.domain.seal import Member, Seal, Signed, Standing, packed
from claimlens.domain.tenant import DEFAULT_RETENTION_DAYS, PlatformScope, TenantScope
from claimlens.ports.seals import KeptSeal, MakeSeal

#: Any numbers that nothing else in the installation locks.
_LOCK, _TENANT_LOCK = 0x636C_7365_616C, 0x7365_616C
_SEALS_AT_ONCE = 50
_COVERING_AT_ONCE = 5
_KEYS_AT_ONCE = 500


class SqlSeals:
    """A SealStore (`ports/seals.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        """Whether nobody else in the installation seals as long as the block lasts.

        It saves work; what keeps the chain whole is the key of the table and the locks of `seal_next`.
        """
        if self._database.dialect == "sqlite":
            yield True  # one process serves, and a seal is one short transaction
            return
        async with self._database.alone() as connection:
            # Held by the connection: a sealer that is killed lets go of it.
            mine = (await connection.execute(sa.select(sa.func.pg_try_advisory_lock(_LOCK)))).scalar_one()
            await connection.commit()
            yield mine

    async def tenants_waiting(self, scope: PlatformScope, before: datetime, *, after: str, limit: int) -> Sequence[str]:
        """Tenants that have unsealed audits from before a moment, in order of their ids.

        Jumps from tenant to tenant in the key: how many audits wait does not count.
        """
        found: list[str] = []
        owner = unsealed_audits.c.tenant_id
        following = sa.select(owner).where(owner > sa.bindparam("after")).order_by(owner).limit(1)
        waits = sa.select(sa.true()).where(owner == sa.bindparam("owner"), unsealed_audits.c.ts < before).limit(1)
        async with self._database.read(fresh=True) as connection:
            while len(found) < limit:
                name = (await connection.execute(following, {"after": after})).scalar_one_or_none()
                if name is None:
                    break
                after = name
                if (await connection.execute(waits, {"owner": name})).scalar_one_or_none():
                    found.append(name)
        return found

    async def seal_next(self, scope: TenantScope, before: datetime, *, limit: int, make: MakeSeal) -> int:
        """Seal the oldest unsealed audits from before a moment; how many. All of it is one transaction."""
        table = unsealed_audits
        key = (table.c.tenant_id, table.c.ts, table.c.id)
        oldest = sa.select(*key).where(within(table, scope), table.c.ts < before).order_by(*key).limit(limit)
        taken = sa.delete(table).where(sa.tuple_(*key).in_(oldest)).returning(table.c.ts, table.c.id, table.c.leaf)
        async with self._database.write() as connection:
            if self._database.dialect == "postgresql":
                # Who waits here sees, once it goes on, the seal that was made meanwhile.
                owner = sa.func.hashtext(scope.tenant_id)
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TENANT_LOCK, owner)))
            last = await self._latest(connection, scope)
            standing = await self._standing(connection, scope)
            members = sorted([Member(*row) for row in await connection.execute(taken)])
            if not members:
                return 0
            signed = make(members, last.signed if last else None, standing)
            seal = msgspec.json.decode(signed.statement, type=Seal)
            await connection.execute(
                sa.insert(seals).values(
                    tenant_id=scope.tenant_id,
                    number=seal.number,
                    first_ts=seal.first_ts,
                    last_ts=seal.last_ts,
                    statement=signed.statement,
                    signature=signed.signature,
                    members=packed(members),
                )
            )
            return len(members)

    async def covering(self, scope: TenantScope, ts: datetime, audit_id: str) -> KeptSeal | None:
        """The seal over an audit; None as long as there is none."""
        waits = sa.select(unsealed_audits.c.id).where(
            within(unsealed_audits, scope), unsealed_audits.c.ts == ts, unsealed_audits.c.id == audit_id
        )
        # Mostly the first one that ends behind it; of audits that came late one of those that follow.
        near = (
            sa.select(seals)
            .where(within(seals, scope), seals.c.last_ts >= ts, seals.c.first_ts <= ts)
            .order_by(seals.c.last_ts, seals.c.number)
            .limit(_COVERING_AT_ONCE)
        )
        async with self._database.read(fresh=True) as connection:
            if (await connection.execute(waits)).first() is not None:
                return None
            following = near
            while rows := (await connection.execute(following)).all():
                for row in rows:
                    kept = _kept(row)
                    if any(member.id == audit_id and member.ts == ts for member in kept.listed()):
                        return kept
                place = sa.tuple_(sa.literal(rows[-1].last_ts, Moment), sa.literal(rows[-1].number))
                following = near.where(sa.tuple_(seals.c.last_ts, seals.c.number) > place)
        return None

    async def latest(self, scope: TenantScope) -> KeptSeal | None:
        """The tenant's last seal."""
        async with self._database.read(fresh=True) as connection:
            return await self._latest(connection, scope)

    async def span(self, scope: TenantScope, start: datetime | None, end: datetime | None) -> tuple[int, int] | None:
        """The numbers of the first and the last seal over a period (start inclusive, end exclusive)."""
        query = sa.select(sa.func.min(seals.c.number), sa.func.max(seals.c.number)).where(within(seals, scope))
        if start is not None:
            query = query.where(seals.c.last_ts >= start)
        if end is not None:
            query = query.where(seals.c.first_ts < end)
        async with self._database.read(fresh=True) as connection:
            first, last = (await connection.execute(query)).one()
        return None if first is None else (first, last)

    async def seals(self, scope: TenantScope, first: int, last: int) -> AsyncIterator[KeptSeal]:
        """The seals from one number to another, in order."""
        query = sa.select(seals).where(within(seals, scope), seals.c.number <= last)
        query = query.order_by(seals.c.number).limit(_SEALS_AT_ONCE)
        while True:
            async with self._database.read(fresh=True) as connection:
                rows = (await connection.execute(query.where(seals.c.number >= first))).all()
            for row in rows:
                yield _kept(row)
            if len(rows) < _SEALS_AT_ONCE:
                return
            first = rows[-1].number + 1

    async def records(self, scope: TenantScope, members: Sequence[Member]) -> Sequence[tuple[Member, bytes]]:
        """The records of these members that are there, in their order."""
        found: dict[tuple[datetime, str], bytes] = {}
        for part in _parts(members, _KEYS_AT_ONCE):
            keys = [sa.tuple_(sa.literal(each.ts, Moment), sa.literal(each.id, Id)) for each in part]
            # The ends say nothing new, except to PostgreSQL which partitions it need not open.
            query = sa.select(audits.c.ts, audits.c.id, audits.c.record).where(
                within(audits, scope),
                audits.c.ts.between(part[0].ts, part[-1].ts),
                sa.tuple_(audits.c.ts, audits.c.id).in_(keys),
            )
            async with self._database.read(fresh=True) as connection:
                for row in await connection.execute(query):
                    found[row.ts, row.id] = row.record
        return [
            (member, unzipped(found[member.ts, member.id])) for member in members if (member.ts, member.id) in found
        ]

    async def standing(self, scope: TenantScope) -> Standing:
        """The tenant's retention and what it has removed."""
        async with self._database.read(fresh=True) as connection:
            return await self._standing(connection, scope)

    async def unsealed(self, scope: TenantScope) -> int:
        """How many audits of the tenant wait for a seal."""
        query = sa.select(sa.func.count()).select_from(unsealed_audits).where(within(unsealed_audits, scope))
        async with self._database.read(fresh=True) as connection:
            return (await connection.execute(query)).scalar_one()

    async def _latest(self, connection: AsyncConnection, scope: TenantScope) -> KeptSeal | None:
        query = sa.select(seals).where(within(seals, scope)).order_by(seals.c.number.desc()).limit(1)
        row = (await connection.execute(query)).one_or_none()
        return None if row is None else _kept(row)

    async def _standing(self, connection: AsyncConnection, scope: TenantScope) -> Standing:
        days = sa.select(tenants.c.retention_days).where(tenants.c.id == scope.tenant_id)
        latest = sa.select(sa.func.max(audit_purges.c.latest)).where(within(audit_purges, scope))
        return Standing(
            (await connection.execute(days)).scalar_one_or_none() or DEFAULT_RETENTION_DAYS,
            (await connection.execute(latest)).scalar_one_or_none(),
        )


def _kept(row: Any) -> KeptSeal:
    return KeptSeal(number=row.number, signed=Signed(row.statement, row.signature), members=row.members)


def _parts(members: Sequence[Member], size: int) -> Iterator[list[Member]]:
    waiting = iter(members)
    while part := list(islice(waiting, size)):
        yield part
