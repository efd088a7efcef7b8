"""Which events a tenant waits for: asked of the store seldom, and never too late."""

import asyncio

import pytest

from claimlens.domain.tenant import TenantScope
from claimlens.domain.webhook import Webhook
from claimlens.usecases.listeners import Listeners
from tests.clock import HandClock

OURS = TenantScope("spice-route")


class SlowStore:
    """A store whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.asked = 0
        self.go = asyncio.Event()

    async def all_of(self, scope: TenantScope) -> list[Webhook]:
        self.asked += 1
        await self.go.wait()
        return []


@pytest.fixture
def clock():
    return HandClock()


async def asking(listeners: Listeners, times: int) -> list["asyncio.Task[frozenset[str]]"]:
    tasks = [asyncio.create_task(listeners.wants(OURS)) for _ in range(times)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_many_requests_at_once_ask_the_store_once(clock):
    store = SlowStore()
    listeners = Listeners(store, clock)
    tasks = await asking(listeners, 16)
    store.go.set()
    assert await asyncio.gather(*tasks) == [frozenset()] * 16
    assert store.asked == 1


async def test_a_request_behind_a_word_is_not_answered_by_what_was_asked_before_it(clock):
    store = SlowStore()
    listeners = Listeners(store, clock)
    before = await asking(listeners, 1)
    listeners.forget(OURS.tenant_id)
    behind = await asking(listeners, 1)
    store.go.set()
    await asyncio.gather(*before, *behind)
    assert store.asked == 2


async def test_nobody_joins_a_question_that_hangs(clock):
    store = SlowStore()
    listeners = Listeners(store, clock)
    first = await asking(listeners, 1)
    clock.forward(seconds=1)
    second = await asking(listeners, 1)
    store.go.set()
    await asyncio.gather(*first, *second)
    assert store.asked == 2


async def test_who_stops_waiting_does_not_stop_the_others(clock):
    store = SlowStore()
    listeners = Listeners(store, clock)
    gone, stays = await asking(listeners, 2)
    gone.cancel()
    store.go.set()
    assert await stays == frozenset()
    assert store.asked == 1
