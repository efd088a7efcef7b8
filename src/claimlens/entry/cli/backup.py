"""`claimlens backup`: made, listed, verified, brought back, tried out, pruned."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from claimlens.domain.backup import KEPT_DAYS
from claimlens.entry.cli.accounts import AS_JSON, YES, cell, confirm, print_json
from claimlens.entry.cli.exit_codes import CLEAN, FINDINGS
from claimlens.entry.cli.store import run_with_store
from claimlens.entry.cli.tables import print_table

if TYPE_CHECKING:
    from claimlens.config import Settings
    from claimlens.domain.backup import Backup
    from claimlens.usecases.backups import Backups, Drill

Result = TypeVar("Result")

_NAME = click.argument("name", required=False, default="")
_AT = click.option("--at", "place", default="", help="Folder, or s3://bucket/prefix [default: CLAIMLENS_BACKUP_TO].")
_INTO = click.option("--into", default="", metavar="URL", help="Another store than the installation's own.")
_KEYS = click.option(
    "--public-key", "public_keys", multiple=True, help="A key that seals are verified with [default: the own one]."
)


@click.group(name="backup")
def command() -> None:
    """Make, list, verify and bring back backups of the store."""


@command.command("create")
@click.option("--prune", "also_prune", is_flag=True, help=f"Then remove backups older than {KEPT_DAYS} days.")
@_AT
@AS_JSON
def create(also_prune: bool, place: str, as_json: bool) -> int:
    """Copy the whole store while it is used; with CLAIMLENS_BACKUP_KEY encrypted."""
    _show([_made(place)], as_json)
    if also_prune:
        _run(lambda backups: backups.prune(KEPT_DAYS), place)
    return CLEAN


@command.command("list")
@_AT
@AS_JSON
def list_backups(place: str, as_json: bool) -> int:
    """List the backups, newest first."""
    _show(list(_run(lambda backups: backups.list(), place)), as_json)
    return CLEAN


@command.command("verify")
@_NAME
@_AT
@AS_JSON
def verify(name: str, place: str, as_json: bool) -> int:
    """Read a backup (the newest) to its end: checksum, encryption, whole or cut. Exit code 1 if it cannot be used."""
    _show([_run(lambda backups: backups.verify(name), place)], as_json)
    return CLEAN


@command.command("restore")
@_NAME
@_AT
@_INTO
@_KEYS
@click.option("--replace", is_flag=True, help="Put it in the place of what is there.")
@YES
@AS_JSON
def restore(
    name: str, place: str, into: str, public_keys: tuple[str, ...], replace: bool, yes: bool, as_json: bool
) -> int:
    """Bring a backup (the newest) back, then compare its rows and verify its seals.

    Into an empty store, or with --replace in the place of what is there. Exit code 2 if anything differs.
    """
    from claimlens.config import read_settings
    from claimlens.wiring.backups import nobody_serves

    if replace:
        confirm("Put the backup in the place of everything in the store?", yes=yes)

    async def act(backups: "Backups") -> "Drill":
        async with nobody_serves(read_settings(), into):
            return await backups.restore(name, replace=replace)

    return _report(_run(act, place, into, public_keys), as_json)


@command.command("drill")
@_NAME
@_AT
@_KEYS
@AS_JSON
def drill(name: str, place: str, public_keys: tuple[str, ...], as_json: bool) -> int:
    """Restore a backup (the newest) into a scratch store, compare its rows, verify its seals, remove it again.

    On PostgreSQL the scratch database is made on the same server; the role needs CREATEDB. Exit code 2 if anything
    differs.
    """
    from claimlens.config import read_settings
    from claimlens.wiring.backups import note

    async def act(backups: "Backups") -> "Drill":
        done = await backups.drill(name)
        if done.holds:
            await note(read_settings(), "drill", done)
        return done

    return _report(_run(act, place, "", public_keys), as_json)


@command.command("prune")
@click.option("--days", type=click.IntRange(1), default=KEPT_DAYS, show_default=True, help="How long they are kept.")
@click.option("--dry-run", is_flag=True, help="Say what would go; remove nothing.")
@_AT
@AS_JSON
def prune(days: int, dry_run: bool, place: str, as_json: bool) -> int:
    """Remove old backups. The newest one stays however old it is."""
    _show(list(_run(lambda backups: backups.prune(days, dry_run=dry_run), place)), as_json)
    return CLEAN


def _made(place: str) -> "Backup":
    from claimlens.config import read_settings
    from claimlens.wiring.backups import note

    async def act(backups: "Backups") -> "Backup":
        made = await backups.create()
        await note(read_settings(), "backup", made)
        return made

    return _run(act, place)


def _run(
    act: "Callable[[Backups], Awaitable[Result]]", place: str, into: str = "", public_keys: tuple[str, ...] = ()
) -> Result:
    from claimlens.config import read_public_keys, read_settings
    from claimlens.wiring.backups import open_backups

    keys = [key for text in public_keys for key in read_public_keys("--public-key", text)]

    async def main() -> Result:
        settings: Settings = read_settings()
        return await act(open_backups(settings, place=place, into=into, public_keys=keys))

    return run_with_store(main())


def _show(backups: "list[Backup]", as_json: bool) -> None:
    if as_json:
        print_json(backups)
        return
    columns = ("backup", "made", "bytes", "rows", "audits", "encrypted")
    rows = [
        (b.name, cell(b.created_at), b.size, sum(b.rows.values()), b.rows.get("audits", 0), cell(b.encrypted))
        for b in backups
    ]
    print_table(columns, rows)


def _report(drill: "Drill", as_json: bool) -> int:
    if as_json:
        print_json({"holds": drill.holds, "drill": drill})
    else:
        for table, (before, after) in drill.differing.items():
            print(f"differs\t{table}: {before} rows in the backup, {after} restored")
        for broken in drill.broken:
            print(f"seal\t{broken}")
        seals = (
            "seals not verified: no key is known here (--public-key)"
            if drill.audits is None
            else f"seals over {drill.audits} audits verified"
        )
        held = "as it was backed up" if drill.holds else "NOT as it was backed up"
        print(f"{drill.name}: {drill.rows} rows, {held}; {seals}")
    return CLEAN if drill.holds else FINDINGS
