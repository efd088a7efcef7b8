"""`python -m bench.durable`: verdicts made durable a second, by group commit and by one transaction each.

Baseline: what one would write first, a transaction for each verdict (its audit, its event, its decision log) on the
same database and over the same pool, by as many clients at once. PostgreSQL and SQLite with every commit on disk;
rounds take turns, so that what else the machine does meets both; figures are medians. `--statements` compares the ways
to insert a batch instead: arrays in one statement (ours), COPY, and VALUES row by row, on one connection.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import sqlalchemy as sa

from bench.menus import items
from claimlens.adapters.sql import tables
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.entries import Rows, insert, rows_of
from claimlens.adapters.sql.journal import SqlJournal
from claimlens.adapters.system.clock import SystemClock
from claimlens.domain.audit import Audit, DecisionLog, Event, JournalEntry
from claimlens.domain.tenant import TenantScope
from claimlens.domain.verdict import Outcome
from tests.postgres import PostgresServer, migrate

_SCOPE = TenantScope("tenant-001")
_RECORD_BYTES, _LINES_BYTES = 2_500, 400

Write = Callable[[JournalEntry], Awaitable[None]]


def main() -> None:
    """Measure and print; `--json FILE` keeps the figures."""
    parser = argparse.ArgumentParser(prog="bench.durable", description=__doc__)
    parser.add_argument("--verdicts", type=int, default=4_000, help="a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 16, 64, 256], help="that write at once")
    parser.add_argument("--statements", action="store_true", help="compare the ways to insert a batch instead")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}; "
        f"load before the start {os.getloadavg()[0]:.1f}; record {_RECORD_BYTES} bytes\n"
    )
    server = PostgresServer(safe=True)
    try:
        migrate(server.url)
        if options.statements:
            figures = asyncio.run(statements(server.url, options.rounds))
        else:
            with tempfile.TemporaryDirectory(prefix="claimlens-bench-") as folder:
                url = f"sqlite:///{folder}/claimlens.db"
                migrate(url)
                figures = {
                    "postgresql": asyncio.run(verdicts(server.url, options)),
                    "sqlite": asyncio.run(verdicts(url, options)),
                }
    finally:
        server.remove()
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


async def verdicts(url: str, options: argparse.Namespace) -> dict[str, Any]:
    """Verdicts a second by both ways, for each number of clients."""
    database = Database(url)
    journal = SqlJournal(database)
    room = asyncio.Semaphore(10 if database.dialect == "postgresql" else 1)  # nobody is refused for a full pool

    async def together(entry: JournalEntry) -> None:
        await journal.write(_SCOPE, entry)

    async def each(entry: JournalEntry) -> None:
        rows = rows_of(_SCOPE, entry)
        async with room, database.write() as connection:
            for table in (tables.audits, tables.outbox, tables.decision_logs):
                (row,) = getattr(rows, table.name)
                await connection.execute(sa.insert(table).values(dict(zip(table.c.keys(), row, strict=True))))

    print(f"{database.dialect}: verdicts a second   group commit   one transaction each   ratio   p95 of one, ms")
    figures: dict[str, Any] = {}
    for clients in options.clients:
        number = options.verdicts if clients > 1 else options.verdicts // 8
        rates: dict[str, list[float]] = {"together": [], "each": []}
        slow: dict[str, list[float]] = {"together": [], "each": []}
        for _ in range(options.rounds):
            for name, write in (("together", together), ("each", each)):
                rate, p95 = await _round(write, number, clients)
                rates[name].append(rate)
                slow[name].append(p95)
        ours, baseline = (statistics.median(rates[name]) for name in ("together", "each"))
        p95, p95_each = (statistics.median(slow[name]) * 1_000 for name in ("together", "each"))
        print(
            f"{clients:>6} clients at once {ours:>18,.0f} {baseline:>18,.0f} {ours / baseline:>15.1f}"
            f"   {p95:.1f} against {p95_each:.1f}"
        )
        figures[f"{clients} clients"] = {
            "group_commit": round(ours),
            "one_each": round(baseline),
            "ratio": round(ours / baseline, 1),
            "p95_ms": round(p95, 1),
            "p95_one_each_ms": round(p95_each, 1),
        }
    await journal.close()
    await database.close()
    print()
    return figures


async def _round(write: Write, number: int, clients: int) -> tuple[float, float]:
    """Entries a second, and the 95th percentile of the time of one in seconds."""
    entries = iter(_entries(number))
    times: list[float] = []

    async def client() -> None:
        for entry in entries:
            began = time.perf_counter()
            await write(entry)
            times.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    took = time.perf_counter() - began
    return number / took, statistics.quantiles(times, n=20)[-1]


async def statements(url: str, rounds: int) -> dict[str, Any]:
    """Audits a second on one connection, each batch a transaction, by the ways to write a batch."""
    database = Database(url)
    names = [column.name for column in tables.audits.columns]
    places = ", ".join(f"${place}" for place in range(1, len(names) + 1))
    values = f"INSERT INTO audits ({', '.join(names)}) VALUES ({places})"

    async def arrays(rows: Rows) -> None:
        async with database.write() as connection:
            await insert(connection, rows)

    async def copied(rows: Rows) -> None:
        async with database.write() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert isinstance(driver, asyncpg.Connection)
            async with driver.transaction():
                await driver.copy_records_to_table("audits", records=rows.audits, columns=names)

    async def row_by_row(rows: Rows) -> None:
        async with database.write() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert isinstance(driver, asyncpg.Connection)
            async with driver.transaction():
                await driver.executemany(values, rows.audits)

    print("audits a second, one connection   arrays     COPY   VALUES")
    figures: dict[str, Any] = {}
    for size in (1, 8, 32, 128, 512):
        rates: dict[str, list[float]] = {"arrays": [], "copy": [], "values": []}
        batches = max(4, min(150, 2_000 // size))
        for _ in range(rounds):
            for name, write in (("arrays", arrays), ("copy", copied), ("values", row_by_row)):
                made = [_rows(size) for _ in range(batches)]
                began = time.perf_counter()
                for rows in made:
                    await write(rows)
                rates[name].append(size * batches / (time.perf_counter() - began))
        medians = {name: statistics.median(found) for name, found in rates.items()}
        print(f"   batches of {size:>4} {'':12}" + "".join(f"{medians[name]:>9,.0f}" for name in rates))
        figures[f"batch of {size}"] = {name: round(rate) for name, rate in medians.items()}
    await database.close()
    return figures


def _rows(number: int) -> Rows:
    rows = Rows()
    for entry in _entries(number):
        rows.audits += rows_of(_SCOPE, JournalEntry(audits=entry.audits)).audits
    return rows


def _entries(number: int) -> list[JournalEntry]:
    """What answers of one item each leave behind, their texts from made-up menus."""
    clock = SystemClock()
    made = []
    for item in items(number):
        now = clock.now()
        text = " ".join(text for _, text in item.texts()).encode()
        record = (text * (_RECORD_BYTES // len(text) + 1))[:_RECORD_BYTES]
        audit = Audit(
            id=clock.new_id(),
            ts=now,
            tenant_id=_SCOPE.tenant_id,
            item_id=item.id,
            verdict=Outcome.MODIFY,
            needs_review=False,
            locale="en-IN",
            profile="menushield_in",
            correlation_id=clock.new_id(),
            rules=("IN-DISEASE-001",),
            degraded=False,
            test=False,
            record=record,
        )
        event = Event(id=clock.new_id(), ts=now, tenant_id=_SCOPE.tenant_id, type="verdict.generated", payload=record)
        log = DecisionLog(
            id=clock.new_id(), ts=now, tenant_id=_SCOPE.tenant_id, correlation_id="c", lines=record[:_LINES_BYTES]
        )
        made.append(JournalEntry(audits=(audit,), events=(event,), decisions=log))
    return made


if __name__ == "__main__":
    main()
