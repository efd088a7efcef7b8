"""Telling tenants that a service went out or came back: once for each change, however many processes see it."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

import structlog

from claimlens.domain.errors import ClaimLensError
from claimlens.domain.service import SERVICES
from claimlens.gate.notify import service_changed
from claimlens.ports.clock import Clock
from claimlens.ports.service_news import ServiceNewsStore
from claimlens.usecases.authentication import worker_scope

#: How often a process that finds a service out says so again, in seconds.
EVERY_S = 20.0
#: A service that nobody has found out for so long, and somebody has used, is back: who said that it was out is gone.
FORGOTTEN_AFTER = timedelta(seconds=90)

_log = structlog.get_logger()


class ServiceNewsroom:
    """Writes what this process sees to the store, in the background; what could not be written is written later.

    `written` is called when there are new events, for a worker that lives in the same process.
    """

    def __init__(
        self, store: ServiceNewsStore, clock: Clock, *, written: Callable[[], None], every_s: float = EVERY_S
    ) -> None:
        self._store = store
        self._clock = clock
        self._scope = worker_scope()
        self._written = written
        self._every_s = every_s
        self._seen: dict[str, tuple[bool, str]] = {}
        self._told: dict[str, bool] = {}
        self._news = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    def tell(self, service: str, *, out: bool, cause: str = "") -> None:
        """What this process sees now. Costs nothing if it is no news."""
        if service not in self._seen or self._seen[service][0] != out:
            self._seen[service] = (out, cause)
            self._news.set()

    def start(self) -> None:
        """Begin to write."""
        self._writing = asyncio.create_task(self._write())

    async def stop(self) -> None:
        """End; what is not written by now is seen by the next process."""
        if self._writing is not None:
            self._writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writing

    async def _write(self) -> None:
        wait = self._every_s
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._news.wait()
            self._news.clear()
            wait = self._every_s
            try:
                await self._write_down()
            except ClaimLensError as error:
                _log.warning("service_news_waits", reason=str(error))
                wait = min(1.0, self._every_s)

    async def _write_down(self) -> None:
        known = await self._store.told()
        now = self._clock.now()
        for service in SERVICES:
            out, cause = self._seen.get(service, (None, ""))
            told = known.get(service)
            if out is None:
                continue
            if self._told.get(service) != out:
                await self._turn(service, cause, out=out)
            elif out:
                await self._store.still_out(self._scope, service, now)
            elif told is not None and told.is_out and now - told.seen_at > FORGOTTEN_AFTER:
                await self._turn(service, cause, out=False)

    async def _turn(self, service: str, cause: str, *, out: bool) -> None:
        now = self._clock.now()
        payload = service_changed(service, now, out=out, cause=cause)
        is_news = await self._store.turn(self._scope, service, now, out=out, payload=payload)
        self._told[service] = out
        if is_news:
            _log.info("service_news", service=service, out=out)
            self._written()
