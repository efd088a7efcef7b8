"""The status page: what everybody may know of how ClaimLens does. No tenant, no address, no name of a machine."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Generic, TypeVar

import msgspec

from claimlens.domain.errors import ClaimLensError
from claimlens.domain.incident import Component, Incident, IncidentKind, IncidentState, IncidentUpdate, Severity
from claimlens.domain.performance import Kind, Span
from claimlens.domain.service import SERVICES, ServiceState
from claimlens.domain.uptime import HEARD_OF, IMPACT, Day, PartState, day_of, worst
from claimlens.ports.clock import Clock
from claimlens.ports.incidents import IncidentStore
from claimlens.ports.performance import PerformanceStore, Tally
from claimlens.ports.services import Services
from claimlens.usecases.health import Health, HealthDesk, Status
from claimlens.usecases.performance import first_stretch
from claimlens.usecases.recorder import Recorder
from claimlens.usecases.slo import SloDesk

#: Days of the bars, and how long what is over stays on the page.
DAYS = 30
RECENT = timedelta(days=14)
#: How long before it begins everybody who signs in is told of a maintenance.
_SOON = timedelta(days=2)
#: Parts that no process was heard of for so long are unknown.
_UNHEARD = timedelta(minutes=5)
#: How long what was read is believed, and how long it is waited for.
_INCIDENTS_LIVE, _WORD_LIVES, _DAYS_LIVE = timedelta(seconds=2), timedelta(seconds=5), timedelta(minutes=1)
_PATIENCE_S = 2.0

#: What stops with the store, and what a closed gate keeps from working.
_NEEDS_STORE = (Component.API, Component.CONSOLE, Component.JOBS, Component.WEBHOOKS, Component.DATABASE)
_CLOSED = (Component.API, Component.JOBS)
Found = TypeVar("Found")


class PublicUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of an incident."""

    ts: datetime
    state: IncidentState
    text: str


class PublicIncident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident, or an announced maintenance with `starts_at` and `ends_at`. `impact` on the parts it names."""

    id: str
    kind: IncidentKind
    title: str
    impact: PartState
    state: IncidentState
    components: tuple[Component, ...]
    opened_at: datetime
    resolved_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    updates: tuple[PublicUpdate, ...]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part: how it is now, the share of the last days, and those days, today last. None: nothing was recorded."""

    name: Component
    state: PartState
    uptime: float | None
    days: tuple[Day, ...]


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """The gate is closed for maintenance."""

    message: str
    until: datetime | None


class StatusPage(msgspec.Struct, frozen=True, kw_only=True):
    """The whole. `incidents` are open ones, `recent` over; each list newest first, `scheduled` the next one first.

    `incidents_as_of`: when incidents were read; None if they could not be.
    """

    status: PartState
    components: tuple[Part, ...]
    maintenance: Closed | None
    incidents: tuple[PublicIncident, ...]
    scheduled: tuple[PublicIncident, ...]
    recent: tuple[PublicIncident, ...]
    incidents_as_of: datetime | None
    timestamp: datetime


class _Remembered(Generic[Found]):
    """Something read from the store: for a while, and for as long as the store does not answer, as it was."""

    def __init__(self, read: Callable[[], Awaitable[Found]], lifetime: timedelta, clock: Clock) -> None:
        self._read = read
        self._lifetime = lifetime
        self._clock = clock
        self._reading = asyncio.Lock()
        self._tried_at: datetime | None = None
        self.value: Found | None = None
        self.read_at: datetime | None = None

    async def look(self) -> Found | None:
        """What was read, None if it never could be. Never raises; a store that hangs is waited for by one caller."""
        async with self._reading:
            now = self._clock.now()
            if self._tried_at is not None and timedelta(0) <= now - self._tried_at < self._lifetime:
                return self.value
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    self.value = await self._read()
                self.read_at = now
            except (TimeoutError, ClaimLensError):
                pass  # as it was last seen; `read_at` says when that was
            self._tried_at = self._clock.now()
            return self.value


