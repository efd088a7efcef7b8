"""Where figures of how the service did are kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from claimlens.domain.performance import Figures, Kind, Span


class Stretch(msgspec.Struct, frozen=True):
    """All that one process counted under one name in one minute or hour, which began at `ts`."""

    ts: datetime
    kind: Kind
    name: str
    figures: Figures


class Tally(msgspec.Struct, frozen=True):
    """How many there were in one minute or hour, and how many of them failed, over all processes and names."""

    ts: datetime
    count: int
    failed: int


class PerformanceStore(Protocol):
    """Figures by minute and by hour; those of all processes are added up when they are read."""

    async def write(self, process: str, minutes: Sequence[Stretch], hours: Sequence[Stretch]) -> None:
        """Keep them, in place of what this process wrote of the same stretches before."""
        ...

    async def figures(self, span: Span, since: datetime, kinds: Sequence[Kind]) -> dict[tuple[Kind, str], Figures]:
        """The sums by kind and name over the stretches that began at `since` or later."""
        ...

    async def tallies(self, span: Span, since: datetime, kind: Kind) -> Sequence[Tally]:
        """Minute by minute or hour by hour, oldest first; stretches with nothing in them are left out."""
        ...

    async def tallies_by_name(self, span: Span, since: datetime, kind: Kind) -> Mapping[str, Sequence[Tally]]:
        """The same for each name apart."""
        ...
