"""Services switched off by an operator: no process asks them, until they are switched on or their time is over."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import structlog

from claimlens.domain.errors import ClaimLensError, NotFoundError
from claimlens.domain.service import SERVICES, ServiceState
from claimlens.domain.tenant import Principal
from claimlens.ports.cache import Invalidations
from claimlens.ports.clock import Clock
from claimlens.ports.service_news import ServiceNewsStore
from claimlens.ports.switches import SwitchStore
from claimlens.usecases.access_log import access_line
from claimlens.usecases.fields import one_line
from claimlens.usecases.permissions import require

#: How often the store is asked, in seconds: a word that is lost is made good for within this.
EVERY_S = 1.0
_PREFIX = "service."
_MOST_REASON = 200

_log = structlog.get_logger()


class Off(msgspec.Struct, frozen=True, kw_only=True):
    """Switched off by `by`, for `reason`; without `until` until it is switched on."""

    by: str
    reason: str
    since: datetime
    until: datetime | None = None

    def shown_in(self, state: ServiceState) -> ServiceState:
        """The state of a service that is switched off."""
        return msgspec.structs.replace(
            state, transport="off", since=self.since, off_until=self.until, off_reason=self.reason
        )


class ServiceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A service of the installation. `state` is in use, out (found so by a process, and back by none) or off."""

    service: str
    state: str
    since: datetime | None = None
    until: datetime | None = None
    by: str = ""
    reason: str = ""


class ServiceSwitches:
    """Reads and turns them. `on_change` is called with each service that was switched off or on or is on again."""

    def __init__(self, store: SwitchStore, clock: Clock, words: Invalidations) -> None:
        self._store = store
        self._clock = clock
        self._words = words
        self._off: dict[str, Off] = {}
        self._told: frozenset[str] = frozenset()
        self._heard = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self.on_change: Callable[[str], None] = lambda _: None
        words.on("switch", lambda _: self._heard.set())

    async def start(self) -> None:
        """Read them, and go on reading in the background. A store that is out leaves every service on."""
        await self._look()
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """End the reading."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching

    def off(self, service: str) -> Off | None:
        """Whether it is off, and why. Asks nobody."""
        found = self._off.get(service)
        if found is None or (found.until is not None and found.until <= self._clock.now()):
            return None
        return found

    async def read(self) -> dict[str, Off]:
        """Those that are off, from the store."""
        await self._read()
        return {service: off for service in SERVICES if (off := self.off(service)) is not None}

    async def overview(self, news: ServiceNewsStore) -> list[ServiceLine]:
        """Every service as the installation sees it: what processes told of it, and what an operator did."""
        off, told = await self.read(), await news.told()
        lines = []
        for service in SERVICES:
            if switched := off.get(service):
                lines.append(
                    ServiceLine(
                        service=service,
                        state="off",
                        since=switched.since,
                        until=switched.until,
                        by=switched.by,
                        reason=switched.reason,
                    )
                )
            elif (last := told.get(service)) is not None and last.is_out:
                lines.append(ServiceLine(service=service, state="out", since=last.since))
            else:
                lines.append(ServiceLine(service=service, state="in use"))
        return lines

    async def disable(self, principal: Principal, service: str, lasting: timedelta | None, reason: str) -> Off:
        """Switch a service off on every process, with a line in the access log. Raises NotFoundError, InvalidError."""
        require(principal, "services.write")
        now = self._clock.now()
        off = Off(
            by=principal.actor,
            reason=one_line(reason, "/reason", most=_MOST_REASON),
            since=now,
            until=None if lasting is None else now + lasting,
        )
        await self._write(principal, service, "service:disable", off)
        return off

    async def enable(self, principal: Principal, service: str, reason: str) -> None:
        """Switch it on again. Raises NotFoundError, InvalidError."""
        require(principal, "services.write")
        await self._write(
            principal, service, "service:enable", None, one_line(reason, "/reason", most=_MOST_REASON, least=0)
        )

    async def _write(
        self, principal: Principal, service: str, action: str, after: Off | None, reason: str = ""
    ) -> None:
        if service not in SERVICES:
            raise NotFoundError(f"there is no service {service!r:.40}; the services are {', '.join(SERVICES)}")
        assert principal.platform is not None
        before = (await self.read()).get(service)
        value = msgspec.to_builtins({"off": after})
        delta = {"off": [msgspec.to_builtins(before), value["off"]], **({"reason": reason} if reason else {})}
        line = access_line(principal, self._clock, action, service, delta)
        await self._store.write(principal.platform, _PREFIX + service, value, line)
        await self._words.announce("switch", _PREFIX + service)

    async def _watch(self) -> None:
        while True:
            self._heard.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._heard.wait()
            await self._look()

    async def _look(self) -> None:
        try:
            await self._read()
        except ClaimLensError as error:
            _log.debug("service_switches_unread", reason=str(error))  # as they were last seen
        now = frozenset(service for service in SERVICES if self.off(service) is not None)
        changed, self._told = now ^ self._told, now
        for service in sorted(changed):
            self.on_change(service)

    async def _read(self) -> None:
        rows = await self._store.read_all(_PREFIX)
        found = {}
        for name, value in rows.items():
            if value.get("off") is not None:
                found[name.removeprefix(_PREFIX)] = msgspec.convert(value["off"], Off)
        self._off = found
