"""What is looked at while it runs: health of each API process every second, memory of each process every five."""

import statistics
import threading
import time
from collections.abc import Mapping
from http.client import HTTPException

import msgspec

from tests.installation import Installation, resident_mb

#: A process may be larger in its last third than in its first by this share, and by so many MB.
MAY_GROW, MAY_GROW_MB = 0.10, 10.0
#: What a process does first (caches fill, code is loaded) is not counted; a shorter life says nothing.
WARM_UP_S, SHORTEST_S = 60.0, 120.0
_MEMORY_EVERY_S = 5.0

FLAT = (
    f"Memory is resident memory every {_MEMORY_EVERY_S:g} s, of every life of a process that lasted {SHORTEST_S:g} s, "
    f"without its first {WARM_UP_S:g} s: the median of its last third may be {MAY_GROW:.0%} and {MAY_GROW_MB:g} MB "
    "above that of its first."
)


class Life(msgspec.Struct):
    """A process from its start to its end: moments and MB."""

    name: str
    at: list[float] = []
    mb: list[float] = []

    def thirds(self) -> tuple[float, float] | None:
        """Medians of the first and the last third; None if it was too short."""
        if not self.at or self.at[-1] - self.at[0] < SHORTEST_S:
            return None
        settled = [mb for at, mb in zip(self.at, self.mb, strict=True) if at - self.at[0] >= WARM_UP_S]
        third = max(1, len(settled) // 3)
        return statistics.median(settled[:third]), statistics.median(settled[-third:])

    def slope(self) -> float:
        """MB a minute, by least squares over what came after the warm-up."""
        points = [(at, mb) for at, mb in zip(self.at, self.mb, strict=True) if at - self.at[0] >= WARM_UP_S]
        return 60 * statistics.linear_regression(*zip(*points, strict=True)).slope if len(points) > 2 else 0.0

    @property
    def grew(self) -> bool:
        thirds = self.thirds()
        return thirds is not None and thirds[1] > thirds[0] * (1 + MAY_GROW) + MAY_GROW_MB


class Watcher:
    """Looks, in a thread of its own."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._lives: dict[tuple[str, int], Life] = {}
        #: (moment, API process, what /health said; empty: no answer).
        self.health: list[tuple[float, int, str]] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def lives(self) -> list[Life]:
        return list(self._lives.values())

    def well_since(self, moment: float) -> float:
        """The first moment from which on every process said healthy; 0 if there was none yet."""
        seen: dict[int, tuple[float, str]] = {}
        for at, number, said in list(self.health):
            if at >= moment:
                seen[number] = (at, said)
                if len(seen) == len(self._installation.apis) and all(said == "healthy" for _, said in seen.values()):
                    return at
        return 0.0

    def _run(self) -> None:
        looked = 0.0
        while not self._stop.wait(1.0):
            for number, api in enumerate(self._installation.apis):
                try:
                    said = str(api.ask("GET", "/health", key="", within_s=5).json()["status"])
                except (OSError, HTTPException, ValueError):  # killed before, or in the middle of its answer
                    said = ""
                self.health.append((time.monotonic(), number, said))
            if time.monotonic() - looked >= _MEMORY_EVERY_S:
                looked = time.monotonic()
                self._look_at_memory(looked)

    def _look_at_memory(self, now: float) -> None:
        pids = self._pids()
        for pid, mb in resident_mb(*pids).items():
            life = self._lives.setdefault((pids[pid], pid), Life(pids[pid]))
            life.at.append(now)
            life.mb.append(mb)

    def _pids(self) -> Mapping[int, str]:
        found = {api.pid: f"api-{number}" for number, api in enumerate(self._installation.apis, 1)}
        if self._installation.worker is not None:
            found[self._installation.worker.pid] = "worker"
        found |= {service.pid: name for name, service in self._installation.services.items()}
        return found | {self._installation.cache.pid: "valkey"}
