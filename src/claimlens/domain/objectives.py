"""What is promised of the service, and when a promise is in danger.

Burn rates over several windows: Google, The Site Reliability Workbook (2018), chapter 5.
"""

from datetime import timedelta
from enum import StrEnum

import msgspec

#: The share of requests that shall not fail, over this time.
AVAILABILITY = 0.995
PERIOD = timedelta(days=30)
#: Within how many milliseconds 95 of 100 requests of a route shall be answered.
P95_MS = {
    "/v1/menu/feed": 150,
    "/v1/menu/validate": 100,
    "/v1/web/ingest": 120,
    "/v1/labels/scan": 5_000,
}
#: The share of verdicts in which every required check shall have run.
COVERAGE = 0.99

#: With fewer events than these nothing is said: one failure among ten requests is no trend.
LEAST_EVENTS = 100
#: The share of the error budget from which on it is a warning, and critical.
WARNING, CRITICAL = 0.5, 0.8

#: The windows over which the burning of the budget is watched.
WINDOWS = {
    "5m": timedelta(minutes=5),
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "3d": timedelta(days=3),
}


class State(StrEnum):
    """`no_data`: nothing, or too little, was recorded; that is not the same as well."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    NO_DATA = "no_data"


class Burn(msgspec.Struct, frozen=True):
    """The budget burns `times` as fast as it may, over a long window and over a short one.

    The short one lets an alarm end soon after the trouble does.
    """

    long: str
    short: str
    times: float
    state: State


#: 14.4: two per cent of a month's budget in an hour; 6: five per cent in six hours; 1: all of it by the month's end.
BURNS = (
    Burn("1h", "5m", 14.4, State.CRITICAL),
    Burn("6h", "30m", 6.0, State.CRITICAL),
    Burn("3d", "6h", 1.0, State.WARNING),
)


def budget_state(requests: int, consumed: float) -> State:
    """How an error budget stands of which that share is consumed."""
    if requests < LEAST_EVENTS:
        return State.NO_DATA
    if consumed >= CRITICAL:
        return State.CRITICAL
    return State.WARNING if consumed >= WARNING else State.OK


def consumed(requests: int, failed: int) -> float:
    """The share of the error budget that is used up; more than 1 when it is overdrawn. `requests` is not 0."""
    # Rounded: 1 - 0.995 is a little more than 0.005, and four fifths shall be four fifths.
    return round(failed / (requests * (1 - AVAILABILITY)), 9)


def worst(states: list[State]) -> State:
    """The one that needs somebody first; `no_data` only if there is nothing else."""
    for state in (State.CRITICAL, State.WARNING, State.OK):
        if state in states:
            return state
    return State.NO_DATA
