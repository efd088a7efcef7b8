"""Webhooks from end to end: a real HTTPS receiver, both stores, a clock that the test moves."""

import asyncio
from datetime import timedelta

import pytest
import standardwebhooks

from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError, RefusedError
from claimlens.domain.tenant import Principal, Role
from claimlens.domain.webhook import DeliveryState
from claimlens.usecases.deliveries import Replay
from claimlens.usecases.dispatch import EACH
from claimlens.usecases.webhooks import NewWebhook, Rotation, WebhookChange
from tests.journeys.webhook_world import world
from tests.receiver import Answer

A, B, C = "a.example.com", "b.example.com", "c.example.com"


class Gate:
    """Answers of a receiver that come when the test says so."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.open = asyncio.Event()
        self.waiting = self.most = 0
        self._answer = answer or Answer()

    async def __call__(self, _):
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await self.open.wait()
        self.waiting -= 1
        return self._answer


async def test_an_event_is_delivered_once_signed_and_traceable(database):
    async with world(database, A) as (here, there):
        endpoint = await here.endpoint(A)
        event = await here.event(verdict="block", correlation_id="corr-7")
        await here.work()
        [got] = there.received
        assert got.headers["webhook-id"] == event.id
        assert got.headers["x-correlation-id"] == "corr-7"
        assert got.headers["webhook-timestamp"] == str(int(here.clock.now().timestamp()))
        assert got.body == event.payload
        [delivery] = await here.sent(endpoint.id)
        assert (delivery.state, delivery.attempts, delivery.last_status) == (DeliveryState.DELIVERED, 1, 204)
        await here.work()
        assert len(there.received) == 1


async def test_only_who_asked_for_an_event_gets_it(database):
    async with world(database, A, B, C) as (here, every, blocks, jobs):
        await here.endpoint(A)
        await here.endpoint(B, "menu.item.block")
        await here.endpoint(C, "job.finished")
        blocked, allowed = await here.event("block"), await here.event("allow")
        finished = await here.event("", "job.finished")
        await here.work()
        assert sorted(every.ids) == sorted([blocked.id, allowed.id])
        assert blocks.ids == [blocked.id]
        assert jobs.ids == [finished.id]


async def test_it_is_attempted_ten_times_at_its_times_and_then_given_up(database):
    async with world(database, A) as (here, there):
        endpoint = await here.endpoint(A)
        there.answer = lambda _: Answer(500)
        await here.event()
        await here.work()
        assert len(there.received) == 1
        for made, wait in enumerate([1, 2, 4, 8, 16, 60, 300, 1_800, 7_200], start=1):
            here.clock.forward(seconds=wait - 0.5)
            await here.work()
            assert len(there.received) == made
            here.clock.forward(seconds=0.5)
            await here.work()
            assert len(there.received) == made + 1
        here.clock.forward(days=1)
        await here.work()
        assert len(there.received) == 10
        assert len(set(there.ids)) == 1
        [delivery] = await here.sent(endpoint.id)
        assert (delivery.state, delivery.attempts, delivery.last_status) == (DeliveryState.FAILED, 10, 500)
        assert delivery.last_error == "the receiver answered 500"


async def test_a_redirect_is_attempted_again_and_leads_nowhere(database):
    async with world(database, A, B) as (here, there, elsewhere):
        await here.endpoint(A)
        there.answer = lambda _: Answer(307, {"location": f"https://{B}/"})
        event = await here.event()
        await here.work()
        there.answer = lambda _: Answer(200)
        here.clock.forward(seconds=1)
        await here.work()
        assert there.ids == [event.id] * 2
        assert not elsewhere.connections


async def test_a_name_that_turns_inwards_is_not_reached_at_the_next_attempt(database):
    async with world(database, A) as (here, there):
        endpoint = await here.endpoint(A)
        there.answer = lambda _: Answer(500)
        await here.event()
        await here.work()
        here.names[A] = "169.254.169.254"
        here.clock.forward(seconds=1)
        await here.work()
        assert len(there.received) == 1
        [delivery] = await here.sent(endpoint.id)
        assert delivery.last_status is None
        assert "metadata" in delivery.last_error
        assert {address for address, _ in here.internet.asked} == {"93.184.216.1"}


class TestRotation:
    async def test_in_the_overlap_both_secrets_verify_then_only_the_new_one(self, database):
        async with world(database, A) as (here, there):
            old = await here.endpoint(A)
            new = await here.webhooks.rotate(here.principal, old.id, Rotation())
            assert new.secret != old.secret
            await here.event()
            await here.work()
            here.clock.forward(hours=24)
            await here.event()
            await here.work()
            during, after = there.received
            assert len(during.headers["webhook-signature"].split(" ")) == 2
            assert len(after.headers["webhook-signature"].split(" ")) == 1
            # The receivers' clock is the machine's: the library would find our timestamps in the future too new.
            for secret, got, good in [
                (new.secret, during, True),
                (old.secret, during, True),
                (new.secret, after, True),
                (old.secret, after, False),
            ]:
                moment = here.clock.now() if got is after else here.clock.now() - timedelta(hours=24)
                signed = standardwebhooks.Webhook(secret).sign(got.headers["webhook-id"], moment, got.body.decode())
                assert (signed in got.headers["webhook-signature"].split(" ")) is good

    async def test_without_overlap_the_old_one_ends_at_once(self, database):
        async with world(database, A) as (here, there):
            old = await here.endpoint(A)
            await here.webhooks.rotate(here.principal, old.id, Rotation(overlap_hours=0))
            await here.event()
            await here.work()
            assert len(there.received[0].headers["webhook-signature"].split(" ")) == 1

    async def test_secrets_do_not_pile_up(self, database):
        async with world(database, A) as (here, there):
            endpoint = await here.endpoint(A)
            for _ in range(5):
                await here.webhooks.rotate(here.principal, endpoint.id, Rotation())
            await here.event()
            await here.work()
            assert len(there.received[0].headers["webhook-signature"].split(" ")) == 3


class TestGone:
    async def test_410_disables_the_endpoint_and_tells_the_others_once(self, database):
        async with world(database, A, B) as (here, gone, other):
            endpoint = await here.endpoint(A)
            await here.endpoint(B, "job.finished")
            words: list[str] = []
            here.words.on("webhook", words.append)
            gone.answer = lambda _: Answer(410)
            for _ in range(6):
                await here.event()
            await here.work()
            assert 1 <= len(gone.received) <= EACH
            view = await here.webhooks.find(here.principal, endpoint.id)
            assert not view.enabled
            assert view.disabled_reason == "the receiver answered 410 Gone"
            assert {row.state for row in await here.sent(endpoint.id)} == {DeliveryState.FAILED}
            [told] = other.received
            assert b'"webhook.disabled"' in told.body
            assert endpoint.id.encode() in told.body
            [line] = await here.logged("webhook:disable")
            assert (line.actor, line.target) == ("worker", endpoint.id)
            assert words == ["kitchen-a"]

    async def test_nothing_more_is_sent_until_it_is_enabled_again(self, database):
        async with world(database, A) as (here, there):
            endpoint = await here.endpoint(A)
            there.answer = lambda _: Answer(410)
            await here.event()
            await here.work()
            await here.event()
            await here.work()
            assert len(there.received) == 1
            there.answer = lambda _: Answer()
            await here.webhooks.update(here.principal, endpoint.id, WebhookChange(enabled=True))
            event = await here.event()
            await here.work()
            assert there.ids[1:] == [event.id]


class TestPatience:
    @pytest.mark.parametrize("status", [429, 503])
    async def test_who_asks_for_it_is_left_alone_so_long(self, database, status):
        async with world(database, A) as (here, there):
            await here.endpoint(A)
            there.answer = lambda _: Answer(status, {"retry-after": "90"})
            await here.event()
            await here.work()
            there.answer = lambda _: Answer()
            await here.event()
            here.clock.forward(seconds=89)
            await here.work()
            # The new event waits too: it is the endpoint that asked, not one delivery.
            assert len(there.received) == 1
            here.clock.forward(seconds=1)
            await here.work()
            assert len(there.received) == 3

    async def test_two_hours_at_most(self, database):
        async with world(database, A) as (here, there):
            await here.endpoint(A)
            there.answer = lambda _: Answer(429, {"retry-after": "999999"})
            await here.event()
            await here.work()
            here.clock.forward(hours=2)
            await here.work()
            assert len(there.received) == 2


class TestSlowEndpoints:
    async def test_one_that_hangs_delays_nobody_else(self, database):
        async with world(database, A, B) as (here, hangs, quick):
            await here.endpoint(A)
            gate = hangs.answer = Gate()
            for _ in range(20):
                await here.event()
            await here.dispatcher.step()
            await here.endpoint(B)
            events = [await here.event() for _ in range(20)]

            async def work():
                while True:
                    here.dispatcher.bell.clear()
                    if not await here.dispatcher.step():
                        await here.dispatcher.bell.wait()

            working = asyncio.create_task(work())
            await quick.until(lambda: len(quick.received) == 20)
            assert sorted(quick.ids) == sorted(event.id for event in events)
            assert gate.waiting == gate.most == EACH
            gate.open.set()
            await hangs.until(lambda: len(hangs.received) == 40)
            assert gate.most == EACH
            working.cancel()
            await here.dispatcher.stop(10)

    async def test_many_that_were_slow_share_a_lane_of_their_own(self, database):
        names = [f"slow{number}.example.com" for number in range(13)]
        async with world(database, A, *names) as (here, quick, *slow):
            # Thirteen that hang could take all places for quick ones: 13 times 4 is more than 48.
            gates = []
            for name, there in zip(names, slow, strict=True):
                await here.endpoint(name, "job.finished")
                gates.append(Gate())
                there.answer = gates[-1]
            await here.event("", "job.finished")
            await here.dispatcher.step()
            for there in slow:
                await there.until(lambda there=there: len(there.received) == 1)
            here.clock.forward(seconds=5)
            for gate in gates:
                gate.open.set()
            await here.work()
            for gate in gates:
                gate.open.clear()
            for _ in range(8):
                await here.event("", "job.finished")
            while await here.dispatcher.step():
                pass
            assert here.dispatcher.attempts_under_way == 16
            await here.endpoint(A)
            await here.event()
            await here.dispatcher.step()
            await quick.until(lambda: len(quick.received) == 1)
            for gate in gates:
                gate.open.set()
            await here.work()
            assert sum(len(there.received) for there in slow) == 13 * 9


class TestWorkers:
    async def test_two_deliver_each_event_once(self, database):
        async with world(database, A) as (here, there):
            await here.endpoint(A)
            events = [await here.event() for _ in range(40)]
            await asyncio.gather(here.work(), here.work(here.another_worker()))
            assert sorted(there.ids) == sorted(event.id for event in events)

    async def test_a_stop_gives_back_what_it_had_begun(self, database):
        async with world(database, A) as (here, there):
            endpoint = await here.endpoint(A)
            there.answer = Gate()
            event = await here.event()
            await here.dispatcher.step()
            await there.until(lambda: len(there.received) == 1)
            await here.dispatcher.stop(0)
            [delivery] = await here.sent(endpoint.id)
            assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 0)
            there.answer = lambda _: Answer()
            await here.work(here.another_worker())
            assert there.ids == [event.id] * 2

    async def test_a_stop_writes_down_what_ends_in_time(self, database):
        async with world(database, A) as (here, there):
            endpoint = await here.endpoint(A)
            gate = there.answer = Gate()
            await here.event()
            await here.dispatcher.step()
            await there.until(lambda: gate.waiting == 1)
            asyncio.get_running_loop().call_soon(gate.open.set)
            await here.dispatcher.stop(20)
            [delivery] = await here.sent(endpoint.id)
            assert delivery.state is DeliveryState.DELIVERED

    async def test_what_a_dead_worker_held_is_sent_when_its_lease_has_run_out(self, database):
        async with world(database, A) as (here, there):
            await here.endpoint(A)
            gate = there.answer = Gate()
            event = await here.event()
            await here.dispatcher.step()
            await there.until(lambda: len(there.received) == 1)
            gate.open.set()  # answered, and never written down: the worker takes no further step
            other = here.another_worker()
            here.clock.forward(seconds=59)
            await here.work(other)
            assert len(there.received) == 1
            here.clock.forward(seconds=1)
            await here.work(other)
            assert there.ids == [event.id] * 2


class TestAgain:
    async def test_redelivery_keeps_the_webhook_id(self, database):
        async with world(database, A) as (here, there):
            endpoint = await here.endpoint(A)
            event = await here.event()
            await here.work()
            [first] = await here.sent(endpoint.id)
            again = await here.deliveries.redeliver(here.principal, endpoint.id, first.id)
            assert again.id != first.id
            with pytest.raises(ConflictError, match="on its way"):
                await here.deliveries.redeliver(here.principal, endpoint.id, again.id)
            await here.work()
            assert there.ids == [event.id] * 2
            assert [row.state for row in await here.sent(endpoint.id)] == [DeliveryState.DELIVERED] * 2
            assert [line.target for line in await here.logged("webhook:redeliver")] == [first.id]

    async def test_a_window_is_replayed_each_event_once(self, database):
        async with world(database, A) as (here, there):
            endpoint = await here.endpoint(A)
            before = await here.event()
            await here.work()
            start = here.clock.forward(hours=1)
            there.answer = lambda _: Answer(410) if len(there.received) == 3 else Answer()
            inside = await here.event()
            await here.work()
            here.clock.forward(seconds=1)
            failed = await here.event()
            await here.work()
            await here.webhooks.update(here.principal, endpoint.id, WebhookChange(enabled=True))
            end = here.clock.forward(hours=1)
            later = await here.event()
            await here.work()
            assert there.ids == [before.id, inside.id, failed.id, later.id]

            window = Replay(start=start, end=end, state=DeliveryState.FAILED)
            assert (await here.deliveries.replay(here.principal, endpoint.id, window)).queued == 1
            await here.work()
            assert there.ids[4:] == [failed.id]
            here.clock.forward(seconds=1)
            replayed = await here.deliveries.replay(here.principal, endpoint.id, Replay(start=start, end=end))
            assert (replayed.queued, replayed.next_cursor) == (2, None)
            await here.work()
            assert sorted(there.ids[5:]) == sorted([inside.id, failed.id])
            # The copies are deliveries of the same events: all of them together are each event once again.
            assert (await here.deliveries.replay(here.principal, endpoint.id, Replay(start=start))).queued == 3
            lines = await here.logged("webhook:replay")
            assert [line.delta["count"] for line in lines] == [3, 2, 1]

    async def test_a_long_window_goes_on_by_its_cursor(self, database, monkeypatch):
        monkeypatch.setattr("claimlens.usecases.deliveries.MOST_REPLAYED", 4)
        monkeypatch.setattr("claimlens.usecases.deliveries._BATCH", 2)
        async with world(database, A) as (here, there):
            endpoint = await here.endpoint(A)
            events = [await here.event() for _ in range(9)]
            await here.work()
            here.clock.forward(seconds=1)
            queued, wanted = [], Replay(end=here.clock.now())
            while True:
                replayed = await here.deliveries.replay(here.principal, endpoint.id, wanted)
                queued.append(replayed.queued)
                if replayed.next_cursor is None:
                    break
                wanted = Replay(end=wanted.end, cursor=replayed.next_cursor)
            assert queued == [4, 4, 1]
            await here.work()
            assert sorted(there.ids[9:]) == sorted(event.id for event in events)

    async def test_what_is_on_its_way_is_not_replayed(self, database):
        async with world(database, A) as (here, there):
            endpoint = await here.endpoint(A)
            there.answer = lambda _: Answer(500)
            await here.event()
            await here.work()
            here.clock.forward(seconds=0.5)
            assert (await here.deliveries.replay(here.principal, endpoint.id, Replay())).queued == 0
            with pytest.raises(InvalidError):
                await here.deliveries.replay(here.principal, endpoint.id, Replay(state=DeliveryState.PENDING))

    async def test_a_disabled_endpoint_is_to_be_enabled_first(self, database):
        async with world(database, A) as (here, _):
            endpoint = await here.endpoint(A)
            await here.event()
            await here.work()
            await here.webhooks.update(here.principal, endpoint.id, WebhookChange(enabled=False))
            [delivery] = await here.sent(endpoint.id)
            with pytest.raises(ConflictError, match="enable it first"):
                await here.deliveries.redeliver(here.principal, endpoint.id, delivery.id)
            with pytest.raises(ConflictError, match="enable it first"):
                await here.deliveries.replay(here.principal, endpoint.id, Replay())

    async def test_deliveries_are_listed_page_by_page(self, database):
        async with world(database, A) as (here, _):
            endpoint = await here.endpoint(A)
            for _ in range(5):
                await here.event()
            await here.work()
            seen, cursor = [], ""
            while True:
                page = await here.deliveries.page(here.principal, endpoint.id, cursor=cursor, limit=2)
                seen += [row.id for row in page.rows]
                if page.next_cursor is None:
                    break
                cursor = page.next_cursor
            assert len(seen) == len(set(seen)) == 5
            with pytest.raises(InvalidError):
                await here.deliveries.page(here.principal, endpoint.id, cursor="made up", limit=2)


class TestEndpoints:
    @pytest.mark.parametrize(
        ("url", "why"),
        [
            ("http://a.example.com/", "https"),
            ("https://localhost/", "inner network"),
            ("https://169.254.169.254/", "metadata"),
            ("https://inside.example.com/", "private"),
            ("https://nowhere.example.com/", "resolve"),
        ],
    )
    async def test_an_address_that_may_not_be_reached_is_refused_with_its_reason(self, database, url, why):
        async with world(database, A) as (here, _):
            here.names["inside.example.com"] = "10.0.0.1"
            with pytest.raises(InvalidError, match=why) as refused:
                await here.webhooks.create(here.principal, NewWebhook(url=url))
            assert refused.value.pointer == "/url"
            endpoint = await here.endpoint(A)
            with pytest.raises(InvalidError, match=why):
                await here.webhooks.update(here.principal, endpoint.id, WebhookChange(url=url))

    async def test_fifty_and_no_more(self, database):
        async with world(database, A) as (here, _):
            for _ in range(50):
                await here.endpoint(A)
            with pytest.raises(InvalidError, match="50"):
                await here.endpoint(A)

    @pytest.mark.parametrize(
        ("events", "pointer"), [(("verdict.generated", "menu.item.burnt"), "/events/1"), ((), "/events")]
    )
    async def test_events_are_those_of_the_list(self, database, events, pointer):
        async with world(database, A) as (here, _):
            with pytest.raises(InvalidError) as refused:
                await here.webhooks.create(here.principal, NewWebhook(url=f"https://{A}/", events=events))
            assert refused.value.pointer == pointer

    async def test_the_secret_is_shown_once_and_stands_in_no_log(self, database):
        async with world(database, A) as (here, _):
            made = await here.webhooks.create(here.principal, NewWebhook(url=f"https://{A}/hooks?token=abc"))
            assert made.secret.startswith("whsec_")
            [shown] = (await here.webhooks.page(here.principal)).rows
            assert not hasattr(shown, "secret")
            rotated = await here.webhooks.rotate(here.principal, made.id, Rotation())
            await here.webhooks.update(here.principal, made.id, WebhookChange(description="till"))
            lines = [
                line for action in ("create", "rotate", "update") for line in await here.logged(f"webhook:{action}")
            ]
            assert len(lines) == 3
            for secret in (made.secret, rotated.secret, "token=abc"):
                assert secret not in str(lines)

    async def test_what_is_not_there_or_not_ours_is_not_found(self, database):
        async with world(database, A) as (here, _):
            endpoint = await here.endpoint(A)
            stranger = Principal(
                actor="key:x", role=Role.ADMIN, scope=type(here.scope)("kitchen-b"), tenant=here.principal.tenant
            )
            for principal, webhook_id in [(stranger, endpoint.id), (here.principal, here.clock.new_id())]:
                with pytest.raises(NotFoundError):
                    await here.webhooks.find(principal, webhook_id)
                with pytest.raises(NotFoundError):
                    await here.webhooks.delete(principal, webhook_id)
                with pytest.raises(NotFoundError):
                    await here.deliveries.page(principal, webhook_id)
            with pytest.raises(RefusedError):
                await here.webhooks.page(stranger, tenant_id="kitchen-a")

    async def test_what_waited_for_a_paused_endpoint_is_sent_when_it_is_enabled(self, database):
        async with world(database, A) as (here, there):
            endpoint = await here.endpoint(A)
            there.answer = lambda _: Answer(500)
            event = await here.event()
            await here.work()
            await here.webhooks.update(here.principal, endpoint.id, WebhookChange(enabled=False))
            here.clock.forward(minutes=1)
            there.answer = lambda _: Answer()
            await here.work()
            assert len(there.received) == 1
            await here.webhooks.update(here.principal, endpoint.id, WebhookChange(enabled=True))
            await here.work()
            assert there.ids == [event.id] * 2

    async def test_a_deleted_one_takes_its_deliveries_along(self, database):
        async with world(database, A) as (here, there):
            endpoint = await here.endpoint(A)
            there.answer = lambda _: Answer(500)
            await here.event()
            await here.work()
            await here.webhooks.delete(here.principal, endpoint.id)
            here.clock.forward(days=1)
            await here.work()
            assert len(there.received) == 1
            with pytest.raises(NotFoundError):
                await here.deliveries.page(here.principal, endpoint.id)
