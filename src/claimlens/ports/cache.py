"""What processes share for a moment: rate limits and word that something changed. All of it may be lost at any time."""

from collections.abc import Callable
from typing import Protocol

import msgspec


class Allowance(msgspec.Struct, frozen=True):
    """What is left of a limit after a hit. `reset_s` is when the window has room again, in whole seconds."""

    allowed: bool
    limit: int
    remaining: int
    window_s: int
    reset_s: int


class Limits(Protocol):
    """Counts hits. Never raises for a cache that is out: it goes on counting in this process."""

    async def hit(self, bucket: str, key: str, *, limit: int, window_s: int, cost: int = 1) -> Allowance:
        """Count `cost` against `limit` a window for `key` in `bucket` (`key`, `ip`, `items`); if refused, nothing."""
        ...


class Invalidations(Protocol):
    """Word between processes that something cached is stale. A lost word costs a second: caches live no longer."""

    async def announce(self, topic: str, key: str) -> None:
        """Tell every process, this one included. Never raises."""
        ...

    def on(self, topic: str, forget: Callable[[str], None]) -> None:
        """Call `forget(key)` for each word on a topic (`api_key`, `tenant`, `webhook`, `switch`)."""
        ...


class CacheHealth(msgspec.Struct, frozen=True):
    """`mode` is `in-process`, `redis` or `redis-cluster`; `status` ok | degraded; `memory_bytes` if the server says."""

    mode: str
    status: str
    detail: str = ""
    memory_bytes: int | None = None


class Cache(Limits, Invalidations, Protocol):
    """Both, and how it is."""

    async def start(self) -> None:
        """Connect; a server that is out is tried again in the background."""
        ...

    async def stop(self) -> None:
        """Let go of connections."""
        ...

    async def health(self) -> CacheHealth:
        """How it is, within 500 ms."""
        ...
