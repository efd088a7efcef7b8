"""What the journal promises, on both stores: whole or not at all, many together, and no word before it is durable."""

import asyncio
import zlib
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import sqlalchemy as sa

from claimlens.adapters.sql import tables
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.idempotency import SqlIdempotency
from claimlens.adapters.sql.jobs import SqlJobs
from claimlens.adapters.sql.journal import SqlJournal
from claimlens.adapters.system.clock import SystemClock
from claimlens.domain.audit import JournalEntry
from claimlens.domain.errors import ConflictError, OverloadedError
from tests.clock import HandClock
from tests.contract.rows import (
    ALL,
    OURS,
    THEIRS,
    a_chunk,
    a_job,
    a_key,
    a_reply,
    an_audit,
    an_entry,
    an_event,
    decisions,
)
from tests.postgres import PostgresServer, migrate

LONE = "\ud800"  # half a surrogate pair: text that neither store can hold


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
async def journal(database):
    opened = SqlJournal(database)
    yield opened
    await opened.close()


async def rows(database, table):
    async with database.read(fresh=True) as connection:
        return (await connection.execute(sa.select(table))).all()


async def ids(database):
    return sorted(row.id for row in await rows(database, tables.audits))


async def outcomes(*writes):
    """The error of each write, None for those that succeeded."""
    return await asyncio.gather(*writes, return_exceptions=True)


class TestWriting:
    async def test_everything_of_an_entry_is_there_when_write_returns(self, journal, database, clock):
        entry = an_entry(clock, record=b'{"a":1}', item_id="Gulab jamun", rules=("IN-A-001", "IN-B-002"))
        await journal.write(OURS, entry)
        (audit,), (event,), (log,) = [
            await rows(database, table) for table in (tables.audits, tables.outbox, tables.decision_logs)
        ]
        assert (audit.id, audit.ts, audit.item_id) == (entry.audits[0].id, clock.now(), "Gulab jamun")
        assert zlib.decompress(audit.record) == b'{"a":1}'
        assert audit.rules == " IN-A-001 IN-B-002 "
        assert (event.id, event.payload) == (entry.events[0].id, b"{}")
        assert zlib.decompress(log.lines) == b"{}\n{}\n"

    async def test_an_entry_may_have_any_of_its_parts(self, journal, database, clock):
        await journal.write(OURS, JournalEntry())
        await journal.write(OURS, JournalEntry(events=(an_event(clock),)))
        await journal.write(OURS, JournalEntry(decisions=decisions(clock)))
        await journal.write(OURS, JournalEntry(audits=(an_audit(clock), an_audit(clock, job_id=clock.new_id()))))
        assert [len(await rows(database, table)) for table in (tables.audits, tables.outbox)] == [2, 1]

    async def test_many_at_once_are_all_written(self, journal, database, clock):
        entries = [an_entry(clock) for _ in range(300)]
        assert await outcomes(*(journal.write(OURS, entry) for entry in entries)) == [None] * 300
        assert await ids(database) == sorted(entry.audits[0].id for entry in entries)

    async def test_a_large_entry_is_written_whole(self, journal, database, clock):
        audits = tuple(an_audit(clock, record=b"x" * 2_000) for _ in range(1_000))
        await journal.write(OURS, JournalEntry(audits=audits))
        assert len(await ids(database)) == 1_000

    async def test_a_month_nobody_prepared_for(self, journal, database, clock):
        clock = HandClock(datetime(2031, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC))
        await journal.write(OURS, an_entry(clock))
        clock.forward(microseconds=1)
        await journal.write(OURS, an_entry(clock))
        assert [row.ts.month for row in await rows(database, tables.audits)] == [1, 2]

    async def test_what_belongs_to_another_tenant_is_refused(self, journal, database, clock):
        with pytest.raises(ValueError, match="another tenant"):
            await journal.write(OURS, JournalEntry(audits=(an_audit(clock), an_audit(clock, THEIRS))))
        assert await ids(database) == []

    async def test_a_caller_who_went_away_stops_nobody(self, journal, database, clock):
        gone = asyncio.ensure_future(journal.write(OURS, an_entry(clock)))
        await asyncio.sleep(0)
        gone.cancel()
        await journal.write(OURS, an_entry(clock))
        with pytest.raises(asyncio.CancelledError):
            await gone


