"""Whether the promises are kept: availability with its error budget, times of answer, coverage; from recorded figures.

Nothing recorded is a state of its own: a service that nobody asks is not one that never fails.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import msgspec

from claimlens.domain import objectives
from claimlens.domain.errors import ClaimLensError
from claimlens.domain.objectives import State
from claimlens.domain.performance import Figures, Kind, Span
from claimlens.ports.clock import Clock
from claimlens.ports.performance import PerformanceStore, Tally
from claimlens.usecases.performance import first_stretch, span_for
from claimlens.usecases.recorder import Recorder

#: How long what was read is believed, and how long a scrape waits for the store, in seconds.
_LIFETIME_S, _PATIENCE_S = 5.0, 2.0


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """The failures that are allowed. `consumed` is more than 1 when it is overdrawn; None while nothing is recorded."""

    allowed_failures: float
    consumed: float | None
    remaining: float | None


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """The share of requests that did not fail."""

    objective: float
    window_days: int
    state: State
    requests: int
    failed: int
    ratio: float | None
    budget: Budget


class BurnRate(msgspec.Struct, frozen=True, kw_only=True):
    """How fast the budget burns: 1 uses it up just at the end of the period. None: too few requests to say."""

    window: str
    requests: int
    failed: int
    rate: float | None


class BurnAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """`firing`: the rate is above `threshold` over both windows."""

    long: str
    short: str
    threshold: float
    firing: bool


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """The 95th percentile of a route over the period, beside what is promised."""

    route: str
    objective_p95_ms: int
    state: State
    requests: int
    p95_ms: float | None
    within_objective: float | None


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """The share of verdicts in which every required check ran: no service that one needed was out."""

    objective: float
    state: State
    verdicts: int
    complete: int
    ratio: float | None


class Slo(msgspec.Struct, frozen=True, kw_only=True):
    """Everything. `state` is the worst of its parts; `since` the first hour of which anything is recorded."""

    state: State
    availability: Availability
    burn_rates: tuple[BurnRate, ...]
    burn_alarms: tuple[BurnAlarm, ...]
    latency: tuple[Latency, ...]
    coverage: Coverage
    since: datetime | None
    timestamp: datetime


class Day(msgspec.Struct, frozen=True):
    """One day of the status page (UTC). `ratio` None: nothing was recorded."""

    day: date
    requests: int
    failed: int
    ratio: float | None


class SloDesk:
    """Adds up what every process recorded."""

    def __init__(self, store: PerformanceStore, recorder: Recorder, clock: Clock) -> None:
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._seen: _Seen | None = None
        self._reading = asyncio.Lock()

    async def look(self) -> Slo:
        """The state of every promise. Raises OverloadedError if the store is out."""
        await self._recorder.flush_if_possible()
        now = self._clock.now()
        minutes = await self._store.tallies(
            Span.MINUTE, first_stretch(Span.MINUTE, now, timedelta(hours=6)), Kind.REQUESTS
        )
        first_hour = first_stretch(Span.HOUR, now, objectives.PERIOD)
        hours = await self._store.tallies(Span.HOUR, first_hour, Kind.REQUESTS)
        figures = await self._store.figures(Span.HOUR, first_hour, (Kind.ROUTE, Kind.VERDICT))
        availability = _availability(hours)
        rates = tuple(_burn_rate(name, now, minutes, hours) for name in objectives.WINDOWS)
        alarms = _alarms(rates)
        latency = tuple(
            _latency(route, bound, figures.get((Kind.ROUTE, route), Figures()))
            for route, bound in objectives.P95_MS.items()
        )
        coverage = _coverage([each for (kind, _), each in figures.items() if kind is Kind.VERDICT])
        burning = [burn.state for burn, alarm in zip(objectives.BURNS, alarms, strict=True) if alarm.firing]
        states = [availability.state, coverage.state, *[each.state for each in latency], *burning]
        return Slo(
            state=objectives.worst(states),
            availability=availability,
            burn_rates=rates,
            burn_alarms=alarms,
            latency=latency,
            coverage=coverage,
            since=hours[0].ts if hours else None,
            timestamp=now,
        )

    async def remaining(self) -> float | None:
        """The share of the error budget that is left, 0 to 1, for a scrape: never raises, seldom asks the store.

        None while nothing is recorded, or while the store has never answered.
        """
        total = (await self._period()).requests
        requests, failed = sum(each.count for each in total), sum(each.failed for each in total)
        return max(0.0, 1 - objectives.consumed(requests, failed)) if requests else None

    async def covered(self) -> float | None:
        """The share of the period's verdicts in which every required check ran, for a scrape; as `remaining`.

        None with too few verdicts to say.
        """
        total = (await self._period()).verdicts
        verdicts, incomplete = sum(each.count for each in total), sum(each.failed for each in total)
        return 1 - incomplete / verdicts if verdicts >= objectives.LEAST_EVENTS else None

    async def days(self, count: int) -> tuple[Day, ...]:
        """The last `count` days, today last. Never raises: while the store is out, as last seen."""
        today = self._clock.now().date()
        sums: dict[date, list[int]] = {}
        for each in (await self._period()).requests:
            counts = sums.setdefault(each.ts.date(), [0, 0])
            counts[0] += each.count
            counts[1] += each.failed
        found = []
        for day in (today - timedelta(days=back) for back in reversed(range(count))):
            requests, failed = sums.get(day, [0, 0])
            found.append(Day(day, requests, failed, 1 - failed / requests if requests else None))
        return tuple(found)

    async def _period(self) -> "_Seen":
        """The hours of the period, a few seconds old at most, older if the store does not answer."""
        async with self._reading:
            now = self._clock.now()
            if self._seen is not None and timedelta(0) <= now - self._seen.at < timedelta(seconds=_LIFETIME_S):
                return self._seen
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await self._recorder.flush_if_possible()
                    first = first_stretch(Span.HOUR, now, objectives.PERIOD)
                    requests = await self._store.tallies(Span.HOUR, first, Kind.REQUESTS)
                    verdicts = await self._store.tallies(Span.HOUR, first, Kind.VERDICT)
                    self._seen = _Seen(now, requests, verdicts)
            except (TimeoutError, ClaimLensError):
                return self._seen or _Seen(now, (), ())
            return self._seen


class _Seen(NamedTuple):
    """The hours of the period, as they were read last."""

    at: datetime
    requests: Sequence[Tally]
    verdicts: Sequence[Tally]


def _availability(hours: Sequence[Tally]) -> Availability:
    requests, failed = sum(each.count for each in hours), sum(each.failed for each in hours)
    consumed = objectives.consumed(requests, failed) if requests else None
    return Availability(
        objective=objectives.AVAILABILITY,
        window_days=objectives.PERIOD.days,
        state=objectives.budget_state(requests, consumed or 0.0),
        requests=requests,
        failed=failed,
        ratio=1 - failed / requests if requests else None,
        budget=Budget(
            allowed_failures=round(requests * (1 - objectives.AVAILABILITY), 3),
            consumed=consumed,
            remaining=None if consumed is None else max(0.0, 1 - consumed),
        ),
    )


def _burn_rate(window: str, now: datetime, minutes: Sequence[Tally], hours: Sequence[Tally]) -> BurnRate:
    length = objectives.WINDOWS[window]
    span = span_for(length)
    start = first_stretch(span, now, length)
    inside = [each for each in (minutes if span is Span.MINUTE else hours) if each.ts >= start]
    requests, failed = sum(each.count for each in inside), sum(each.failed for each in inside)
    rate = objectives.consumed(requests, failed) if requests >= objectives.LEAST_EVENTS else None
    return BurnRate(window=window, requests=requests, failed=failed, rate=rate)


def _alarms(rates: Sequence[BurnRate]) -> tuple[BurnAlarm, ...]:
    by_window = {each.window: each.rate or 0.0 for each in rates}
    return tuple(
        BurnAlarm(
            long=burn.long,
            short=burn.short,
            threshold=burn.times,
            firing=min(by_window[burn.long], by_window[burn.short]) > burn.times,
        )
        for burn in objectives.BURNS
    )


def _latency(route: str, bound: int, figures: Figures) -> Latency:
    within = figures.share_within(bound)
    if figures.count < objectives.LEAST_EVENTS or within is None:
        state = State.NO_DATA
    else:
        state = State.OK if within >= 0.95 else State.WARNING
    p95 = figures.quantile(0.95)
    return Latency(
        route=route,
        objective_p95_ms=bound,
        state=state,
        requests=figures.count,
        p95_ms=None if p95 is None else round(p95, 3),
        within_objective=within,
    )


def _coverage(profiles: Sequence[Figures]) -> Coverage:
    verdicts, incomplete = sum(each.count for each in profiles), sum(each.failed for each in profiles)
    ratio = 1 - incomplete / verdicts if verdicts else None
    if ratio is None or verdicts < objectives.LEAST_EVENTS:
        state = State.NO_DATA
    else:
        state = State.OK if ratio >= objectives.COVERAGE else State.WARNING
    return Coverage(
        objective=objectives.COVERAGE, state=state, verdicts=verdicts, complete=verdicts - incomplete, ratio=ratio
    )
