"""Incidents over every store: states, levels, who sees what, and the lines in the access log."""

from datetime import timedelta

import msgspec
import pytest

from claimlens.adapters.sql.access_log import SqlAccessLog
from claimlens.adapters.sql.incidents import SqlIncidents
from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError, RefusedError
from claimlens.domain.incident import RESPONSE, Component, IncidentKind, IncidentState, IncidentUpdate, Severity
from claimlens.domain.tenant import Role
from claimlens.ports.accounts import AccessFilter
from claimlens.usecases.access_log import access_line
from claimlens.usecases.authentication import operator
from claimlens.usecases.incidents import IncidentChange, Incidents, NewIncident
from tests.clock import HandClock

WHO = operator("anna")
#: From each state on to which others, as operators are told.
WAYS = {
    "open": {"acknowledged", "identified", "monitoring", "resolved"},
    "acknowledged": {"identified", "monitoring", "resolved"},
    "identified": {"monitoring", "resolved"},
    "monitoring": {"identified", "resolved"},
    "resolved": set(),
}


class Desk:
    """The use case, its store and its clock."""

    def __init__(self, database) -> None:
        self.clock = HandClock()
        self.store = SqlIncidents(database)
        self.log = SqlAccessLog(database)
        self.incidents = Incidents(self.store, self.clock)

    async def open(self, title="Feed answers slowly", severity=Severity.P1, **more):
        return await self.incidents.open(WHO, NewIncident(title=title, severity=severity, **more))

    async def announce(self, **more):
        now = self.clock.now()
        wanted = {"starts_at": now + timedelta(hours=2), "ends_at": now + timedelta(hours=4)} | more
        return await self.incidents.open(WHO, NewIncident(title="Index rebuild", **wanted))

    async def change(self, incident, **change):
        return await self.incidents.change(WHO, incident.id, IncidentChange(**change))

    async def logged(self):
        assert WHO.platform is not None
        rows = await self.log.page(WHO.platform, AccessFilter(), after=None, limit=50)
        return [(row.actor, row.action, row.target) for row in reversed(rows)]


@pytest.fixture
def desk(database):
    return Desk(database)


async def test_from_the_first_word_to_the_last(desk):
    made = await desk.open(public=True, text="Answers take seconds", components=(Component.DATABASE, Component.API))
    assert made.components == (Component.API, Component.DATABASE)
    assert made.acknowledge_by == made.opened_at + timedelta(hours=1)
    for state, text in (("acknowledged", "At it"), ("identified", "A lock"), ("monitoring", ""), ("resolved", "Gone")):
        desk.clock.forward(minutes=5)
        await desk.change(made, state=IncidentState(state), text=text)
    found = await desk.incidents.find(WHO, made.id)
    assert [(each.state, each.text) for each in found.updates] == [
        ("open", "Answers take seconds"),
        ("acknowledged", "At it"),
        ("identified", "A lock"),
        ("monitoring", ""),
        ("resolved", "Gone"),
    ]
    assert found.acknowledged_at == made.opened_at + timedelta(minutes=5)
    assert found.resolved_at == made.opened_at + timedelta(minutes=20)
    assert found.acknowledge_by is None
    assert await desk.logged() == [
        ("cli:anna", f"incident:{action}", made.id) for action in ("open", "acknowledge", "update", "update", "resolve")
    ]


async def test_each_state_leads_where_it_may(desk):
    for state, ways in WAYS.items():
        for wanted in [each for each in IncidentState if each is not IncidentState.SCHEDULED]:
            one = await desk.open()
            if state != "open":
                await desk.change(one, state=IncidentState(state))
            if wanted in ways:
                assert (await desk.change(one, state=wanted)).state is wanted
            else:
                with pytest.raises(ConflictError):
                    await desk.change(one, state=wanted)


async def test_the_time_to_acknowledge_is_that_of_the_level(desk):
    for severity, within in RESPONSE.items():
        one = await desk.open(severity=severity)
        assert one.acknowledge_by == one.opened_at + within
    one = await desk.open(severity=Severity.P2)
    desk.clock.forward(hours=1)
    assert not (await desk.incidents.find(WHO, one.id)).overdue
    # Worse than thought: the time runs from the opening, so that it is over now.
    desk.clock.forward(seconds=1)
    assert (await desk.change(one, severity=Severity.P1)).overdue
    assert not (await desk.change(one, state=IncidentState.ACKNOWLEDGED)).overdue


async def test_only_what_was_public_when_it_was_said_is_shown(desk):
    one = await desk.open(text="Kitchen 7 sends 40,000 items")
    hidden = await desk.open(title="Disk of db-2 is full")
    assert await desk.store.public_since(desk.clock.now()) == []
    await desk.change(one, public=True, title="Slow answers", text="Some requests are answered slowly")
    await desk.change(one, text="db-1 fails over", internal=True)
    ((shown, updates),) = await desk.store.public_since(desk.clock.now())
    assert shown.title == "Slow answers"
    assert [update.text for update in updates] == ["Some requests are answered slowly"]
    await desk.change(one, state=IncidentState.RESOLVED)
    resolved_at = desk.clock.now()
    desk.clock.forward(days=1)
    assert len(await desk.store.public_since(resolved_at)) == 1
    assert await desk.store.public_since(desk.clock.now()) == []
    assert hidden.public is False


