"""`claimlens deployments`: what was started and rolled back, where and when."""

import sys
from typing import TYPE_CHECKING

import click

from claimlens.domain.deployment import DeploymentKind
from claimlens.entry.cli.accounts import AS_JSON, cell, print_json, with_accounts
from claimlens.entry.cli.exit_codes import CLEAN
from claimlens.entry.cli.tables import print_table

if TYPE_CHECKING:
    from claimlens.domain.deployment import Deployment
    from claimlens.domain.tenant import Principal
    from claimlens.wiring.accounts import Accounts

#: As much of a digest as tells two packs apart.
_DIGITS = 8


@click.group(name="deployments")
def command() -> None:
    """List what was started and rolled back; note a roll-back."""


@command.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many at most.")
@AS_JSON
def list_deployments(limit: int, as_json: bool) -> int:
    """List starts and roll-backs, newest first."""
    rows = with_accounts(lambda accounts, who: accounts.deployments.latest(who, limit))
    if as_json:
        print_json(rows)
        return CLEAN
    print_table(
        ("when", "kind", "part", "version", "migration", "packs", "host", "note"),
        [(cell(r.ts), r.kind, r.part, r.version, r.migration, packs_of(r), r.host, r.note) for r in rows],
    )
    if not rows:
        print("none is noted", file=sys.stderr)
    return CLEAN


@command.command("record")
@click.option(
    "--kind",
    type=click.Choice([str(DeploymentKind.ROLLBACK), str(DeploymentKind.DEPLOY)]),
    required=True,
    help="What was done.",
)
@click.option("--part", default="all", show_default=True, help="To which part: server, worker, a service.")
@click.option("--note", required=True, help="From what to what, and why.")
@AS_JSON
def record(kind: str, part: str, note: str, as_json: bool) -> int:
    """Note a deployment or a roll-back, with the version and the packs of this program."""

    async def act(accounts: "Accounts", who: "Principal") -> "Deployment":
        return await accounts.deployments.record(who, DeploymentKind(kind), part, note)

    made = with_accounts(act)
    if as_json:
        print_json(made)
    else:
        print(f"noted: {made.kind} of {made.part} to {made.version}", file=sys.stderr)
    return CLEAN


def packs_of(deployment: "Deployment") -> str:
    """The packs, each with the beginning of its digest."""
    return " ".join(f"{name}:{digest[:_DIGITS]}" for name, digest in deployment.packs.items())
