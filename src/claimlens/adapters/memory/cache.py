"""Limits and invalidations of one process."""

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence

from claimlens.kit.sliding_window import SlidingWindow
from claimlens.ports.cache import Allowance, CacheHealth, Hit

#: Names counted at once in each bucket, about 300 bytes each: a flood of addresses costs no more memory than this, and
#: pushes out only other addresses, the longest unseen first.
MOST_NAMES = 20_000


class MemoryCache:
    """Counts and tells within this process. `moment` is a clock that does not go back, in seconds."""

    def __init__(self, moment: Callable[[], float] = time.monotonic, most_names: int = MOST_NAMES) -> None:
        self._moment = moment
        self._most_names = most_names
        self._windows: defaultdict[str, OrderedDict[str, SlidingWindow]] = defaultdict(OrderedDict)
        self._listeners: defaultdict[str, list[Callable[[str], None]]] = defaultdict(list)

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """Nothing to let go of."""

    async def hit(self, hits: Sequence[Hit]) -> list[Allowance]:
        """Count in order; the first that is refused ends the list."""
        moment = self._moment()
        allowances = []
        for hit in hits:
            window = self._window(hit, moment)
            limit, length = hit.limit, hit.window_s
            allowed = window.take(hit.cost, limit, length, moment)
            reset_s = window.ends_in(length, moment) if allowed else window.room_in(hit.cost, limit, length, moment)
            left = window.left(limit, length, moment)
            allowances.append(Allowance(hit.bucket, allowed, limit, left, length, reset_s))
            if not allowed:
                break
        return allowances

    async def announce(self, topic: str, key: str) -> None:
        """Tell this process."""
        self.tell(topic, key)

    def tell(self, topic: str, key: str) -> None:
        """Pass a word on to those who listen here."""
        for forget in self._listeners.get(topic, ()):
            forget(key)

    def on(self, topic: str, forget: Callable[[str], None]) -> None:
        """Call `forget(key)` for each word on a topic."""
        self._listeners[topic].append(forget)

    async def health(self) -> CacheHealth:
        """Always well."""
        return CacheHealth("in-process", "ok")

    def _window(self, hit: Hit, moment: float) -> SlidingWindow:
        windows = self._windows[hit.bucket]
        window = windows.get(hit.key)
        if window is None:
            if len(windows) >= self._most_names:
                windows.popitem(last=False)
            window = windows[hit.key] = SlidingWindow(moment)
        else:
            windows.move_to_end(hit.key)
        return window
