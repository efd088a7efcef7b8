"""The schema: how far it is, and taking it to where this version of the program needs it."""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from claimlens.adapters.sql import partitions
from claimlens.adapters.sql.engine import Database

#: One upgrade at a time in an installation; others wait this long for it.
_LOCK = 0x636C_6D69_6772
_WAIT_S, _TABLE_LOCK_S, _STATEMENT_S = 300, 5, 600


class Schema(msgspec.Struct, frozen=True):
    """How far the schema is. `current` is empty for a database without tables, `pending` what an upgrade would run.

    `ahead`: a newer version of the program has been here; ours goes on working with it.
    """

    state: Literal["empty", "behind", "current", "ahead"]
    current: str
    newest: str
    pending: tuple[str, ...]


async def status(database: Database) -> Schema:
    """How far the schema is. Raises OverloadedError if the database cannot be reached."""
    async with database.read(fresh=True) as connection:
        return await connection.run_sync(_status)


async def upgrade(database: Database, now: datetime) -> Schema:
    """Run what is pending, one process at a time, and make the partitions ahead of `now`; how far it is afterwards.

    A step that cannot get its lock on a table within 5 s gives up and leaves the schema as it was: run it again.
    """
    if database.dialect == "sqlite":
        async with database.write() as connection:
            await connection.run_sync(_run)
    else:
        async with database.alone() as connection:
            for setting, seconds in (("lock_timeout", _WAIT_S), ("statement_timeout", _STATEMENT_S)):
                await connection.exec_driver_sql(f"SET {setting} = '{seconds}s'")
            # Held by the connection, which ends with this block.
            await connection.execute(sa.select(sa.func.pg_advisory_lock(_LOCK)))
            await connection.exec_driver_sql(f"SET lock_timeout = '{_TABLE_LOCK_S}s'")
            await connection.commit()
            await connection.run_sync(_run)
            await connection.commit()
    await partitions.ensure(database, now)
    return await status(database)


def _status(connection: sa.Connection) -> Schema:
    script = _script()
    current = MigrationContext.configure(connection).get_current_revision() or ""
    steps = [step.revision for step in script.walk_revisions()]
    newest = steps[0]
    if current and current not in steps:
        return Schema("ahead", current, newest, ())
    pending = tuple(reversed(steps[: steps.index(current)] if current else steps))
    return Schema("current" if not pending else "behind" if current else "empty", current, newest, pending)


def _run(connection: sa.Connection) -> None:
    script = _script()
    if _status(connection).state == "ahead":
        return
    connection_is_ours = connection.dialect.name == "postgresql"
    if connection_is_ours:
        connection.commit()

    def steps(current: Any, _: MigrationContext) -> Any:
        return script._upgrade_revs("head", current)

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, transaction_per_migration=connection_is_ours)
        with environment.begin_transaction():
            environment.run_migrations()


def _script() -> ScriptDirectory:
    return ScriptDirectory(Path(__file__).parent / "migrations")
