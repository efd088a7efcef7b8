"""Incidents, from the first word of one to the last, and maintenance that is announced."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError
from claimlens.domain.incident import (
    NEXT,
    Component,
    Incident,
    IncidentKind,
    IncidentState,
    IncidentUpdate,
    Severity,
)
from claimlens.domain.tenant import PlatformScope, Principal
from claimlens.ports.clock import Clock
from claimlens.ports.incidents import IncidentStore
from claimlens.usecases.access_log import access_line, difference
from claimlens.usecases.fields import one_line
from claimlens.usecases.pages import Page, cut, moment_and_id_of
from claimlens.usecases.permissions import require

_MOST_TITLE, _MOST_TEXT = 120, 2000
#: Of an id's digits at least as many: the moment down to a minute.
_LEAST_DIGITS = 8
_ACTIONS = {
    IncidentState.ACKNOWLEDGED: "incident:acknowledge",
    IncidentState.RESOLVED: "incident:resolve",
}

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class NewIncident(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happened, or with `starts_at` and `ends_at` and without `severity` what maintenance is announced.

    `public` None: an incident is internal until somebody says otherwise, a maintenance is for everybody.
    """

    title: str
    text: str = ""
    severity: Severity | None = None
    components: tuple[Component, ...] = ()
    public: bool | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None


class IncidentChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said now; what is None stays as it is. `internal`: not for the status page, though the incident is."""

    text: str = ""
    state: IncidentState | None = None
    severity: Severity | None = None
    title: str | None = None
    components: tuple[Component, ...] | None = None
    public: bool | None = None
    internal: bool = False


class UpdateView(msgspec.Struct, frozen=True, kw_only=True):
    """One update as it is shown to operators."""

    ts: datetime
    state: IncidentState
    actor: str
    text: str
    public: bool


class IncidentView(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as it is shown to operators. `acknowledge_by` while nobody has acknowledged it."""

    id: str
    kind: IncidentKind
    title: str
    severity: Severity | None
    state: IncidentState
    components: tuple[Component, ...]
    public: bool
    opened_at: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    acknowledge_by: datetime | None
    overdue: bool
    updates: tuple[UpdateView, ...]


