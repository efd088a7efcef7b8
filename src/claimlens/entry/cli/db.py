"""`claimlens db`: the tables of the store, made and maintained."""

import contextlib
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

import click

from claimlens.entry.cli.accounts import print_json
from claimlens.entry.cli.exit_codes import CLEAN, FINDINGS, INCOMPLETE
from claimlens.entry.cli.store import run_with_store
from claimlens.entry.cli.tables import print_table

if TYPE_CHECKING:
    from claimlens.adapters.sql.engine import Database
    from claimlens.adapters.sql.migrate import Schema
    from claimlens.domain.upkeep import Upkeep

_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")

_SAID = {
    "empty": "no tables yet; `claimlens db upgrade` makes them",
    "behind": "older than this program needs; `claimlens db upgrade` takes it on",
    "current": "as this program needs it",
    "ahead": "made by a later version of the program, which this one can work with",
}


@click.group(name="db")
def command() -> None:
    """Make the tables of the store, say how far they are, maintain them. DATABASE_URL says which store."""


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


@command.command("maintain")
@click.option("--table", "only", multiple=True, metavar="NAME", help="PostgreSQL: this one; repeat it for more.")
@click.option("--reindex/--no-reindex", default=None, help="PostgreSQL: build the indexes anew [default: yes].")
@click.option(
    "--vacuum/--no-vacuum",
    default=None,
    help="SQLite: write the file anew [default: unless a service would wait long for it].",
)
@_JSON
def maintain(only: tuple[str, ...], reindex: bool | None, vacuum: bool | None, as_json: bool) -> int:
    """Clean up, take statistics and build indexes anew, while the service goes on.

    On PostgreSQL VACUUM, ANALYZE and REINDEX CONCURRENTLY, table by table; on SQLite a check of the whole file,
    ANALYZE, a checkpoint, VACUUM. Safe to stop and to repeat. Exit code 2 if the store is damaged, 3 if something was
    left undone.
    """

    async def main() -> "Upkeep | None":
        from claimlens.config import read_settings
        from claimlens.wiring.maintaining import maintain

        with _steps_shown(quiet=as_json) as say:
            return await maintain(read_settings(), say, reindex=reindex, vacuum=vacuum, only=only)

    done = run_with_store(main())
    if done is None:
        if as_json:
            print_json({"maintained": None})
        click.echo("another maintenance is at work; nothing was done", err=True)
        return INCOMPLETE
    if as_json:
        print_json({"whole": done.whole, "maintained": done})
    else:
        _show_upkeep(done)
    if not done.sound:
        return FINDINGS
    return CLEAN if done.whole else INCOMPLETE


@contextlib.contextmanager
def _steps_shown(*, quiet: bool) -> "Iterator[Callable[[str], None]]":
    """The step that is being taken, in one line of a terminal that is overwritten; nothing in a pipe."""
    if quiet or not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console

    with Console(stderr=True).status("begins") as status:
        yield status.update


def _show_upkeep(done: "Upkeep") -> None:
    size: Callable[[int], object] = _readable if sys.stdout.isatty() else int
    rows = [
        (
            each.name,
            each.before.rows if done.store == "postgresql" else "",
            each.before.dead,
            each.after.dead,
            size(each.before.bytes + each.before.index_bytes),
            size(each.after.bytes + each.after.index_bytes),
            each.seconds,
            "; ".join((", ".join(each.done), *(f"NOT {reason}" for reason in each.left))),
        )
        for each in done.pieces
    ]
    dead = "dead rows" if done.store == "postgresql" else "free pages"
    print_table(("table", "rows", dead, "after", "size", "after", "seconds", "done"), rows)
    for note in done.notes:
        click.echo(note, err=True)


def _readable(size: int) -> str:
    figure, unit = float(size), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if figure < 1024 or unit == "TiB":
            break
        figure /= 1024
    return f"{figure:.0f} {unit}" if figure >= 10 or unit == "B" else f"{figure:.1f} {unit}"


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
