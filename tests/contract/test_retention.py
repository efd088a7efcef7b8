"""What is past its retention goes, and nothing else: by the purge, by hand, on both stores, with the clock moved."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest
import sqlalchemy as sa

from claimlens.adapters.sql import partitions, retention, tables
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.idempotency import SqlIdempotency
from claimlens.adapters.sql.journal import SqlJournal
from claimlens.adapters.sql.retention import SqlRetention
from claimlens.adapters.sql.runs import SqlRuns
from claimlens.domain.audit import JournalEntry
from claimlens.domain.retention import POLICIES, Data
from claimlens.domain.tenant import TenantScope
from claimlens.usecases.bundle_check import check_bundle
from claimlens.usecases.retention import Retention
from tests.clock import HandClock
from tests.contract.rows import ALL, OURS, THEIRS, a_key, decisions
from tests.contract.sealed import KEY, World, a_record

LONG = TenantScope("tenant-long")


@pytest.fixture
async def world(database):
    made = World(database, HandClock())
    yield made
    await made.close()


@pytest.fixture
def purge(world):
    """Purge at the clock's moment; the reports by kind."""
    desk = Retention(SqlRetention(world.database), world.clock)

    async def purge(*only, **options):
        return {each.data: each for each in await desk.purge(ALL, only, **options) or ()}

    return purge


async def tenant(world, scope, days=90, hold=False):
    row = {"id": scope.tenant_id, "name": "x", "settings": "{}", "isolated": False, "created_at": world.clock.now()}
    async with world.database.write() as connection:
        await connection.execute(sa.insert(tables.tenants).values(row | {"retention_days": days, "legal_hold": hold}))


async def hold(world, scope, on):
    async with world.database.write() as connection:
        this = tables.tenants.c.id == scope.tenant_id
        await connection.execute(sa.update(tables.tenants).where(this).values(legal_hold=on))


async def count(world, table, scope=None):
    query = sa.select(sa.func.count()).select_from(table)
    if scope is not None:
        query = query.where(table.c.tenant_id == scope.tenant_id)
    async with world.database.read(fresh=True) as connection:
        return (await connection.execute(query)).scalar_one()


async def insert(world, table, **row):
    """A row of a table, its other columns filled with something."""
    for column in table.c:
        if column.name not in row and not column.nullable and column.server_default is None:
            filler = {
                sa.Uuid: world.clock.new_id(),
                sa.LargeBinary: b"x",
                sa.Boolean: False,
                sa.DateTime: row.get("ts"),
            }
            row[column.name] = next((v for kind, v in filler.items() if isinstance(column.type, kind)), None)
            if row[column.name] is None:
                row[column.name] = 0 if isinstance(column.type, sa.Integer | sa.Float) else f"x-{world.clock.new_id()}"
    async with world.database.write() as connection:
        await connection.execute(sa.insert(table).values(row))


class TestAudits:
    async def test_each_tenant_keeps_its_own_as_long_as_it_says(self, world, purge):
        await tenant(world, OURS, 90)
        await tenant(world, THEIRS, 180)
        await tenant(world, LONG, 365)
        await world.write(*[a_record(world.clock, scope) for scope in (OURS, THEIRS, LONG) for _ in range(3)])
        left = []
        for days in (89, 2, 89, 2, 183, 2):
            world.clock.forward(days=days)
            await purge(Data.AUDITS)
            left.append([await count(world, tables.audits, scope) for scope in (OURS, THEIRS, LONG)])
        assert left == [[3, 3, 3], [0, 3, 3], [0, 3, 3], [0, 0, 3], [0, 0, 3], [0, 0, 0]]

    async def test_to_the_second(self, world, purge):
        await tenant(world, OURS, 90)
        await world.write(a_record(world.clock))
        world.clock.forward(days=90)
        assert (await purge(Data.AUDITS))[Data.AUDITS].removed == 0
        world.clock.forward(seconds=1)
        assert (await purge(Data.AUDITS))[Data.AUDITS].removed == 1

    async def test_legal_hold_keeps_them_until_it_is_lifted(self, world, purge):
        await tenant(world, OURS, 90, hold=True)
        await tenant(world, THEIRS, 90)
        await world.write(a_record(world.clock), a_record(world.clock, THEIRS))
        world.clock.forward(days=400)
        report = (await purge(Data.AUDITS))[Data.AUDITS]
        assert (report.removed, report.held) == (1, (OURS.tenant_id,))
        assert await count(world, tables.audits, OURS) == 1
        await hold(world, OURS, False)
        assert (await purge(Data.AUDITS))[Data.AUDITS].removed == 1

    async def test_a_tenant_that_is_not_known_keeps_longest(self, world, purge):
        await world.write(a_record(world.clock))
        world.clock.forward(days=364)
        assert (await purge(Data.AUDITS))[Data.AUDITS].removed == 0
        world.clock.forward(days=2)
        assert (await purge(Data.AUDITS))[Data.AUDITS].removed == 1

    async def test_a_dry_run_says_the_same_and_removes_nothing(self, world, purge):
        await tenant(world, OURS, 90)
        await tenant(world, THEIRS, 90, hold=True)
        await world.write(*[a_record(world.clock, scope) for scope in (OURS, THEIRS) for _ in range(3)])
        world.clock.forward(days=91)
        would = (await purge(Data.AUDITS, dry_run=True))[Data.AUDITS]
        assert await count(world, tables.audits) == 6
        done = (await purge(Data.AUDITS))[Data.AUDITS]
        assert would.removed == done.removed == 3
        assert would.held == done.held == (THEIRS.tenant_id,)

    async def test_more_than_go_at_once(self, world, purge, monkeypatch):
        monkeypatch.setattr(retention, "_BATCH", 4)
        await tenant(world, OURS, 90)
        await world.some(11)
        world.clock.forward(days=91)
        await world.some(2)
        assert (await purge(Data.AUDITS))[Data.AUDITS].removed == 11
        assert await count(world, tables.audits) == 2


