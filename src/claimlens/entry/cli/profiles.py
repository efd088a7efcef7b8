"""`claimlens profiles`: switch a transform off for a while, and on."""

import sys
from datetime import timedelta

import click

from claimlens.domain.profile import TRANSFORMS
from claimlens.entry.cli.accounts import AS_JSON, cell, print_json, with_accounts
from claimlens.entry.cli.exit_codes import CLEAN
from claimlens.entry.cli.lasting import LASTING
from claimlens.entry.cli.tables import print_table

_NAME = click.argument("transform", type=click.Choice(TRANSFORMS))


@click.group(name="profiles")
def command() -> None:
    """Switch a transform off for a while: verdicts then name it in `not_checked`."""


@command.command("list")
@AS_JSON
def list_off(as_json: bool) -> int:
    """List the transforms that are switched off now."""
    rows = with_accounts(lambda accounts, who: accounts.transforms.list_off())
    if as_json:
        print_json(rows)
    else:
        print_table(
            ("transform", "until", "by", "reason"), [(r.transform, cell(r.until), r.by, r.reason) for r in rows]
        )
    return CLEAN


@command.command("disable")
@_NAME
@click.option("--for", "lasting", type=LASTING, required=True, help="How long: 90s, 30m, 1h, 2d; 7 days at most.")
@click.option("--reason", required=True, help="Why; stands in the access log.")
def disable(transform: str, lasting: timedelta, reason: str) -> int:
    """Switch a transform off in every profile, in every process within two seconds."""
    off = with_accounts(lambda accounts, who: accounts.transforms.disable(who, transform, lasting, reason))
    print(f"{transform} is off until {cell(off.until)}", file=sys.stderr)
    return CLEAN


@command.command("enable")
@_NAME
def enable(transform: str) -> int:
    """Let a transform run again."""
    was_off = with_accounts(lambda accounts, who: accounts.transforms.enable(who, transform))
    print(f"{transform} is on" if was_off else f"{transform} was on", file=sys.stderr)
    return CLEAN
