"""What was run for upkeep, and how it went."""

from datetime import datetime

import sqlalchemy as sa

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import runs


class SqlRuns:
    """Notes of backups and drills; the purge keeps its own (`retention.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, run_id: str, kind: str, part: str, started: datetime, finished: datetime, *, rows: int, report: str
    ) -> None:
        """Note one that came to its end."""
        row = {
            "id": run_id,
            "kind": kind,
            "part": part,
            "started_at": started,
            "finished_at": finished,
            "outcome": "done",
            "rows": rows,
            "report": report,
        }
        async with self._database.write() as connection:
            await connection.execute(sa.insert(runs).values(row))
