"""What a tenant's audits come to, on both stores."""

from datetime import UTC, datetime, timedelta

import pytest

from claimlens.adapters.sql.audit_counts import SqlAuditCounts
from claimlens.domain.errors import InvalidError, RefusedError
from claimlens.domain.tenant import PlatformScope, Role
from claimlens.usecases.dashboard import Dashboard
from tests.clock import HandClock
from tests.journeys.desk_world import World

SLIM = {"name": "Melts belly fat tea", "ingredients": "tea"}
SOUP = {"name": "Tomato soup", "ingredients": "tomatoes, water, salt"}


@pytest.fixture
def clock():
    return HandClock(datetime(2026, 11, 23, 12, 30, tzinfo=UTC))


@pytest.fixture
async def world(database, clock):
    return await World(database, clock=clock).opened()


@pytest.fixture
def dashboard(world):
    return Dashboard(SqlAuditCounts(world.database), world.store, world.tenants, world.clock)


async def test_it_adds_up(world, dashboard, clock):
    await world.feed({**SLIM, "id": "a"}, {**SOUP, "id": "b"})
    clock.forward(hours=3)
    await world.feed({**SLIM, "id": "a"}, principal=world.who(test=True))
    await world.feed({**SOUP, "id": "c"})
    found = await dashboard.look(world.who(Role.VIEWER), "24h")
    assert (found.count.audits, found.count.allow, found.count.block, found.count.flagged) == (3, 2, 1, 1)
    assert [(point.at.hour, point.audits, point.block) for point in found.trend if point.audits] == [
        (12, 2, 1),
        (15, 1, 0),
    ]
    assert found.top_rules[0][1] == 1
    assert {audit.item_id for audit in found.recent} == {"a", "b", "c"}


async def test_a_finished_hour_is_counted_once(world, dashboard, clock):
    await world.feed({**SOUP, "id": "a"})
    await dashboard.look(world.who(), "24h")
    assert [row.hour.hour for row in await world.rows("audit_hours") if '"allow":1' in row.counts] == []
    clock.forward(hours=1)
    await dashboard.look(world.who(), "24h")
    (kept,) = [row for row in await world.rows("audit_hours") if '"allow":1' in row.counts]
    assert kept.hour == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert (await dashboard.look(world.who(), "24h")).count.audits == 1


async def test_an_hour_that_ended_a_moment_ago_is_still_counted_anew(world, dashboard, clock):
    clock.forward(minutes=29)
    await world.feed({**SOUP, "id": "a"})
    clock.forward(minutes=2)
    await dashboard.look(world.who(), "24h")
    await world.feed({**SOUP, "id": "b"})
    assert (await dashboard.look(world.who(), "24h")).count.audits == 2
    assert all('"allow":1' not in row.counts for row in await world.rows("audit_hours"))


@pytest.mark.parametrize(("period", "points"), [("24h", 25), ("7d", 29), ("30d", 31)])
async def test_a_trend_has_its_steps(world, dashboard, period, points):
    found = await dashboard.look(world.who(), period)
    assert len(found.trend) == points
    assert found.end - found.start >= {"24h": timedelta(hours=24)}.get(period, timedelta(days=7))


async def test_another_tenants_are_not_in_it(database, world, dashboard, clock):
    other = await World(database, tenant_id="kitchen-b", clock=clock).opened()
    await other.feed({**SOUP, "id": "a"})
    assert (await dashboard.look(world.who(), "24h")).count.audits == 0


async def test_the_worker_counts_for_everybody(database, world, dashboard, clock):
    other = await World(database, tenant_id="kitchen-b", clock=clock).opened()
    await world.feed({**SOUP, "id": "a"})
    await other.feed({**SLIM, "id": "a"})
    clock.forward(hours=2)
    await dashboard.settle(PlatformScope())
    kept = {row.tenant_id for row in await world.rows("audit_hours") if '"rules":{}' not in row.counts}
    assert kept == {"kitchen-b"}


async def test_audits_of_a_rule_are_found_in_hours_that_were_counted_and_others(world, dashboard, clock):
    for hour in range(6):
        await world.feed({**(SLIM if hour % 2 else SOUP), "id": f"h-{hour}"})
        clock.forward(hours=1)
    await world.feed({**SLIM, "id": "test"}, principal=world.who(test=True))
    rule = (await world.audits.rows(world.who(), {"item_id": "h-1"})).rows[0].rules[0]
    before = [row.item_id for row in (await world.audits.rows(world.who(), {"rule_id": rule})).rows]
    clock.forward(hours=1)
    await dashboard.look(world.who(), "24h")
    await world.feed({**SLIM, "id": "now"})
    assert before == ["test", "h-5", "h-3", "h-1"]
    found: list[str] = []
    page = await world.audits.rows(world.who(), {"rule_id": rule, "limit": "2"})
    while found := found + [row.item_id for row in page.rows]:
        if page.next_cursor is None:
            break
        page = await world.audits.rows(world.who(), {"rule_id": rule, "limit": "2", "cursor": page.next_cursor})
    assert found == ["now", *before]
    for other in ("X-NOWHERE-1", "%", '"', "\\"):
        assert (await world.audits.rows(world.who(), {"rule_id": other})).rows == []


async def test_other_periods_and_roles_are_refused(world, dashboard):
    with pytest.raises(InvalidError, match="24h"):
        await dashboard.look(world.who(), "1y")
    with pytest.raises(RefusedError):
        await dashboard.look(world.who(Role.PUBLISHER))
