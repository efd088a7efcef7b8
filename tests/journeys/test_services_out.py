"""A service that is dead, slow, lying, flapping or frozen: what it costs those who ask, and how it comes back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from claimlens.adapters.memory.cache import MemoryCache
from claimlens.adapters.sql.engine import Database
from claimlens.domain.question import Question
from claimlens.domain.service import RECALL_LOOKUP, SERVICES, BreakerState
from claimlens.usecases.authentication import operator
from claimlens.usecases.service_guard import CallOutcome
from tests.journeys.services_world import Asking, asking
from tests.misbehaving import Manner, Misbehaving

CLOSED, OPEN = BreakerState.CLOSED, BreakerState.OPEN


@pytest.fixture(scope="module")
def running() -> Iterator[Misbehaving]:
    started = Misbehaving(RECALL_LOOKUP).start()
    yield started
    started.remove()


@pytest.fixture
async def server(running: Misbehaving) -> Misbehaving:
    running.behave(Manner.WELL)
    await asyncio.to_thread(running.restart)
    return running


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
async def one(store: Database, server: Misbehaving) -> AsyncIterator[Asking]:
    async with asking(store, server.url) as opened:
        await opened.until_warm()
        yield opened


async def test_a_service_that_is_well_answers_each_payload(one: Asking) -> None:
    answers = await one.ask(3)
    assert answers is not None
    assert [answer["told"]["name"] for answer in answers] == ["dal 0", "dal 1", "dal 2"]
    assert one.breaker is CLOSED
    assert one.state.last_success is not None
    assert one.state.p95_ms is not None


async def test_cannot_is_an_answer(one: Asking, server: Misbehaving) -> None:
    server.behave(Manner.CANNOT)
    for _ in range(10):
        assert await one.ask(2) == ({"cannot": "not today"}, {"cannot": "not today"})
    assert one.breaker is CLOSED


async def test_of_no_payload_there_is_nothing_to_ask(one: Asking, server: Misbehaving) -> None:
    before = server.calls()
    assert await one.services.ask(Question(RECALL_LOOKUP, ()), within_ms=100) == ()
    assert server.calls() == before


@pytest.mark.parametrize("manner", [Manner.TOO_FEW, Manner.WRONG_TYPES, Manner.NO_ANSWERS, Manner.SLOW, Manner.FAILS])
async def test_what_is_no_answer_five_times_is_left_alone_and_taken_up_when_it_is_well(
    one: Asking, server: Misbehaving, manner: Manner
) -> None:
    server.behave(manner)
    while one.breaker is CLOSED:
        assert await one.ask(2) is None
        await asyncio.sleep(0.05)  # what is doubtful is looked at beside the requests
    assert len([call for call in one.calls if call is not CallOutcome.ANSWERED]) >= 5
    assert await one.ask(2) is None
    server.behave(Manner.WELL)
    await one.until_closed()
    assert await one.ask(2) is not None


async def test_while_the_breaker_is_open_nobody_is_asked_and_nothing_is_spent(one: Asking, server: Misbehaving) -> None:
    server.kill()
    for _ in range(5):
        assert await one.ask() is None
    assert one.breaker is OPEN
    before = len(one.calls)
    for _ in range(1_000):
        assert await one.ask() is None
    # All that was called meanwhile, if anything, was the guard's own probe.
    assert len(one.calls) - before <= 2
    assert "ConnectError" in one.state.failure


async def test_a_server_that_was_killed_is_used_again_without_any_request(one: Asking, server: Misbehaving) -> None:
    server.kill()
    for _ in range(5):
        await one.ask()
    assert one.state.is_out
    await asyncio.to_thread(server.start)
    await one.until_closed()
    assert server.calls() >= 2  # two probes closed it
    await one.until_answered()


async def test_a_frozen_server_costs_five_requests_their_limit_and_no_more(one: Asking, server: Misbehaving) -> None:
    server.freeze()
    try:
        for _ in range(5):
            assert await one.ask(within_ms=60) is None
        assert one.breaker is OPEN
        assert one.calls[-5:] == [CallOutcome.SLOW] * 5
        assert await one.ask() is None
    finally:
        server.thaw()
    await one.until_closed()
    await one.until_answered()


async def test_a_flapping_server_is_out_until_it_answers_twice_in_a_row(one: Asking, server: Misbehaving) -> None:
    for _ in range(3):
        server.kill()
        for _ in range(5):
            await one.ask()
        assert one.breaker is OPEN
        await asyncio.to_thread(server.start)
        await one.until_closed()
        await one.until_answered()


async def test_calls_in_flight_outlive_the_death_of_others(one: Asking, server: Misbehaving) -> None:
    server.behave(Manner.DIES)
    askers = await asyncio.gather(*[one.ask() for _ in range(20)])
    assert askers == [None] * 20
    server.behave(Manner.WELL)
    await asyncio.to_thread(server.start)
    await one.until_closed()
    await one.until_answered()


async def test_one_failure_is_made_good_by_a_retry_within_the_time(one: Asking, server: Misbehaving) -> None:
    server.behave(Manner.ONCE_WRONG)
    assert await one.ask(within_ms=2_000, retries=2) is not None
    assert one.calls.count(CallOutcome.FAILED) == 1


async def test_retries_end_with_their_number_and_with_the_time(one: Asking, server: Misbehaving) -> None:
    # Counted by their outcome: a probe that was on its way from before is none of these.
    server.behave(Manner.WRONG_TYPES)
    assert await one.ask(retries=2) is None
    assert one.calls.count(CallOutcome.FAILED) == 3
    server.behave(Manner.SLOW)
    slow = one.calls.count(CallOutcome.SLOW)
    assert await one.ask(within_ms=100, retries=2) is None
    assert one.calls.count(CallOutcome.SLOW) - slow == 1


async def test_without_time_nothing_is_begun(one: Asking, server: Misbehaving) -> None:
    before = server.calls()
    assert await one.ask(within_ms=0) is None
    assert await one.ask(within_ms=-5) is None
    assert server.calls() == before
    assert one.breaker is CLOSED


async def test_a_call_that_the_service_does_not_take_is_held_against_nobody(one: Asking, server: Misbehaving) -> None:
    """Nobody can open the breaker for others with items that the service chokes on."""
    server.behave(Manner.REFUSES)
    for _ in range(20):
        assert await one.ask() is None
    await one.until(lambda: one.calls[-1] is CallOutcome.ANSWERED, "a call known to be good was tried")
    assert one.breaker is CLOSED
    assert CallOutcome.REFUSED in one.calls


async def test_many_payloads_in_too_little_time_are_no_failure(one: Asking, server: Misbehaving) -> None:
    server.behave(Manner.SLOW_WITH_MANY)
    for _ in range(10):
        assert await one.ask(200, within_ms=60) is None
    assert one.breaker is CLOSED
    await one.until_answered()


async def test_whoever_leaves_says_nothing_about_the_service(one: Asking, server: Misbehaving) -> None:
    server.behave(Manner.SLOW)
    for _ in range(10):
        asker = asyncio.create_task(one.ask())
        await asyncio.sleep(0.01)
        asker.cancel()
        await asyncio.gather(asker, return_exceptions=True)
    assert one.breaker is CLOSED
    server.behave(Manner.WELL)
    await one.until_answered()


async def test_a_service_that_nothing_is_known_of_is_not_asked(one: Asking) -> None:
    assert await one.services.ask(Question("weather.report", ({},)), within_ms=100) is None
    assert [state.service for state in one.services.states()] == list(SERVICES)


class TestSeveralProcesses:
    async def test_what_one_finds_out_the_others_look_at(self, store: Database, server: Misbehaving) -> None:
        words = MemoryCache()
        async with asking(store, server.url, words) as first, asking(store, server.url, words) as second:
            await first.until_warm()
            await second.until_warm()
            server.kill()
            for _ in range(5):
                await first.ask()
            await second.until(lambda: second.breaker is OPEN, "the other process has heard and looked")
            assert second.calls.count(CallOutcome.FAILED) == 1
            await asyncio.to_thread(server.start)
            await first.until_closed()
            await second.until_closed()

    async def test_word_that_is_not_true_opens_nothing(self, one: Asking, server: Misbehaving, store: Database) -> None:
        words = MemoryCache()
        async with asking(store, server.url, words) as other:
            await other.until_warm()
            before = len(other.calls)
            await words.announce("service", f"{RECALL_LOOKUP} out somebody")
            await other.until(lambda: len(other.calls) > before, "it has looked")
            assert other.calls[-1] is CallOutcome.ANSWERED
            assert other.breaker is CLOSED

    @pytest.mark.parametrize("word", ["", "recall.lookup", "recall.lookup out", "no.service out x", "a b c d", "\x00"])
    async def test_a_word_that_is_none_is_passed_over(self, store: Database, server: Misbehaving, word: str) -> None:
        words = MemoryCache()
        async with asking(store, server.url, words) as other:
            await words.announce("service", word)
            await other.until_warm()
            await other.until_answered()

    async def test_tenants_are_told_once_of_each_change(self, store: Database, server: Misbehaving) -> None:
        words = MemoryCache()
        async with asking(store, server.url, words) as first, asking(store, server.url, words) as second:
            await first.until_warm()
            await second.until_warm()
            server.kill()
            for _ in range(5):
                await asyncio.gather(first.ask(), second.ask())
            await first.until(lambda: first.events + second.events == 1, "one of them told it")
            await asyncio.to_thread(server.start)
            await first.until_closed()
            await second.until_closed()
            await first.until(lambda: first.events + second.events == 2, "one of them told that it is back")
        async with asking(store, server.url) as third:
            await third.until_warm()
            assert not (await third.news.told())[RECALL_LOOKUP].is_out
            assert third.events == 0

    async def test_what_a_process_that_died_told_is_put_right_by_the_next(
        self, store: Database, server: Misbehaving
    ) -> None:
        async with asking(store, server.url) as first:
            await first.until_warm()
            server.kill()
            for _ in range(5):
                await first.ask()
            await first.until(lambda: first.events == 1, "told")
        await asyncio.to_thread(server.start)
        async with asking(store, server.url) as second:
            await second.until(lambda: second.events == 1, "told that it is back")
            assert not (await second.news.told())[RECALL_LOOKUP].is_out


class TestSwitchedOff:
    async def test_it_is_not_asked_until_it_is_switched_on(self, one: Asking, server: Misbehaving) -> None:
        who = operator("test")
        await one.switches.disable(who, RECALL_LOOKUP, None, "the index is being rebuilt")
        await one.until(lambda: one.state.transport == "off", "it is off")
        assert one.state.is_out
        assert one.state.off_reason == "the index is being rebuilt"
        before = server.calls()
        assert await one.ask() is None
        assert server.calls() == before
        await one.until(lambda: one.events == 1, "tenants were told")
        await one.switches.enable(who, RECALL_LOOKUP, "done")
        await one.until(lambda: not one.state.is_out, "it is on")
        await one.until_answered()
        await one.until(lambda: one.events == 2, "tenants were told")

    async def test_it_comes_on_by_itself_when_its_time_is_over(self, one: Asking) -> None:
        await one.switches.disable(operator("test"), RECALL_LOOKUP, timedelta(seconds=0.3), "a moment")
        await one.until(lambda: one.state.transport == "off", "it is off")
        await one.until(lambda: one.state.transport == "mcp", "it is on")

    async def test_another_process_sees_it_without_a_word(self, store: Database, server: Misbehaving) -> None:
        async with (
            asking(store, server.url, MemoryCache()) as first,
            asking(store, server.url, MemoryCache()) as second,
        ):
            await first.switches.disable(operator("test"), RECALL_LOOKUP, None, "why")
            await second.until(lambda: second.state.transport == "off", "the other process sees it")
