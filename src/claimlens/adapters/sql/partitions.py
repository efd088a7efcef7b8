"""Monthly partitions on PostgreSQL: `audits_2026_11` holds November 2026, by UTC.

They are made ahead by the migration and the worker, and by the journal when an insert finds none.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claimlens.adapters.sql.engine import Database

#: The tables that are cut by the month of `ts`.
PARTITIONED = ("audits", "decision_logs")

#: Any number that nothing else in the installation locks: two makers of partitions wait for each other.
_LOCK = 0x636C_7061_7274


async def ensure(database: Database, now: datetime, months_ahead: int = 3) -> int:
    """Make what is missing for the month of `now` and those that follow; how many were made. SQLite needs none."""
    if database.dialect != "postgresql":
        return 0
    missing = [name for name in _names(now, months_ahead) if name not in await _present(database)]
    if missing:
        async with database.write() as connection:
            return await make(connection, now, months_ahead)
    return 0


async def make(connection: AsyncConnection, now: datetime, months_ahead: int) -> int:
    """As `ensure`, inside the caller's transaction."""
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    made = 0
    for name, (table, start, end) in _names(now, months_ahead).items():
        if (await connection.execute(sa.select(sa.func.to_regclass(name)))).scalar_one() is not None:
            continue
        # Made beside and then attached: inserts into the other months go on (CREATE ... PARTITION OF would stop them).
        await connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
        await connection.exec_driver_sql(
            f"ALTER TABLE {table} ATTACH PARTITION {name}"
            f" FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
        )
        made += 1
    return made


async def _present(database: Database) -> set[str]:
    names = sa.text(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent IN ('audits'::regclass, "
        "'decision_logs'::regclass)"
    )
    async with database.read(fresh=True) as connection:
        return set((await connection.execute(names)).scalars())


def _names(now: datetime, months_ahead: int) -> dict[str, tuple[str, datetime, datetime]]:
    """Name of each partition → its table, its first moment, the first moment after it."""
    named = {}
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(months_ahead + 1):
        following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
        for table in PARTITIONED:
            named[f"{table}_{first:%Y_%m}"] = (table, first, following)
        first = following
    return named
