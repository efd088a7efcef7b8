"""What processes share for a moment: rate limits and word that something changed. All of it may be lost at any time."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec


class Hit(msgspec.Struct, frozen=True):
    """Something to be counted: `cost` against `limit` in any `window_s` seconds, for `key` in `bucket`.

    Buckets are `ip`, `key` and `items`; clients read these names in the RateLimit fields.
    """

    bucket: str
    key: str
    limit: int
    window_s: int
    cost: int = 1


class Allowance(msgspec.Struct, frozen=True):
    """What is left of a limit after a hit.

    `reset_s`, whole seconds, at least 1: if allowed until the window ends, if refused until the same hit would fit.
    """

    bucket: str
    allowed: bool
    limit: int
    remaining: int
    window_s: int
    reset_s: int


class Limits(Protocol):
    """Counts hits. Never raises for a cache that is out: it goes on counting in this process."""

    async def hit(self, hits: Sequence[Hit]) -> list[Allowance]:
        """Count in order, in one trip where the cache can.

        The first that is refused ends the list: it and those after it are not counted. So one look at the last
        allowance says whether all were allowed.
        """
        ...


class Invalidations(Protocol):
    """Word between processes that something cached is stale. A lost word costs a second: caches live no longer."""

    async def announce(self, topic: str, key: str) -> None:
        """Tell every process, this one included and first. Never raises."""
        ...

    def on(self, topic: str, forget: Callable[[str], None]) -> None:
        """Call `forget(key)` for each word on a topic (`api_key`, `tenant`, `webhook`, `switch`).

        A word may be heard more than once.
        """
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
