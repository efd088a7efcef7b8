"""Keys of the installation, and every value that is sealed under its secret."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from claimlens.adapters.sql.access_log import add_line
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import api_keys, installation_keys, second_factors, webhooks
from claimlens.domain.access import Access
from claimlens.domain.installation_key import InstallationKey, KeyKind
from claimlens.domain.tenant import PlatformScope

#: Place → the id of a row, the value that is sealed.
SEALED_COLUMNS: dict[str, tuple[sa.Column[Any], sa.Column[Any]]] = {
    "installation_keys": (installation_keys.c.id, installation_keys.c.sealed),
    "second_factors": (second_factors.c.user_id, second_factors.c.secret),
    "webhooks": (webhooks.c.id, webhooks.c.secrets),
}


class SqlInstallationKeys:
    """An InstallationKeyStore (`ports/installation_keys.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, scope: PlatformScope) -> Sequence[InstallationKey]:
        """Every key, the newest first."""
        query = sa.select(installation_keys).order_by(installation_keys.c.created_at.desc(), installation_keys.c.id)
        async with self._database.read(fresh=True) as connection:
            return [_key(row) for row in await connection.execute(query)]

    async def add(self, scope: PlatformScope, key: InstallationKey) -> None:
        """Keep a key that is the first of its kind; if there is one in force meanwhile that one stays."""
        insert = sqlite.insert if self._database.dialect == "sqlite" else postgresql.insert
        async with self._database.write() as connection:
            await connection.execute(insert(installation_keys).on_conflict_do_nothing().values(_row(key)))

    async def replace(
        self, scope: PlatformScope, old: InstallationKey, key: InstallationKey, now: datetime, access: Access
    ) -> bool:
        """Retire the key in force, with what is left sealed of it, and put another in force; False if it is not."""
        retired = (
            sa.update(installation_keys)
            .where(installation_keys.c.id == old.id, installation_keys.c.retired_at.is_(None))
            .values(retired_at=now, sealed=old.sealed)
        )
        async with self._database.write() as connection:
            if not (await connection.execute(retired)).rowcount:
                return False
            await connection.execute(sa.insert(installation_keys).values(_row(key)))
            await add_line(connection, access)
            return True

    async def in_force(self, scope: PlatformScope, kind: KeyKind) -> InstallationKey | None:
        """The key of a kind that is in force."""
        query = sa.select(installation_keys).where(
            installation_keys.c.kind == kind.value, installation_keys.c.retired_at.is_(None)
        )
        async with self._database.read(fresh=True) as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _key(row)


class SqlSealed:
    """A SealedStore (`ports/installation_keys.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, scope: PlatformScope, place: str, *, after: str, limit: int) -> Sequence[tuple[str, bytes]]:
        """(id, sealed value) in order of the ids, those after one."""
        key, sealed = SEALED_COLUMNS[place]
        query = sa.select(key, sealed).order_by(key).limit(limit)
        if after:
            query = query.where(key > after)
        async with self._database.read(fresh=True) as connection:
            return [(row[0], row[1]) for row in await connection.execute(query)]

    async def replace(self, scope: PlatformScope, place: str, row_id: str, old: bytes, new: bytes) -> bool:
        """Put a value in place of another; False if that one is not there any more."""
        key, sealed = SEALED_COLUMNS[place]
        changed = sa.update(key.table).where(key == row_id, sealed == old).values({sealed.name: new})
        async with self._database.write() as connection:
            return bool((await connection.execute(changed)).rowcount)

    async def has_keys(self, scope: PlatformScope) -> bool:
        """Whether there are API keys, which somebody digested."""
        async with self._database.read(fresh=True) as connection:
            return (await connection.execute(sa.select(api_keys.c.id).limit(1))).first() is not None


def _key(row: Any) -> InstallationKey:
    return InstallationKey(**{**row._mapping, "kind": KeyKind(row.kind)})


def _row(key: InstallationKey) -> dict[str, Any]:
    return msgspec.structs.asdict(key) | {"kind": key.kind.value}
