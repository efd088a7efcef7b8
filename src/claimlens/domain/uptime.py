"""How a part does, as its customers are told, and how its days went."""

from datetime import date
from enum import StrEnum

import msgspec

from claimlens.domain.incident import Component, Severity
from claimlens.domain.objectives import AVAILABILITY

#: Parts whose processes leave word that they are there: whether they do is asked every minute.
HEARD_OF = (Component.JOBS, Component.WEBHOOKS)
#: A day with a smaller share than this was no day of service.
LEAST_SHARE = 0.95


class PartState(StrEnum):
    """`unknown`: nobody could look at it, which is not the same as well."""

    OPERATIONAL = "operational"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"
    DEGRADED = "degraded"
    PARTIAL_OUTAGE = "partial_outage"
    OUTAGE = "outage"


#: What an open incident of a level says of the parts that it names.
IMPACT = {
    Severity.P0: PartState.OUTAGE,
    Severity.P1: PartState.PARTIAL_OUTAGE,
    Severity.P2: PartState.DEGRADED,
    Severity.P3: PartState.DEGRADED,
    Severity.P4: PartState.OPERATIONAL,
}


class DayState(StrEnum):
    """`good`: within what is promised; `no_data`: nothing was recorded."""

    GOOD = "good"
    SOME = "some"
    BAD = "bad"
    NO_DATA = "no_data"


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day (UTC) of a part: the share of requests answered, or of the looks that found it in order."""

    day: date
    state: DayState
    share: float | None


def day_of(day: date, count: int, failed: int) -> Day:
    """A day in which so many of `count` failed."""
    if not count:
        return Day(day=day, state=DayState.NO_DATA, share=None)
    share = 1 - failed / count
    state = DayState.GOOD if share >= AVAILABILITY else DayState.SOME if share >= LEAST_SHARE else DayState.BAD
    return Day(day=day, state=state, share=share)


def worst(states: list[PartState]) -> PartState:
    """The one that customers should hear of first."""
    order = list(PartState)
    return max(states, key=order.index, default=PartState.UNKNOWN)
