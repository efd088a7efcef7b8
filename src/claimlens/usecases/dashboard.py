"""What a tenant's audits come to: totals, trends, the rules that counted most.

Finished hours are counted once and kept, so that a month of a million audits is read as some hundred rows; only the
hours that are not over yet are counted anew at each look.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from claimlens.domain.audit import Audit
from claimlens.domain.audit_count import AuditCount, total
from claimlens.domain.errors import InvalidError
from claimlens.domain.tenant import PlatformScope, Principal, TenantScope
from claimlens.ports.accounts import TenantStore
from claimlens.ports.audit_counts import AuditCountStore
from claimlens.ports.audits import AuditFilter, AuditStore
from claimlens.ports.clock import Clock
from claimlens.usecases.authentication import scope_of
from claimlens.usecases.permissions import require

HOUR = timedelta(hours=1)
#: What a look covers, and how long one point of a trend is.
PERIODS: dict[str, tuple[timedelta, timedelta]] = {
    "24h": (timedelta(hours=24), HOUR),
    "7d": (timedelta(days=7), timedelta(hours=6)),
    "30d": (timedelta(days=30), timedelta(days=1)),
}
USUAL_PERIOD = "7d"
#: An hour is finished when nothing that began in it can still be written.
_SETTLED = timedelta(minutes=10)
_TOP, _RECENT = 10, 8
#: How far back the worker keeps hours, and how many tenants it reads at once.
_KEPT_BACK, _TENANTS = timedelta(days=31), 200


class Point(msgspec.Struct, frozen=True):
    """One step of a trend; `at` is where it begins."""

    at: datetime
    audits: int
    flagged: int
    block: int


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """A period at a glance. `top_rules` are (rule, times), the most frequent first."""

    period: str
    start: datetime
    end: datetime
    count: AuditCount
    trend: tuple[Point, ...]
    top_rules: tuple[tuple[str, int], ...]
    recent: tuple[Audit, ...]


class Dashboard:
    """Looks at a tenant's audits."""

    def __init__(self, counts: AuditCountStore, audits: AuditStore, tenants: TenantStore, clock: Clock) -> None:
        self._counts = counts
        self._audits = audits
        self._tenants = tenants
        self._clock = clock

    async def look(self, principal: Principal, period: str = USUAL_PERIOD) -> Overview:
        """The last 24 hours, 7 or 30 days. Raises InvalidError for another period."""
        require(principal, "audits.read")
        if period not in PERIODS:
            raise InvalidError((("", f"period is {period!r:.20}; it is one of {', '.join(PERIODS)}"),))
        length, step = PERIODS[period]
        now = self._clock.now()
        start = _hour_of(now - length)
        if step >= timedelta(days=1):
            start = start.replace(hour=0)
        hours = await self._hours(principal.scope, start, now)
        count = total(hours.values())
        recent = await self._audits.page(principal.scope, AuditFilter(), after=None, limit=_RECENT)
        return Overview(
            period=period,
            start=start,
            end=now,
            count=count,
            trend=_trend(hours, start, now, step),
            top_rules=tuple(sorted(count.rules.items(), key=lambda pair: (-pair[1], pair[0]))[:_TOP]),
            recent=tuple(recent),
        )

    async def settle(self, scope: PlatformScope) -> None:
        """Count and keep every tenant's finished hours, so that nobody waits for it later."""
        now, after = self._clock.now(), ""
        while True:
            tenants = await self._tenants.page(scope, after=after, limit=_TENANTS)
            for tenant in tenants:
                await self._hours(scope_of(scope, tenant.id), _hour_of(now - _KEPT_BACK), now, live=False)
            if len(tenants) < _TENANTS:
                return
            after = tenants[-1].id

    async def _hours(
        self, scope: TenantScope, start: datetime, now: datetime, *, live: bool = True
    ) -> dict[datetime, AuditCount]:
        """Every hour from `start` on that has audits."""
        finished = _hour_of(now - _SETTLED)
        found = await self._counts.kept(scope, start, finished)
        missing = [hour for hour in _steps(start, finished, HOUR) if hour not in found]
        if missing:
            counted = await self._counts.count(scope, missing[0], missing[-1] + HOUR)
            fresh = {hour: counted.get(hour, AuditCount()) for hour in missing}
            await self._counts.keep(scope, fresh)
            found |= fresh
        if live:
            found |= await self._counts.count(scope, finished, now + HOUR)
        return found


def _trend(hours: dict[datetime, AuditCount], start: datetime, end: datetime, step: timedelta) -> tuple[Point, ...]:
    points = []
    for at in _steps(start, end, step):
        count = total(hours[hour] for hour in _steps(at, at + step, HOUR) if hour in hours)
        points.append(Point(at, count.audits, count.flagged, count.block))
    return tuple(points)


def _steps(start: datetime, end: datetime, step: timedelta) -> Sequence[datetime]:
    count = max(0, -((start - end) // step))
    return [start + step * number for number in range(count)]


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
