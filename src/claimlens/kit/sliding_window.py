"""Counting what happened in the last so many seconds with two numbers.

The window begins with the first hit. What was counted in the window before fades out evenly while the present one runs,
so that no instant lets twice the limit through. Moments are seconds of any clock that does not go back.
"""

import math


class SlidingWindow:
    """What was counted for one name. `length` is the window in seconds; it and `limit` may change between hits."""

    __slots__ = ("before", "began", "now")

    def __init__(self, moment: float) -> None:
        self.began = moment
        self.now = 0
        self.before = 0

    def take(self, cost: int, limit: int, length: int, moment: float) -> bool:
        """Count `cost` if it fits; a refused one is not counted."""
        self._move(moment, length)
        if self._used(moment, length) + cost > limit:
            return False
        self.now += cost
        return True

    def left(self, limit: int, length: int, moment: float) -> int:
        """How much fits at this moment."""
        return max(0, math.floor(limit - self._used(moment, length)))

    def ends_in(self, length: int, moment: float) -> int:
        """Whole seconds until the present window ends, at least 1."""
        return max(1, math.ceil(length - (moment - self.began)))

    def room_in(self, cost: int, limit: int, length: int, moment: float) -> int:
        """Whole seconds until `cost` fits if nothing else comes, at least 1; a whole window for what never fits."""
        if cost > limit:
            return length
        if self.now + cost <= limit:
            # The window before fades: its weight must come down to what is free.
            share = 1 - (limit - self.now - cost) / self.before if self.before else 0.0
            seconds = share * length
        else:
            # Only when the present window has become the one before.
            seconds = length + (1 - (limit - cost) / self.now) * length
        return max(1, math.ceil(seconds - (moment - self.began)))

    def _move(self, moment: float, length: int) -> None:
        passed = moment - self.began
        if passed < length:
            return
        self.before = self.now if passed < 2 * length else 0
        self.began = self.began + length if passed < 2 * length else moment
        self.now = 0

    def _used(self, moment: float, length: int) -> float:
        return self.before * (1 - (moment - self.began) / length) + self.now if self.before else self.now
