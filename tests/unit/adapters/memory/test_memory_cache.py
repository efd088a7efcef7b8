"""Counting in one process; what holds for every cache is in tests/contract/test_cache.py."""

import asyncio

from claimlens.adapters.memory.cache import MemoryCache
from claimlens.ports.cache import Hit


def test_a_flood_of_addresses_pushes_out_only_addresses() -> None:
    cache = MemoryCache(lambda: 0.0, most_names=100)

    async def flood() -> bool:
        await cache.hit([Hit("key", "ours", 1, 60)])
        for number in range(1_000):
            await cache.hit([Hit("ip", f"192.0.2.{number}", 1, 60)])
        late = await cache.hit([Hit("ip", "192.0.2.999", 1, 60)])
        ours = await cache.hit([Hit("key", "ours", 1, 60)])
        return late[-1].allowed or ours[-1].allowed

    assert not asyncio.run(flood())


def test_time_brings_room_back() -> None:
    moment = 0.0
    cache = MemoryCache(lambda: moment)
    hit = [Hit("key", "k", 10, 60)]

    async def use_up() -> int:
        return [(await cache.hit(hit))[-1].allowed for _ in range(20)].count(True)

    assert asyncio.run(use_up()) == 10
    refused = asyncio.run(cache.hit(hit))[-1]
    moment += refused.reset_s
    assert asyncio.run(cache.hit(hit))[-1].allowed
