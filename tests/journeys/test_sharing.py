"""A verdict shared by a link: what it opens, for how long, and what it never shows."""

import base64
from datetime import date, timedelta

import pytest

from claimlens.domain.errors import InvalidError, NotFoundError, RefusedError
from claimlens.domain.suppression import Suppression
from claimlens.domain.tenant import PlatformScope, Role
from claimlens.ports.accounts import AccessFilter
from claimlens.usecases.access_log import access_line
from claimlens.usecases.authentication import looking_at
from claimlens.usecases.reports.recorded import public_of, recalled, shown
from claimlens.usecases.sharing import Sharing
from tests.journeys.desk_world import JUICE, World


@pytest.fixture
async def world(database):
    return await World(database).opened()


@pytest.fixture
def sharing(world):
    return Sharing(world.store, world.tenants, world.log, world.box, world.clock)


@pytest.fixture
async def audit_id(world):
    return str((await world.feed(JUICE))["verdicts"][0]["audit_id"])


async def logged(world, action):
    return await world.log.page(world.who().scope, AccessFilter(action=action), after=None, limit=9)


async def test_it_opens_until_its_time_is_over(world, sharing, audit_id):
    link = await sharing.share(world.who(Role.EDITOR), audit_id, 1)
    assert link.until == world.clock.now().replace(microsecond=0) + timedelta(days=1)
    opened = await sharing.open(link.token, ip="203.0.113.9")
    assert (opened.audit.id, opened.until) == (audit_id, link.until)
    world.clock.forward(hours=24)
    with pytest.raises(NotFoundError, match="opens nothing"):
        await sharing.open(link.token)


async def test_making_and_opening_are_in_the_tenants_log(world, sharing, audit_id):
    link = await sharing.share(world.who(Role.EDITOR, actor="user:1"), audit_id)
    await sharing.open(link.token, ip="203.0.113.9")
    (shared,) = await logged(world, "audit:share")
    assert (shared.actor, shared.target) == ("user:1", audit_id)
    (read,) = await logged(world, "audit:read")
    assert (read.actor, read.target, read.ip) == ("link", audit_id, "203.0.113.9")


@pytest.mark.parametrize("spoil", ["", "x", "ü", "=" * 8, "A" * 200, "A" * 5_000], ids=len)
async def test_what_is_no_link_of_ours_opens_nothing(sharing, spoil):
    with pytest.raises(NotFoundError, match="opens nothing"):
        await sharing.open(spoil)


async def test_an_altered_one_and_one_of_another_purpose_open_nothing(world, sharing, audit_id):
    token = (await sharing.share(world.who(Role.EDITOR), audit_id)).token
    for place in range(0, len(token), 7):
        other = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(NotFoundError):
            await sharing.open(other)
    plain = world.box.open("shared-verdict", base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    sealed = base64.urlsafe_b64encode(world.box.seal("session", plain)).decode().rstrip("=")
    with pytest.raises(NotFoundError):
        await sharing.open(sealed)


async def test_nothing_opens_while_the_tenant_is_isolated(world, sharing, audit_id):
    link = await sharing.share(world.who(Role.EDITOR), audit_id)
    line = access_line(world.who(), world.clock, "tenant:update")
    isolated = type(world.tenant)(id=world.tenant.id, name="Kitchen", settings=world.tenant.settings,
                                  created_at=world.tenant.created_at, isolated=True)  # fmt: skip
    await world.tenants.update(world.who().scope, isolated, line)
    with pytest.raises(NotFoundError):
        await sharing.open(link.token)


async def test_who_may_and_what(world, sharing, audit_id):
    for role in (Role.VIEWER, Role.PUBLISHER):
        with pytest.raises(RefusedError):
            await sharing.share(world.who(role), audit_id)
    with pytest.raises(NotFoundError):
        await sharing.share(world.who(Role.EDITOR), "0192f3a4-5b6c-7d8e-9f01-23456789abcd")
    with pytest.raises(InvalidError, match="days"):
        await sharing.share(world.who(Role.EDITOR), audit_id, 365)


async def test_what_is_the_tenants_own_is_not_shown(database):
    covered = Suppression(
        rule="GB-HEALTH-001", item="", field="", text="immunity", reason="our lawyer says so", author="a@b.example",
        expires=date(2099, 1, 1),
    )  # fmt: skip
    world = await World(database, suppressions=(covered,)).opened()
    audit_id = (await world.feed(JUICE))["verdicts"][0]["audit_id"]
    record = await world.audits.one(world.who(), audit_id)
    view = shown(public_of(recalled(record)))
    text = str(view["item"])
    for own in ("j-1", "our lawyer says so", "a@b.example"):
        assert own not in text


async def test_only_a_platform_administrator_looks_into_another_tenant(world):
    other = type(world.tenant)(id="kitchen-b", name="B", settings=world.tenant.settings, created_at=world.clock.now())
    with pytest.raises(RefusedError):
        looking_at(world.who(Role.ADMIN), other)
    there = looking_at(world.who(Role.PLATFORM_ADMIN, platform=PlatformScope()), other)
    assert (there.scope.tenant_id, there.tenant, there.actor) == ("kitchen-b", other, "key:1")
