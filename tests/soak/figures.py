"""From the lines that the clients leave to latencies, inside and outside the kill windows."""

import bisect
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from tests.soak.asks import Done

_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


class Latencies(msgspec.Struct):
    """Milliseconds of answered requests."""

    count: int
    p50: float
    p95: float
    p99: float
    longest: float


def latencies(ms: Iterable[float]) -> Latencies | None:
    """None if there are none."""
    ordered = sorted(ms)
    if not ordered:
        return None
    at = {name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for name, share in _SHARES.items()}
    return Latencies(count=len(ordered), longest=ordered[-1], **at)


class Results:
    """What became of the asks of a phase; `read` takes in what was added since."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read_to = 0
        self._decode = msgspec.json.Decoder(Done).decode
        self.all: list[Done] = []

    def read(self) -> "Results":
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(self._read_to)
                data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            self._read_to += len(whole)
            self.all += map(self._decode, whole.splitlines())
        return self

    @property
    def answered(self) -> list[Done]:
        return [done for done in self.all if done.status == 200]

    def statuses(self) -> Counter[int]:
        """Of every try; 0: cut off, -1: refused."""
        counts: Counter[int] = Counter()
        for done in self.all:
            counts.update((*done.saw, done.status))
        return counts

    def rate(self, begin: float, end: float) -> float:
        """Requests answered a second between two moments."""
        return sum(begin <= done.done < end and done.status == 200 for done in self.all) / (end - begin)

    def latencies(self, kind: str, windows: Sequence[tuple[float, float]], *, inside: bool) -> Latencies | None:
        """Of one kind of request, inside the windows or outside. `windows` do not overlap and are in order."""
        begins = [begin for begin, _ in windows]

        def touches(done: Done) -> bool:
            place = bisect.bisect_right(begins, done.done) - 1
            return place >= 0 and windows[place][1] >= done.due

        return latencies(
            (done.done - done.due) * 1000
            for done in self.all
            if done.status == 200 and done.kind == kind and touches(done) == inside
        )
