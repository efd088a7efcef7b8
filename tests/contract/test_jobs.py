"""What the store of bulk jobs promises, on both stores."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from claimlens.adapters.sql import tables
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.jobs import SqlJobs
from claimlens.adapters.sql.journal import SqlJournal
from claimlens.domain.audit import JournalEntry
from claimlens.domain.errors import NotFoundError
from claimlens.domain.job import JobState
from tests.clock import HandClock
from tests.contract.rows import ALL, OURS, THEIRS, a_chunk, a_job, an_event


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def store(database):
    return SqlJobs(database)


@pytest.fixture
async def queued(store, clock):
    """Queue a job of some chunks."""

    async def queue(chunks=1, scope=OURS):
        job = a_job(clock, scope)
        await store.create(scope, job)
        for number in range(chunks):
            await store.add_chunk(scope, job.id, number, b'{"n":%d}\n' % number)
        await store.queue(scope, job.id, chunks=chunks, lines=chunks)
        clock.forward(seconds=1)
        return job

    return queue


@pytest.fixture
def lease(store, clock):
    """Lease a job for a minute; its id, or None."""

    async def lease(name="us"):
        job = await store.lease(ALL, clock.now(), lease=name, until=clock.now() + timedelta(seconds=60))
        return None if job is None else job.id

    return lease


class TestUpload:
    async def test_a_job_on_its_way(self, store, clock):
        job = a_job(clock, test=True, correlation_id="c-9")
        await store.create(OURS, job)
        assert await store.find(OURS, job.id) == job
        await store.add_chunk(OURS, job.id, 0, b"first\n")
        await store.add_chunk(OURS, job.id, 1, b"second\n")
        await store.queue(OURS, job.id, chunks=2, lines=2)
        found = await store.find(OURS, job.id)
        assert (found.state, found.chunks, found.lines) == (JobState.QUEUED, 2, 2)
        assert [await store.chunk(ALL, job.id, number) for number in (0, 1)] == [b"first\n", b"second\n"]

    async def test_a_job_that_is_queued_takes_no_more(self, store, queued):
        job = await queued()
        with pytest.raises(NotFoundError):
            await store.add_chunk(OURS, job.id, 1, b"late\n")
        with pytest.raises(NotFoundError):
            await store.queue(OURS, job.id, chunks=9, lines=9)

    async def test_another_tenant_reaches_nothing(self, store, queued, clock, lease):
        receiving, job = a_job(clock), await queued()
        await store.create(OURS, receiving)
        with pytest.raises(NotFoundError):
            await store.add_chunk(THEIRS, receiving.id, 0, b"x\n")
        with pytest.raises(NotFoundError):
            await store.queue(THEIRS, receiving.id, chunks=1, lines=1)
        assert await store.find(THEIRS, job.id) is None
        assert await store.page(THEIRS, after="", limit=10) == []
        assert [part async for part in store.results(THEIRS, job.id)] == []

    async def test_newest_first_page_by_page(self, store, queued):
        made = [(await queued()).id for _ in range(5)]
        first = await store.page(OURS, after="", limit=3)
        rest = await store.page(OURS, after=first[-1].id, limit=3)
        assert [job.id for job in (*first, *rest)] == made[::-1]

    @pytest.mark.parametrize("nonsense", ["", "x", "\0"])
    async def test_what_is_no_id(self, store, nonsense):
        assert await store.find(OURS, nonsense) is None
        assert [part async for part in store.results(OURS, nonsense)] == []

    async def test_uploads_that_broke_off_are_removed(self, store, queued, clock, database):
        broken, whole = a_job(clock), await queued()
        await store.create(OURS, broken)
        await store.add_chunk(OURS, broken.id, 0, b"x\n")
        fresh = a_job(clock, created_at=clock.forward(hours=1))
        await store.create(OURS, fresh)
        assert await store.drop_broken_uploads(ALL, clock.now()) == 1
        assert {job.id for job in await store.page(OURS, after="", limit=10)} == {whole.id, fresh.id}
        async with database.read(fresh=True) as connection:
            left = (await connection.execute(sa.select(tables.job_chunks.c.job_id))).scalars().all()
        assert left == [whole.id]
        with pytest.raises(NotFoundError):
            await store.add_chunk(OURS, broken.id, 1, b"x\n")


class TestLease:
    async def test_oldest_first_each_to_one(self, queued, lease):
        first, second = await queued(), await queued(scope=THEIRS)
        assert [await lease() for _ in range(3)] == [first.id, second.id, None]

    async def test_many_at_once_in_two_processes(self, database_url, queued, clock):
        made = {(await queued()).id for _ in range(4)}
        replicas = [Database(database_url), Database(database_url)]
        until = clock.now() + timedelta(seconds=60)
        told = await asyncio.gather(
            *(SqlJobs(replicas[n % 2]).lease(ALL, clock.now(), lease=f"w{n}", until=until) for n in range(10))
        )
        for replica in replicas:
            await replica.close()
        got = [job.id for job in told if job is not None]
        assert len(got) == len(set(got))
        assert set(got) <= made

    async def test_leased_it_runs(self, store, queued, lease, clock):
        job = await queued()
        await lease()
        found = await store.find(OURS, job.id)
        assert (found.state, found.started_at) == (JobState.RUNNING, clock.now())

    async def test_one_that_ran_out_is_somebody_elses(self, store, queued, lease, clock):
        job = await queued()
        started = clock.now()
        await lease("them")
        clock.forward(seconds=59)
        assert await lease("us") is None
        clock.forward(seconds=1)
        assert await lease("us") == job.id
        until = clock.now() + timedelta(seconds=60)
        assert await store.extend(ALL, job.id, lease="them", until=until) is False
        assert await store.extend(ALL, job.id, lease="us", until=until) is True
        assert (await store.find(OURS, job.id)).started_at == started

    async def test_extended_it_stays_ours(self, store, queued, lease, clock):
        job = await queued()
        await lease("us")
        assert await store.extend(ALL, job.id, lease="us", until=clock.now() + timedelta(seconds=120))
        clock.forward(seconds=100)
        assert await lease("them") is None


class TestResults:
    async def test_chunk_by_chunk_in_order_while_it_runs(self, store, database, queued, lease):
        job, journal = await queued(chunks=7), SqlJournal(database)
        await lease()
        for number in range(6):
            chunk = a_chunk(job, number, "us", results=b"%d\n" % number)
            await journal.write(OURS, JournalEntry(job_chunk=chunk))
        await journal.close()
        assert [part async for part in store.results(OURS, job.id)] == [b"%d\n" % number for number in range(6)]


class TestEnd:
    async def test_finished_with_its_event_and_without_its_upload(self, store, queued, lease, clock, database):
        job = await queued()
        await lease()
        event = an_event(clock, type="job.finished")
        assert await store.finish(ALL, job.id, lease="us", at=clock.forward(seconds=5), event=event) is True
        found = await store.find(OURS, job.id)
        assert (found.state, found.finished_at, found.error) == (JobState.FINISHED, clock.now(), "")
        async with database.read(fresh=True) as connection:
            assert (await connection.execute(sa.select(tables.outbox.c.id))).scalars().all() == [event.id]
        with pytest.raises(NotFoundError):
            await store.chunk(ALL, job.id, 0)
        clock.forward(days=1)
        assert await lease() is None

    async def test_failed_says_why(self, store, queued, lease, clock):
        job = await queued()
        await lease()
        assert await store.finish(ALL, job.id, lease="us", at=clock.now(), error="no pack for en-XX") is True
        found = await store.find(OURS, job.id)
        assert (found.state, found.error) == (JobState.FAILED, "no pack for en-XX")

    async def test_under_somebody_elses_lease_nothing_happens(self, store, queued, lease, clock, database):
        job = await queued()
        await lease("them")
        assert await store.finish(ALL, job.id, lease="us", at=clock.now(), event=an_event(clock)) is False
        assert (await store.find(OURS, job.id)).state is JobState.RUNNING
        assert await store.chunk(ALL, job.id, 0)
        async with database.read(fresh=True) as connection:
            assert (await connection.execute(sa.select(tables.outbox.c.id))).scalars().all() == []
