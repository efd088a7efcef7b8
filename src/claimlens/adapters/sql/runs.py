"""What was run for upkeep, and how it went."""

from datetime import datetime

import sqlalchemy as sa

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import Moment, runs


class SqlRuns:
    """Notes of backups and drills, and a look at all; the purge writes its own (`retention.py`)."""

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

    async def latest(self) -> list[tuple[str, str, datetime, int]]:
        """Of each kind, of purges of each kind of data: kind, data, when the last one ended, rows of all on record."""
        data = sa.case((runs.c.kind == "purge", runs.c.part), else_="")
        query = (
            sa.select(runs.c.kind, data, sa.func.max(runs.c.finished_at, type_=Moment), sa.func.sum(runs.c.rows))
            .where(runs.c.outcome == "done")
            .group_by(runs.c.kind, data)
        )
        async with self._database.read() as connection:
            return [(kind, part, ended, int(rows)) for kind, part, ended, rows in await connection.execute(query)]
