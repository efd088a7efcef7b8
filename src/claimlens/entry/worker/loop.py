"""The loop: each duty goes its own way, so that one that fails stops no other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from time import perf_counter

import msgspec
import structlog

from claimlens.domain.errors import OverloadedError

#: A duty that fails is tried again after 1, 2, 4, ... seconds, at most after this many.
MOST_REST_S = 60.0
#: How long a stop waits for what was begun, in seconds: an attempt at a delivery takes ten.
GRACE_S = 12.0
#: A piece of upkeep that takes longer has a line, in seconds; jobs have lines of their own.
SLOW_S = 5.0

_log = structlog.get_logger()

Pause = Callable[[asyncio.Event, float], Awaitable[None]]
"""Waits until the event is set, so many seconds at most."""


class Duty(msgspec.Struct, kw_only=True, eq=False):
    """Something to do again and again.

    `run` does a piece of it and says whether there is more; if not, it is asked again after `every_s` seconds or when
    the `bell` is set. One that is `interruptible` leaves nothing half done when it is cancelled.
    """

    name: str
    run: Callable[[], Awaitable[bool]]
    every_s: float
    bell: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    interruptible: bool = False


class Worker:
    """Keeps duties from `start` to `stop`."""

    def __init__(
        self,
        duties: Sequence[Duty],
        *,
        last: Callable[[float], Awaitable[None]] | None = None,
        pause: Pause | None = None,
    ) -> None:
        """`last` is called at the end, with the seconds that are left for what still runs in the background."""
        self._duties = duties
        self._last = last
        self._pause = pause or _pause
        self._stopping = asyncio.Event()
        self._tasks: dict[asyncio.Task[None], Duty] = {}
        #: The names of the duties whose last try failed.
        self.failing: set[str] = set()

    def start(self) -> None:
        """Begin; the loop that runs now is the worker's."""
        for duty in self._duties:
            self._tasks[asyncio.ensure_future(self._keep(duty))] = duty

    async def stop(self, grace_s: float = GRACE_S) -> None:
        """Begin nothing more, let what was begun end for so long, give the rest back."""
        end = asyncio.get_running_loop().time() + grace_s
        self._stopping.set()
        for task, duty in self._tasks.items():
            duty.bell.set()
            if duty.interruptible:
                task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self._last is not None:
            try:
                await self._last(max(0.0, end - asyncio.get_running_loop().time()))
            except Exception:
                # Whatever could not be given back is free again when its lease has run out.
                _log.exception("worker_left_leases")

    async def _keep(self, duty: Duty) -> None:
        failures = 0
        while not self._stopping.is_set():
            duty.bell.clear()
            began = perf_counter()
            try:
                more = await duty.run()
            except Exception as error:
                failures += 1
                self.failing.add(duty.name)
                rest = min(MOST_REST_S, 2.0 ** (failures - 1))
                fields = {"duty": duty.name, "rest_s": rest, "duration_ms": _ms_since(began)}
                if isinstance(error, OverloadedError):
                    _log.warning("duty_waits", **fields, reason=str(error))
                else:
                    _log.exception("duty_failed", **fields)
                # Not woken by its bell: whoever rings it does not know that it failed.
                await self._pause(self._stopping, rest)
                continue
            if failures:
                _log.info("duty_recovered", duty=duty.name, failures=failures)
                failures = 0
                self.failing.discard(duty.name)
            if not duty.interruptible and (took := _ms_since(began)) > 1000 * SLOW_S:
                _log.info("duty_slow", duty=duty.name, duration_ms=took)
            await (asyncio.sleep(0) if more else self._pause(duty.bell, duty.every_s))


def _ms_since(began: float) -> float:
    return round((perf_counter() - began) * 1000, 1)


async def _pause(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
