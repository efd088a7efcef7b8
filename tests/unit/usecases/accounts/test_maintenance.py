from datetime import timedelta

import msgspec
import pytest

from claimlens.adapters.memory.cache import MemoryCache
from claimlens.domain.errors import InvalidError, MaintenanceError, OverloadedError, RefusedError
from claimlens.domain.tenant import Role
from claimlens.usecases.maintenance import Switch

ON = Switch(enabled=True, message="बारह बजे तक बंद")


async def closed(accounts):
    with pytest.raises(MaintenanceError) as caught:
        await accounts.maintenance.require_open()
    return caught.value


async def test_it_is_open_until_somebody_closes_it(accounts, root, log):
    await accounts.maintenance.require_open()
    await accounts.maintenance.write(root, ON)
    error = await closed(accounts)
    assert (str(error), error.status, error.code) == ("बारह बजे तक बंद", 503, "MAINTENANCE")
    await accounts.maintenance.write(root, Switch(enabled=False))
    await accounts.maintenance.require_open()
    lines = await log("maintenance:switch")
    assert lines[1].delta["maintenance"][0]["message"] == "बारह बजे तक बंद"


async def test_others_see_it_within_a_second_without_a_word(accounts, replica, root, clock):
    deaf = replica(MemoryCache())
    await deaf.maintenance.require_open()
    await accounts.maintenance.write(root, ON)
    await deaf.maintenance.require_open()
    clock.forward(seconds=0.5)
    await closed(deaf)


async def test_and_with_a_word_at_once(accounts, replica, cache, root):
    other = replica(cache)
    await other.maintenance.require_open()
    await accounts.maintenance.write(root, ON)
    await closed(other)


@pytest.mark.parametrize(
    ("until", "wait"),
    [(None, 60), (timedelta(minutes=-1), 60), (timedelta(minutes=10), 601), (timedelta(days=2), 3600)],
)
async def test_it_says_when_to_come_back_and_stays_closed_until_it_is_opened(accounts, root, clock, until, wait):
    switch = Switch(enabled=True, until=clock.now() + until if until else None)
    await accounts.maintenance.write(root, switch)
    assert (await closed(accounts)).retry_after_s == wait
    clock.forward(days=30)
    await closed(accounts)


async def test_while_the_store_is_out_it_stays_as_it_was_seen(accounts, root, clock, monkeypatch):
    await accounts.maintenance.write(root, ON)
    await closed(accounts)

    async def out(_):
        raise OverloadedError("the database cannot be reached")

    monkeypatch.setattr(accounts._switches, "read", out)
    clock.forward(seconds=5)
    await closed(accounts)


async def test_the_body_of_the_route_is_understood(accounts, root):
    body = b'{"enabled": true, "until": "2026-11-23T14:00:00+05:30", "message": "Index rebuild"}'
    await accounts.maintenance.write(root, msgspec.json.decode(body, type=Switch))
    switch = await accounts.maintenance.current()
    assert switch == msgspec.json.decode(body, type=Switch)


async def test_the_message_is_one_line(accounts, root):
    with pytest.raises(InvalidError):
        await accounts.maintenance.write(root, Switch(enabled=True, message="a\r\nSet-Cookie: b"))


async def test_only_a_platform_administrator(accounts, issue):
    for role in set(Role) - {Role.PLATFORM_ADMIN}:
        principal = (await issue(role)).principal
        with pytest.raises(RefusedError):
            await accounts.maintenance.write(principal, ON)
