"""PostgreSQL maintained table by table, beside whoever reads and writes.

VACUUM, ANALYZE and REINDEX CONCURRENTLY stop neither reads nor writes; each waits for its lock for a short time and
gives up. What a killed one leaves behind (an index that was being built) the next one removes first.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claimlens.adapters.sql.engine import Database, says_not_now
from claimlens.adapters.sql.tables import metadata
from claimlens.domain.errors import ClaimLensError
from claimlens.domain.upkeep import Piece, Size, Upkeep

#: Any number that nothing else in the installation locks.
_LOCK = 0x636C_6D61_696E
#: How long a step waits for who is in its way.
_VACUUM_LOCK_S, _REINDEX_LOCK_S = 5, 30

_TABLES = sa.text(
    """
    SELECT c.oid, c.oid::regclass::text AS name, c.relkind = 'p' AS is_parent,
           pg_has_role(c.relowner, 'USAGE') AS is_ours
    FROM pg_class c
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace AND (
      c.relname = ANY(:names)
      OR c.oid IN (SELECT i.inhrelid FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
                   WHERE p.relname = ANY(:names) AND p.relnamespace = c.relnamespace))
    ORDER BY c.relname
    """
)
_SIZE = sa.text(
    """
    SELECT greatest(c.reltuples, 0)::bigint AS rows, coalesce(pg_stat_get_dead_tuples(c.oid), 0) AS dead,
           pg_table_size(c.oid) AS bytes, pg_indexes_size(c.oid) AS index_bytes
    FROM pg_class c WHERE c.oid = :oid
    """
)
_HALF_BUILT = sa.text(
    """
    SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid IN (:oid, (SELECT reltoastrelid FROM pg_class WHERE oid = :oid))
      AND NOT i.indisvalid AND c.relname ~ '_ccnew[0-9]*$|_ccold[0-9]*$'
    """
)
_HOLDING_BACK = sa.text(
    """
    SELECT pid, application_name, extract(epoch FROM clock_timestamp() - xact_start)::int AS seconds
    FROM pg_stat_activity
    WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() AND datname = current_database()
      AND backend_type = 'client backend' AND xact_start < clock_timestamp() - interval '5 minutes'
    ORDER BY xact_start
    """
)


async def maintain(
    database: Database, say: Callable[[str], None], *, reindex: bool = True, only: Collection[str] = ()
) -> Upkeep | None:
    """Maintain every table, or those named; `say` hears of each step before it is taken. None: somebody else is at it.

    Raises ClaimLensError, in one line, for a standby, for tables that another role owns and for names that are none.
    """
    begun = asyncio.get_running_loop().time()
    async with _lasting(database) as connection:
        if not (await connection.execute(sa.select(sa.func.pg_try_advisory_lock(_LOCK)))).scalar_one():
            return None
        tables = await _tables(connection, only)
        pieces = [await _piece(connection, table, say, reindex=reindex) for table in tables]
        notes = [
            f"process {row.pid} ({row.application_name or 'without a name'}) has had a transaction open for"
            f" {row.seconds // 60} min: what was deleted since then cannot be cleaned up before it ends"
            for row in await connection.execute(_HOLDING_BACK)
        ]
    took = asyncio.get_running_loop().time() - begun
    return Upkeep(store="postgresql", pieces=tuple(pieces), notes=tuple(notes), seconds=round(took, 3))


@asynccontextmanager
async def _lasting(database: Database) -> AsyncIterator[AsyncConnection]:
    """A connection whose statements are transactions of their own and may take as long as they take."""
    async with database.alone() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.exec_driver_sql("SET statement_timeout = 0")
        yield connection


async def _tables(connection: AsyncConnection, only: Collection[str]) -> Sequence[Any]:
    if (await connection.execute(sa.select(sa.func.pg_is_in_recovery()))).scalar_one():
        raise ClaimLensError("this database is a standby, which follows its primary; maintain that one")
    names = [table.name for table in metadata.sorted_tables]
    found = (await connection.execute(_TABLES, {"names": names})).all()
    if missing := sorted(set(only) - {row.name for row in found}):
        raise ClaimLensError(f"there is no table {', '.join(missing)} of ClaimLens; leave --table out for all")
    if foreign := [row.name for row in found if not row.is_ours]:
        raise ClaimLensError(
            f"{', '.join(foreign[:3])}{' and more' if len(foreign) > 3 else ''} belong to another role, and only the"
            " owner may maintain a table; run this with the DATABASE_URL of the service"
        )
    return [row for row in found if not only or row.name in only]


async def _piece(connection: AsyncConnection, table: Any, say: Callable[[str], None], *, reindex: bool) -> Piece:
    begun = asyncio.get_running_loop().time()
    before, done, left = await _size(connection, table.oid), [], []

    async def step(word: str, statement: str, lock_s: int) -> None:
        say(f"{word} {table.name}")
        await connection.exec_driver_sql(f"SET lock_timeout = '{lock_s}s'")
        try:
            await connection.exec_driver_sql(statement)
            done.append(word)
        except sa.exc.DBAPIError as error:
            await connection.rollback()
            if not says_not_now(error) or error.connection_invalidated:
                raise
            left.append(f"{word}: {_reason(error)}")

    if table.is_parent:
        # Its months are tables of their own; figures over all of them nobody else makes.
        await step("analyze", f"ANALYZE {table.name}", _VACUUM_LOCK_S)
    else:
        for name in (await connection.execute(_HALF_BUILT, {"oid": table.oid})).scalars().all():
            await step("drop half-built index", f"DROP INDEX CONCURRENTLY IF EXISTS {name}", _REINDEX_LOCK_S)
        await step("vacuum", f"VACUUM (ANALYZE) {table.name}", _VACUUM_LOCK_S)
        if reindex:
            await step("reindex", f"REINDEX TABLE CONCURRENTLY {table.name}", _REINDEX_LOCK_S)
            for name in (await connection.execute(_HALF_BUILT, {"oid": table.oid})).scalars().all():
                await step("drop half-built index", f"DROP INDEX CONCURRENTLY IF EXISTS {name}", _REINDEX_LOCK_S)
    after, took = await _size(connection, table.oid), asyncio.get_running_loop().time() - begun
    return Piece(
        name=table.name, before=before, after=after, done=tuple(done), left=tuple(left), seconds=round(took, 3)
    )


async def _size(connection: AsyncConnection, oid: int) -> Size:
    row = (await connection.execute(_SIZE, {"oid": oid})).one()
    return Size(row.rows, row.dead, row.bytes, row.index_bytes)


def _reason(error: sa.exc.DBAPIError) -> str:
    """What the server said, without SQLAlchemy's words around it; it names tables and no values."""
    said = str(error.orig.__cause__ if error.orig is not None and error.orig.__cause__ else error.orig)
    return "in use; run it again later" if "lock timeout" in said else (said.splitlines() or ["not done"])[0]
