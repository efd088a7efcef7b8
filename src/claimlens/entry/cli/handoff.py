"""`claimlens handoff`: the hand-over of on-call duty."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from claimlens.domain.retention import Data
from claimlens.entry.cli.accounts import AS_JSON, cell, login, print_json
from claimlens.entry.cli.deployments import packs_of
from claimlens.entry.cli.exit_codes import CLEAN, INCOMPLETE
from claimlens.entry.cli.incidents import SHORT, due, in_words
from claimlens.entry.cli.store import run_with_store

if TYPE_CHECKING:
    from claimlens.domain.contact import Contact, Contacts
    from claimlens.domain.deployment import Deployment
    from claimlens.usecases.handoff import Handoff, Ran, ServerSeen
    from claimlens.usecases.incidents import IncidentView
    from claimlens.usecases.maintenance import Switch
    from claimlens.usecases.slo import Slo

_OUT = "the store cannot be used"


@click.command(name="handoff")
@AS_JSON
def command(as_json: bool) -> int:
    """Print what the next one on call must know.

    Works while the server or the store is out, and says what it could not find out; exit code 3 then.
    """
    from claimlens.config import read_settings
    from claimlens.usecases.authentication import operator
    from claimlens.wiring.handoff import handing_over

    async def main() -> "Handoff":
        async with handing_over(read_settings()) as desk:
            return await desk.look(operator(login()))

    found = run_with_store(main())
    if as_json:
        print_json(found)
    else:
        _print(found)
    return INCOMPLETE if found.unknown else CLEAN


def _print(found: "Handoff") -> None:
    why = found.unknown
    store = _OUT if "store" in why else ""
    click.secho(f"ClaimLens hand-over, {cell(found.timestamp)}", bold=True)
    _section("Needs somebody", [f"! {line}" for line in found.attention] or ["nothing"])
    _section(
        "Incidents",
        _unknown(store or why.get("incidents"))
        if found.incidents is None
        else _incidents(found.incidents, found.resolved or [], found.timestamp),
    )
    _section("System health", _unknown(why.get("server")) if found.server is None else _server(found.server))
    _section("Error budget, 30 days", _unknown(store or why.get("slo")) if found.slo is None else _slo(found.slo))
    _section(
        "Deployments",
        _unknown(store or why.get("deployments")) if found.deployments is None else _deployments(found.deployments),
    )
    _section("Upkeep", _unknown(store or why.get("upkeep")) if found.upkeep is None else _upkeep(found.upkeep))
    _section(
        "Maintenance",
        _unknown(store or why.get("maintenance")) if found.maintenance is None else [_switch(found.maintenance)],
    )
    _section("Switched off, or found out by a process", _off(found))
    _section("Contacts", _unknown(why.get("contacts")) if found.contacts is None else _contacts(found.contacts))
    if why:
        _section("Could not be found out", [f"{name}: {reason}" for name, reason in why.items()])


def _section(heading: str, lines: Iterable[str]) -> None:
    click.echo()
    click.secho(heading, bold=True)
    for line in lines:
        click.secho(f"  {line}", fg="red" if line.startswith("! ") else None)


def _unknown(why: str | None) -> list[str]:
    return [f"not known: {why}"]


def _incidents(incidents: "list[IncidentView]", resolved: "list[IncidentView]", now: datetime) -> Iterator[str]:
    if not incidents:
        yield "none is open"
    for one in incidents:
        yield f"{one.id[:SHORT]}  {one.severity or 'maintenance'}  {one.state}  {one.title}{_tail(due(one, now))}"
        if one.updates and one.updates[-1].text:
            said = one.updates[-1]
            yield f"    {cell(said.ts)} {said.actor}: {said.text}"
    for one in resolved:
        yield f"{one.id[:SHORT]}  {one.severity or 'maintenance'}  resolved {cell(one.resolved_at)}  {one.title}"


def _server(server: "ServerSeen") -> Iterator[str]:
    health = server.health
    checks = ", ".join(f"{check.get('name')} {check.get('status')}" for check in health.get("checks", ()))
    yield f"{server.url}: {health.get('status')}{_tail(checks)}"
    for service in server.services:
        since = f" since {str(since)[:19]}Z" if (since := service.get("since")) else ""
        yield f"{service.get('service')}: {service.get('status')}, breaker {service.get('breaker')}{since}"


def _slo(slo: "Slo") -> Iterator[str]:
    availability = slo.availability
    if availability.ratio is None or availability.budget.remaining is None:
        yield "no requests on record; that is not the same as well"
    else:
        yield (
            f"{availability.ratio:.3%} of {availability.requests:,} requests answered, promised are"
            f" {availability.objective:.1%}: {availability.budget.remaining:.0%} of the budget is left"
            f" ({availability.state})"
        )
    rates = [f"{each.window} {'too few' if each.rate is None else f'{each.rate:.1f}'}" for each in slo.burn_rates]
    yield f"burns, times as fast as it may: {', '.join(rates)}"
    for each in slo.latency:
        if each.p95_ms is not None:
            yield f"{each.route}: p95 {each.p95_ms:.0f} ms of {each.objective_p95_ms} ms ({each.state})"


def _deployments(deployments: "list[Deployment]") -> Iterator[str]:
    if not deployments:
        yield "none is noted"
    for one in deployments:
        yield (
            f"{cell(one.ts)}  {one.kind}  {one.part}  {one.version}  schema {one.migration or '?'}  {one.host}"
            f"{_tail(one.note)}"
        )
    if deployments and deployments[0].packs:
        yield f"packs: {packs_of(deployments[0])}"


def _upkeep(upkeep: "list[Ran]") -> Iterator[str]:
    last = {(each.kind, each.part): each for each in upkeep}
    for key, what in (
        (("backup", ""), "last backup"),
        (("drill", ""), "last restore drill"),
        (("purge", str(Data.AUDITS)), "last purge of audits"),
    ):
        yield f"{what}: {_ran(last.pop(key)) if key in last else 'none on record'}"
    if last:
        oldest = min(last.values(), key=lambda each: each.at)
        what = " ".join((oldest.kind, *(["of", oldest.part.replace("_", " ")] if oldest.part else [])))
        yield f"of {len(last)} others the longest ago: {what}, {_ran(oldest)}"


def _ran(ran: "Ran") -> str:
    return f"{cell(ran.at)}, {in_words(timedelta(hours=ran.age_hours))} ago"


def _switch(switch: "Switch") -> str:
    if not switch.enabled:
        return "open"
    until = f" until {cell(switch.until)}" if switch.until else ""
    return f"closed{until}{_tail(switch.message)}"


def _off(found: "Handoff") -> list[str]:
    store = _OUT if "store" in found.unknown else ""
    if found.services is None or found.transforms is None:
        return _unknown(store or found.unknown.get("services") or found.unknown.get("transforms"))
    lines = [
        f"{line.service}: {line.state}"
        + (f" since {cell(line.since)}" if line.since else "")
        + (f" until {cell(line.until)}" if line.until else "")
        + _tail(line.reason)
        for line in found.services
        if line.state != "in use"
    ]
    lines += [f"{off.transform}: off until {cell(off.until)}{_tail(off.reason)}" for off in found.transforms]
    return lines or ["nothing"]


def _contacts(contacts: "Contacts") -> Iterator[str]:
    on_call = contacts.on_call
    if on_call.rotation or on_call.escalation:
        yield "; ".join(filter(None, (on_call.rotation, on_call.escalation and f"escalation: {on_call.escalation}")))
    yield from _reached(contacts.teams)
    yield from _reached(contacts.external)


def _reached(by_name: "Mapping[str, Contact]") -> Iterator[str]:
    for name, contact in by_name.items():
        pager = contact.pagerduty and f"pager {contact.pagerduty}"
        ways = ", ".join(filter(None, (contact.slack, contact.email, contact.phone, pager)))
        yield f"{name.replace('_', ' ')}: {ways}"


def _tail(text: str) -> str:
    return f": {text}" if text else ""
