"""What a check-up asks the database itself."""

from datetime import datetime

import msgspec
import sqlalchemy as sa

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import Moment, unsealed_audits


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """`now`: the server's clock. `used` of `most`: connections that it has open, of all its databases.

    On SQLite there is neither a server nor a clock of its own: both None.
    """

    version: str
    now: datetime | None
    used: int | None
    most: int | None


async def vitals(database: Database) -> Vitals:
    """How the database server is. Raises OverloadedError if it does not answer."""
    async with database.read(fresh=True) as connection:
        if database.dialect == "sqlite":
            version = (await connection.execute(sa.select(sa.func.sqlite_version()))).scalar_one()
            return Vitals(version=f"SQLite {version}", now=None, used=None, most=None)
        row = (
            await connection.execute(
                sa.text(
                    "SELECT split_part(current_setting('server_version'), ' ', 1) AS version, clock_timestamp() AS now,"
                    " (SELECT sum(numbackends) FROM pg_stat_database) AS used,"
                    " current_setting('max_connections')::int"
                    " - current_setting('superuser_reserved_connections')::int AS most"
                )
            )
        ).one()
        return Vitals(version=f"PostgreSQL {row.version}", now=row.now, used=int(row.used), most=row.most)


async def oldest_unsealed(database: Database) -> datetime | None:
    """The moment of the oldest audit that no seal covers."""
    async with database.read(fresh=True) as connection:
        found: datetime | None = (
            await connection.execute(sa.select(sa.func.min(unsealed_audits.c.ts, type_=Moment)))
        ).scalar_one()
        return found
