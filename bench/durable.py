"""`python -m bench.durable`: verdicts made durable a second, by group commit and by one transaction each.

Baseline: what one would write first, a transaction for each verdict (its audit, its event, its decision log) on the
same database and over the same pool, by as many clients at once. Floor (PostgreSQL): COPY of the same rows, 512 at a
time, by one connection that does nothing else. PostgreSQL and SQLite with every commit on disk; rounds take turns, so
that what else the machine does meets all. `--statements` compares the ways to insert a batch instead: arrays in one
statement (ours), COPY, and VALUES row by row, on one connection.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import sqlalchemy as sa

from bench.menus import items
from bench.rounds import Report, ratios, spread
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
_COPIED = 512

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
    report = Report("durable")
    report.note(f"record {_RECORD_BYTES} bytes; fsync on\n")
    server = PostgresServer(safe=True)
    try:
        migrate(server.url)
        if options.statements:
            report.kept["statements"] = asyncio.run(statements(server.url, options.rounds))
        else:
            with tempfile.TemporaryDirectory(prefix="claimlens-bench-") as folder:
                url = f"sqlite:///{folder}/claimlens.db"
                migrate(url)
                asyncio.run(verdicts(report, server.url, options))
                asyncio.run(verdicts(report, url, options))
    finally:
        server.remove()
    report.write(options.json)


async def verdicts(report: Report, url: str, options: argparse.Namespace) -> None:
    """Verdicts a second by each way, for each number of clients."""
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

    for clients in options.clients:
        number = options.verdicts if clients > 1 else options.verdicts // 8
        rates: dict[str, list[float]] = {"group commit": [], "one transaction each": [], "COPY": []}
        slow: dict[str, list[float]] = {"group commit": [], "one transaction each": []}
        for _ in range(options.rounds):
            for name, write in (("group commit", together), ("one transaction each", each)):
                rate, p95 = await _round(write, number, clients)
                rates[name].append(rate)
                slow[name].append(1_000 * p95)
            if database.dialect == "postgresql":
                rates["COPY"].append(await _copied(database, number))
        where = f"{database.dialect}, {clients} at once"
        for name, found in rates.items():
            if found:
                report.figure(f"{where}, {name}", spread(found), "verdicts/s")
        for name, times in slow.items():
            report.figure(f"{where}, {name}, p95 of one", spread(times), "ms")
        ours = rates["group commit"]
        for name in ("one transaction each", "COPY"):
            if rates[name]:
                report.ratio(f"{where}: group commit", name, ratios(ours, rates[name]))
        print()
    await journal.close()
    await database.close()


async def _copied(database: Database, number: int) -> float:
    """Verdicts a second by COPY: everything is made beforehand, then nothing but the database works."""
    made = [rows_of(_SCOPE, entry) for entry in _entries(number)]
    began = time.perf_counter()
    for start in range(0, number, _COPIED):
        rows = Rows()
        for one in made[start : start + _COPIED]:
            rows.add(one)
        async with database.write() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert isinstance(driver, asyncpg.Connection)
            async with driver.transaction():
                for table in (tables.audits, tables.unsealed_audits, tables.decision_logs, tables.outbox):
                    records = getattr(rows, table.name)
                    await driver.copy_records_to_table(table.name, records=records, columns=table.c.keys())
    return number / (time.perf_counter() - began)


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
