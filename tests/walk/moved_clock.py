"""`python -m tests.walk.moved_clock DAYS serve …`: the program with its clock moved, everything else as it is.

Only the program's own clock (`SystemClock`, the one adapter of that port) is moved; the database keeps its own.
"""

import os
import sys
from datetime import datetime, timedelta

from claimlens.adapters.system.clock import SystemClock
from claimlens.entry.cli import main
from claimlens.kit.uuid7 import uuid7


def move(days: float) -> None:
    """Let the program live so many days from now."""
    real = SystemClock.now

    def now(self: SystemClock) -> datetime:
        return real(self) + timedelta(days=days)

    def new_id(self: SystemClock) -> str:
        return uuid7(int(now(self).timestamp() * 1000), os.urandom(10))

    SystemClock.now = now  # type: ignore[method-assign]
    SystemClock.new_id = new_id  # type: ignore[method-assign]


if __name__ == "__main__":
    move(float(sys.argv.pop(1)))
    main()
