"""`claimlens incidents`: open, acknowledge, update, resolve, list; announce maintenance."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from claimlens.domain.incident import RESPONSE, Component, IncidentKind, IncidentState, Severity
from claimlens.entry.cli.accounts import AS_JSON, all_pages, cell, print_json, with_accounts
from claimlens.entry.cli.exit_codes import CLEAN
from claimlens.entry.cli.tables import print_table

if TYPE_CHECKING:
    from claimlens.usecases.incidents import IncidentView

#: As much of an id as tells two moments apart.
SHORT = 13
_ID = click.argument("incident_id", metavar="ID")
_SEVERITIES = click.Choice([str(each) for each in Severity])
_COMPONENTS = click.option(
    "--component",
    "components",
    multiple=True,
    type=click.Choice([str(each) for each in Component]),
    help="What is concerned; again for more.",
)
_WHEN = click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z"])
_INTERNAL = click.option("--internal", is_flag=True, help="Not for the status page, though the incident is on it.")


@click.group(name="incidents")
def command() -> None:
    """Keep the record of incidents; public ones stand on the status page."""


@command.command("open")
@click.argument("title")
@click.option("--severity", type=_SEVERITIES, required=True, help="P0 (complete outage) to P4, as in the runbook.")
@_COMPONENTS
@click.option("--public/--internal", "public", default=False, help="On the status page, or not [default: internal].")
@click.option("--text", default="", help="What is known so far.")
@AS_JSON
def open_incident(
    title: str, severity: str, components: tuple[str, ...], public: bool, text: str, as_json: bool
) -> int:
    """Open an incident; its level says until when somebody must acknowledge it."""
    new = {"title": title, "severity": severity, "components": components, "public": public, "text": text}
    _open(new, as_json)
    return CLEAN


@command.command("announce")
@click.argument("title")
@click.option("--from", "starts_at", type=_WHEN, required=True, help="2026-12-06T02:00 (UTC) or …+05:30.")
@click.option("--to", "ends_at", type=_WHEN, required=True, help="The end, likewise.")
@_COMPONENTS
@click.option("--public/--internal", "public", default=True, help="On the status page, or not [default: public].")
@click.option("--text", default="", help="What customers will notice.")
@AS_JSON
def announce(
    title: str,
    starts_at: datetime,
    ends_at: datetime,
    components: tuple[str, ...],
    public: bool,
    text: str,
    as_json: bool,
) -> int:
    """Announce maintenance ahead. It closes nothing: `claimlens maintenance on` does when the time has come."""
    new = {"title": title, "components": components, "public": public, "text": text}
    _open(new | {"starts_at": _aware(starts_at), "ends_at": _aware(ends_at)}, as_json)
    return CLEAN


@command.command("ack")
@_ID
@click.option("--text", default="", help="Who is at it, what is looked at.")
@_INTERNAL
@AS_JSON
def acknowledge(incident_id: str, text: str, internal: bool, as_json: bool) -> int:
    """Say that somebody is at it."""
    _change(incident_id, {"state": IncidentState.ACKNOWLEDGED, "text": text, "internal": internal}, as_json)
    return CLEAN


@command.command("update")
@_ID
@click.option("--text", default="", help="What is new.")
@click.option(
    "--state",
    type=click.Choice([str(IncidentState.IDENTIFIED), str(IncidentState.MONITORING)]),
    help="The cause is known; or it is mended and watched.",
)
@click.option("--severity", type=_SEVERITIES, help="Another level, once it is known how bad it is.")
@click.option("--title", help="Another title.")
@_COMPONENTS
@click.option("--public", "visible", flag_value="public", help="Onto the status page, from now on.")
@click.option("--hidden", "visible", flag_value="hidden", help="Off the status page, with all that was said.")
@_INTERNAL
@AS_JSON
def update(
    incident_id: str,
    text: str,
    state: str | None,
    severity: str | None,
    title: str | None,
    components: tuple[str, ...],
    visible: str | None,
    internal: bool,
    as_json: bool,
) -> int:
    """Say what is new; change what was thought before."""
    change = {
        "text": text,
        "state": state,
        "severity": severity,
        "title": title,
        "components": components or None,
        "public": None if visible is None else visible == "public",
        "internal": internal,
    }
    _change(incident_id, change, as_json)
    return CLEAN


@command.command("resolve")
@_ID
@click.option("--text", default="", help="What ended it, what customers need to do.")
@_INTERNAL
@AS_JSON
def resolve(incident_id: str, text: str, internal: bool, as_json: bool) -> int:
    """Say that it is over; an announced maintenance is done, or does not take place."""
    _change(incident_id, {"state": IncidentState.RESOLVED, "text": text, "internal": internal}, as_json)
    return CLEAN


@command.command("show")
@_ID
@AS_JSON
def show(incident_id: str, as_json: bool) -> int:
    """Show one with everything that was said."""
    found = with_accounts(lambda accounts, who: accounts.incidents.find(who, incident_id))
    if as_json:
        print_json(found)
        return CLEAN
    print_table(("field", "value"), _facts(found))
    print()
    print_table(
        ("when", "state", "by", "shown", "text"),
        [(cell(u.ts), u.state, u.actor, "public" if u.public else "internal", u.text) for u in found.updates],
    )
    return CLEAN


@command.command("list")
@click.option("--all", "everything", is_flag=True, help="Resolved ones too.")
@AS_JSON
def list_incidents(everything: bool, as_json: bool) -> int:
    """List what is open, newest first, and until when each must be acknowledged."""
    from claimlens.usecases.pages import MOST_ROWS

    rows = with_accounts(
        lambda accounts, who: all_pages(
            lambda cursor: accounts.incidents.page(who, only_open=not everything, cursor=cursor, limit=MOST_ROWS)
        )
    )
    if as_json:
        print_json(rows)
        return CLEAN
    now = datetime.now(UTC)
    print_table(
        ("id", "level", "state", "title", "components", "shown", "due"),
        [
            (
                row.id[:SHORT],
                row.severity or "-",
                row.state,
                row.title,
                cell(row.components),
                "public" if row.public else "internal",
                due(row, now),
            )
            for row in rows
        ],
    )
    if not rows:
        print("none" if everything else "none is open", file=sys.stderr)
    return CLEAN


def due(incident: "IncidentView", now: datetime) -> str:
    """What has to happen until when, in words; empty if nothing has."""
    if incident.kind is IncidentKind.MAINTENANCE and incident.state is IncidentState.SCHEDULED:
        assert incident.starts_at is not None
        assert incident.ends_at is not None
        if now >= incident.ends_at:
            return f"ended {_minute(incident.ends_at)}: resolve it"
        return f"{_minute(incident.starts_at)} to {_minute(incident.ends_at)}"
    if incident.acknowledge_by is None:
        return ""
    late = now - incident.acknowledge_by
    if late > timedelta(0):
        return f"acknowledge by {_minute(incident.acknowledge_by)}: OVERDUE by {in_words(late)}"
    return f"acknowledge by {_minute(incident.acknowledge_by)}: {in_words(-late)} left"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%MZ}"


def in_words(length: timedelta) -> str:
    """A length of time by its two largest units."""
    minutes = int(length.total_seconds()) // 60
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min"


def _open(new: dict[str, Any], as_json: bool) -> None:
    import msgspec

    from claimlens.usecases.incidents import NewIncident

    wanted = msgspec.convert(new, NewIncident)
    made = with_accounts(lambda accounts, who: accounts.incidents.open(who, wanted))
    _say(made, as_json, _next)


def _change(incident_id: str, change: dict[str, Any], as_json: bool) -> None:
    import msgspec

    from claimlens.usecases.incidents import IncidentChange

    wanted = msgspec.convert(change, IncidentChange)
    changed = with_accounts(lambda accounts, who: accounts.incidents.change(who, incident_id, wanted))
    _say(changed, as_json, lambda incident: f"it is {incident.state}")


def _say(incident: "IncidentView", as_json: bool, words: "Callable[[IncidentView], str]") -> None:
    """The id alone on standard output, so that a script can go on with it; the rest for the person."""
    if as_json:
        print_json(incident)
        return
    print(incident.id)
    shown = "on the status page" if incident.public else "internal"
    print(f"{incident.title}: {words(incident)}; {shown}", file=sys.stderr)


def _next(incident: "IncidentView") -> str:
    if incident.severity is None:
        return f"announced for {due(incident, incident.opened_at)}"
    within = in_words(RESPONSE[incident.severity])
    return f"acknowledge within {within}, by {cell(incident.acknowledge_by)}: claimlens incidents ack {incident.id}"


def _facts(incident: "IncidentView") -> list[tuple[str, str]]:
    names = ("id", "title", "severity", "state", "components", "opened_at", "starts_at", "ends_at")
    facts = [(name.replace("_", " "), cell(getattr(incident, name))) for name in names]
    facts += [("acknowledged", cell(incident.acknowledged_at)), ("resolved", cell(incident.resolved_at))]
    facts += [("shown", "public" if incident.public else "internal"), ("due", due(incident, datetime.now(UTC)))]
    return [(name, value) for name, value in facts if value]


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
