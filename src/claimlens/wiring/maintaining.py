"""Maintenance of this installation's store, for a command."""

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path
from urllib.parse import unquote

import msgspec

from claimlens.adapters.disk import folder_lock
from claimlens.adapters.sql import migrate, upkeep_postgres, upkeep_sqlite
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.runs import SqlRuns
from claimlens.adapters.system.clock import SystemClock
from claimlens.config import Settings
from claimlens.domain.errors import ClaimLensError, OverloadedError
from claimlens.domain.upkeep import Upkeep
from claimlens.wiring import open_database


async def maintain(
    settings: Settings,
    say: Callable[[str], None],
    *,
    reindex: bool | None = None,
    vacuum: bool | None = None,
    only: Collection[str] = (),
) -> Upkeep | None:
    """Maintain the store and leave word of it there. None: somebody else is at it.

    Raises ClaimLensError in one line for what this store cannot do.
    """
    database, clock = open_database(settings), SystemClock()
    began = clock.now()
    try:
        await _expect_tables(database)
        if database.dialect == "postgresql":
            if vacuum is not None:
                raise ClaimLensError("--vacuum and --no-vacuum are for SQLite; PostgreSQL is vacuumed beside its users")
            done = await upkeep_postgres.maintain(database, say, reindex=reindex is not False, only=only)
        elif only or reindex is not None:
            raise ClaimLensError(
                "--table and --reindex are for PostgreSQL; SQLite is one file, and VACUUM writes it anew"
            )
        else:
            path, served = sqlite_file(settings), is_served(settings)
            done = await asyncio.to_thread(upkeep_sqlite.maintain, path, say, is_served=served, vacuum=vacuum)
        if done is not None and done.sound:
            report = msgspec.json.encode(done).decode()
            runs = SqlRuns(database)
            await runs.add(clock.new_id(), "maintenance", "", began, clock.now(), rows=0, report=report)
        return done
    finally:
        await database.close()


async def _expect_tables(database: Database) -> None:
    try:
        schema = await migrate.status(database)
    except OverloadedError:
        if database.dialect == "postgresql":
            raise
        return  # a file that cannot be read is what the check of the file is for
    if schema.pending:
        raise ClaimLensError("the tables are missing or older than this program; run `claimlens db upgrade`")


def is_served(settings: Settings) -> bool:
    """Whether a server of this machine uses the data folder."""
    try:
        with folder_lock.held(settings.data_dir):
            return False
    except ClaimLensError:
        return True


def sqlite_file(settings: Settings) -> Path:
    """Where a store of one file is."""
    if not settings.database_url:
        return settings.data_dir.resolve() / "claimlens.db"
    return Path(unquote(settings.database_url.removeprefix("sqlite:///")))