class TestWhatGoesWithAudits:
    """Decisions of people and the hourly counts outlive no audit that they are about."""

    async def some(self, world, scope):
        now = world.clock.now()
        await insert(world, tables.reviews, tenant_id=scope.tenant_id, ts=now, decided_at=now)
        await insert(world, tables.audit_hours, tenant_id=scope.tenant_id, hour=now)

    async def left(self, world, scope):
        return [await count(world, table, scope) for table in (tables.reviews, tables.audit_hours)]

    async def test_they_go_when_the_audits_go_even_where_none_is_left(self, world, purge):
        await tenant(world, OURS, 90)
        await tenant(world, THEIRS, 180)
        for scope in (OURS, THEIRS):
            await self.some(world, scope)
        world.clock.forward(days=89)
        await purge()
        assert await self.left(world, OURS) == [1, 1]
        world.clock.forward(days=2)
        would = await purge(dry_run=True)
        done = await purge()
        for data in (Data.REVIEWS, Data.AUDIT_HOURS):
            assert (would[data].removed, done[data].removed) == (1, 1)
        assert await self.left(world, OURS) == [0, 0]
        assert await self.left(world, THEIRS) == [1, 1]

    async def test_legal_hold_keeps_them(self, world, purge):
        await tenant(world, OURS, 90, hold=True)
        await self.some(world, OURS)
        world.clock.forward(days=400)
        report = await purge()
        assert report[Data.REVIEWS].held == report[Data.AUDIT_HOURS].held == (OURS.tenant_id,)
        assert await self.left(world, OURS) == [1, 1]

    async def test_more_than_go_at_once(self, world, purge, monkeypatch):
        monkeypatch.setattr(retention, "_BATCH", 2)
        await tenant(world, OURS, 90)
        for _ in range(5):
            await self.some(world, OURS)
            world.clock.forward(hours=1)
        world.clock.forward(days=91)
        report = await purge()
        assert (report[Data.REVIEWS].removed, report[Data.AUDIT_HOURS].removed) == (5, 5)


class TestWithSeals:
    async def test_purged_is_told_from_deleted_and_seals_stay(self, world, purge):
        await tenant(world, OURS, 90)
        await world.interval(5)
        world.clock.forward(days=60)
        await world.interval(3)
        world.clock.forward(days=40)
        await purge()
        checked = check_bundle(await world.bundle(), [KEY.public_key])
        assert checked.holds, checked.broken
        assert (checked.last_seal, checked.records, checked.purged) == (2, 3, 5)

    async def test_part_of_a_seal_may_be_past_retention(self, world, purge):
        await tenant(world, OURS, 90)
        made = await world.some(4)
        world.clock.forward(minutes=4)
        await world.interval(3)
        world.clock.forward(days=90)
        world.clock.forward(minutes=-7)
        assert made[-1].ts < world.clock.now() - timedelta(days=90)
        await purge()
        checked = check_bundle(await world.bundle(), [KEY.public_key])
        assert checked.holds, checked.broken
        assert (checked.records, checked.purged) == (3, 4)

    async def test_what_went_before_it_was_sealed_is_sealed_all_the_same(self, world, purge):
        await tenant(world, OURS, 90)
        await world.some(4)
        world.clock.forward(days=91)
        await purge()
        await world.seal()
        checked = check_bundle(await world.bundle(), [KEY.public_key])
        assert (checked.holds, checked.records, checked.purged) == (True, 0, 4)


