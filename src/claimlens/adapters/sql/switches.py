"""Switches of the installation."""

from typing import Any

import msgspec
import sqlalchemy as sa

from claimlens.adapters.sql.access_log import add_line
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import switches
from claimlens.domain.access import Access
from claimlens.domain.tenant import PlatformScope


class SqlSwitches:
    """A SwitchStore (`ports/switches.py`). Read from the primary: a replica may be behind by more than a second."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, name: str) -> dict[str, Any] | None:
        """The value, None if it was never set."""
        async with self._database.read(fresh=True) as connection:
            value = (await connection.execute(sa.select(switches.c.value).where(switches.c.name == name))).scalar()
        return None if value is None else msgspec.json.decode(value, type=dict[str, Any])

    async def read_all(self, prefix: str) -> dict[str, dict[str, Any]]:
        """Those whose names begin so, by name."""
        query = sa.select(switches.c.name, switches.c.value).where(switches.c.name.startswith(prefix, autoescape=True))
        async with self._database.read(fresh=True) as connection:
            rows = (await connection.execute(query)).all()
        return {row.name: msgspec.json.decode(row.value, type=dict[str, Any]) for row in rows}

    async def write(self, scope: PlatformScope, name: str, value: dict[str, Any], access: Access) -> None:
        """Set it, with its line in the access log."""
        row = {"value": msgspec.json.encode(value).decode(), "updated_at": access.ts}
        async with self._database.write() as connection:
            changed = await connection.execute(sa.update(switches).where(switches.c.name == name).values(row))
            if not changed.rowcount:
                await connection.execute(sa.insert(switches).values(row | {"name": name}))
            await add_line(connection, access)
