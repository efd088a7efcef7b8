"""Which of many ordinary log lines are kept, so that a busy service writes no more than somebody can store and read."""

import time
from collections.abc import Callable
from math import ceil

#: Ordinary lines that are kept in a second; of more only every second, third, ... is.
MOST_PER_S = 1_000
#: While lines are left out, one line in so many seconds says how many.
TOLD_EVERY_S = 10.0


class Sampling:
    """Keeps every line up to `most_per_s`, and every n-th of more; `moment` is a clock in seconds.

    A kept line is told how many it stands for: itself and those left out since the line kept before it. The weights of
    all kept lines add up to the lines there were, but for those since the last one.
    """

    def __init__(self, moment: Callable[[], float] = time.monotonic, *, most_per_s: int = MOST_PER_S) -> None:
        self._moment = moment
        self._most = most_per_s
        self._began = self._ends = moment()
        self._seen = self._kept = self._since = 0
        self._every, self._room = 1, most_per_s
        self._told, self._told_at = 0, self._began
        #: Lines that were left out since the process began.
        self.dropped = 0

    def weight(self) -> int:
        """How many lines this one stands for; 0: leave it out."""
        now = self._moment()
        if now >= self._ends:
            self._begin(now)
        self._seen += 1
        self._since += 1
        if self._since < self._every:
            self.dropped += 1
            return 0
        stands_for, self._since = self._since, 0
        self._kept += 1
        if self._kept >= self._room:
            # More come than the last second let expect: half as many of them from here on.
            self._every *= 2
            self._room += self._most // 8
        return stands_for

    def news(self) -> int:
        """How many lines were left out since this was last told; 0 if none, or if it was told just now."""
        if self.dropped == self._told or self._began - self._told_at < TOLD_EVERY_S:
            return 0
        return self._tell()

    def rest(self) -> int:
        """As `news`, at once: for the end of a process."""
        return self._tell()

    def _begin(self, now: float) -> None:
        """A new second; what came in the last one says how many lines to expect."""
        rate = self._seen / max(1.0, now - self._began)
        self._every = max(1, ceil(rate / self._most))
        self._began, self._ends = now, now + 1.0
        self._seen = self._kept = 0
        self._room = self._most

    def _tell(self) -> int:
        untold = self.dropped - self._told
        self._told, self._told_at = self.dropped, self._began
        return untold
