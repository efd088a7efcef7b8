"""Sessions and second factors. Read from the primary: a replica may not know what was ended."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from claimlens.adapters.sql.access_log import add_line
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import second_factors, sessions
from claimlens.adapters.sql.within import within
from claimlens.domain.access import Access
from claimlens.domain.session import SecondFactor, Session, Stage
from claimlens.domain.tenant import PlatformScope, Reach, TenantScope


class SqlSessions:
    """A SessionStore (`ports/sessions.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, scope: TenantScope, session: Session) -> None:
        """Keep a new session."""
        row = msgspec.structs.asdict(session) | {"tenant_id": scope.tenant_id, "stage": session.stage.value}
        async with self._database.write() as connection:
            await connection.execute(sa.insert(sessions).values(row))

    async def find_by_digest(self, digest: bytes) -> Session | None:
        """For authentication; the caller asks whether it still holds."""
        async with self._database.read(fresh=True) as connection:
            row = (await connection.execute(sa.select(sessions).where(sessions.c.digest == digest))).first()
        return None if row is None else _session(row)

    async def of_user(self, scope: TenantScope, user_id: str) -> Sequence[Session]:
        """A person's sessions, the one that was seen last first."""
        query = sa.select(sessions).where(within(sessions, scope), sessions.c.user_id == user_id)
        async with self._database.read(fresh=True) as connection:
            return [_session(row) for row in await connection.execute(query.order_by(sessions.c.seen_at.desc()))]

    async def seen(self, scope: TenantScope, session_id: str, at: datetime) -> None:
        """Note that it was used."""
        async with self._database.write() as connection:
            await connection.execute(
                sa.update(sessions).where(within(sessions, scope), sessions.c.id == session_id).values(seen_at=at)
            )

    async def promote(self, scope: TenantScope, session_id: str, digest: bytes, stage: Stage) -> bool:
        """Give it a new stage and a new token; whether there is such a session."""
        async with self._database.write() as connection:
            written = await connection.execute(
                sa.update(sessions)
                .where(within(sessions, scope), sessions.c.id == session_id)
                .values(digest=digest, stage=stage.value)
            )
            return bool(written.rowcount)

    async def end(self, scope: TenantScope, user_id: str, access: Access, *, only: str = "", keep: str = "") -> int:
        """End a person's sessions, all or `only` one, but for the one to `keep`; how many there were."""
        ended = sa.delete(sessions).where(within(sessions, scope), sessions.c.user_id == user_id)
        if only:
            ended = ended.where(sessions.c.id == only)
        if keep:
            ended = ended.where(sessions.c.id != keep)
        async with self._database.write() as connection:
            count = (await connection.execute(ended)).rowcount
            if count:
                await add_line(connection, access)
            return count

    async def forget_idle(self, scope: PlatformScope, before: datetime, *, limit: int) -> int:
        """Drop sessions that were not seen since a moment; how many."""
        assert isinstance(scope, PlatformScope)
        old = sa.select(sessions.c.id).where(sessions.c.seen_at < before).limit(limit)
        async with self._database.write() as connection:
            return (await connection.execute(sa.delete(sessions).where(sessions.c.id.in_(old)))).rowcount


class SqlSecondFactors:
    """A SecondFactorStore (`ports/sessions.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, scope: TenantScope, user_id: str) -> SecondFactor | None:
        """A person's, confirmed or not."""
        query = sa.select(second_factors).where(*_of(scope, user_id))
        async with self._database.read(fresh=True) as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else SecondFactor(**{**row._mapping, "recovery": tuple(row.recovery.split())})

    async def holders(self, reach: Reach) -> frozenset[str]:
        """The ids of the people within reach who have a confirmed one."""
        query = sa.select(second_factors.c.user_id).where(
            within(second_factors, reach), second_factors.c.confirmed_at.is_not(None)
        )
        async with self._database.read(fresh=True) as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def put(self, scope: TenantScope, factor: SecondFactor, access: Access | None) -> None:
        """Keep it in place of whatever there was."""
        row = msgspec.structs.asdict(factor) | {"tenant_id": scope.tenant_id, "recovery": " ".join(factor.recovery)}
        async with self._database.write() as connection:
            await connection.execute(sa.delete(second_factors).where(*_of(scope, factor.user_id)))
            await connection.execute(sa.insert(second_factors).values(row))
            if access is not None:
                await add_line(connection, access)

    async def remove(self, scope: TenantScope, user_id: str, access: Access) -> bool:
        """Whether there was one."""
        async with self._database.write() as connection:
            gone = await connection.execute(sa.delete(second_factors).where(*_of(scope, user_id)))
            if gone.rowcount:
                await add_line(connection, access)
            return bool(gone.rowcount)

    async def use_step(self, scope: TenantScope, user_id: str, step: int) -> bool:
        """Take a code's step; False if it or a later one was taken already."""
        taken = sa.update(second_factors).where(*_of(scope, user_id), second_factors.c.last_step < step)
        async with self._database.write() as connection:
            return bool((await connection.execute(taken.values(last_step=step))).rowcount)

    async def use_recovery(self, scope: TenantScope, factor: SecondFactor, digest: str) -> bool:
        """Take a recovery code; False if it was taken already."""
        before, left = " ".join(factor.recovery), " ".join(each for each in factor.recovery if each != digest)
        taken = sa.update(second_factors).where(*_of(scope, factor.user_id), second_factors.c.recovery == before)
        async with self._database.write() as connection:
            return before != left and bool((await connection.execute(taken.values(recovery=left))).rowcount)


def _of(scope: TenantScope, user_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return within(second_factors, scope), second_factors.c.user_id == user_id


def _session(row: sa.Row[Any]) -> Session:
    return Session(**{**row._mapping, "stage": Stage(row.stage)})
