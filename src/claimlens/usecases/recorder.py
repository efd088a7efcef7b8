"""What this process counted, written down minute by minute in the background."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import structlog

from claimlens.domain.errors import ClaimLensError
from claimlens.domain.incident import Component
from claimlens.domain.performance import Figures, Kind, Span
from claimlens.domain.uptime import HEARD_OF
from claimlens.ports.clock import Clock
from claimlens.ports.performance import PerformanceStore, Stretch
from claimlens.usecases.meter import Key, Meter

_log = structlog.get_logger()

#: Requests to these say nothing of how customers are served: probes and scrapes come whatever happens.
UNCOUNTED = ("/health", "/metrics")
#: Requests that met no route; of these only failures count, for anybody may ask for anything.
UNKNOWN = "unknown"
REQUESTS: Key = (Kind.REQUESTS, "all")
#: How the routes of the console begin.
_CONSOLE = "/console"
_OF_CONSOLE: Key = (Kind.COMPONENT, str(Component.CONSOLE))
#: Stretches that wait for a store that is out, at most; then the oldest are given up.
_MOST_WAITING = 20_000

_Slot = tuple[datetime, Kind, str]


class Recorder:
    """Writes a meter's counts to the store, under the name of this process.

    What could not be written is written next time. What was counted since the last write is lost with the process.
    """

    def __init__(self, meter: Meter, store: PerformanceStore, clock: Clock) -> None:
        self._meter = meter
        self._store = store
        self._clock = clock
        self._process = clock.new_id()
        self._kept: dict[Span, dict[_Slot, Figures]] = {span: {} for span in Span}
        self._unwritten: dict[Span, set[_Slot]] = {span: set() for span in Span}
        self._one_at_a_time = asyncio.Lock()

    async def flush(self) -> None:
        """Write what was counted since the last time. Raises OverloadedError if the store is out; nothing is lost."""
        async with self._one_at_a_time:
            now = self._clock.now()
            self._collect(now)
            writing = {span: set(slots) for span, slots in self._unwritten.items()}
            if not any(writing.values()):
                return
            minutes, hours = (self._stretches(span, writing[span]) for span in (Span.MINUTE, Span.HOUR))
            await self._store.write(self._process, minutes, hours)
            for span, slots in writing.items():
                self._unwritten[span] -= slots
                self._forget(span, now)

    async def flush_if_possible(self) -> None:
        """As `flush`, without raising: for readers, who then see what was written before."""
        try:
            await self.flush()
        except ClaimLensError:
            return

    def _collect(self, now: datetime) -> None:
        fresh = self._meter.take()
        counted = {**fresh, REQUESTS: _requests(fresh), _OF_CONSOLE: _of_console(fresh)}
        for span in Span:
            kept, start = self._kept[span], span.start_of(now)
            for (kind, name), figures in counted.items():
                if figures.count and _is_kept(span, kind, name):
                    slot = (start, kind, name)
                    kept.setdefault(slot, Figures()).add(figures)
                    self._unwritten[span].add(slot)
            self._bound(span)

    def _stretches(self, span: Span, slots: set[_Slot]) -> list[Stretch]:
        kept = self._kept[span]
        return [Stretch(*slot, kept[slot]) for slot in sorted(slots)]

    def _forget(self, span: Span, now: datetime) -> None:
        """Drop what is written and over."""
        current = span.start_of(now)
        waiting = self._unwritten[span]
        self._kept[span] = {
            slot: each for slot, each in self._kept[span].items() if slot[0] >= current or slot in waiting
        }

    def _bound(self, span: Span) -> None:
        kept = self._kept[span]
        if len(kept) <= _MOST_WAITING:
            return
        for slot in sorted(kept)[: len(kept) - _MOST_WAITING]:
            del kept[slot]
            self._unwritten[span].discard(slot)
        _log.warning("figures_given_up", span=str(span), reason="the store has been out for too long")


def _is_kept(span: Span, kind: Kind, name: str) -> bool:
    """Looks at parts come however idle a process is: by the minute only those that somebody asks for."""
    return span is Span.HOUR or kind is not Kind.COMPONENT or name in HEARD_OF


def _of_console(fresh: Mapping[Key, Figures]) -> Figures:
    """The requests that the console answered."""
    total = Figures()
    for (kind, name), figures in fresh.items():
        if kind is Kind.ROUTE and name.startswith(_CONSOLE):
            total.add(figures)
    return total


def _requests(fresh: Mapping[Key, Figures]) -> Figures:
    """The requests that count for availability."""
    total = Figures()
    for (kind, name), figures in fresh.items():
        if kind is not Kind.ROUTE or name.startswith(UNCOUNTED):
            continue
        if name == UNKNOWN:
            total.count += figures.failed
            total.failed += figures.failed
        else:
            total.add(figures)
    return total
