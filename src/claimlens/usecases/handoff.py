"""The hand-over of on-call duty: what the next one must know, and what could not be found out."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from claimlens.domain.contact import Contacts
from claimlens.domain.deployment import Deployment, DeploymentKind
from claimlens.domain.errors import ClaimLensError
from claimlens.domain.incident import IncidentKind, IncidentState
from claimlens.domain.objectives import State
from claimlens.domain.retention import Data
from claimlens.domain.service import SERVICES
from claimlens.domain.tenant import Principal
from claimlens.ports.clock import Clock
from claimlens.ports.runs import RunNotes
from claimlens.ports.server import ServerAsked
from claimlens.usecases.deployments import Deployments
from claimlens.usecases.incidents import Incidents, IncidentView
from claimlens.usecases.maintenance import Maintenance, Switch
from claimlens.usecases.pages import MOST_ROWS
from claimlens.usecases.service_switches import ServiceLine
from claimlens.usecases.slo import Slo, SloDesk
from claimlens.usecases.transforms import SwitchedOff, Transforms

#: How far back deployments and resolved incidents are told, how many at most.
BACK = timedelta(days=7)
_MOST_DEPLOYMENTS, _MOST_RESOLVED = 10, 20
#: Backups and purges of audits are daily: what is older than this is late.
_LATE = timedelta(hours=26)
#: How long each question to the store or the server may take, in seconds.
_PATIENCE_S = 8.0
Found = TypeVar("Found")


class ServerSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The answers of `/health` and `/health/mcp/…` of the server at `url`."""

    url: str
    health: dict[str, Any]
    services: list[dict[str, Any]]


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """When something was last run to its end, and how long ago that is."""

    kind: str
    part: str
    at: datetime
    age_hours: float


class Handoff(msgspec.Struct, frozen=True, kw_only=True):
    """Everything; a part that is None could not be found out, `unknown` says why.

    `attention` are the lines for which somebody is needed, the most urgent first; incidents are open ones, announced
    maintenance included, `resolved` those of the last days.
    """

    timestamp: datetime
    attention: list[str]
    unknown: dict[str, str]
    incidents: list[IncidentView] | None
    resolved: list[IncidentView] | None
    server: ServerSeen | None
    slo: Slo | None
    deployments: list[Deployment] | None
    upkeep: list[Ran] | None
    maintenance: Switch | None
    services: list[ServiceLine] | None
    transforms: list[SwitchedOff] | None
    contacts: Contacts | None


class HandoffDesk:
    """Asks the store and the server, each question apart: what does not answer hides nothing else.

    `is_usable` raises ClaimLensError while the store cannot be used; then it is asked nothing more.
    """

    def __init__(
        self,
        *,
        is_usable: Callable[[], Awaitable[None]],
        incidents: Incidents,
        deployments: Deployments,
        slo: SloDesk,
        runs: RunNotes,
        maintenance: Maintenance,
        transforms: Transforms,
        services: Callable[[], Awaitable[list[ServiceLine]]],
        server: ServerAsked,
        contacts: Callable[[], Contacts],
        clock: Clock,
    ) -> None:
        self._is_usable = is_usable
        self._incidents = incidents
        self._deployments = deployments
        self._slo = slo
        self._runs = runs
        self._maintenance = maintenance
        self._transforms = transforms
        self._services = services
        self._server = server
        self._contacts = contacts
        self._clock = clock

    async def look(self, principal: Principal) -> Handoff:
        """The hand-over. Raises RefusedError, nothing else: what cannot be found out is said."""
        unknown: dict[str, str] = {}

        async def asked(name: str, question: Callable[[], Awaitable[Found]]) -> Found | None:
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    return await question()
            except TimeoutError:
                unknown[name] = f"no answer within {_PATIENCE_S:g} s"
            except ClaimLensError as error:
                unknown[name] = str(error)
            return None

        async def of_store(name: str, question: Callable[[], Awaitable[Found]]) -> Found | None:
            return None if "store" in unknown else await asked(name, question)

        await asked("store", self._is_usable)
        incidents = await of_store("incidents", lambda: self._open(principal))
        resolved = await of_store("resolved", lambda: self._resolved(principal))
        slo = await of_store("slo", self._slo.look)
        deployments = await of_store("deployments", lambda: self._deployments.latest(principal, _MOST_DEPLOYMENTS))
        upkeep = await of_store("upkeep", self._upkeep)
        maintenance = await of_store("maintenance", self._maintenance.read)
        services = await of_store("services", self._services)
        transforms = await of_store("transforms", self._transforms.list_off)
        server = await asked("server", self._ask_server)
        contacts = await asked("contacts", self._read_contacts)
        found = Handoff(
            timestamp=self._clock.now(),
            attention=[],
            unknown=unknown,
            incidents=incidents,
            resolved=resolved,
            server=server,
            slo=slo,
            deployments=None if deployments is None else list(deployments),
            upkeep=upkeep,
            maintenance=maintenance,
            services=services,
            transforms=None if transforms is None else list(transforms),
            contacts=contacts,
        )
        return msgspec.structs.replace(found, attention=_attention(found))

    async def _open(self, principal: Principal) -> list[IncidentView]:
        return list((await self._incidents.page(principal, only_open=True, limit=MOST_ROWS)).rows)

    async def _resolved(self, principal: Principal) -> list[IncidentView]:
        rows = (await self._incidents.page(principal, limit=MOST_ROWS)).rows
        since = self._clock.now() - BACK
        return [one for one in rows if one.resolved_at is not None and one.resolved_at >= since][:_MOST_RESOLVED]

    async def _upkeep(self) -> list[Ran]:
        now = self._clock.now()
        return [
            Ran(kind=kind, part=part, at=at, age_hours=round((now - at).total_seconds() / 3600, 1))
            for kind, part, at, _ in sorted(await self._runs.latest(), key=lambda row: row[:2])
        ]

    async def _ask_server(self) -> ServerSeen:
        health = await self._server.read("/health")
        services = [await self._server.read(f"/health/mcp/{service}") for service in SERVICES]
        return ServerSeen(url=self._server.url, health=health, services=services)

    async def _read_contacts(self) -> Contacts:
        return self._contacts()