class StatusDesk:
    """Puts the page together. It never raises: what cannot be read is as last seen, or said to be unknown."""

    def __init__(
        self,
        health: HealthDesk,
        services: Services,
        slo: SloDesk,
        recorder: Recorder,
        figures: PerformanceStore,
        incidents: IncidentStore,
        clock: Clock,
    ) -> None:
        self._health = health
        self._services = services
        self._slo = slo
        self._recorder = recorder
        self._figures = figures
        self._store = incidents
        self._clock = clock
        self._incidents = _Remembered(self._read_incidents, _INCIDENTS_LIVE, clock)
        self._heard = _Remembered(self._read_heard, _WORD_LIVES, clock)
        self._days = _Remembered(self._read_days, _DAYS_LIVE, clock)

    async def look(self) -> StatusPage:
        """The page as it is now."""
        now = self._clock.now()
        health, incidents, heard, days = await asyncio.gather(
            self._health.look(), self._incidents.look(), self._heard.look(), self._days.look()
        )
        known = incidents or []
        is_out = health.status is Status.UNHEALTHY
        states = _states(health, self._services.states(), {} if is_out else heard or {}, [one for one, _ in known], now)
        parts = tuple(_part(name, states[name], (days or {}).get(name, ()), now.date()) for name in Component)
        shown = [_shown(one, updates) for one, updates in known]
        return StatusPage(
            status=worst(list(states.values())),
            components=parts,
            maintenance=Closed(message=health.message, until=health.until)
            if health.status is Status.MAINTENANCE
            else None,
            incidents=tuple(one for one in shown if one.kind is IncidentKind.INCIDENT and one.resolved_at is None),
            scheduled=tuple(sorted((one for one in shown if _is_ahead(one, now)), key=_beginning)),
            recent=tuple(one for one in shown if one.resolved_at is not None or _has_passed(one, now)),
            incidents_as_of=self._incidents.read_at,
            timestamp=now,
        )

    async def known(self) -> Sequence[Incident]:
        """Public incidents that are open and maintenance that is under way or begins within two days."""
        now = self._clock.now()
        found = [one for one, _ in await self._incidents.look() or () if one.resolved_at is None]
        return [one for one in found if one.starts_at is None or _is_soon(one, now)]

    async def _read_incidents(self) -> Sequence[tuple[Incident, Sequence[IncidentUpdate]]]:
        return await self._store.public_since(self._clock.now() - RECENT)

    async def _read_heard(self) -> Mapping[str, Sequence[Tally]]:
        await self._recorder.flush_if_possible()
        return await self._figures.tallies_by_name(Span.MINUTE, self._clock.now() - _UNHEARD, Kind.COMPONENT)

    async def _read_days(self) -> Mapping[str, Sequence[Day]]:
        now = self._clock.now()
        first = first_stretch(Span.HOUR, now, timedelta(days=DAYS))
        by_name = await self._figures.tallies_by_name(Span.HOUR, first, Kind.COMPONENT)
        of_api = [day_of(each.day, each.requests, each.failed) for each in await self._slo.days(DAYS)]
        return {
            str(Component.API): of_api,
            **{name: _days(tallies, now.date()) for name, tallies in by_name.items()},
        }


def _states(
    health: Health,
    services: Sequence[ServiceState],
    heard: Mapping[str, Sequence[Tally]],
    incidents: Sequence[Incident],
    now: datetime,
) -> dict[Component, PartState]:
    """The worst of what is seen and what operators say of each part."""
    found = {each: [PartState.OPERATIONAL] for each in Component}
    out = {state.service for state in services if state.is_out}
    for name in SERVICES:
        found[Component(name)] = [PartState.DEGRADED if name in out else PartState.OPERATIONAL]
    for name in HEARD_OF:
        found[name] = [_heard_state(heard.get(name, ()))]
    if health.status is Status.UNHEALTHY:
        for name in _NEEDS_STORE:
            found[name] = [PartState.OUTAGE]
    if health.status is Status.MAINTENANCE:
        for name in _CLOSED:
            found[name].append(PartState.MAINTENANCE)
    for one in incidents:
        if one.is_under_way(now):
            impact = PartState.MAINTENANCE
        elif one.kind is IncidentKind.INCIDENT and one.state is not IncidentState.RESOLVED:
            impact = IMPACT[one.severity or Severity.P4]
        else:
            continue
        for component in one.components:
            found[component].append(impact)
    return {name: worst(states) for name, states in found.items()}


def _heard_state(tallies: Sequence[Tally]) -> PartState:
    if not tallies:
        return PartState.UNKNOWN
    return PartState.DEGRADED if tallies[-1].failed else PartState.OPERATIONAL


def _part(name: Component, state: PartState, days: Sequence[Day], today: date) -> Part:
    by_day = {each.day: each for each in days}
    wanted = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    shares = [each.share for each in by_day.values() if each.share is not None and each.day >= wanted[0]]
    return Part(
        name=name,
        state=state,
        uptime=sum(shares) / len(shares) if shares else None,
        days=tuple(by_day.get(day) or day_of(day, 0, 0) for day in wanted),
    )


def _days(tallies: Sequence[Tally], today: date) -> list[Day]:
    sums: dict[date, list[int]] = {}
    for each in tallies:
        counts = sums.setdefault(each.ts.date(), [0, 0])
        counts[0] += each.count
        counts[1] += each.failed
    return [day_of(day, count, failed) for day, (count, failed) in sums.items() if day <= today]


def _shown(incident: Incident, updates: Sequence[IncidentUpdate]) -> PublicIncident:
    return PublicIncident(
        id=incident.id,
        kind=incident.kind,
        title=incident.title,
        impact=PartState.MAINTENANCE if incident.severity is None else IMPACT[incident.severity],
        state=incident.state,
        components=incident.components,
        opened_at=incident.opened_at,
        resolved_at=incident.resolved_at,
        starts_at=incident.starts_at,
        ends_at=incident.ends_at,
        updates=tuple(PublicUpdate(ts=each.ts, state=each.state, text=each.text) for each in reversed(updates)),
    )


def _is_ahead(one: PublicIncident, now: datetime) -> bool:
    return one.resolved_at is None and one.ends_at is not None and one.ends_at > now


def _is_soon(one: Incident, now: datetime) -> bool:
    return one.starts_at is not None and one.ends_at is not None and one.starts_at - _SOON <= now < one.ends_at


def _has_passed(one: PublicIncident, now: datetime) -> bool:
    """Whether it is a maintenance whose time is over, though nobody has said so."""
    return one.resolved_at is None and one.ends_at is not None and now - RECENT < one.ends_at <= now


def _beginning(one: PublicIncident) -> datetime:
    return one.starts_at or one.opened_at
