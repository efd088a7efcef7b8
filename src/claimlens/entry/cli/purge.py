"""`claimlens purge`: what is past its retention goes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from claimlens.domain.retention import Data
from claimlens.entry.cli.accounts import AS_JSON, cell, print_json
from claimlens.entry.cli.exit_codes import CLEAN, INCOMPLETE
from claimlens.entry.cli.store import run_with_store
from claimlens.entry.cli.tables import print_table

if TYPE_CHECKING:
    from claimlens.domain.retention import Purged


@click.command(name="purge")
@click.option("--dry-run", is_flag=True, help="Say what would go; remove nothing.")
@click.option(
    "--only", multiple=True, type=click.Choice([data.value for data in Data]), help="This kind; repeat it for more."
)
@AS_JSON
def command(dry_run: bool, only: tuple[str, ...], as_json: bool) -> int:
    """Remove what is past its retention, in bounded steps. Safe to stop, to kill and to repeat.

    Needs DATABASE_URL only. Audits of a tenant under legal hold stay. Exit code 3 if something could not be removed
    yet: another purge is at work, or a partition is being read.
    """

    async def main() -> "Sequence[Purged] | None":
        from claimlens.wiring.upkeep import purge

        return await purge([Data(name) for name in only], dry_run=dry_run)

    purged = run_with_store(main())
    if purged is None:
        if as_json:
            print_json({"dry_run": dry_run, "purged": None})
        click.echo("another purge is at work; nothing was done", err=True)
        return INCOMPLETE
    if as_json:
        print_json({"dry_run": dry_run, "purged": purged})
    else:
        columns = ("data", "before", "would go" if dry_run else "removed", "partitions dropped", "held", "in use")
        lists = [(cell(each.partitions), cell(each.held), cell(each.in_use)) for each in purged]
        rows = [(p.data, cell(p.before), p.removed, *parts) for p, parts in zip(purged, lists, strict=True)]
        print_table(columns, rows)
    return INCOMPLETE if any(each.in_use for each in purged) else CLEAN
