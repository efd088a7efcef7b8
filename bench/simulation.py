"""`python -m bench.simulation`: years of many tenants' audits in a real PostgreSQL, and what that means at other rates.

Real code throughout: the gate's own records, the journal, the sealer, partitions made and dropped, the purge, the reads
of the API. Only the clock is moved: a month is a few active intervals of five minutes, then it is the next one. Tenants
differ in size (Zipf); most keep their audits for 90 days, every fifth for a year; in the last quarter one is put under
legal hold, and from then on no partition can be dropped. Measured are bytes (audit, index, log, seal), times (commit,
seal, purge by dropped partition and by batches of deletes, reads) and the processor time of either side; from these
follow the tables for 1, 100 and 10,000 verdicts a second. `docs/explanation/scale.md` tells what they mean.
"""

import argparse
import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog

from bench.menus import items
from bench.processes import cpu_of_tree, own_cpu
from bench.projection import Measured, cost_table, rate_table
from bench.rounds import Report, spread
from claimlens.adapters.crypto.seal_key import Ed25519SealKey
from claimlens.adapters.sql import partitions, tables
from claimlens.adapters.sql.audit_counts import SqlAuditCounts
from claimlens.adapters.sql.audits import SqlAudits
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.entries import Rows, insert, rows_of
from claimlens.adapters.sql.journal import SqlJournal
from claimlens.adapters.sql.retention import SqlRetention
from claimlens.adapters.sql.reviews import SqlReviews
from claimlens.adapters.sql.seals import SqlSeals
from claimlens.domain.audit import Audit, DecisionLog, JournalEntry
from claimlens.domain.retention import Data
from claimlens.domain.suppression import Answered
from claimlens.domain.tenant import LEAST_RETENTION_DAYS, PlatformScope, TenantScope
from claimlens.gate.record import Case, Law, Occasion, Recorded, record
from claimlens.kit.canonical_json import canonical_json
from claimlens.ports.audits import AuditFilter
from claimlens.usecases.retention import Retention
from claimlens.usecases.sealing import MOST_MEMBERS, OneSealKey, Sealer
from claimlens.wiring import open_checker
from tests.clock import HandClock
from tests.postgres import PostgresServer, migrate

_BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
_EVERYWHERE = PlatformScope()
_INTERVALS, _AT_ONCE = 4, 256
_READS = 25
_LOGGED = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"
_BATCH = 200


def main() -> None:
    """Simulate, print, and keep the figures (`--json FILE`)."""
    parser = argparse.ArgumentParser(prog="bench.simulation", description=__doc__)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--audits", type=int, default=8_000, help="a month, of all tenants")
    parser.add_argument("--tenants", type=int, default=40)
    parser.add_argument("--old", type=int, default=50_000, help="audits of the two old months that are purged first")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))  # a table, not a log
    report = Report("simulation")
    report.note(f"{options.months} months, {options.audits:,} audits a month, {options.tenants} tenants; fsync on\n")
    server = PostgresServer(safe=True)
    try:
        migrate(server.url)
        asyncio.run(Simulation(report, options, server).run())
    finally:
        server.remove()
    report.write(options.json)


