"""What this process counts of its own work. Counting costs next to nothing; others look at it now and then."""

import threading
from collections.abc import Callable, Mapping
from time import perf_counter

import structlog

from claimlens.domain.performance import Figures, Kind

Key = tuple[Kind, str]

#: One batch of items of so many has its transforms timed: looking at the clock behind each would cost every item.
SAMPLED = 16
#: A transform that takes longer for one item has a log line, in milliseconds.
SLOW_MS = 250.0

_log = structlog.get_logger()


class Meter:
    """Counts since the process started, by kind and name.

    Requests are counted on the event loop alone; the rest may come from any thread.
    """

    def __init__(self) -> None:
        self._all: dict[Key, Figures] = {}
        self._routes: dict[str, Figures] = {}
        self._taken: dict[Key, Figures] = {}
        self._lock = threading.Lock()
        self._batches = 0

    def answered(self, route: str, ms: float, *, failed: bool) -> None:
        """Count an answer."""
        figures = self._routes.get(route)
        if figures is None:
            figures = self._routes[route] = self._all[Kind.ROUTE, route] = Figures()
        figures.took(ms, failed=failed)

    def transform(self, name: str, ms: float) -> None:
        """Count one time that a transform took: for one item, or for one call of a service."""
        with self._lock:
            self._figures(Kind.TRANSFORM, name).took(ms)

    def stopwatch(self) -> "Stopwatch | None":
        """Something to time the transforms of a batch with; None for all but the first of each 16."""
        self._batches += 1
        return Stopwatch(self) if self._batches % SAMPLED == 1 else None

    def verdicts(self, profile: str, count: int, incomplete: int) -> None:
        """Count verdicts, and those among them in which a required check did not run."""
        with self._lock:
            figures = self._figures(Kind.VERDICT, profile)
            figures.count += count
            figures.failed += incomplete

    def component(self, name: str, *, is_out: bool) -> None:
        """Count a look at a part."""
        with self._lock:
            figures = self._figures(Kind.COMPONENT, name)
            figures.count += 1
            figures.failed += is_out

    def of(self, kind: Kind) -> dict[str, Figures]:
        """The counts of one kind by name, since the process started."""
        return {name: figures for (which, name), figures in list(self._all.items()) if which is kind}

    def take(self) -> Mapping[Key, Figures]:
        """What was counted since it was last taken. The longest time of each is that since then, too."""
        fresh: dict[Key, Figures] = {}
        with self._lock:
            for key, figures in list(self._all.items()):
                before = self._taken.get(key) or Figures()
                if figures.count == before.count:
                    continue
                fresh[key] = Figures(
                    figures.count - before.count,
                    figures.failed - before.failed,
                    figures.sum_ms - before.sum_ms,
                    figures.max_ms,
                    [now - then for now, then in zip(figures.buckets, before.buckets, strict=True)],
                )
                figures.max_ms = 0.0
                self._taken[key] = Figures(figures.count, figures.failed, figures.sum_ms, 0.0, list(figures.buckets))
        return fresh

    def _figures(self, kind: Kind, name: str) -> Figures:
        figures = self._all.get((kind, name))
        if figures is None:
            figures = self._all[kind, name] = Figures()
        return figures


class Stopwatch:
    """Called behind each transform with its name, and with an empty one before the first."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._began = 0.0

    def __call__(self, transform: str) -> None:
        """Note the time since the last call."""
        now = perf_counter()
        if transform:
            ms = (now - self._began) * 1000
            self._meter.transform(transform, ms)
            if ms > SLOW_MS:
                _log.warning("transform_slow", transform=transform, duration_ms=round(ms, 1))
            now = perf_counter()
        self._began = now


Times = dict[str, tuple[int, float, float]]
"""Transform → how often it ran, how long in all, how long at most, in milliseconds."""


class TransformTimes:
    """A stopwatch for a trace, which adds up in `found` what each transform took; `beside` is called as this one is."""

    def __init__(self, found: Times, beside: Callable[[str], None] | None) -> None:
        self._found = found
        self._beside = beside
        self._began = 0.0

    def __call__(self, transform: str) -> None:
        """Note the time since the last call."""
        ms = (perf_counter() - self._began) * 1000
        if self._beside is not None:
            self._beside(transform)
        if transform:
            count, total, longest = self._found.get(transform, (0, 0.0, 0.0))
            self._found[transform] = count + 1, total + ms, max(longest, ms)
        self._began = perf_counter()
