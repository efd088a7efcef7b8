"""How the service is, as its operators and its clients ask."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from claimlens.domain.errors import ClaimLensError, NotFoundError
from claimlens.ports.cache import CacheHealth
from claimlens.ports.clock import Clock
from claimlens.usecases.maintenance import Maintenance, Switch

#: The services that a verdict may ask.
SERVICES = ("ocr.label", "unit.convert", "recall.lookup", "alt.suggester")
#: A database that does not answer within this time is out, in seconds.
PATIENCE_S = 2.0


class Pinged(Protocol):
    """A store that can be asked whether it is there."""

    async def ping(self) -> None:
        """Raises OverloadedError if it is not."""
        ...


class CacheAsked(Protocol):
    """A cache that says how it is."""

    async def health(self) -> CacheHealth:
        """How it is."""
        ...


class Status(StrEnum):
    """`degraded`: verdicts are given, something is out. `unhealthy`: none can be given."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    MAINTENANCE = "maintenance"
    UNHEALTHY = "unhealthy"


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One part: `ok`, `degraded` or `out`; `mode` says how it runs, `detail` what is the matter."""

    name: str
    status: str
    mode: str = ""
    detail: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The whole. `message` and `until` are those of a maintenance."""

    status: Status
    checks: tuple[Check, ...]
    degraded_services: tuple[str, ...]
    timestamp: datetime
    message: str = ""
    until: datetime | None = None


class ServiceHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One service. `breaker` is closed, half-open or open; `transport` is `none` while nothing is connected."""

    service: str
    status: str
    breaker: str
    transport: str
    last_success: datetime | None = None
    p95_ms: float | None = None


class HealthDesk:
    """Looks at the parts. It reads what they know of themselves and calls no service."""

    def __init__(self, store: Pinged, cache: CacheAsked, maintenance: Maintenance, clock: Clock) -> None:
        self._store = store
        self._cache = cache
        self._maintenance = maintenance
        self._clock = clock

    async def look(self) -> Health:
        """The state of everything. The database decides on `unhealthy`, a part that is out on `degraded`."""
        database, cache, switch = await asyncio.gather(self._database(), self._cache_check(), self._switch())
        checks = (database, cache, Check(name="mcp_services", status="ok"))
        degraded = tuple(sorted(name for name, state in self.breakers().items() if state != "closed"))
        if database.status != "ok":
            status = Status.UNHEALTHY
        elif switch.enabled:
            status = Status.MAINTENANCE
        elif degraded or any(check.status != "ok" for check in checks):
            status = Status.DEGRADED
        else:
            status = Status.HEALTHY
        return Health(
            status=status,
            checks=checks,
            degraded_services=degraded,
            timestamp=self._clock.now(),
            message=switch.message if switch.enabled else "",
            until=switch.until if switch.enabled else None,
        )

    async def is_ready(self) -> bool:
        """Whether requests can be answered: whether the database is there."""
        return (await self._database()).status == "ok"

    def service(self, name: str) -> ServiceHealth:
        """One of the services. Raises NotFoundError for another name."""
        if name not in SERVICES:
            raise NotFoundError(f"there is no service {name!r:.40}; the services are {', '.join(SERVICES)}")
        return ServiceHealth(service=name, status="not_connected", breaker=self.breakers()[name], transport="none")

    def breakers(self) -> Mapping[str, str]:
        """The breaker of each service. None is connected yet: `not_checked` lists what would have been asked."""
        return dict.fromkeys(SERVICES, "closed")

    async def _database(self) -> Check:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._store.ping()
        except TimeoutError:
            return Check(name="database", status="out", detail=f"no answer within {PATIENCE_S:g} s")
        except ClaimLensError as error:
            return Check(name="database", status="out", detail=str(error))
        return Check(name="database", status="ok")

    async def _cache_check(self) -> Check:
        health = await self._cache.health()
        return Check(name="redis", status=health.status, mode=health.mode, detail=health.detail)

    async def _switch(self) -> Switch:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._maintenance.current()
        except TimeoutError:
            return Switch(enabled=False)
