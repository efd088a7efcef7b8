"""What was run for upkeep."""

from datetime import datetime
from typing import Protocol


class RunNotes(Protocol):
    """Notes of purges, backups and drills."""

    async def latest(self) -> list[tuple[str, str, datetime, int]]:
        """Of each kind, of purges of each kind of data: kind, data, when the last one ended, rows of all on record."""
        ...