async def test_maintenance_is_announced_done_or_called_off(desk):
    one = await desk.announce(components=(Component.DATABASE,), text="Half an hour without verdicts")
    assert (one.kind, one.state, one.public) == (IncidentKind.MAINTENANCE, "scheduled", True)
    assert one.acknowledge_by is None
    with pytest.raises(ConflictError, match="scheduled, from where it can only become resolved"):
        await desk.change(one, state=IncidentState.ACKNOWLEDGED)
    with pytest.raises(InvalidError, match="has none"):
        await desk.change(one, severity=Severity.P1)
    done = await desk.change(one, state=IncidentState.RESOLVED, text="Done")
    assert done.state is IncidentState.RESOLVED
    assert [action for _, action, _ in await desk.logged()] == ["incident:announce", "incident:resolve"]


#: Hours from now until beginning and end, the level → what is said of it.
NO_SENSE = [
    (2, 1, None, "behind the beginning"),
    (-3, -1, None, "announced ahead"),
    (1, None, None, "a beginning and an end"),
    (None, 1, None, "a beginning and an end"),
    (1, 2, Severity.P1, "has none"),
    (None, None, None, "one of P0, P1, P2, P3, P4"),
]


async def test_what_makes_no_sense_is_refused(desk):
    for starts, ends, severity, said in NO_SENSE:
        moments = [None if each is None else desk.clock.now() + timedelta(hours=each) for each in (starts, ends)]
        new = NewIncident(title="x", severity=severity, starts_at=moments[0], ends_at=moments[1])
        with pytest.raises(InvalidError, match=said):
            await desk.incidents.open(WHO, new)
    for text in ("two\nlines", "x" * 2001):
        with pytest.raises(InvalidError):
            await desk.open(text=text)


async def test_an_id_may_be_cut_as_long_as_only_one_begins_so(desk):
    one = await desk.open()
    desk.clock.forward(days=1)
    await desk.open()
    assert (await desk.incidents.find(WHO, one.id[:13])).id == one.id
    assert (await desk.incidents.find(WHO, one.id.upper())).id == one.id
    for name in ("", "0192", one.id[:7], "zz" * 8, one.id + "0", "0192f3a4-5b6c-7d8e-9f01-23456789abcd"):
        with pytest.raises(NotFoundError):
            await desk.incidents.find(WHO, name)
    await desk.open()
    with pytest.raises(NotFoundError, match="several"):
        await desk.incidents.find(WHO, (await desk.open()).id[:9])


async def test_two_at_once_change_it_once(desk):
    one = await desk.open()
    before = (await desk.store.beginning_with(WHO.platform, one.id.replace("-", "")))[0]
    await desk.change(one, state=IncidentState.ACKNOWLEDGED)
    view = await desk.incidents.find(WHO, one.id)
    after = msgspec.structs.replace(before, state=IncidentState.RESOLVED)
    update = IncidentUpdate(
        id=desk.clock.new_id(),
        incident_id=one.id,
        ts=desk.clock.now(),
        state=after.state,
        actor=WHO.actor,
        text="too late",
        public=False,
    )
    line = access_line(WHO, desk.clock, "incident:resolve", one.id)
    assert not await desk.store.change(WHO.platform, after, before.state, update, line)
    assert await desk.incidents.find(WHO, one.id) == view


async def test_every_page_is_read_once_and_the_open_ones_alone(desk):
    made = []
    for n in range(5):
        made.append(await desk.open(title=f"no {n}"))
        desk.clock.forward(minutes=1)
    await desk.change(made[3], state=IncidentState.RESOLVED)
    seen, cursor = [], ""
    while True:
        page = await desk.incidents.page(WHO, cursor=cursor, limit=2)
        seen += [row.title for row in page.rows]
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    assert seen == ["no 4", "no 3", "no 2", "no 1", "no 0"]
    page = await desk.incidents.page(WHO, only_open=True, limit=10)
    assert [row.title for row in page.rows] == ["no 4", "no 2", "no 1", "no 0"]


async def test_nobody_else_may(desk):
    for role in [role for role in Role if role is not Role.PLATFORM_ADMIN]:
        somebody = msgspec.structs.replace(WHO, role=role, platform=None)
        for act in (
            desk.incidents.open(somebody, NewIncident(title="x", severity=Severity.P0)),
            desk.incidents.change(somebody, "0" * 32, IncidentChange(text="x")),
            desk.incidents.find(somebody, "0" * 32),
            desk.incidents.page(somebody, limit=1),
        ):
            with pytest.raises(RefusedError):
                await act
