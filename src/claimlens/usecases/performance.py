"""How fast the service was: by route and by transform, over all processes."""

from datetime import datetime, timedelta

import msgspec

from claimlens.domain.errors import InvalidError
from claimlens.domain.performance import Figures, Kind, Span
from claimlens.ports.clock import Clock
from claimlens.ports.performance import PerformanceStore
from claimlens.usecases.recorder import Recorder

#: What may be asked for; up to six hours are added up from minutes, longer ones from hours.
WINDOWS = {
    "5m": timedelta(minutes=5),
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "3d": timedelta(days=3),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
USUAL_WINDOW = "1h"
_LONGEST_BY_MINUTES = timedelta(hours=6)


class Timed(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how fast, in milliseconds; the percentiles are estimated inside fixed buckets."""

    name: str
    count: int
    failed: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a window: every route, and every transform (`transforms`: samples, one of 16 requests)."""

    window: str
    start: datetime
    end: datetime
    routes: tuple[Timed, ...]
    transforms: tuple[Timed, ...]


class PerformanceDesk:
    """Adds up what was recorded."""

    def __init__(self, store: PerformanceStore, recorder: Recorder, clock: Clock) -> None:
        self._store = store
        self._recorder = recorder
        self._clock = clock

    async def look(self, window: str = USUAL_WINDOW) -> Performance:
        """The figures of the last `window`. Raises InvalidError for another window."""
        if window not in WINDOWS:
            raise InvalidError((("", f"window is {window!r:.40}; it is one of {', '.join(WINDOWS)}"),))
        await self._recorder.flush_if_possible()
        now = self._clock.now()
        span = span_for(WINDOWS[window])
        start = first_stretch(span, now, WINDOWS[window])
        found = await self._store.figures(span, start, (Kind.ROUTE, Kind.TRANSFORM))
        return Performance(
            window=window,
            start=start,
            end=now,
            routes=_timed(found, Kind.ROUTE),
            transforms=_timed(found, Kind.TRANSFORM),
        )


def span_for(window: timedelta) -> Span:
    """By what a window is added up."""
    return Span.MINUTE if window <= _LONGEST_BY_MINUTES else Span.HOUR


def first_stretch(span: Span, now: datetime, window: timedelta) -> datetime:
    """When the first stretch of a window began: as many as fit into it, the one that runs now included."""
    length = timedelta(minutes=1) if span is Span.MINUTE else timedelta(hours=1)
    return span.start_of(now) - window + length


def timed(name: str, figures: Figures) -> Timed:
    """Figures as they are shown."""
    return Timed(
        name=name,
        count=figures.count,
        failed=figures.failed,
        p50_ms=_shown(figures.quantile(0.50)),
        p95_ms=_shown(figures.quantile(0.95)),
        p99_ms=_shown(figures.quantile(0.99)),
        max_ms=round(figures.max_ms, 3),
    )


def _timed(found: dict[tuple[Kind, str], Figures], kind: Kind) -> tuple[Timed, ...]:
    return tuple(timed(name, figures) for (which, name), figures in sorted(found.items()) if which is kind)


def _shown(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 3)
