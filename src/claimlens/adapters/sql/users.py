"""People who sign in."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from claimlens.adapters.sql.access_log import add_line
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import second_factors, sessions, users
from claimlens.adapters.sql.within import is_text, within
from claimlens.domain.access import Access
from claimlens.domain.errors import ConflictError
from claimlens.domain.tenant import Reach, Role, TenantScope
from claimlens.domain.user import User
from claimlens.kit.uuid7 import is_uuid


class SqlUsers:
    """A UserStore (`ports/accounts.py`). Read from the primary: a replica may not know who is disabled."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, scope: TenantScope, user: User, access: Access) -> None:
        """Raises ConflictError if the address is taken (addresses are unique in the installation)."""
        row = msgspec.structs.asdict(user) | {"role": user.role.value, "tenant_id": scope.tenant_id}
        try:
            async with self._database.write() as connection:
                await connection.execute(sa.insert(users).values(row))
                await add_line(connection, access)
        except sa.exc.IntegrityError:
            raise ConflictError(
                f"{user.email} is a user already; an address has one user in the installation"
            ) from None

    async def find(self, reach: Reach, user_id: str) -> User | None:
        """One user, if within reach; None too for what is no id."""
        if not is_uuid(user_id):
            return None
        return await self._one(sa.select(users).where(within(users, reach), users.c.id == user_id))

    async def find_by_email(self, email: str) -> User | None:
        """For sign-in. Addresses are kept in lower case."""
        return await self._one(sa.select(users).where(is_text(users.c.email, email)))

    async def page(self, reach: Reach, *, after: str, limit: int) -> Sequence[User]:
        """Oldest first."""
        query = sa.select(users).where(within(users, reach)).order_by(users.c.id).limit(limit)
        if after:
            query = query.where(users.c.id > after) if is_uuid(after) else query.where(sa.false())
        async with self._database.read(fresh=True) as connection:
            return [_user(row) for row in await connection.execute(query)]

    async def update(self, scope: TenantScope, user: User, access: Access) -> bool:
        """Write role, hash, disabled and last sign-in; whether there was such a user."""
        async with self._database.write() as connection:
            written = await connection.execute(
                sa.update(users)
                .where(within(users, scope), users.c.id == user.id)
                .values(
                    role=user.role.value,
                    password_hash=user.password_hash,
                    disabled=user.disabled,
                    last_sign_in_at=user.last_sign_in_at,
                )
            )
            if written.rowcount:
                await add_line(connection, access)
            return bool(written.rowcount)

    async def delete(self, scope: TenantScope, user_id: str, access: Access) -> bool:
        """Whether there was such a user."""
        if not is_uuid(user_id):
            return False
        async with self._database.write() as connection:
            gone = await connection.execute(sa.delete(users).where(within(users, scope), users.c.id == user_id))
            if gone.rowcount:
                for table in (sessions, second_factors):
                    await connection.execute(sa.delete(table).where(within(table, scope), table.c.user_id == user_id))
                await add_line(connection, access)
            return bool(gone.rowcount)

    async def _one(self, query: sa.Select[Any]) -> User | None:
        async with self._database.read(fresh=True) as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _user(row)


def _user(row: sa.Row[Any]) -> User:
    return User(**{**row._mapping, "role": Role(row.role)})
