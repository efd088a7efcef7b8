"""`claimlens profiles`: how profiles judge; switch a transform off for a while, or in one profile for good."""

import sys
from datetime import timedelta

import click

from claimlens.domain.profile import PROFILES, TRANSFORMS
from claimlens.entry.cli.accounts import AS_JSON, cell, print_json, with_accounts
from claimlens.entry.cli.exit_codes import CLEAN
from claimlens.entry.cli.lasting import LASTING
from claimlens.entry.cli.tables import print_table

_NAME = click.argument("transform", type=click.Choice(TRANSFORMS))


@click.group(name="profiles")
def command() -> None:
    """Show and change profiles: verdicts name in `not_checked` what is switched off."""


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


@command.command("show")
@AS_JSON
def show(as_json: bool) -> int:
    """Show every profile, transform by transform."""
    views = with_accounts(lambda accounts, who: accounts.profiles.overview(who))
    if as_json:
        print_json(views)
        return CLEAN
    print_table(
        ("transform", *[view.id for view in views]),
        [(name, *[view.transforms[row].state for view in views]) for row, name in enumerate(TRANSFORMS)]
        + [("services, ms", *[view.services_ms for view in views])],
    )
    for view in views:
        if view.changed:
            print(f"{view.id}: {cell(view.changed.since)} {view.changed.by}: {view.changed.reason}", file=sys.stderr)
    return CLEAN


@command.command("change")
@click.argument("profile", type=click.Choice(list(PROFILES)))
@click.option(
    "--off", multiple=True, type=click.Choice(TRANSFORMS), help="A transform that is off; repeat it for more."
)
@click.option("--services-ms", type=int, help="What services have together of a request, 10 to 60 [default: 60].")
@click.option("--reason", required=True, help="Why; stands in the access log.")
def change(profile: str, off: tuple[str, ...], services_ms: int | None, reason: str) -> int:
    """Let PROFILE be like this from now on: what is not said is as it came."""
    from claimlens.usecases.profiles import ProfileChange

    wanted = ProfileChange(off=off, services_ms=services_ms, reason=reason)
    view = with_accounts(lambda accounts, who: accounts.profiles.change(who, profile, wanted))
    missing = ", ".join(view.changed.off) if view.changed and view.changed.off else "nothing"
    print(f"{profile}: {missing} off, services {view.services_ms} ms", file=sys.stderr)
    return CLEAN
