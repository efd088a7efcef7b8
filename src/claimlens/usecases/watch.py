"""Looks at the parts that customers know, every few seconds, so that the days of each are recorded."""

from collections.abc import Callable, Mapping

from claimlens.domain.incident import Component
from claimlens.ports.services import Services
from claimlens.usecases.meter import Meter

Look = Callable[[], Mapping[Component, bool]]
"""Says of some parts whether each is in order."""


class Watch:
    """Counts what it sees in this process. Requests say by themselves how API and console do."""

    def __init__(self, meter: Meter, services: Services) -> None:
        self._meter = meter
        self._services = services
        self._looks: list[Look] = []

    def also(self, look: Look) -> None:
        """Look there, too; once now."""
        self._looks.append(look)
        self._count(look())

    def look(self) -> None:
        """Look at every part once but the store: what is counted here is written, and the write says how that is."""
        self._count({Component(state.service): not state.is_out for state in self._services.states()})
        for look in self._looks:
            self._count(look())

    def wrote(self, *, store_is_out: bool) -> None:
        """Count what a write behind a look found; it stays in memory until the store is back to take it."""
        self._count({Component.DATABASE: not store_is_out})

    def _count(self, seen: Mapping[Component, bool]) -> None:
        for component, is_in_order in seen.items():
            self._meter.component(component, is_out=not is_in_order)