class TestByHand:
    """The runbook's own statement, by whoever may write to the table."""

    @pytest.fixture
    async def old(self, database):
        """Audits of 40, 100 and 400 days ago, of each of three tenants."""
        world = World(database, HandClock(datetime.now(UTC)))
        await tenant(world, OURS, 90)
        await tenant(world, THEIRS, 365)
        await tenant(world, LONG, 90, hold=True)
        now = world.clock.now()
        for days in (40, 100, 400):
            for scope in (OURS, THEIRS, LONG):
                await world.write(a_record(world.clock, scope, ts=now - timedelta(days=days)))
        await world.sealer.seal_settled(ALL)
        yield world
        await world.close()

    async def left(self, world):
        async with world.database.read(fresh=True) as connection:
            rows = await connection.execute(
                sa.select(tables.audits.c.tenant_id, tables.audits.c.ts).order_by(tables.audits.c.ts)
            )
            now = world.clock.now()
            return sorted((row.tenant_id, (now - row.ts).days) for row in rows)

    KEPT = (
        ("tenant-001", 40),
        ("tenant-002", 40),
        ("tenant-002", 100),
        ("tenant-long", 40),
        ("tenant-long", 100),
        ("tenant-long", 400),
    )

    async def test_rows_within_retention_or_under_hold_survive_it_and_it_is_logged(self, old):
        statement = "DELETE FROM audits WHERE ts < NOW() - INTERVAL '90 days'"
        if old.database.dialect == "sqlite":
            statement = "DELETE FROM audits WHERE ts < datetime('now', '-90 days')"
        async with old.database.write() as connection:
            await connection.execute(sa.text(statement))
        assert await self.left(old) == list(self.KEPT)
        async with old.database.read(fresh=True) as connection:
            rows = (await connection.execute(sa.select(tables.audit_purges))).all()
        noted = {row.tenant_id: (row.removed, row.kept) for row in rows}
        assert noted == {"tenant-001": (2, 0), "tenant-002": (1, 1), "tenant-long": (0, 2)}

    async def test_what_it_removed_verifies_as_purged(self, old):
        async with old.database.write() as connection:
            await connection.execute(sa.text("DELETE FROM audits"))
        assert await self.left(old) == list(self.KEPT)
        for scope, purged in ((OURS, 2), (THEIRS, 1), (LONG, 0)):
            checked = check_bundle(await old.bundle(scope), [KEY.public_key])
            assert (checked.holds, checked.records, checked.purged) == (True, 3 - purged, purged)

    async def test_psql_is_told(self, postgres_url):
        database = Database(postgres_url)
        world = World(database, HandClock(datetime.now(UTC)))
        await world.some(3)
        connection = await asyncpg.connect(postgres_url)
        said: list[str] = []
        connection.add_log_listener(lambda _, message: said.append(message.message))
        assert await connection.execute("DELETE FROM audits") == "DELETE 0"
        await connection.close()
        await world.close()
        await database.close()
        assert said == ["claimlens: 3 audits stay: they are within retention or under legal hold"]


