"""Who is killed when: each kind once in every round, in an order and at moments that the seed decides."""

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator

import msgspec

from claimlens.domain.service import SERVICES
from tests.installation import Installation

#: From the end of one window to the next kill, and from a kill to the new start (a supervisor needs a moment), in s.
PAUSE_S, DOWN_S = (12.0, 40.0), (0.2, 4.0)
#: A window ends so long after the killed process serves again.
AFTER_S = 10.0

API, WORKER, CACHE = "api-2", "worker", "valkey"
VICTIMS = (API, WORKER, CACHE, *SERVICES)

WINDOW = (
    f"A kill window lasts from a kill until {AFTER_S:g} s after the killed process serves again. A request is inside "
    "if any of its time, from when it was due to its answer, falls into one."
)


class Kill(msgspec.Struct):
    """Moments of the monotonic clock; `until` is the end of the window, `well` when /health said healthy again."""

    victim: str
    at: float
    back: float = 0.0
    until: float = float("inf")
    well: float = 0.0
    wrong: str = ""


class Killer:
    """Kills and starts again, in a thread of its own."""

    def __init__(self, installation: Installation, seed: int, *, pause_s: tuple[float, float] = PAUSE_S) -> None:
        self.kills: list[Kill] = []
        self._chance = random.Random(seed)
        self._pause_s = pause_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._began = time.monotonic()
        api, worker = installation.apis[1], installation.worker
        assert worker is not None
        self._processes: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            API: (api.kill, api.start),
            WORKER: (worker.kill, worker.start),
            CACHE: (installation.cache.kill, installation.cache.start),
        }
        for name, service in installation.services.items():
            self._processes[name] = (service.kill, service.start)

    def start(self) -> None:
        self._began = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """No more kills; returns when everything runs and the last window is over."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        for victim in self._victims():
            if self._stop.wait(self._chance.uniform(*self._pause_s)):
                return
            self._kill(victim)

    def _victims(self) -> Iterator[str]:
        while True:
            yield from self._chance.sample(VICTIMS, len(VICTIMS))

    def _kill(self, victim: str) -> None:
        kill, start = self._processes[victim]
        down_s = self._chance.uniform(*DOWN_S)
        noted = Kill(victim, time.monotonic())
        self.kills.append(noted)
        kill()
        time.sleep(down_s)
        try:
            _insist(start)
        except Exception as error:  # the run goes on, and says so
            noted.wrong = f"{victim} did not come back: {error}"
        noted.back = time.monotonic()
        noted.until = noted.back + AFTER_S
        told = (
            f"{noted.at - self._began:7.1f} s  {victim} killed, back after {noted.back - noted.at:.1f} s {noted.wrong}"
        )
        print(told.rstrip(), file=sys.stderr, flush=True)
        self._stop.wait(AFTER_S)


def _insist(start: Callable[[], object], tries: int = 3) -> None:
    """Start, again if a port is not free at once or the machine was too slow."""
    for number in range(tries):
        try:
            start()
            return
        except RuntimeError:
            if number == tries - 1:
                raise
            time.sleep(1)
