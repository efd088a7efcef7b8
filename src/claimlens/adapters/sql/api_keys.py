"""API keys: digests, never secrets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claimlens.adapters.sql.access_log import add_line
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import api_keys
from claimlens.adapters.sql.within import within
from claimlens.domain.access import Access
from claimlens.domain.api_key import ApiKey
from claimlens.domain.tenant import Reach, Role, TenantScope
from claimlens.kit.uuid7 import is_uuid


class SqlApiKeys:
    """A KeyStore (`ports/accounts.py`). Everything is read from the primary: a replica may not know of a revocation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_by_digest(self, digest: bytes) -> ApiKey | None:
        """The key with this digest, good or not: for authentication."""
        return await self._one(sa.select(api_keys).where(api_keys.c.digest == digest))

    async def find(self, reach: Reach, key_id: str) -> ApiKey | None:
        """One key, if it is within reach; None too for what is no id."""
        if not is_uuid(key_id):
            return None
        return await self._one(sa.select(api_keys).where(within(api_keys, reach), api_keys.c.id == key_id))

    async def page(self, reach: Reach, *, after: str, limit: int) -> Sequence[ApiKey]:
        """Oldest first, revoked ones included."""
        query = sa.select(api_keys).where(within(api_keys, reach)).order_by(api_keys.c.id).limit(limit)
        if after:
            query = query.where(api_keys.c.id > after) if is_uuid(after) else query.where(sa.false())
        async with self._database.read(fresh=True) as connection:
            return [_key(row) for row in await connection.execute(query)]

    async def create(self, scope: TenantScope, key: ApiKey, access: Access) -> None:
        """Keep a new key."""
        async with self._database.write() as connection:
            await _insert(connection, scope, key)
            await add_line(connection, access)

    async def revoke(self, scope: TenantScope, key_id: str, at: datetime, access: Access) -> bool:
        """Whether there was such a key; a revoked one stays as it is, and nothing is logged for it."""
        async with self._database.write() as connection:
            revoked = await connection.execute(
                sa.update(api_keys)
                .where(within(api_keys, scope), api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
                .values(revoked_at=at)
            )
            if revoked.rowcount:
                await add_line(connection, access)
                return True
            known = await connection.execute(
                sa.select(api_keys.c.id).where(within(api_keys, scope), api_keys.c.id == key_id)
            )
            return known.first() is not None

    async def replace(self, scope: TenantScope, key_id: str, *, until: datetime, by: ApiKey, access: Access) -> bool:
        """Keep a new key and end an old one that it takes over from, in one transaction.

        False, and nothing kept, if the old one was revoked or taken over meanwhile.
        """
        async with self._database.write() as connection:
            ended = await connection.execute(
                sa.update(api_keys)
                .where(
                    within(api_keys, scope),
                    api_keys.c.id == key_id,
                    api_keys.c.revoked_at.is_(None),
                    api_keys.c.replaced_by.is_(None),
                )
                .values(expires_at=until, replaced_by=by.id)
            )
            if not ended.rowcount:
                return False
            await _insert(connection, scope, by)
            await add_line(connection, access)
            return True

    async def used(self, last_used: dict[str, datetime]) -> None:
        """Note when keys were last used: {key id: moment}, written in one go; a later moment is not overwritten."""
        if not last_used:
            return
        column = api_keys.c.last_used_at
        statement = (
            sa.update(api_keys)
            .where(
                api_keys.c.id == sa.bindparam("key_id", type_=api_keys.c.id.type),
                sa.or_(column.is_(None), column < sa.bindparam("moment", type_=column.type)),
            )
            .values(last_used_at=sa.bindparam("moment", type_=column.type))
        )
        async with self._database.write() as connection:
            # In one order, so that two processes that note the same keys do not wait for each other in a circle.
            await connection.execute(
                statement, [{"key_id": key_id, "moment": moment} for key_id, moment in sorted(last_used.items())]
            )

    async def _one(self, query: sa.Select[Any]) -> ApiKey | None:
        async with self._database.read(fresh=True) as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _key(row)


async def _insert(connection: AsyncConnection, scope: TenantScope, key: ApiKey) -> None:
    row = msgspec.structs.asdict(key) | {"role": key.role.value, "tenant_id": scope.tenant_id}
    await connection.execute(sa.insert(api_keys).values(row))


def _key(row: sa.Row[Any]) -> ApiKey:
    return ApiKey(**{**row._mapping, "role": Role(row.role)})
