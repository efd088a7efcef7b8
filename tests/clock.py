"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta
from itertools import count

from claimlens.kit.uuid7 import uuid7

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class HandClock:
    """A Clock (`ports/clock.py`). Ids rise one by one, so that what was made later sorts later."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now
        self._ids = count(1)

    def now(self) -> datetime:
        return self._now

    def new_id(self) -> str:
        return uuid7(int(self._now.timestamp() * 1000), next(self._ids).to_bytes(10, "big"))

    def forward(self, **step: float) -> datetime:
        """Move on by a timedelta's arguments; the new moment."""
        self._now += timedelta(**step)
        return self._now
