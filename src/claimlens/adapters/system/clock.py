"""The system clock."""

import os
import time
from datetime import UTC, datetime

from claimlens.kit.uuid7 import uuid7


class SystemClock:
    """The moment as the machine has it."""

    def now(self) -> datetime:
        """The moment, UTC with zone."""
        return datetime.now(UTC)

    def new_id(self) -> str:
        """A fresh UUIDv7."""
        return uuid7(time.time_ns() // 1_000_000, os.urandom(10))