class TestPartitions:
    @pytest.fixture
    async def world(self, postgres_url):
        database = Database(postgres_url)
        made = World(database, HandClock())
        yield made
        await made.close()
        await database.close()

    async def names(self, world, table="audits"):
        query = sa.text(f"SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = '{table}'::regclass")
        async with world.database.read(fresh=True) as connection:
            return set((await connection.execute(query)).scalars())

    async def test_a_month_that_is_past_for_all_goes_as_a_whole(self, world, purge):
        await tenant(world, OURS, 90)
        await tenant(world, THEIRS, 120)
        await world.interval(5)
        await world.interval(2, THEIRS)
        world.clock.forward(days=100)  # 3 March: November is past for one of them
        report = (await purge(Data.AUDITS))[Data.AUDITS]
        assert (report.removed, report.partitions) == (5, ())
        assert "audits_2026_11" in await self.names(world)
        world.clock.forward(days=35)
        report = (await purge(Data.AUDITS))[Data.AUDITS]
        assert report.removed == 2
        assert "audits_2026_11" in report.partitions
        assert "audits_2026_11" not in await self.names(world)
        assert check_bundle(await world.bundle(THEIRS), [KEY.public_key]).purged == 2

    async def test_legal_hold_keeps_the_month(self, world, purge):
        await tenant(world, OURS, 90, hold=True)
        await tenant(world, THEIRS, 90)
        await world.some(2)
        await world.some(3, THEIRS)
        world.clock.forward(days=200)
        report = (await purge(Data.AUDITS))[Data.AUDITS]
        assert report.removed == 3
        assert "audits_2026_11" not in report.partitions
        assert await count(world, tables.audits, OURS) == 2

    async def test_one_that_is_read_goes_the_next_time(self, world, purge, postgres_url, monkeypatch):
        monkeypatch.setattr("claimlens.adapters.sql.old_partitions._TRIES", 1)
        monkeypatch.setattr("claimlens.adapters.sql.old_partitions._LOCK_MS", 50)
        await tenant(world, OURS, 90)
        await world.some(2)
        world.clock.forward(days=200)
        reader = await asyncpg.connect(postgres_url)
        await reader.execute("BEGIN; SELECT * FROM audits")
        report = (await purge(Data.AUDITS))[Data.AUDITS]
        assert "audits_2026_11" in report.in_use
        await reader.close()
        assert report.removed == 2  # one by one, while it is read
        assert "audits_2026_11" in (await purge(Data.AUDITS))[Data.AUDITS].partitions

    async def test_decision_logs_of_a_past_month_too(self, world, purge):
        journal = SqlJournal(world.database)
        await journal.write(OURS, JournalEntry(decisions=decisions(world.clock)))
        await journal.close()
        world.clock.forward(days=10)
        report = (await purge(Data.DECISION_LOGS))[Data.DECISION_LOGS]
        assert report.removed == 1
        assert "decision_logs_2026_11" in report.partitions

    async def test_journals_write_on_into_a_month_that_was_dropped(self, world, purge):
        await tenant(world, OURS, 90)
        world.clock.forward(days=200)
        await purge(Data.AUDITS)
        late = a_record(world.clock, ts=world.clock.now() - timedelta(days=199))
        await world.write(late)
        assert await count(world, tables.audits) == 1

    async def test_two_purges_at_once_are_one(self, world, postgres_url):
        other = Database(postgres_url)
        async with SqlRetention(other).alone() as mine:
            assert mine
            assert await Retention(SqlRetention(world.database), world.clock).purge(ALL) is None
        await other.close()


class TestTheOthers:
    async def test_decision_logs_after_a_day(self, world, purge):
        journal = SqlJournal(world.database)
        await journal.write(OURS, JournalEntry(decisions=decisions(world.clock)))
        world.clock.forward(hours=20)
        await journal.write(OURS, JournalEntry(decisions=decisions(world.clock)))
        world.clock.forward(hours=5)
        await purge(Data.DECISION_LOGS)
        assert await count(world, tables.decision_logs) == 1
        await journal.close()

    async def test_idempotency_keys_after_a_day(self, world, purge):
        claims = SqlIdempotency(world.database, world.clock)
        await claims.claim(OURS, a_key("old"), b"x")
        world.clock.forward(hours=25)
        await claims.claim(OURS, a_key("new"), b"x")
        assert (await purge(Data.IDEMPOTENCY_KEYS))[Data.IDEMPOTENCY_KEYS].removed == 1

    async def test_finished_deliveries_after_a_week_but_none_that_waits(self, world, purge):
        for state in ("failed", "delivered", "pending"):
            moment = None if state == "pending" else world.clock.now()
            await insert(world, tables.deliveries, state=state, created_at=world.clock.now(), finished_at=moment)
        world.clock.forward(days=6)
        assert (await purge(Data.WEBHOOKS))[Data.WEBHOOKS].removed == 0
        world.clock.forward(days=2)
        assert (await purge(Data.WEBHOOKS))[Data.WEBHOOKS].removed == 2
        assert await count(world, tables.deliveries) == 1

    async def test_one_that_waits_for_an_endpoint_that_is_off_goes_after_a_month(self, world, purge):
        await insert(world, tables.deliveries, state="pending", created_at=world.clock.now(), finished_at=None)
        world.clock.forward(days=29)
        assert (await purge(Data.WEBHOOKS))[Data.WEBHOOKS].removed == 0
        world.clock.forward(days=2)
        assert (await purge(Data.WEBHOOKS))[Data.WEBHOOKS].removed == 1

    async def test_jobs_with_their_parts_a_week_after_their_end(self, world, purge):
        now = world.clock.now()
        for state in ("finished", "failed", "running"):
            job_id = world.clock.new_id()
            ended = None if state == "running" else now
            await insert(world, tables.jobs, id=job_id, state=state, created_at=now, finished_at=ended)
            for number in range(3):
                await insert(world, tables.job_chunks, job_id=job_id, number=number)
        world.clock.forward(days=8)
        assert (await purge(Data.JOBS))[Data.JOBS].removed == 2
        assert (await count(world, tables.jobs), await count(world, tables.job_chunks)) == (1, 3)

    async def test_the_access_log_after_a_year_but_not_under_hold(self, world, purge):
        await tenant(world, OURS, 90)
        await tenant(world, THEIRS, 90, hold=True)
        for scope in (OURS, THEIRS):
            await insert(world, tables.access_log, tenant_id=scope.tenant_id, ts=world.clock.now())
        world.clock.forward(days=364)
        assert (await purge(Data.ACCESS_LOG))[Data.ACCESS_LOG].removed == 0
        world.clock.forward(days=2)
        await purge(Data.ACCESS_LOG)
        assert [await count(world, tables.access_log, scope) for scope in (OURS, THEIRS)] == [0, 1]

    async def test_figures_of_performance_after_30_days(self, world, purge):
        for table in (tables.performance_minutes, tables.performance_hours):
            await insert(world, table, ts=world.clock.now())
            await insert(world, table, ts=world.clock.now() + timedelta(days=5))
        world.clock.forward(days=31)
        assert (await purge(Data.PERFORMANCE))[Data.PERFORMANCE].removed == 2


