"""Limits and invalidations shared through Redis or Valkey, and what happens while it is out.

After the first call that fails, nothing waits for the server any more: this process counts by itself, and a probe in
the background asks until the server answers again. Nothing that is kept there is missed: FLUSHDB is safe at any moment.

Calls run in tasks of this class and end by the client's own time limits: a client of Redis that is cancelled in the
middle of a call loses its connection.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import structlog
from redis.exceptions import RedisError

from claimlens.adapters.redis.client import Cluster, SingleServer, open_client
from claimlens.adapters.redis.counting import count_one_by_one, count_together
from claimlens.adapters.redis.patience import pauses
from claimlens.adapters.redis.words import CHANNEL, listen
from claimlens.ports.cache import Allowance, Cache, CacheHealth, Hit

#: Requests that share one trip.
MOST_TOGETHER = 64

#: How long the question after the server's health may take.
HEALTH_S = 0.4

#: Counted by the probe: names that lie on several servers of a cluster.
_PROBE = [[Hit("probe", str(number), 1, 1)] for number in range(8)]

log = structlog.get_logger(__name__)

_Answer = TypeVar("_Answer")
_Waiting = tuple[Sequence[Hit], asyncio.Future[list[Allowance]]]


class RedisCache:
    """Counts and tells on a server; `here` does both for this process alone while the server is out."""

    def __init__(self, url: str, here: Cache) -> None:
        self._url = url
        self._here = here
        self._client = open_client(url)
        self._count = count_one_by_one if isinstance(self._client, Cluster) else count_together
        self._waiting: deque[_Waiting] = deque()
        self._counting = False
        self._out = ""
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Connect; a server that is out is tried again in the background."""
        self._run(listen(lambda attempt: self._client.subscriber(attempt), self._here.announce, self._stopping))
        await self.health()

    async def stop(self) -> None:
        """Let go of connections."""
        self._stopping.set()
        await _close(self._client)  # which also wakes the listener
        while self._tasks:
            await asyncio.wait(self._tasks)
        await _close(self._client)

    async def hit(self, hits: Sequence[Hit]) -> list[Allowance]:
        """Count in order, in one trip that waiting requests share; in this process while the server is out."""
        if self._out:
            return await self._here.hit(hits)
        answer: asyncio.Future[list[Allowance]] = asyncio.get_running_loop().create_future()
        self._waiting.append((hits, answer))
        if not self._counting:
            self._counting = True
            self._run(self._count_waiting())
        return await answer

    async def announce(self, topic: str, key: str) -> None:
        """Tell this process, then the others."""
        await self._here.announce(topic, key)
        if not self._out:
            await asyncio.shield(self._run(self._publish(f"{topic} {key}")))

    def on(self, topic: str, forget: Callable[[str], None]) -> None:
        """Call `forget(key)` for each word on a topic."""
        self._here.on(topic, forget)

    async def health(self) -> CacheHealth:
        """Asks the server, unless it is known to be out."""
        if not self._out:
            asked = self._run(self._ask_memory())
            await asyncio.wait([asked], timeout=HEALTH_S)
            if not asked.done():
                self._lose(TimeoutError())
            elif not self._out:
                return CacheHealth(self._client.mode, "ok", memory_bytes=asked.result())
        return CacheHealth(self._client.mode, "degraded", self._out)

    async def _count_waiting(self) -> None:
        try:
            while self._waiting:
                together = [self._waiting.popleft() for _ in range(min(MOST_TOGETHER, len(self._waiting)))]
                answers = await self._count_now([hits for hits, _ in together])
                for (_, answer), allowances in zip(together, answers, strict=True):
                    if not answer.done():  # its request may have gone
                        answer.set_result(allowances)
        finally:
            self._counting = False

    async def _count_now(self, requests: Sequence[Sequence[Hit]]) -> list[list[Allowance]]:
        if not self._out:
            try:
                return await self._count(self._client, requests)
            except Exception as error:  # whatever it is: a limit that cannot be counted is no reason to refuse
                self._lose(error)
        return [await self._here.hit(hits) for hits in requests]

    async def _publish(self, word: str) -> None:
        try:
            await self._client.publish(CHANNEL, word)
        except Exception as error:
            self._lose(error)

    async def _ask_memory(self) -> int | None:
        try:
            return await self._client.memory()
        except Exception as error:
            self._lose(error)
            return None

    def _lose(self, error: Exception) -> None:
        if self._out or self._stopping.is_set():
            return
        self._out = f"Redis does not answer ({type(error).__name__}); each process counts for itself"
        strange = not isinstance(error, RedisError | OSError | TimeoutError)
        log.warning("cache.out", mode=self._client.mode, reason=type(error).__name__, exc_info=strange)
        self._run(self._probe())

    async def _probe(self) -> None:
        async for _ in pauses(self._stopping):
            # Connections of a server that was out may be half open, a cluster may have moved: begin anew.
            fresh = open_client(self._url)
            try:
                await self._count(fresh, _PROBE)
                await fresh.memory()
            except Exception as error:
                log.debug("cache.still_out", reason=type(error).__name__)
                await _close(fresh)
            else:
                stale, self._client, self._out = self._client, fresh, ""
                log.info("cache.back", mode=fresh.mode)
                await _close(stale)
                return

    def _run(self, work: Coroutine[Any, Any, _Answer]) -> asyncio.Task[_Answer]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _close(client: SingleServer | Cluster) -> None:
    with contextlib.suppress(RedisError, OSError):
        await client.close()
