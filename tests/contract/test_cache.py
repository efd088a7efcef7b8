"""What every cache promises: in process, one Valkey, a cluster of three. Faults are in test_cache_faults.py."""

import asyncio
import os
import random
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from claimlens.adapters.memory.cache import MemoryCache
from claimlens.adapters.redis.cache import RedisCache
from claimlens.ports.cache import Cache, Hit
from tests.valkey import Valkey, ValkeyCluster

OpenCache = Callable[[], AbstractAsyncContextManager[Cache]]


@asynccontextmanager
async def opened(cache: Cache) -> AsyncIterator[Cache]:
    await cache.start()
    try:
        yield cache
    finally:
        await cache.stop()


@pytest.fixture(scope="module")
def single_url() -> Iterator[str]:
    """The server that CLAIMLENS_TEST_REDIS_URL names, else one of our own."""
    if given := os.environ.get("CLAIMLENS_TEST_REDIS_URL"):
        yield given
        return
    server = Valkey()
    yield server.url
    server.remove()


@pytest.fixture(scope="module")
def cluster() -> Iterator[ValkeyCluster]:
    servers = ValkeyCluster()
    yield servers
    servers.remove()


@pytest.fixture
def name() -> str:
    """A name that no other test counts for."""
    return uuid.uuid4().hex


class CacheContract:
    mode: str

    def test_the_limit_is_let_through_and_no_more(self, open_cache: OpenCache, name: str) -> None:
        async def play() -> int:
            async with open_cache() as cache:
                answers = await asyncio.gather(*[cache.hit([Hit("key", name, 100, 60)]) for _ in range(105)])
                return sum(allowances[-1].allowed for allowances in answers)

        assert asyncio.run(play()) == 100

    def test_a_refused_cost_is_not_counted(self, open_cache: OpenCache, name: str) -> None:
        async def play() -> list[bool]:
            async with open_cache() as cache:
                return [(await cache.hit([Hit("items", name, 100, 60, cost)]))[-1].allowed for cost in (90, 20, 10, 1)]

        assert asyncio.run(play()) == [True, False, True, False]

    def test_the_first_refusal_ends_the_list(self, open_cache: OpenCache, name: str) -> None:
        hits = [Hit("ip", name, 10, 60), Hit("key", name, 1, 60), Hit("items", name, 100, 60, 5)]

        async def play() -> None:
            async with open_cache() as cache:
                assert [each.allowed for each in await cache.hit(hits)] == [True, True, True]
                refused = await cache.hit(hits)
                assert [each.allowed for each in refused] == [True, False]
                assert refused[0].remaining == 8
                [items] = await cache.hit(hits[2:])
                assert items.remaining == 90  # what came after the refusal was not counted

        asyncio.run(play())

    def test_it_tells_what_is_left_and_when_there_is_room(self, open_cache: OpenCache, name: str) -> None:
        async def play() -> None:
            async with open_cache() as cache:
                [first] = await cache.hit([Hit("key", name, 2, 3600)])
                assert (first.bucket, first.limit, first.window_s, first.remaining) == ("key", 2, 3600, 1)
                assert 3500 < first.reset_s <= 3600
                await cache.hit([Hit("key", name, 2, 3600)])
                [refused] = await cache.hit([Hit("key", name, 2, 3600)])
                assert refused.remaining == 0
                assert 3600 < refused.reset_s <= 5400  # half of the next window: then one of the two has faded

        asyncio.run(play())

    def test_buckets_and_names_are_counted_apart(self, open_cache: OpenCache, name: str) -> None:
        async def play() -> list[bool]:
            async with open_cache() as cache:
                hits = [Hit("key", name, 1, 60), Hit("ip", name, 1, 60), Hit("key", f"{name} two", 1, 60)]
                return [each.allowed for each in await cache.hit(hits)]

        assert asyncio.run(play()) == [True, True, True]

    def test_room_comes_back(self, open_cache: OpenCache, name: str) -> None:
        async def play() -> None:
            async with open_cache() as cache, asyncio.timeout(10):
                await cache.hit([Hit("ip", name, 3, 1, 3)])
                assert not (await cache.hit([Hit("ip", name, 3, 1)]))[-1].allowed
                while not (await cache.hit([Hit("ip", name, 3, 1)]))[-1].allowed:
                    await asyncio.sleep(0.05)

        asyncio.run(play())

    def test_it_counts_as_the_one_in_process_does(self, open_cache: OpenCache, name: str) -> None:
        chance = random.Random(name)
        rounds = [
            [Hit(bucket, name, limit, 3600, chance.randint(1, 9)) for bucket, limit in (("ip", 90), ("key", 60))]
            for _ in range(60)
        ]

        async def play(cache: Cache) -> list[list[tuple[bool, int]]]:
            async with opened(cache):
                return [[(each.allowed, each.remaining) for each in await cache.hit(hits)] for hits in rounds]

        async def here() -> list[list[tuple[bool, int]]]:
            async with open_cache() as cache:
                return [[(each.allowed, each.remaining) for each in await cache.hit(hits)] for hits in rounds]

        assert asyncio.run(here()) == asyncio.run(play(MemoryCache()))

    def test_a_word_is_heard_at_once_where_it_is_said(self, open_cache: OpenCache, name: str) -> None:
        async def play() -> set[str]:
            heard: set[str] = set()
            async with open_cache() as cache:
                cache.on("api_key", heard.add)
                cache.on("tenant", lambda _: heard.add("not for this topic"))
                await cache.announce("api_key", name)
                return heard

        assert asyncio.run(play()) == {name}

    def test_it_is_well(self, open_cache: OpenCache) -> None:
        async def play() -> tuple[str, str]:
            async with open_cache() as cache:
                health = await cache.health()
                return health.mode, health.status

        assert asyncio.run(play()) == (self.mode, "ok")


class SharedCacheContract(CacheContract):
    def test_processes_share_the_count(self, open_cache: OpenCache, name: str) -> None:
        async def play(key: str) -> int:
            async with open_cache() as one, open_cache() as two:
                answers = await asyncio.gather(
                    *[cache.hit([Hit("key", key, 100, 60)]) for cache in (one, two) for _ in range(80)]
                )
                return sum(allowances[-1].allowed for allowances in answers)

        # A server that is late on a busy machine is left out, and each counts for itself: then it is asked again.
        counts: list[int] = []
        while not counts or (counts[-1] != 100 and len(counts) < 5):
            counts.append(asyncio.run(play(f"{name}-{len(counts)}")))
        assert counts[-1] == 100, counts

    def test_a_word_reaches_the_others(self, open_cache: OpenCache, name: str) -> None:
        async def play() -> None:
            heard = asyncio.Event()
            async with open_cache() as one, open_cache() as two, asyncio.timeout(10):
                two.on("api_key", lambda key: heard.set() if key == name else None)
                while not heard.is_set():  # a word said before the other has subscribed is lost, and may be
                    await one.announce("api_key", name)
                    await asyncio.sleep(0.02)

        asyncio.run(play())


class TestInProcess(CacheContract):
    mode = "in-process"

    @pytest.fixture
    def open_cache(self) -> OpenCache:
        return lambda: opened(MemoryCache())


class TestSingleServer(SharedCacheContract):
    mode = "redis"

    @pytest.fixture
    def open_cache(self, single_url: str) -> OpenCache:
        return lambda: opened(RedisCache(single_url, MemoryCache()))


class TestCluster(SharedCacheContract):
    mode = "redis-cluster"

    @pytest.fixture
    def open_cache(self, cluster: ValkeyCluster) -> OpenCache:
        return lambda: opened(RedisCache(cluster.url, MemoryCache()))
