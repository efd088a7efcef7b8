"""Redis may be killed, frozen, emptied or not there at all: nobody is refused for it, and it is taken up again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from redis.crc import key_slot

from claimlens.adapters.memory.cache import MemoryCache
from claimlens.adapters.redis.cache import RedisCache
from claimlens.ports.cache import Hit
from tests.valkey import Valkey, ValkeyCluster, free_port

REQUEST = [Hit("ip", "203.0.113.7", 1_000_000, 60), Hit("key", "k", 1_000_000, 60)]

Servers = Valkey | ValkeyCluster


@pytest.fixture(scope="module")
def single() -> Iterator[Valkey]:
    server = Valkey()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def cluster() -> Iterator[ValkeyCluster]:
    servers = ValkeyCluster()
    yield servers
    servers.remove()


@pytest.fixture(params=["single", "cluster"])
def servers(request: pytest.FixtureRequest) -> Servers:
    """Well and whole at the beginning of each test, whatever the one before did."""
    chosen: Servers = request.getfixturevalue(request.param)
    for each in nodes(chosen):
        each.thaw()
        each.start()
    if isinstance(chosen, ValkeyCluster):
        chosen.wait_until_whole()
    return chosen


def nodes(servers: Servers) -> list[Valkey]:
    return servers.nodes if isinstance(servers, ValkeyCluster) else [servers]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[RedisCache]:
    cache = RedisCache(url, MemoryCache())
    await cache.start()
    try:
        yield cache
    finally:
        await cache.stop()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.02)


async def is_well(cache: RedisCache) -> bool:
    return (await cache.health()).status == "ok"


async def keep_asking(cache: RedisCache, answers: list[bool], stop: asyncio.Event) -> None:
    while not stop.is_set():
        answers.append((await cache.hit(REQUEST))[-1].allowed)
        await asyncio.sleep(0)


@asynccontextmanager
async def load(cache: RedisCache) -> AsyncIterator[list[bool]]:
    """Four clients that ask without a pause; what they were answered."""
    answers: list[bool] = []
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        for _ in range(4):
            clients.create_task(keep_asking(cache, answers, stop))
        yield answers
        stop.set()


async def a_few_more(answers: list[bool]) -> None:
    count = len(answers)
    async with asyncio.timeout(20):
        while len(answers) < count + 50:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("fault", [Valkey.kill, Valkey.freeze])
def test_a_server_that_goes_and_comes_back(servers: Servers, fault: Callable[[Valkey], None]) -> None:
    first = nodes(servers)[0]

    async def play() -> None:
        async with opened(servers.url) as cache, load(cache) as answers:
            await a_few_more(answers)
            fault(first)

            async def is_degraded() -> bool:
                return (await cache.health()).status == "degraded"

            await until(is_degraded)
            assert "each process counts for itself" in (await cache.health()).detail
            await a_few_more(answers)
            first.thaw()
            await asyncio.to_thread(first.start)
            await until(lambda: is_well(cache))
            await a_few_more(answers)
            assert all(answers)

    asyncio.run(play())


def test_emptied_under_load(servers: Servers) -> None:
    async def play() -> None:
        async with opened(servers.url) as cache, load(cache) as answers:
            for _ in range(20):
                for node in nodes(servers):
                    with node.client() as client:
                        client.flushdb()
                        client.script_flush()
                await a_few_more(answers)
            assert all(answers)
            assert await is_well(cache)

    asyncio.run(play())


def test_a_slot_that_moves_to_another_server(cluster: ValkeyCluster) -> None:
    for node in cluster.nodes:
        node.thaw()
        node.start()
    cluster.wait_until_whole()
    slot = key_slot(b"moving")
    [source] = [node for node in cluster.nodes if slot in owned_slots(node)]
    target = next(node for node in cluster.nodes if node is not source)

    def tell(node: Valkey, *command: object) -> bytes:
        with node.client() as client:
            return bytes(client.execute_command(*command))

    async def play() -> None:
        async with opened(cluster.url) as cache:

            async def remaining(name: str) -> int:
                return (await cache.hit([Hit("key", f"{{moving}}{name}", 10, 3600)]))[-1].remaining

            assert await remaining("old") == 9
            tell(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", tell(source, "CLUSTER", "MYID"))
            tell(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", tell(target, "CLUSTER", "MYID"))
            assert [await remaining("new"), await remaining("new"), await remaining("old")] == [9, 8, 8]
            old = "claimlens:limit:key:{moving}old"
            tell(source, "MIGRATE", "127.0.0.1", target.port, old, 0, 1000)
            for node in (target, source, *cluster.nodes):
                tell(node, "CLUSTER", "SETSLOT", slot, "NODE", tell(target, "CLUSTER", "MYID"))
            assert [await remaining("new"), await remaining("old")] == [7, 7]
            assert await is_well(cache)

    asyncio.run(play())


def owned_slots(node: Valkey) -> range:
    with node.client() as client:
        lines = bytes(client.execute_command("CLUSTER", "NODES")).decode().splitlines()
    [own] = [line for line in lines if "myself" in line]
    first, _, last = own.split()[8].partition("-")
    return range(int(first), int(last or first) + 1)


def test_limits_hold_in_each_process_while_it_is_out(single: Valkey) -> None:
    single.start()

    async def play() -> int:
        async with opened(single.url) as cache:
            single.kill()
            answers = [await cache.hit([Hit("key", "while-out", 100, 60)]) for _ in range(105)]
            return sum(each[-1].allowed for each in answers)

    assert asyncio.run(play()) == 100


def test_nobody_waits_for_a_frozen_server(single: Valkey) -> None:
    single.start()

    async def play() -> None:
        async with opened(single.url) as cache:
            single.freeze()
            # One after another: were each to wait for its time limit, this would take a hundred seconds.
            async with asyncio.timeout(20):
                for _ in range(1_000):
                    await cache.hit(REQUEST)
                    await cache.announce("api_key", "k")

    asyncio.run(play())
    single.thaw()


def test_words_are_heard_again_after_a_restart(servers: Servers) -> None:
    async def play() -> None:
        async with opened(servers.url) as one, opened(servers.url) as two:
            heard: list[str] = []
            two.on("api_key", heard.append)

            async def reaches() -> bool:
                await one.announce("api_key", "k")
                return bool(heard)

            await until(reaches)
            nodes(servers)[0].kill()
            await asyncio.to_thread(nodes(servers)[0].start)
            await until(lambda: is_well(one))
            heard.clear()
            await until(reaches)

    asyncio.run(play())


def test_it_starts_without_a_server_and_takes_it_up_later(single: Valkey) -> None:
    single.kill()

    async def play() -> None:
        async with opened(single.url) as cache:
            assert (await cache.health()).status == "degraded"
            assert (await cache.hit(REQUEST))[-1].allowed
            await asyncio.to_thread(single.start)
            await until(lambda: is_well(cache))

    asyncio.run(play())


@pytest.mark.parametrize("scheme", ["redis", "rediss", "redis+cluster"])
def test_what_is_wrong_is_said_without_the_secret(scheme: str) -> None:
    async def play() -> str:
        async with opened(f"{scheme}://user:hunter2@127.0.0.1:{free_port()}") as cache:
            return (await cache.health()).detail

    detail = asyncio.run(play())
    assert detail.startswith("Redis does not answer (")
    assert "hunter2" not in detail


def test_a_server_that_wants_a_password(single: Valkey) -> None:
    single.start()
    guarded = Valkey("--requirepass", "open-sesame")

    async def play(url: str) -> str:
        async with opened(url) as cache:
            assert (await cache.hit(REQUEST))[-1].allowed
            return (await cache.health()).status

    try:
        assert asyncio.run(play(guarded.url)) == "degraded"
        assert asyncio.run(play(guarded.url.replace("//", "//:open-sesame@"))) == "ok"
    finally:
        guarded.remove()