def _attention(found: Handoff) -> list[str]:
    """What somebody has to look at, the most urgent first."""
    return [
        *_of_incidents(found.incidents or [], found.timestamp),
        *([f"the store: {found.unknown['store']}"] if "store" in found.unknown else []),
        *_of_server(found.server, found.unknown.get("server", "")),
        *_of_slo(found.slo),
        *_of_maintenance(found.maintenance),
        *[
            f"{line.service} is {line.state}" + (f": {line.reason}" if line.reason else "")
            for line in found.services or []
            if line.state != "in use"
        ],
        *[f"{off.transform} is switched off: {off.reason}" for off in found.transforms or []],
        *_of_deployments(found.deployments or [], found.timestamp),
        *([] if found.upkeep is None else _of_upkeep(found.upkeep)),
    ]


def _of_incidents(incidents: Sequence[IncidentView], now: datetime) -> list[str]:
    lines = []
    for one in sorted(incidents, key=lambda each: str(each.severity or "~")):
        if one.overdue:
            lines.append(f"{one.severity} {one.title!r} is not acknowledged, and its time is over")
        elif one.state is IncidentState.OPEN:
            lines.append(f"{one.severity} {one.title!r} is not acknowledged")
        elif one.kind is IncidentKind.INCIDENT:
            lines.append(f"{one.severity} {one.title!r} is {one.state}")
        elif one.ends_at is not None and one.ends_at <= now:
            lines.append(f"the maintenance {one.title!r} has ended; resolve it")
    return lines


def _of_server(server: ServerSeen | None, why: str) -> list[str]:
    if server is None:
        return [why] if why else []
    status = server.health.get("status")
    if status in ("healthy", "maintenance"):
        return []
    wrong = [check for check in server.health.get("checks", ()) if check.get("status") != "ok"]
    said = ", ".join(f"{check.get('name')} {check.get('status')}" for check in wrong)
    return [f"the server is {status}: {said}"]


def _of_slo(slo: Slo | None) -> list[str]:
    if slo is None:
        return []
    lines = [
        f"the error budget burns more than {alarm.threshold:g} times too fast over {alarm.long}"
        for alarm in slo.burn_alarms
        if alarm.firing
    ]
    remaining = slo.availability.budget.remaining
    if slo.availability.state in (State.WARNING, State.CRITICAL) and remaining is not None:
        lines.append(f"{remaining:.0%} of the error budget is left")
    lines += [
        f"{each.route}: p95 is {each.p95_ms:.0f} ms, promised are {each.objective_p95_ms} ms"
        for each in slo.latency
        if each.state in (State.WARNING, State.CRITICAL) and each.p95_ms is not None
    ]
    return lines


def _of_maintenance(switch: Switch | None) -> list[str]:
    if switch is None or not switch.enabled:
        return []
    return ["the gate is closed for maintenance" + (f": {switch.message}" if switch.message else "")]


def _of_deployments(deployments: Sequence[Deployment], now: datetime) -> list[str]:
    for one in deployments:
        if one.kind is DeploymentKind.ROLLBACK and now - one.ts <= BACK:
            return [f"{one.part} was rolled back to {one.version} at {one.ts:%Y-%m-%d %H:%MZ}: {one.note}"]
    return []


def _of_upkeep(upkeep: Sequence[Ran]) -> list[str]:
    lines = []
    last = {(each.kind, each.part): each for each in upkeep}
    for key, what in ((("backup", ""), "backup"), (("purge", str(Data.AUDITS)), "purge of audits")):
        ran = last.get(key)
        if ran is None:
            lines.append(f"there is no {what} on record")
        elif ran.age_hours > _LATE / timedelta(hours=1):
            lines.append(f"the last {what} is {ran.age_hours:.0f} h old; one is due every day")
    return lines
