"""`claimlens db`: the tables of the store."""

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import click

from claimlens.entry.cli.exit_codes import CLEAN, INCOMPLETE
from claimlens.entry.cli.store import run_with_store

if TYPE_CHECKING:
    from claimlens.adapters.sql.engine import Database
    from claimlens.adapters.sql.migrate import Schema

_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")

_SAID = {
    "empty": "no tables yet; `claimlens db upgrade` makes them",
    "behind": "older than this program needs; `claimlens db upgrade` takes it on",
    "current": "as this program needs it",
    "ahead": "made by a later version of the program, which this one can work with",
}


@click.group(name="db")
def command() -> None:
    """Make the tables of the store, and say how far they are. DATABASE_URL says which store."""


@command.command("upgrade")
@_JSON
def upgrade(as_json: bool) -> int:
    """Take the tables to what this version needs. Safe to repeat, and from several places at once."""
    from claimlens.adapters.sql.migrate import upgrade
    from claimlens.adapters.system.clock import SystemClock

    _show(_with_database(lambda database: upgrade(database, SystemClock().now())), as_json)
    return CLEAN


@command.command("status")
@_JSON
def status(as_json: bool) -> int:
    """Say how far the tables are; exit code 3 if `claimlens db upgrade` has something to do."""
    from claimlens.adapters.sql.migrate import status

    schema = _with_database(status)
    _show(schema, as_json)
    return INCOMPLETE if schema.pending else CLEAN


def _with_database(act: "Callable[[Database], Awaitable[Schema]]") -> "Schema":
    from claimlens.wiring import open_database

    async def main() -> "Schema":
        database = open_database()
        try:
            return await act(database)
        finally:
            await database.close()

    return run_with_store(main())


def _show(schema: "Schema", as_json: bool) -> None:
    if as_json:
        state = {"state": schema.state, "current": schema.current, "newest": schema.newest}
        print(json.dumps({**state, "pending": list(schema.pending)}))
        return
    print(f"schema {schema.current or '(none)'}, {_SAID[schema.state]}")
    for step in schema.pending:
        print(f"pending: {step}")
