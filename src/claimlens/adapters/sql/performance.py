"""Figures of how the service did."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import performance_hours, performance_minutes
from claimlens.domain.performance import BOUNDS_MS, Figures, Kind, Span
from claimlens.ports.performance import Stretch, Tally

_TABLES = {Span.MINUTE: performance_minutes, Span.HOUR: performance_hours}
_BUCKETS = [f"ms_{bound}" for bound in (*BOUNDS_MS, "more")]
#: SQLite takes 32,766 values in a statement.
_ROWS = 500


class SqlPerformance:
    """A PerformanceStore (`ports/performance.py`). Read from the primary: figures that lag would miss what is wrong."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, process: str, minutes: Sequence[Stretch], hours: Sequence[Stretch]) -> None:
        """Keep them, in place of what this process wrote of the same stretches before."""
        async with self._database.write() as connection:
            for table, stretches in ((performance_minutes, minutes), (performance_hours, hours)):
                for start in range(0, len(stretches), _ROWS):
                    rows = [_row(process, each) for each in stretches[start : start + _ROWS]]
                    await connection.execute(self._replacing(table, rows))

    async def figures(self, span: Span, since: datetime, kinds: Sequence[Kind]) -> dict[tuple[Kind, str], Figures]:
        """The sums by kind and name over the stretches that began at `since` or later."""
        table = _TABLES[span]
        columns = table.c
        query = (
            sa.select(
                columns.kind,
                columns.name,
                *[_sum(columns[name]) for name in ("count", "failed", *_BUCKETS)],
                sa.func.sum(columns.sum_ms).label("sum_ms"),
                sa.func.max(columns.max_ms).label("max_ms"),
            )
            .where(columns.ts >= since, columns.kind.in_([str(kind) for kind in kinds]))
            .group_by(columns.kind, columns.name)
        )
        async with self._database.read(fresh=True) as connection:
            rows = (await connection.execute(query)).mappings().all()
        return {(Kind(row["kind"]), row["name"]): _figures(row) for row in rows}

    async def tallies(self, span: Span, since: datetime, kind: Kind) -> Sequence[Tally]:
        """Minute by minute or hour by hour, oldest first; stretches with nothing in them are left out."""
        columns = _TABLES[span].c
        query = (
            sa.select(columns.ts, _sum(columns["count"]), _sum(columns.failed))
            .where(columns.ts >= since, columns.kind == str(kind))
            .group_by(columns.ts)
            .order_by(columns.ts)
        )
        async with self._database.read(fresh=True) as connection:
            return [Tally(ts, count, failed) for ts, count, failed in await connection.execute(query)]

    async def tallies_by_name(self, span: Span, since: datetime, kind: Kind) -> Mapping[str, Sequence[Tally]]:
        """The same for each name apart."""
        columns = _TABLES[span].c
        query = (
            sa.select(columns.name, columns.ts, _sum(columns["count"]), _sum(columns.failed))
            .where(columns.ts >= since, columns.kind == str(kind))
            .group_by(columns.name, columns.ts)
            .order_by(columns.ts)
        )
        found: dict[str, list[Tally]] = {}
        async with self._database.read(fresh=True) as connection:
            for name, ts, count, failed in await connection.execute(query):
                found.setdefault(name, []).append(Tally(ts, count, failed))
        return found

    def _replacing(self, table: sa.Table, rows: list[dict[str, Any]]) -> sa.Executable:
        """Both dialects say it in the same words, each with a construct of its own."""
        insert: Any = (postgresql if self._database.dialect == "postgresql" else sqlite).insert(table).values(rows)
        key = [column.name for column in table.primary_key]
        fresh = {column.name: insert.excluded[column.name] for column in table.c if column.name not in key}
        replacing: sa.Executable = insert.on_conflict_do_update(index_elements=key, set_=fresh)
        return replacing


def _sum(column: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    """A sum that is a whole number: PostgreSQL makes a numeric of it."""
    return sa.cast(sa.func.sum(column), sa.BigInteger).label(getattr(column, "name", None))


def _row(process: str, each: Stretch) -> dict[str, Any]:
    figures = each.figures
    row: dict[str, Any] = {"ts": each.ts, "kind": str(each.kind), "name": each.name, "process": process}
    row |= {"count": figures.count, "failed": figures.failed, "sum_ms": figures.sum_ms, "max_ms": figures.max_ms}
    return row | dict(zip(_BUCKETS, figures.buckets, strict=True))


def _figures(row: Any) -> Figures:
    return Figures(row["count"], row["failed"], row["sum_ms"], row["max_ms"], [row[name] for name in _BUCKETS])