class Simulation:
    """An installation whose time is moved."""

    def __init__(self, report: Report, options: argparse.Namespace, server: PostgresServer) -> None:
        self._report = report
        self._options = options
        self._server = server
        self._chance = random.Random(options.seed)
        self._clock = HandClock(_BEGIN)
        self._database = Database(server.url)
        self._journal = SqlJournal(self._database)
        self._sealer = Sealer(SqlSeals(self._database), OneSealKey(Ed25519SealKey(b"\7" * 32)), self._clock)
        self._store = SqlRetention(self._database)
        self._retention = Retention(self._store, self._clock)
        self._names = [f"tenant-{number:03}" for number in range(options.tenants)]
        self._shares = [1 / (place + 1) for place in range(options.tenants)]
        self._judge_s, self._made = _records(1_000)
        self._measured = Measured(tenants=options.tenants)

    async def run(self) -> None:
        """Years, then what they came to."""
        await self._settle_tenants()
        await self._two_old_months()
        for number in range(self._options.months):
            if number == self._options.months * 3 // 4:
                await self._hold(self._names[-1])
            await self._month()
        await self._reads()
        await self._full_seals()
        await self._sizes()
        self._tell()
        await self._journal.close()
        await self._database.close()

    async def _settle_tenants(self) -> None:
        """The biggest keeps 90 days, every fifth a year."""
        rows = [
            {"id": name, "name": name, "settings": "{}", "isolated": False, "created_at": _BEGIN}
            | {"retention_days": 365 if place % 5 == 4 else 90, "legal_hold": False}
            for place, name in enumerate(self._names)
        ]
        async with self._database.write() as connection:
            await connection.execute(sa.insert(tables.tenants), rows)

    async def _two_old_months(self) -> None:
        """Two months of equal size that are past retention: one goes as a partition, the other row by row."""
        measured, now = self._measured, self._clock.now()
        await self._fill(datetime(2022, 1, 1, tzinfo=UTC))
        before = now - timedelta(days=LEAST_RETENTION_DAYS)
        began = time.perf_counter()
        rows, _, _ = await self._store.drop_partitions(_EVERYWHERE, Data.AUDITS, before, now)
        measured.big_drop = (rows, time.perf_counter() - began)
        await self._fill(datetime(2022, 2, 1, tzinfo=UTC))
        await self._hold(self._names[-1])
        began = time.perf_counter()
        for purged in await self._retention.purge(_EVERYWHERE, [Data.AUDITS]) or ():
            measured.big_delete = (purged.removed, time.perf_counter() - began)
        await self._hold(self._names[-1], on=False)
        await self._retention.purge(_EVERYWHERE, [Data.AUDITS])

    async def _fill(self, month: datetime) -> None:
        """A month's partition, as the journal would have filled it; its seals are left out."""
        await partitions.ensure(self._database, month, months_ahead=0)
        number = self._options.old
        for start in range(0, number, 500):
            rows = Rows()
            for place in range(start, min(start + 500, number)):
                name = self._chance.choices(self._names, self._shares)[0]
                ts = month + timedelta(seconds=28 * 86_400 * place / number)
                own = {"id": self._clock.new_id(), "ts": ts, "tenant_id": name, "correlation_id": self._clock.new_id()}
                audit: Audit = msgspec.structs.replace(self._made[place % len(self._made)].audit, **own)
                rows.audits += rows_of(TenantScope(name), JournalEntry(audits=(audit,))).audits
            async with self._database.single(within_s=60) as connection:
                await insert(connection, rows)

    async def _hold(self, name: str, *, on: bool = True) -> None:
        """Put a tenant under legal hold, or let it go."""
        async with self._database.write() as connection:
            this = tables.tenants.c.id == name
            await connection.execute(sa.update(tables.tenants).where(this).values(legal_hold=on))

    async def _month(self) -> None:
        """A month's active intervals, each written and sealed; then the daily purge, once."""
        start = self._clock.now()
        await partitions.ensure(self._database, start)
        each = self._options.audits // _INTERVALS
        for number in range(_INTERVALS):
            self._move_to(start + timedelta(days=2 + 6 * number, hours=12))
            await self._write(self._chance.choices(self._names, self._shares, k=each))
            self._clock.forward(minutes=6)
            await self._seal()
        self._move_to((start + timedelta(days=32)).replace(day=1))
        await self._purge()

    def _move_to(self, moment: datetime) -> None:
        self._clock.forward(seconds=(moment - self._clock.now()).total_seconds())

    async def _write(self, owners: Sequence[str]) -> None:
        """One audit each, through the journal, many at once."""
        measured = self._measured
        entries = self._entries(owners)
        logged = await self._one(_LOGGED)
        own, theirs, began = own_cpu(), cpu_of_tree(self._server.pid), time.perf_counter()

        async def client() -> None:
            for scope, entry in entries:
                await self._journal.write(scope, entry)

        await asyncio.gather(*(client() for _ in range(_AT_ONCE)))
        measured.write_s += time.perf_counter() - began
        measured.write_cpu_s += own_cpu() - own
        measured.write_database_cpu_s += cpu_of_tree(self._server.pid) - theirs
        measured.written += len(owners)
        measured.logged_bytes += await self._one(_LOGGED) - logged

    def _entries(self, owners: Sequence[str]) -> Iterator[tuple[TenantScope, JournalEntry]]:
        step = 290 / len(owners)
        for name in owners:
            self._clock.forward(seconds=step)
            made = self._made[self._chance.randrange(len(self._made))]
            now, audit_id = self._clock.now(), self._clock.new_id()
            item = f"dish-{self._chance.randrange(400)}"
            own = {"id": audit_id, "ts": now, "tenant_id": name, "item_id": item, "correlation_id": audit_id}
            audit: Audit = msgspec.structs.replace(made.audit, **own)
            log = DecisionLog(
                id=self._clock.new_id(), ts=now, tenant_id=name, correlation_id=audit_id, lines=made.decisions
            )
            yield TenantScope(name), JournalEntry(audits=(audit,), decisions=log if made.decisions else None)

    async def _seal(self) -> None:
        measured = self._measured
        before = await self._one("SELECT count(*) FROM seals")
        waiting = await self._one("SELECT count(*) FROM unsealed_audits")
        own, theirs, began = own_cpu(), cpu_of_tree(self._server.pid), time.perf_counter()
        await self._sealer.step(_EVERYWHERE)
        measured.seal_s += time.perf_counter() - began
        measured.seal_cpu_s += own_cpu() - own + cpu_of_tree(self._server.pid) - theirs
        measured.sealed += waiting - await self._one("SELECT count(*) FROM unsealed_audits")
        measured.seals += await self._one("SELECT count(*) FROM seals") - before

    async def _purge(self) -> None:
        """As `Retention` does it daily, its two ways timed apart."""
        measured, now = self._measured, self._clock.now()
        async with self._store.alone():
            before = now - timedelta(days=LEAST_RETENTION_DAYS)
            began = time.perf_counter()
            rows, dropped, _ = await self._store.drop_partitions(_EVERYWHERE, Data.AUDITS, before, now)
            if dropped:
                measured.drops.append((rows, time.perf_counter() - began))
        began = time.perf_counter()
        for purged in await self._retention.purge(_EVERYWHERE, [Data.AUDITS]) or ():
            if purged.removed:
                measured.deletes.append((purged.removed, time.perf_counter() - began))
        began = time.perf_counter()
        for purged in await self._retention.purge(_EVERYWHERE, [Data.DECISION_LOGS]) or ():
            if purged.partitions:
                measured.log_drops.append((purged.removed, time.perf_counter() - began))

    async def _reads(self) -> None:
        """What people ask, of the biggest tenant and of a small one, over all partitions that are left."""
        await self._write(self._chance.choices(self._names, self._shares, k=2_000))
        self._clock.forward(minutes=6)
        await self._seal()
        for kind, name in (("biggest", self._names[0]), ("small", self._names[len(self._names) // 2])):
            asks = await _asks(self._database, TenantScope(name), self._clock.now())
            for what, ask in asks.items():
                self._measured.reads[f"{kind} tenant, {what}"] = await _times(ask)

    async def _full_seals(self) -> None:
        """How long a seal takes that covers as many audits as one may."""
        for _ in range(3):
            await self._write([self._names[0]] * MOST_MEMBERS)
            self._clock.forward(minutes=6)
            began = time.perf_counter()
            await self._sealer.step(_EVERYWHERE)
            self._measured.full_seal_s.append(time.perf_counter() - began)

    async def _sizes(self) -> None:
        measured = self._measured
        month = f"{self._clock.now():%Y_%m}"
        rows = await self._one(f"SELECT count(*) FROM audits_{month}")
        logs = await self._one(f"SELECT count(*) FROM decision_logs_{month}")
        measured.audit_bytes = await self._one(f"SELECT pg_table_size('audits_{month}')") / rows
        measured.log_bytes = await self._one(f"SELECT pg_total_relation_size('decision_logs_{month}')") / logs
        measured.logs_share = logs / rows
        measured.record_bytes = await self._one(f"SELECT avg(octet_length(record)) FROM audits_{month}")
        sizes = "SELECT indexrelid::regclass::text, pg_relation_size(indexrelid) FROM pg_index WHERE indrelid = "
        async with self._database.read(fresh=True) as connection:
            for name, size in await connection.execute(sa.text(f"{sizes}'audits_{month}'::regclass ORDER BY 1")):
                measured.index_bytes[name.removeprefix(f"audits_{month}_")] = size / rows
        measured.seal_bytes = await self._one(
            "SELECT avg(octet_length(statement) + octet_length(signature)) FROM seals"
        )
        measured.member_bytes = await self._one(
            "SELECT sum(octet_length(members))::float / sum(octet_length(members) / 56) FROM seals"
            " WHERE members IS NOT NULL"
        )
        measured.partitions_left = await self._one(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'audits'::regclass"
        )
        measured.rows_left = await self._one("SELECT count(*) FROM audits")

    def _tell(self) -> None:
        measured, report = self._measured, self._report
        measured.judge_s = self._judge_s
        for name, value, unit in measured.figures():
            report.figure(name, value, unit)
        for name, times in measured.reads.items():
            report.figure(f"read: {name}", spread(times), "ms")
        report.kept["rates"] = rate_table(measured)
        report.kept["cost"] = cost_table(measured)

    async def _one(self, query: str) -> Any:
        async with self._database.read(fresh=True) as connection:
            found = (await connection.execute(sa.text(query))).scalar_one()
            return int(found) if isinstance(found, int) else float(found)


def _records(number: int) -> tuple[float, list[Recorded]]:
    """Processor seconds of an item, judged and recorded, and the records."""
    checker = open_checker()
    chosen = list(items(number, seed=9))
    checker.examine(chosen[:_BATCH], locale="en-GB", on_date=_BEGIN.date())
    occasion = Occasion(ts=_BEGIN, tenant_id="-", correlation_id="-", on=_BEGIN.date(), engine="bench")
    digests = canonical_json(dict.fromkeys(("gb.allergens", "gb.claims", "gb.pii"), "0" * 64))
    law = Law("en-GB", "GB", "menushield_gb", digests)
    made = []
    began = own_cpu()
    for start in range(0, number, _BATCH):
        batch = chosen[start : start + _BATCH]
        for item, one in zip(batch, checker.examine(batch, locale="en-GB", on_date=_BEGIN.date()), strict=True):
            told: dict[str, Any] = {
                name: value for name, value in msgspec.to_builtins(item).items() if value not in (None, "", [], {})
            }
            case = Case(told, item, law, Answered(one.verdict), one.excused, "", one.services)
            made.append(record(case, occasion, "0" * 36, canonical_json(told), "0" * 64))
    return (own_cpu() - began) / number, made


async def _asks(database: Database, scope: TenantScope, now: datetime) -> dict[str, Callable[[], Awaitable[object]]]:
    """What the API and the console ask of a tenant's audits."""
    store, seals = SqlAudits(database), SqlSeals(database)
    newest = await store.page(scope, AuditFilter(), after=None, limit=50)
    some = newest[len(newest) // 2]
    rule = next(audit.rules[0] for audit in newest if audit.rules)
    back = (now - timedelta(days=60), some.id)
    page = partial(store.page, scope, after=None, limit=50)
    return {
        "newest 50": partial(page, AuditFilter()),
        "50 from 60 days back": partial(store.page, scope, AuditFilter(), after=back, limit=50),
        "of one item": partial(page, AuditFilter(item_id=some.item_id)),
        "of one rule": partial(page, AuditFilter(rule_id=rule)),
        "waiting for a person": partial(SqlReviews(database).waiting, scope, after=None, limit=50),
        "one by its id": partial(store.find, scope, some.id),
        "its seal": partial(seals.covering, scope, some.ts, some.id),
        "counts of 30 days": partial(SqlAuditCounts(database).count, scope, now - timedelta(days=30), now),
    }


async def _times(ask: Callable[[], Awaitable[object]]) -> list[float]:
    """Milliseconds, after one that warms up."""
    await ask()
    times = []
    for _ in range(_READS):
        began = time.perf_counter()
        await ask()
        times.append(1_000 * (time.perf_counter() - began))
    return times


if __name__ == "__main__":
    main()
