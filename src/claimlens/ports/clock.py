"""The moment, and ids that hold it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time and ids for use cases: the domain is handed what it needs."""

    def now(self) -> datetime:
        """The moment, UTC with zone, to the microsecond."""
        ...

    def new_id(self) -> str:
        """A fresh UUIDv7 in canonical text form."""
        ...
