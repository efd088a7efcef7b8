"""Webhook endpoints, the outbox and deliveries, on both stores."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from claimlens.adapters.crypto.secret_box import InstallationSecretBox
from claimlens.adapters.sql.access_log import SqlAccessLog
from claimlens.adapters.sql.deliveries import SqlDeliveryQueue
from claimlens.adapters.sql.tables import outbox, webhooks
from claimlens.adapters.sql.webhooks import SqlWebhooks
from claimlens.domain.access import Access
from claimlens.domain.audit import Event
from claimlens.domain.tenant import PlatformScope, TenantScope
from claimlens.domain.webhook import Delivery, DeliveryState, Webhook
from claimlens.ports.accounts import AccessFilter
from tests.clock import NOON, HandClock

ALL = PlatformScope()
A, B = TenantScope("kitchen-a"), TenantScope("kitchen-b")
BOX = InstallationSecretBox(b"s" * 32)


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def store(database):
    return SqlWebhooks(database, BOX)


@pytest.fixture
def queue(database, clock):
    return SqlDeliveryQueue(database, BOX, clock)


@pytest.fixture
def line(clock):
    def make(scope=A, action="webhook:create"):
        return Access(id=clock.new_id(), ts=clock.now(), tenant_id=scope.tenant_id, actor="cli:test", action=action)

    return make


@pytest.fixture
def endpoint(store, clock, line):
    async def make(scope=A, events=("verdict.generated",), **changed):
        webhook = Webhook(
            id=clock.new_id(),
            tenant_id=scope.tenant_id,
            url="https://kitchen.example/hook",
            events=events,
            secrets=("whsec_new", "whsec_old"),
            created_at=clock.now(),
        )
        webhook = msgspec.structs.replace(webhook, **changed)
        await store.create(scope, webhook, line(scope))
        return webhook

    return make


@pytest.fixture
def event(store, clock):
    async def make(scope=A, kind="verdict.generated", subject="block", payload=b'{"a":1}'):
        made = Event(
            id=clock.new_id(), ts=clock.now(), tenant_id=scope.tenant_id, type=kind, payload=payload, subject=subject
        )
        await store.add_event(scope, made)
        return made

    return make


@pytest.fixture
def delivery(store, clock, line):
    async def make(webhook, **changed):
        made = Delivery(
            id=clock.new_id(),
            tenant_id=webhook.tenant_id,
            webhook_id=webhook.id,
            event_id=clock.new_id(),
            event_type="verdict.generated",
            payload=b"{}",
            created_at=clock.now(),
            next_attempt_at=clock.now(),
        )
        made = msgspec.structs.replace(made, **changed)
        await store.add_deliveries(TenantScope(webhook.tenant_id), [made], line(TenantScope(webhook.tenant_id)))
        return made

    return make


@pytest.fixture
def due(queue, clock):
    async def due(limit=100, each=100, lease_s=60, **chosen):
        until = clock.now() + timedelta(seconds=lease_s)
        return await queue.due(ALL, clock.now(), lease_until=until, limit=limit, each=each, **chosen)

    return due


async def listed(store, webhook, **chosen):
    asked = {"state": None, "start": None, "end": None, "after": "", "limit": 100, **chosen}
    return await store.deliveries(TenantScope(webhook.tenant_id), webhook.id, **asked)


async def test_endpoints_of_all_tenants_go_by_pages(store, endpoint):
    made = [await endpoint(scope) for scope in (A, B, A)]
    first = await store.page(ALL, after="", limit=2)
    assert [(each.id, each.tenant_id) for each in first] == [(each.id, each.tenant_id) for each in made[:2]]
    assert [each.id for each in await store.page(ALL, after=first[-1].id, limit=2)] == [made[2].id]
    assert list(await store.page(ALL, after="no id", limit=2)) == []


class TestEndpoints:
    async def test_what_was_kept_comes_back(self, store, endpoint):
        webhook = await endpoint(
            events=("menu.item.block", "job.finished"),
            description="till",
            overlap_until=NOON + timedelta(days=1),
            enabled=False,
            disabled_reason="410",
        )
        assert await store.find(A, webhook.id) == webhook

    async def test_secrets_are_sealed_in_the_store(self, database, endpoint):
        await endpoint()
        async with database.read() as connection:
            sealed = (await connection.execute(sa.select(webhooks.c.secrets))).scalar_one()
        assert b"whsec" not in sealed

    async def test_changes_are_kept_with_their_line(self, store, database, endpoint, line):
        webhook = await endpoint()
        changed = msgspec.structs.replace(webhook, url="https://b.example/", secrets=("whsec_3",), enabled=False)
        await store.update(A, changed, line(A, "webhook:update"))
        assert await store.find(A, webhook.id) == changed
        lines = await SqlAccessLog(database).page(A, AccessFilter(), after=None, limit=9)
        assert [each.action for each in lines] == ["webhook:update", "webhook:create"]

    async def test_one_tenant_does_not_reach_anothers(self, store, endpoint, delivery, line):
        webhook = await endpoint(A)
        sent = await delivery(webhook)
        assert await store.find(B, webhook.id) is None
        assert await store.all_of(B) == []
        await store.update(B, msgspec.structs.replace(webhook, url="https://evil.example/"), line(B))
        assert not await store.delete(B, webhook.id, line(B))
        assert await store.find_delivery(B, webhook.id, sent.id) is None
        assert await store.find(A, webhook.id) == webhook
        assert await store.find_delivery(A, webhook.id, sent.id) == sent

    async def test_deliveries_go_with_their_endpoint(self, store, endpoint, delivery, line):
        gone, stays = await endpoint(), await endpoint()
        await delivery(gone)
        kept = await delivery(stays)
        assert await store.delete(A, gone.id, line(A, "webhook:delete"))
        assert not await store.delete(A, gone.id, line(A, "webhook:delete"))
        assert await listed(store, gone) == []
        assert await listed(store, stays) == [kept]
        assert await store.all_of(A) == [stays]

    @pytest.mark.parametrize("name", ["constructor", "\0", "../x", "\ud800"])
    async def test_hostile_ids_are_unknown(self, store, endpoint, line, name):
        webhook = await endpoint()
        assert await store.find(A, name) is None
        assert not await store.delete(A, name, line())
        assert await store.find_delivery(A, webhook.id, name) is None
        assert await store.find_delivery(A, name, webhook.id) is None
        assert await listed(store, msgspec.structs.replace(webhook, id=name)) == []
        assert await listed(store, webhook, after=name) == []


class TestDeliveries:
    async def test_lists_are_newest_first_and_filtered(self, store, endpoint, delivery, clock):
        webhook = await endpoint()
        made = []
        for n in range(4):
            clock.forward(minutes=1)
            state = DeliveryState.FAILED if n == 1 else DeliveryState.PENDING
            made.append(await delivery(webhook, state=state))
        first = await listed(store, webhook, limit=3)
        assert [*first, *await listed(store, webhook, after=first[-1].id)] == made[::-1]
        assert await listed(store, webhook, state=DeliveryState.FAILED) == [made[1]]
        window = {"start": made[1].created_at, "end": made[3].created_at}
        assert await listed(store, webhook, **window) == [made[2], made[1]]


class TestFanOut:
    async def test_each_endpoint_that_wants_an_event_gets_it_once(self, store, queue, endpoint, event, clock):
        everything = await endpoint()
        blocks = await endpoint(events=("menu.item.block", "verdict.generated"))
        allows = await endpoint(events=("menu.item.allow",))
        disabled = await endpoint(enabled=False)
        others = await endpoint(B)
        happened = await event(subject="block", payload=b'{"verdict":"block"}')
        assert await queue.fan_out(ALL, clock.forward(seconds=1), limit=10) == 1
        assert await queue.fan_out(ALL, clock.now(), limit=10) == 0
        for webhook in (allows, disabled, others):
            assert await listed(store, webhook) == []
        for webhook in (everything, blocks):
            (queued,) = await listed(store, webhook)
            assert queued.event_id == happened.id
            assert queued.payload == happened.payload
            assert queued.event_type == "verdict.generated"
            assert queued.state is DeliveryState.PENDING
            assert queued.created_at == queued.next_attempt_at == clock.now()

    async def test_it_goes_on_where_it_stopped_oldest_first(self, store, queue, endpoint, event, clock):
        webhook = await endpoint()
        happened = [await event() for _ in range(5)]
        assert await queue.fan_out(ALL, clock.now(), limit=3) == 3
        assert [each.event_id for each in await listed(store, webhook)] == [e.id for e in happened[2::-1]]
        assert await queue.fan_out(ALL, clock.now(), limit=3) == 2

    async def test_an_event_that_nobody_wants_is_gone(self, database, queue, event, clock):
        await event()
        assert await queue.fan_out(ALL, clock.now(), limit=3) == 1
        async with database.read() as connection:
            assert (await connection.execute(sa.select(outbox))).all() == []

    async def test_two_workers_queue_nothing_twice(self, store, queue, endpoint, event, clock):
        webhook = await endpoint()
        happened = {(await event()).id for _ in range(20)}
        while sum(await asyncio.gather(*[queue.fan_out(ALL, clock.now(), limit=5) for _ in range(3)])):
            pass
        queued = [each.event_id for each in await listed(store, webhook)]
        assert len(queued) == 20
        assert set(queued) == happened


class TestDue:
    async def test_what_one_holds_no_other_is_given_until_the_lease_ends(self, endpoint, delivery, due, clock):
        webhook = await endpoint()
        sent = await delivery(webhook)
        assert await due() == [(webhook, sent)]
        assert await due() == []
        clock.forward(seconds=60)
        assert await due() == [(webhook, sent)]

    async def test_two_workers_are_given_nothing_twice(self, endpoint, delivery, due):
        hooks = [await endpoint() for _ in range(3)]
        made = {(await delivery(webhook)).id for webhook in hooks for _ in range(5)}
        given: list[str] = []
        while round_ := await asyncio.gather(*[due(limit=4) for _ in range(3)]):
            ids = [sent.id for leased in round_ for _, sent in leased]
            if not ids:
                break
            given += ids
        assert len(given) == len(set(given))
        assert set(given) == made

    async def test_nothing_before_its_time(self, endpoint, delivery, due, clock):
        webhook = await endpoint()
        sent = await delivery(webhook, next_attempt_at=NOON + timedelta(seconds=4))
        assert await due() == []
        clock.forward(seconds=4)
        assert await due() == [(webhook, sent)]

    async def test_a_long_queue_does_not_stand_before_the_others(self, endpoint, delivery, due, clock):
        slow, quick = await endpoint(), await endpoint()
        waiting = [await delivery(slow) for _ in range(10)]
        clock.forward(seconds=1)
        one = await delivery(quick)
        assert await due(limit=5, each=2) == [(slow, waiting[0]), (slow, waiting[1]), (quick, one)]

    async def test_the_longest_due_come_first_and_no_more_than_asked(self, endpoint, delivery, due, clock):
        hooks = [await endpoint() for _ in range(3)]
        made = []
        for webhook in hooks:
            made.append((webhook, await delivery(webhook)))
            clock.forward(seconds=1)
        assert await due(limit=2) == made[:2]
        assert await due(limit=2) == made[2:]

    async def test_but_and_only(self, endpoint, delivery, due):
        one, two = await endpoint(), await endpoint()
        first, second = await delivery(one), await delivery(two)
        assert await due(only=[]) == []
        assert await due(but=[one.id]) == [(two, second)]
        assert await due(only=[one.id]) == [(one, first)]

    async def test_none_of_disabled_endpoints_nor_of_settled_ones(self, endpoint, delivery, due):
        await delivery(await endpoint(enabled=False))
        webhook = await endpoint()
        await delivery(webhook, state=DeliveryState.DELIVERED)
        await delivery(webhook, next_attempt_at=None)
        assert await due() == []


class TestSettle:
    async def test_what_an_attempt_came_to_is_kept_and_the_lease_dropped(
        self, store, queue, endpoint, delivery, due, clock
    ):
        webhook = await endpoint()
        sent = await delivery(webhook)
        await due()
        tried = msgspec.structs.replace(
            sent,
            attempts=1,
            next_attempt_at=clock.now() + timedelta(seconds=1),
            last_status=500,
            last_error="answered 500",
        )
        await queue.settle(ALL, [tried])
        assert await listed(store, webhook) == [tried]
        clock.forward(seconds=1)
        assert await due() == [(webhook, tried)]
        done = msgspec.structs.replace(
            tried,
            state=DeliveryState.DELIVERED,
            attempts=2,
            next_attempt_at=None,
            last_status=204,
            last_error="",
            finished_at=clock.now(),
        )
        await queue.settle(ALL, [done])
        assert await listed(store, webhook) == [done]

    async def test_a_row_that_is_gone_stays_gone(self, store, queue, endpoint, delivery, line):
        webhook = await endpoint()
        sent = await delivery(webhook)
        await store.delete(A, webhook.id, line())
        await queue.settle(ALL, [sent])
        await queue.settle(ALL, [])
        assert await listed(store, webhook) == []


class TestDisable:
    @pytest.fixture
    def told(self, clock):
        return Event(
            id=clock.new_id(), ts=clock.now(), tenant_id="kitchen-a", type="webhook.disabled", payload=b'{"t":1}'
        )

    async def test_its_open_deliveries_fail_and_the_others_are_told(
        self, store, queue, database, endpoint, delivery, due, told, line, clock
    ):
        gone, left = await endpoint(), await endpoint(events=("job.finished",))
        waiting, done = await delivery(gone), await delivery(gone, state=DeliveryState.DELIVERED)
        assert await queue.disable(ALL, gone.id, "answered 410", told, line(A, "webhook:disable"))
        disabled = await store.find(A, gone.id)
        assert (disabled.enabled, disabled.disabled_reason) == (False, "answered 410")
        failed = await store.find_delivery(A, gone.id, waiting.id)
        assert (failed.state, failed.last_error) == (DeliveryState.FAILED, "answered 410")
        assert (failed.next_attempt_at, failed.finished_at) == (None, clock.now())
        assert await store.find_delivery(A, gone.id, done.id) == done
        assert await queue.fan_out(ALL, clock.now(), limit=9) == 1
        assert [(w.id, d.event_type) for w, d in await due()] == [(left.id, "webhook.disabled")]
        (entry, *_) = await SqlAccessLog(database).page(A, AccessFilter(), after=None, limit=9)
        assert entry.action == "webhook:disable"

    async def test_it_is_told_once(self, queue, database, endpoint, told, line, clock):
        webhook = await endpoint()
        asked = [msgspec.structs.replace(told, id=clock.new_id()) for _ in range(4)]
        answers = await asyncio.gather(*[queue.disable(ALL, webhook.id, "410", each, line()) for each in asked])
        assert sorted(answers) == [False, False, False, True]
        async with database.read() as connection:
            assert len((await connection.execute(sa.select(outbox))).all()) == 1

    async def test_an_attempt_under_way_counts_only_if_it_delivered(
        self, store, queue, endpoint, delivery, told, line, clock
    ):
        webhook = await endpoint()
        tried, arrived = await delivery(webhook), await delivery(webhook)
        await queue.disable(ALL, webhook.id, "410", told, line())
        again = msgspec.structs.replace(tried, attempts=1, next_attempt_at=clock.now())
        done = msgspec.structs.replace(
            arrived, attempts=1, state=DeliveryState.DELIVERED, next_attempt_at=None, finished_at=clock.now()
        )
        await queue.settle(ALL, [again, done])
        assert (await store.find_delivery(A, webhook.id, tried.id)).state is DeliveryState.FAILED
        assert await store.find_delivery(A, webhook.id, arrived.id) == done