class Incidents:
    """Opens, changes and shows them. An id may be given by its beginning, 8 digits or more, if only one begins so."""

    def __init__(self, store: IncidentStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def open(self, principal: Principal, new: NewIncident) -> IncidentView:
        """Open one, or announce a maintenance. Raises InvalidError."""
        scope = _scope(principal, "incidents.write")
        now = self._clock.now()
        is_maintenance = new.starts_at is not None or new.ends_at is not None
        (_check_maintenance if is_maintenance else _check_incident)(new, now)
        kind = IncidentKind.MAINTENANCE if is_maintenance else IncidentKind.INCIDENT
        incident = Incident(
            id=self._clock.new_id(),
            kind=kind,
            title=one_line(new.title, "/title", most=_MOST_TITLE),
            severity=new.severity,
            state=IncidentState.SCHEDULED if is_maintenance else IncidentState.OPEN,
            components=_in_order(new.components),
            public=is_maintenance if new.public is None else new.public,
            opened_at=now,
            starts_at=new.starts_at,
            ends_at=new.ends_at,
        )
        update = self._update(principal, incident, _text(new.text), public=incident.public)
        action = "incident:announce" if is_maintenance else "incident:open"
        delta = {name: [None, value] for name, value in msgspec.to_builtins(incident).items() if value is not None}
        line = access_line(principal, self._clock, action, incident.id, delta)
        await self._store.add(scope, incident, update, line)
        return _view(incident, [update], now)

    async def change(self, principal: Principal, incident_id: str, change: IncidentChange) -> IncidentView:
        """Say something of it, and change what is to change.

        Raises NotFoundError, InvalidError; ConflictError where no way leads from its state to the new one.
        """
        scope = _scope(principal, "incidents.write")
        before = await self._find(scope, incident_id)
        now = self._clock.now()
        if change.severity is not None and before.kind is IncidentKind.MAINTENANCE:
            raise InvalidError((("/severity", "announced maintenance has none"),))
        after = _changed(before, change, now)
        text = _text(change.text)
        if not text and after == before:
            raise InvalidError((("/text", "nothing is said and nothing changes"),))
        update = self._update(principal, after, text, public=after.public and not change.internal)
        action = "incident:update" if change.state is None else _ACTIONS.get(change.state, "incident:update")
        line = access_line(principal, self._clock, action, after.id, difference(before, after))
        if not await self._store.change(scope, after, before.state, update, line):
            raise ConflictError("somebody else has just changed this incident; look at it again")
        return await self._shown(scope, after)

    async def find(self, principal: Principal, incident_id: str) -> IncidentView:
        """One of them. Raises NotFoundError."""
        scope = _scope(principal, "incidents.read")
        return await self._shown(scope, await self._find(scope, incident_id))

    async def page(
        self, principal: Principal, *, only_open: bool = False, cursor: str = "", limit: int
    ) -> Page[IncidentView]:
        """Newest first. Raises InvalidError for a cursor that is none of ours."""
        scope = _scope(principal, "incidents.read")
        rows = await self._store.page(scope, only_open=only_open, after=moment_and_id_of(cursor), limit=limit + 1)
        found = cut(rows, limit, lambda row: (row.opened_at.isoformat(), row.id))
        return Page(await self._views(scope, found.rows), found.next_cursor)

    async def _find(self, scope: PlatformScope, incident_id: str) -> Incident:
        digits = incident_id.replace("-", "").lower()
        if len(digits) < _LEAST_DIGITS or len(digits) > 32 or not set(digits) <= set("0123456789abcdef"):
            raise NotFoundError(f"{incident_id!r:.40} is no id of an incident; `claimlens incidents list` shows them")
        found = await self._store.beginning_with(scope, digits)
        if not found:
            raise NotFoundError(f"there is no incident {incident_id!r:.40}; `claimlens incidents list` shows them")
        if len(found) > 1:
            raise NotFoundError(f"several incidents begin with {incident_id!r:.40}; give more of the id")
        return found[0]

    async def _shown(self, scope: PlatformScope, incident: Incident) -> IncidentView:
        return (await self._views(scope, [incident]))[0]

    async def _views(self, scope: PlatformScope, rows: Sequence[Incident]) -> list[IncidentView]:
        updates = await self._store.updates(scope, [each.id for each in rows]) if rows else []
        now = self._clock.now()
        return [_view(row, [each for each in updates if each.incident_id == row.id], now) for row in rows]

    def _update(self, principal: Principal, incident: Incident, text: str, *, public: bool) -> IncidentUpdate:
        return IncidentUpdate(
            id=self._clock.new_id(),
            incident_id=incident.id,
            ts=self._clock.now(),
            state=incident.state,
            actor=principal.actor,
            text=text,
            public=public,
        )


def _scope(principal: Principal, action: str) -> PlatformScope:
    require(principal, action)
    assert principal.platform is not None
    return principal.platform


def _check_incident(new: NewIncident, _: datetime) -> None:
    if new.severity is None:
        raise InvalidError((("/severity", f"an incident has one of {', '.join(Severity)}"),))


def _check_maintenance(new: NewIncident, now: datetime) -> None:
    if new.severity is not None:
        raise InvalidError((("/severity", "announced maintenance has none"),))
    if new.starts_at is None or new.ends_at is None:
        raise InvalidError((("/ends_at" if new.starts_at else "/starts_at", "maintenance has a beginning and an end"),))
    if new.ends_at <= new.starts_at:
        raise InvalidError((("/ends_at", "the end is not behind the beginning"),))
    if new.ends_at <= now:
        raise InvalidError((("/ends_at", "the end has passed; maintenance is announced ahead"),))


def _changed(before: Incident, change: IncidentChange, now: datetime) -> Incident:
    """The incident as it is after a change. Raises ConflictError, InvalidError."""
    state = before.state if change.state is None else change.state
    if change.state is not None and state not in NEXT[before.state]:
        raise ConflictError(_no_way(before.state, state))
    is_dealt_with = state not in (IncidentState.OPEN, IncidentState.SCHEDULED)
    title = before.title if change.title is None else one_line(change.title, "/title", most=_MOST_TITLE)
    return msgspec.structs.replace(
        before,
        title=title,
        severity=change.severity or before.severity,
        state=state,
        components=before.components if change.components is None else _in_order(change.components),
        public=before.public if change.public is None else change.public,
        acknowledged_at=before.acknowledged_at or (now if is_dealt_with else None),
        resolved_at=before.resolved_at or (now if state is IncidentState.RESOLVED else None),
    )


def _no_way(was: IncidentState, wanted: IncidentState) -> str:
    if was is wanted:
        return f"it is {was} already"
    if was is IncidentState.RESOLVED:
        return "it is resolved; what came back is an incident of its own"
    return f"it is {was}, from where it can only become {' or '.join(NEXT[was])}, not {wanted}"


def _in_order(components: Sequence[Component]) -> tuple[Component, ...]:
    return tuple(each for each in Component if each in components)


def _text(text: str) -> str:
    return one_line(text, "/text", most=_MOST_TEXT, least=0)


def _view(incident: Incident, updates: Sequence[IncidentUpdate], now: datetime) -> IncidentView:
    return IncidentView(
        **msgspec.structs.asdict(incident),
        acknowledge_by=incident.acknowledge_by,
        overdue=incident.is_overdue(now),
        updates=tuple(
            UpdateView(ts=each.ts, state=each.state, actor=each.actor, text=each.text, public=each.public)
            for each in updates
        ),
    )
