"""What the program says to the triggers that keep audits (`migrations/versions/v0002_seals_and_retention.py`)."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claimlens.adapters.sql.tables import switches


async def erasing(connection: AsyncConnection, tenant_id: str) -> None:
    """Let every audit of a tenant go, in this transaction. `ended` before its end."""
    await _say(connection, "erasing", tenant_id)


async def purging(connection: AsyncConnection, now: datetime) -> None:
    """Let retention be reckoned from this moment instead of the database's own, in this transaction. `ended` as above.

    On a machine whose clock runs ahead nothing goes by the database's that would stay by ours, and the other way round.
    """
    await _say(connection, "purge_now", f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}")


async def ended(connection: AsyncConnection) -> None:
    """Unsay what was said; on PostgreSQL the transaction's end does it."""
    if connection.dialect.name == "sqlite":
        await connection.execute(sa.delete(switches).where(switches.c.name.in_(("erasing", "purge_now"))))


async def _say(connection: AsyncConnection, name: str, value: str) -> None:
    if connection.dialect.name == "postgresql":
        zoned = f"{value}+00" if name == "purge_now" else value
        await connection.execute(sa.select(sa.func.set_config(f"claimlens.{name}", zoned, True)))
        return
    # SQLite knows no settings of a transaction. Nobody else sees the row: there is one writer, and it goes again.
    row = {"name": name, "value": value, "updated_at": datetime(1970, 1, 1, tzinfo=UTC)}
    await connection.execute(sa.insert(switches).prefix_with("OR REPLACE").values(row))
