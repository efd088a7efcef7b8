"""Purges over this installation's store, for the worker and for commands."""

from collections.abc import Collection, Sequence

from claimlens.adapters.sql import migrate
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.retention import SqlRetention
from claimlens.adapters.system.clock import SystemClock
from claimlens.domain.errors import ClaimLensError
from claimlens.domain.retention import Data, Purged
from claimlens.ports.clock import Clock
from claimlens.usecases.authentication import worker_scope
from claimlens.usecases.retention import Retention
from claimlens.wiring import open_database


def open_retention(database: Database, clock: Clock) -> Retention:
    """What removes."""
    return Retention(SqlRetention(database), clock)


async def purge(only: Collection[Data], *, dry_run: bool) -> Sequence[Purged] | None:
    """Purge for one command. Raises ClaimLensError if the tables are not those of this program."""
    database = open_database()
    try:
        if (await migrate.status(database)).pending:
            raise ClaimLensError("the tables are missing or older than this program; run `claimlens db upgrade`")
        return await open_retention(database, SystemClock()).purge(worker_scope(), only, dry_run=dry_run)
    finally:
        await database.close()