class TestSchedule:
    async def test_each_kind_is_due_after_its_own_time_whoever_did_it(self, world):
        seen: dict[Data, int] = dict.fromkeys(Data, 0)
        for _ in range(8 * 6):
            # A worker that was just started, as after each deployment: what is due is in the store.
            await Retention(SqlRetention(world.database), world.clock).step(ALL)
            world.clock.forward(hours=4)
        async with world.database.read() as connection:
            for row in await connection.execute(sa.select(tables.runs)):
                seen[Data(row.part)] += 1
                assert row.outcome == "done"
        times = {timedelta(hours=1): 48, timedelta(days=1): 8, timedelta(weeks=1): 2}
        assert seen == {data: times[policy.every] for data, policy in POLICIES.items()}

    async def test_the_report_stands_in_the_store(self, world, purge):
        await tenant(world, OURS, 90)
        await world.some(3)
        world.clock.forward(days=95)
        await purge(Data.AUDITS)
        async with world.database.read() as connection:
            row = (await connection.execute(sa.select(tables.runs))).one()
        assert (row.kind, row.part, row.rows) == ("purge", "audits", 3)
        assert await SqlRuns(world.database).latest() == [("purge", "audits", world.clock.now(), 3)]
        assert msgspec.json.decode(row.report)["removed"] == 3


PURGER = """
import asyncio, sys
from claimlens.adapters.sql import retention
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.system.clock import SystemClock
from claimlens.usecases.authentication import worker_scope
from claimlens.usecases.retention import Retention
retention._BATCH = 5
asyncio.run(Retention(retention.SqlRetention(Database(sys.argv[1])), SystemClock()).purge(worker_scope()))
"""


async def test_a_purge_that_is_killed_is_gone_on_with(database_url):
    database = Database(database_url)
    world = World(database, HandClock(datetime.now(UTC) - timedelta(days=100)))
    await tenant(world, OURS, 90)
    await world.interval(400)
    world.clock.forward(days=50)
    await world.interval(3)
    kills = 0
    while kills < 4 and await count(world, tables.audits) > 60:
        before = await count(world, tables.audits)
        child = subprocess.Popen(
            [sys.executable, "-c", PURGER, database_url],
            env=os.environ | {"PYTHONPATH": os.path.join(os.getcwd(), "src")},
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 30
        while await count(world, tables.audits) == before and child.poll() is None and time.monotonic() < end:
            await asyncio.sleep(0)
        child.send_signal(signal.SIGKILL)
        child.wait()
        kills += 1
    assert kills > 1
    world.clock.forward(days=50)
    await Retention(SqlRetention(database), world.clock).purge(ALL)
    checked = check_bundle(await world.bundle(), [KEY.public_key])
    await world.close()
    await database.close()
    assert checked.holds, checked.broken
    assert (checked.records, checked.purged) == (3, 400)


async def test_partitions_are_only_dropped_for_months_that_are_ours(postgres_url):
    database = Database(postgres_url)
    async with database.write() as connection:
        await partitions.make(connection, datetime(2020, 1, 1, tzinfo=UTC), 0)
        await connection.exec_driver_sql(
            "CREATE TABLE audits_legacy PARTITION OF audits FOR VALUES FROM ('2019-01-01') TO ('2020-01-01')"
        )
    report = await SqlRetention(database).drop_partitions(
        ALL, Data.AUDITS, datetime(2021, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    )
    await database.close()
    assert report == (0, ("audits_2020_01",), ())