class TestBadEntries:
    async def test_one_among_many_fails_alone(self, journal, database, clock):
        entries = [an_entry(clock) for _ in range(40)]
        entries[17] = an_entry(clock, item_id=LONE)
        told = await outcomes(*(journal.write(OURS, entry) for entry in entries))
        assert isinstance(told.pop(17), OverloadedError)
        assert told == [None] * 39
        assert len(await ids(database)) == 39

    async def test_nothing_of_it_is_kept(self, journal, database, clock):
        bad = JournalEntry(audits=(an_audit(clock),), events=(an_event(clock), an_event(clock, type=LONE)))
        with pytest.raises(OverloadedError):
            await journal.write(OURS, bad)
        assert await ids(database) == []
        assert await rows(database, tables.outbox) == []

    async def test_an_id_that_is_taken_is_not_taken_for_success(self, journal, database, clock):
        audit = an_audit(clock)
        await journal.write(OURS, JournalEntry(audits=(audit,)))
        with pytest.raises(OverloadedError):
            await journal.write(OURS, JournalEntry(audits=(audit,)))


class TestReplies:
    async def test_a_reply_is_kept_with_what_it_answers(self, journal, database, clock):
        idempotency = SqlIdempotency(database, clock)
        await idempotency.claim(OURS, a_key(), b"body")
        entry = JournalEntry(audits=(an_audit(clock),), reply=(a_key(), a_reply(b"\x00answer")))
        await journal.write(OURS, entry)
        assert await idempotency.claim(OURS, a_key(), b"body") == a_reply(b"\x00answer")

    async def test_an_entry_that_fails_keeps_no_reply(self, journal, database, clock):
        idempotency = SqlIdempotency(database, clock)
        await idempotency.claim(OURS, a_key(), b"body")
        with pytest.raises(OverloadedError):
            await journal.write(OURS, JournalEntry(audits=(an_audit(clock, item_id=LONE),), reply=(a_key(), a_reply())))
        with pytest.raises(ConflictError, match="being answered"):
            await idempotency.claim(OURS, a_key(), b"body")


class TestJobChunks:
    @pytest.fixture
    async def job(self, database, clock):
        """A job of two chunks, running under the lease `us`."""
        jobs, job = SqlJobs(database), a_job(clock)
        await jobs.create(OURS, job)
        for number in range(2):
            await jobs.add_chunk(OURS, job.id, number, b"{}\n")
        await jobs.queue(OURS, job.id, chunks=2, lines=2)
        return await jobs.lease(ALL, clock.now(), lease="us", until=clock.now() + timedelta(seconds=60))

    async def test_a_chunk_counts_with_its_audits(self, journal, database, clock, job):
        entry = JournalEntry(audits=(an_audit(clock),), job_chunk=a_chunk(job, 0, "us", items=2, unread=1))
        await journal.write(OURS, entry)
        counted = await SqlJobs(database).find(OURS, job.id)
        assert counted is not None
        assert (counted.chunks_done, counted.items, counted.unread) == (1, 2, 1)
        assert [part async for part in SqlJobs(database).results(OURS, job.id)] == [b"{}\n"]
        assert len(await ids(database)) == 1

    @pytest.mark.parametrize(("number", "lease"), [(0, "them"), (1, "us")])
    async def test_a_lease_that_is_not_ours_or_a_chunk_that_is_not_next(
        self, journal, database, clock, job, number, lease
    ):
        with pytest.raises(ConflictError):
            await journal.write(OURS, JournalEntry(audits=(an_audit(clock),), job_chunk=a_chunk(job, number, lease)))
        assert await ids(database) == []
        assert [job.chunks_done for job in await SqlJobs(database).page(OURS, after="", limit=2)] == [0]

    async def test_another_tenants_job(self, journal, database, clock, job):
        with pytest.raises(ConflictError):
            await journal.write(THEIRS, JournalEntry(job_chunk=a_chunk(job, 0, "us")))

    async def test_the_same_chunk_twice_at_once_counts_once(self, journal, database, clock, job):
        entries = [JournalEntry(audits=(an_audit(clock),), job_chunk=a_chunk(job, 0, "us")) for _ in range(5)]
        told = await outcomes(*(journal.write(OURS, entry) for entry in entries))
        assert sorted(type(error).__name__ for error in told) == ["ConflictError"] * 4 + ["NoneType"]
        assert len(await ids(database)) == 1

    async def test_others_in_the_batch_do_not_suffer(self, journal, database, clock, job):
        entries = [an_entry(clock), JournalEntry(job_chunk=a_chunk(job, 0, "them")), an_entry(clock)]
        told = await outcomes(*(journal.write(OURS, entry) for entry in entries))
        assert [type(error).__name__ for error in told] == ["NoneType", "ConflictError", "NoneType"]


