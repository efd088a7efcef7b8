"""How the service did: figures of stretches of time and of processes, which can be added up."""

from bisect import bisect_left
from datetime import datetime
from enum import StrEnum
from itertools import accumulate

import msgspec

#: Upper bounds of the buckets, in milliseconds; what takes longer falls into one more. Every time that is promised is
#: among them, so that "within its budget" is counted and not estimated.
BOUNDS_MS = (1, 2, 5, 10, 20, 35, 50, 75, 100, 120, 150, 200, 300, 500, 1_000, 2_000, 5_000, 10_000)


class Kind(StrEnum):
    """What figures are of.

    `requests`: requests that count for availability. `verdict`: verdicts by profile, those failed in which a required
    check did not run. `transform`: samples. `component`: looks at a part that customers know, those failed that found
    it out; of the console its requests.
    """

    ROUTE = "route"
    TRANSFORM = "transform"
    VERDICT = "verdict"
    REQUESTS = "requests"
    COMPONENT = "component"


class Span(StrEnum):
    """How long the stretches are that figures are kept for."""

    MINUTE = "minute"
    HOUR = "hour"

    def start_of(self, moment: datetime) -> datetime:
        """When the stretch began that a moment falls into."""
        whole = moment.replace(second=0, microsecond=0)
        return whole if self is Span.MINUTE else whole.replace(minute=0)


class Figures(msgspec.Struct):
    """How many, how many of them failed, and how long they took (`buckets`: one more than there are bounds)."""

    count: int = 0
    failed: int = 0
    sum_ms: float = 0.0
    max_ms: float = 0.0
    buckets: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS_MS) + 1))

    def took(self, ms: float, *, failed: bool = False) -> None:
        """Count one."""
        self.count += 1
        self.sum_ms += ms
        if ms > self.max_ms:
            self.max_ms = ms
        self.buckets[bisect_left(BOUNDS_MS, ms)] += 1
        if failed:
            self.failed += 1

    def add(self, other: "Figures") -> None:
        """Take in those of another stretch, process or name."""
        self.count += other.count
        self.failed += other.failed
        self.sum_ms += other.sum_ms
        self.max_ms = max(self.max_ms, other.max_ms)
        self.buckets = [ours + theirs for ours, theirs in zip(self.buckets, other.buckets, strict=True)]

    def quantile(self, share: float) -> float | None:
        """The time within which that share of them was done, estimated inside its bucket; None if there was none.

        Never above the longest time that was seen.
        """
        total = sum(self.buckets)
        if not total:
            return None
        wanted, below = share * total, 0
        for i, (inside, up_to) in enumerate(zip(self.buckets, accumulate(self.buckets), strict=True)):
            if inside and up_to >= wanted:
                low = BOUNDS_MS[i - 1] if i else 0
                high = BOUNDS_MS[i] if i < len(BOUNDS_MS) else max(self.max_ms, low)
                return min(low + (high - low) * (wanted - below) / inside, self.max_ms)
            below = up_to
        return self.max_ms

    def share_within(self, bound_ms: int) -> float | None:
        """The share that took at most one of the bounds; None if there was none."""
        total = sum(self.buckets)
        return sum(self.buckets[: BOUNDS_MS.index(bound_ms) + 1]) / total if total else None
