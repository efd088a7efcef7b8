"""`claimlens maintenance`: close the service, open it again."""

import sys
from datetime import UTC, datetime

import click

from claimlens.entry.cli.accounts import AS_JSON, cell, print_json, with_accounts
from claimlens.entry.cli.exit_codes import CLEAN

_WHEN = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"])


@click.group(name="maintenance")
def command() -> None:
    """Close the gate and every write for maintenance; reads, keys and sign-in stay open."""


@command.command("on")
@click.option("--message", default="", help="What clients and the status page are told.")
@click.option("--until", type=_WHEN, help="The announced end, UTC; it stays closed until somebody opens it.")
def on(message: str, until: datetime | None) -> int:
    """Close: every process answers 503 MAINTENANCE within a second."""
    _turn(enabled=True, message=message, until=until.replace(tzinfo=UTC) if until else None)
    print("closed for maintenance", file=sys.stderr)
    return CLEAN


@command.command("off")
def off() -> int:
    """Open again. Says so if the file of CLAIMLENS_MAINTENANCE_FILE still keeps it closed."""
    _turn(enabled=False, message="", until=None)
    still = with_accounts(lambda accounts, who: accounts.maintenance.current())
    said = "the maintenance file still keeps it closed; remove it" if still.enabled else "open"
    print(said, file=sys.stderr)
    return CLEAN


@command.command("status")
@AS_JSON
def status(as_json: bool) -> int:
    """Say whether it is closed, until when and why."""
    found = with_accounts(lambda accounts, who: accounts.maintenance.current())
    if as_json:
        print_json(found)
    else:
        print("\t".join(("closed" if found.enabled else "open", cell(found.until), found.message)).rstrip())
    return CLEAN


def _turn(*, enabled: bool, message: str, until: datetime | None) -> None:
    from claimlens.usecases.maintenance import Switch

    switch = Switch(enabled=enabled, message=message, until=until)
    with_accounts(lambda accounts, who: accounts.maintenance.write(who, switch))
