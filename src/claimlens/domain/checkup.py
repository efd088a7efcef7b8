"""What `claimlens doctor` finds."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How it is. `note`: nothing is wrong, and it is worth knowing."""

    OK = "ok"
    NOTE = "note"
    WARN = "warn"
    FAIL = "fail"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at: what was found, and what to do if that is not well."""

    name: str
    level: Level
    found: str
    advice: str = ""


class Checkup(msgspec.Struct, frozen=True, kw_only=True):
    """Everything, in the order of the reference."""

    timestamp: datetime
    lines: tuple[Line, ...]

    @property
    def worst(self) -> Level:
        """The worst level of all."""
        return max((line.level for line in self.lines), key=list(Level).index, default=Level.OK)
