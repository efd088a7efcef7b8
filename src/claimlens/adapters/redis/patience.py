"""Trying again, slower and slower."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

#: Pauses grow from the first to the second, and begin anew after a try that held for longer than the second.
LEAST_PAUSE_S, MOST_PAUSE_S = 0.05, 1.0


async def pauses(stopping: asyncio.Event) -> AsyncIterator[None]:
    """Ends once `stopping` is set, also in the middle of a pause."""
    now = asyncio.get_running_loop().time
    pause = LEAST_PAUSE_S
    while not stopping.is_set():
        began = now()
        yield
        pause = LEAST_PAUSE_S if now() - began > MOST_PAUSE_S else min(2 * pause, MOST_PAUSE_S)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause)
