"""How the service is, as its operators and its clients ask."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from claimlens.domain.errors import ClaimLensError, NotFoundError
from claimlens.domain.service import RECALL_LOOKUP, SERVICES, BreakerState, ServiceState
from claimlens.ports.cache import CacheHealth
from claimlens.ports.clock import Clock
from claimlens.ports.services import Services
from claimlens.usecases.maintenance import Maintenance, Switch
from claimlens.usecases.recall_keeper import RecallKeeper

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
    """One service as this process sees it.

    `status` is ok, out (left alone), trying (whether it is back) or off (by an operator, until `off_until`); `breaker`
    closed, open or half-open, `since` so; `transport` in-process, mcp or off. `p95_ms` is that of the last 200 answers.
    `detail`: what it answers from is too old, although it answers.
    """

    service: str
    status: str
    breaker: str
    transport: str
    since: datetime | None = None
    last_success: datetime | None = None
    last_failure: datetime | None = None
    p95_ms: float | None = None
    off_until: datetime | None = None
    detail: str = ""


class HealthDesk:
    """Looks at the parts. It reads what they know of themselves and calls no service."""

    def __init__(
        self,
        store: Pinged,
        cache: CacheAsked,
        maintenance: Maintenance,
        services: Services,
        clock: Clock,
        recalls: RecallKeeper | None = None,
    ) -> None:
        """`recalls`: the keeper of the index, if `recall.lookup` answers from one in this process."""
        self._store = store
        self._cache = cache
        self._maintenance = maintenance
        self._services = services
        self._clock = clock
        self._recalls = recalls

    async def look(self) -> Health:
        """The state of everything. The database decides on `unhealthy`, a part that is out on `degraded`."""
        database, cache, switch = await asyncio.gather(self._database(), self._cache_check(), self._switch())
        states = self._services.states()
        checks = (database, cache, _services_check(states, self._recall_alarms()))
        degraded = tuple(state.service for state in states if state.is_out)
        if database.status != "ok":
            status = Status.UNHEALTHY
        elif switch.enabled:
            status = Status.MAINTENANCE
        elif any(check.status != "ok" for check in checks):
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
        for state in self._services.states():
            if state.service == name:
                fields = ServiceHealth.__struct_fields__
                shared = {field: getattr(state, field) for field in fields if hasattr(state, field)}
                detail = self._recall_alarms() if name == RECALL_LOOKUP else ""
                return ServiceHealth(status=_status_of(state), detail=detail, **shared)
        raise NotFoundError(f"there is no service {name!r:.40}; the services are {', '.join(SERVICES)}")

    def _recall_alarms(self) -> str:
        alarms = self._recalls.alarms() if self._recalls is not None else []
        return "; ".join(f"{one.source} is {one.state}, {one.age_days} days old" for one in alarms)

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


_STATUS = {BreakerState.CLOSED: "ok", BreakerState.OPEN: "out", BreakerState.HALF_OPEN: "trying"}


def _status_of(state: ServiceState) -> str:
    return "off" if state.transport == "off" else _STATUS[state.breaker]


def _services_check(states: Sequence[ServiceState], recalls: str) -> Check:
    """The services together. Why one is out is for operators: this is read by everybody."""
    out = [f"{state.service} is {_status_of(state)}" for state in states if state.is_out]
    if recalls:
        out.append(f"{RECALL_LOOKUP} knows too little: {recalls}")
    modes = sorted({state.transport for state in states} - {"off", "none"})
    return Check(
        name="mcp_services",
        status="degraded" if out else "ok",
        mode=", ".join(modes),
        detail="; ".join(out),
    )