class TestRoom:
    async def test_what_is_too_much_is_refused_at_once_and_the_rest_written(self, database, clock):
        journal = SqlJournal(database, most_waiting=10)
        told = await outcomes(*(journal.write(OURS, an_entry(clock)) for _ in range(20)))
        await journal.close()
        refused = [error for error in told if error is not None]
        assert 0 < len(refused) < 20
        assert all(isinstance(error, OverloadedError) and error.retry_after_s == 1 for error in refused)
        assert len(await ids(database)) == 20 - len(refused)

    async def test_closing_writes_what_waits_and_refuses_what_comes(self, database, clock):
        journal = SqlJournal(database)
        writes = [asyncio.ensure_future(journal.write(OURS, an_entry(clock))) for _ in range(700)]
        await asyncio.sleep(0)
        await journal.close()
        assert await outcomes(*writes) == [None] * 700
        with pytest.raises(OverloadedError):
            await journal.write(OURS, an_entry(clock))

    async def test_a_store_that_is_not_there(self, clock):
        database = Database("postgresql://127.0.0.1:1/claimlens")
        journal = SqlJournal(database)
        told = await outcomes(*(journal.write(OURS, an_entry(clock)) for _ in range(3)))
        assert all(isinstance(error, OverloadedError) for error in told)
        await journal.close()
        await database.close()


@pytest.fixture(scope="module")
def server():
    """A server of their own for those who stop, kill and freeze it."""
    started = PostgresServer(safe=True)
    migrate(started.url)
    yield started
    started.remove()


class TestOutages:
    @pytest.fixture
    def clock(self):
        """The tests share a server: their ids must differ."""
        return SystemClock()

    @pytest.fixture
    async def postgres(self, server):
        database = Database(server.url)
        yield database
        await database.close()
        server.thaw()

    @pytest.fixture
    async def written(self, postgres):
        journal = SqlJournal(postgres, within_s=1)
        yield journal
        await journal.close()

    async def recovered(self, journal, clock):
        """Wait until something is written again; what is refused meanwhile is refused as it should be."""
        async with asyncio.timeout(20):
            while True:
                (error,) = await outcomes(journal.write(OURS, an_entry(clock)))
                if error is None:
                    return
                assert isinstance(error, OverloadedError)
                await asyncio.sleep(0.05)

    async def test_connections_cut_in_the_middle_cost_no_entry_and_double_none(self, server, written, clock):
        done, entries = asyncio.Event(), []

        async def keep_writing():
            while not done.is_set():
                entries.append(an_entry(clock))
                await written.write(OURS, entries[-1])

        writers = [asyncio.ensure_future(keep_writing()) for _ in range(20)]
        other = await asyncpg.connect(server.url)
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'claimlens'"
        async with asyncio.timeout(20):
            for enough in (100, 200, 300, 400, 500):
                while len(entries) < enough:
                    await asyncio.sleep(0.01)
                while not await other.fetch(cut):
                    await asyncio.sleep(0.01)
        done.set()
        told = await outcomes(*writers)
        stored = [str(row["id"]) for row in await other.fetch("SELECT id FROM audits ORDER BY id")]
        await other.close()
        assert [error for error in told if error is not None] == []
        assert stored == sorted(entry.audits[0].id for entry in entries)

    async def test_a_server_that_is_stopped_and_comes_back(self, server, written, clock):
        await written.write(OURS, an_entry(clock))
        server.stop()
        told = await outcomes(*(written.write(OURS, an_entry(clock)) for _ in range(50)))
        server.start()
        assert all(isinstance(error, OverloadedError) for error in told)
        await self.recovered(written, clock)

    async def test_a_server_that_hangs(self, server, written, clock):
        await written.write(OURS, an_entry(clock))
        server.freeze()
        async with asyncio.timeout(15):
            told = await outcomes(*(written.write(OURS, an_entry(clock)) for _ in range(50)))
        server.thaw()
        assert all(isinstance(error, OverloadedError) for error in told)
        await self.recovered(written, clock)
