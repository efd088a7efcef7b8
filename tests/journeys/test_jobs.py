"""A bulk job: received in chunks, judged by whichever worker holds it, resumed after a crash, read back whole."""

import asyncio
import json

import msgspec
import pytest

from claimlens.domain.audit import JobChunk, JournalEntry
from claimlens.domain.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    OverloadedError,
    RefusedError,
    TooLargeError,
)
from claimlens.domain.job import JobState
from claimlens.domain.tenant import PlatformScope, Role
from claimlens.ports.accounts import AccessFilter
from claimlens.usecases import job_upload
from claimlens.usecases.access_log import access_line
from claimlens.usecases.checks import Checker
from claimlens.usecases.job_upload import CHUNK_LINES, LONGEST_LINE
from claimlens.usecases.job_worker import LEASE
from claimlens.usecases.jobs import job_wire
from tests.journeys.desk_world import JUICE, PHONE, SOUP, World, checker, lines_of


@pytest.fixture
async def world(database):
    return await World(database).opened()


async def pieces(data: bytes, size: int = 65_536):
    for start in range(0, len(data), size):
        yield data[start : start + size]


def ndjson(*records) -> bytes:
    return b"".join([json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records])


def menu(count: int) -> bytes:
    return ndjson(*[SOUP | {"id": f"i-{number}"} for number in range(count)])


async def sent(world, data: bytes, *, locale: str = "", size: int = 65_536, **who):
    return await world.jobs.receive(world.who(Role.PUBLISHER, **who), locale, pieces(data, size))


async def results(world, job):
    return await lines_of(await world.jobs.results(world.who(), job.id))


class TestUpload:
    @pytest.mark.parametrize("size", [1, 7, 100_000])
    async def test_however_it_is_cut_on_the_way_each_line_is_judged_once(self, world, size):
        data = "\ufeff".encode() + menu(3).replace(b"\n", b"\r\n") + b"\r\n \n" + ndjson(JUICE).rstrip(b"\n")
        job = await sent(world, data, size=size)
        assert (job.state, job.lines, job.chunks) == (JobState.QUEUED, 4, 1)
        assert await world.worker().work_one()
        *lines, last = await results(world, job)
        assert [(line["line"], line["item_id"]) for line in lines] == [(1, "i-0"), (2, "i-1"), (3, "i-2"), (6, "j-1")]
        assert last["_summary"]["results"] == 4

    async def test_chunks_are_bounded_in_lines_and_bytes(self, world):
        job = await sent(world, menu(CHUNK_LINES * 2 + 1))
        assert (job.chunks, job.lines) == (3, CHUNK_LINES * 2 + 1)
        long = ndjson(*[SOUP | {"id": str(n), "description": "x" * 200_000} for n in range(5)])
        assert (await sent(world, long)).chunks == 3

    @pytest.mark.parametrize("size", [1_000, 1_000_000])
    async def test_a_line_that_is_too_long_is_refused_by_its_number(self, world, size):
        data = menu(2) + b'{"name": "' + b"x" * LONGEST_LINE + b'"}\n'
        with pytest.raises(InvalidError, match="line 3 is longer than 256 KB"):
            await sent(world, data, size=size)
        assert not await world.worker().work_one()

    async def test_an_upload_that_is_too_long_is_refused(self, world, monkeypatch):
        monkeypatch.setattr(job_upload, "MOST_BYTES", 10_000)
        with pytest.raises(TooLargeError):
            await sent(world, menu(500))
        assert not await world.worker().work_one()

    @pytest.mark.parametrize("data", [b"", b"\n\n  \r\n", b'{"_summary": {"count": 0}}\n', b"\xff\xfe{\0}\0"])
    async def test_an_upload_without_items_is_refused(self, world, data):
        with pytest.raises(InvalidError):
            await sent(world, data)

    async def test_an_upload_that_breaks_off_is_never_judged_and_dropped_in_the_end(self, world):
        async def broken():
            yield menu(300)
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await world.jobs.receive(world.who(), "", broken())
        worker = world.worker()
        assert not await worker.work_one()
        assert await worker.drop_broken() == 0
        world.clock.forward(hours=2)
        assert await worker.drop_broken() == 1
        assert await world.rows("job_chunks") == []

    @pytest.mark.parametrize(("locale", "allowed"), [("xx", ()), ("en-US", ("en-GB",))])
    async def test_a_locale_that_does_not_hold_here_is_refused_at_once(self, database, locale, allowed):
        world = await World(database, allowed_locales=allowed).opened()
        with pytest.raises(InvalidError) as refused:
            await sent(world, menu(1), locale=locale)
        assert refused.value.code == "UNKNOWN_LOCALE"
        assert await world.rows("jobs") == []

    async def test_a_viewer_sends_none(self, world):
        with pytest.raises(RefusedError):
            await world.jobs.receive(world.who(Role.VIEWER), "", pieces(menu(1)))


class TestJudging:
    async def test_the_verdicts_are_those_of_a_feed(self, world):
        fed = (await world.feed(JUICE, SOUP))["verdicts"]
        job = await sent(world, ndjson(JUICE, SOUP))
        await world.worker().work_one()
        *lines, _ = await results(world, job)
        own = ("audit_id", "line")
        assert [{k: v for k, v in line.items() if k not in own} for line in lines] == [
            {k: v for k, v in verdict.items() if k not in own} for verdict in fed
        ]
        audits = [row for row in await world.rows("audits") if row.job_id]
        assert {row.id for row in audits} == {line["audit_id"] for line in lines}
        assert {row.job_id for row in audits} == {job.id}

    async def test_a_bad_line_is_reported_where_it_stands_and_none_is_lost(self, world):
        data = b"\n".join(
            [
                b"not json",
                json.dumps(SOUP).encode(),
                b"",
                b'{"id": "n"}',
                b'{"id": "x", "name": "Stew", "locale": "xx"}',
                b'{"name": "So\xffup"}',
                b'{"name": "a", "name": "b"}',
                b'{"id": "\\ud800", "name": 5}',
                b"[1, 2]",
                json.dumps({"id": "k", "name": "Stew", "kind": f"call {PHONE}"}).encode(),
                json.dumps(SOUP | {"locale": "en-US"}).encode(),
            ]
        )
        job = await sent(world, data)
        await world.worker().work_one()
        *lines, last = await results(world, job)
        unread = {line["line"]: line for line in lines if "errors" in line}
        assert [line["line"] for line in lines] == [1, 2, 4, 5, 6, 7, 8, 9, 10, 11]
        assert sorted(unread) == [1, 4, 5, 6, 7, 8, 9, 10]
        assert unread[1]["item_id"] == "item-1"
        assert unread[4]["errors"] == [{"pointer": "/name", "detail": "the item has no name"}]
        assert (unread[5]["code"], unread[5]["errors"][0]["pointer"]) == ("UNKNOWN_LOCALE", "/locale")
        assert "0777" not in json.dumps(lines)
        assert (last["_summary"]["items"], last["_summary"]["unread"], last["_summary"]["lines"]) == (2, 8, 10)

    async def test_one_line_may_ask_for_several_markets(self, world):
        job = await sent(world, ndjson(JUICE | {"locales": ["en-GB", "en-US"]}, SOUP))
        await world.worker().work_one()
        *lines, last = await results(world, job)
        assert [(line["line"], line["locale"]) for line in lines] == [(1, "en-GB"), (1, "en-US"), (2, "en-GB")]
        assert last["_summary"]["items"] == 2

    async def test_nobody_is_found_in_what_is_kept_once_it_is_done(self, world):
        await world.endpoint("verdict.generated", "job.finished")
        job = await sent(world, ndjson(JUICE))
        await world.worker().work_one()
        stored = b"".join([piece async for piece in await world.jobs.results(world.who(), job.id)])
        assert b"0777" not in stored
        assert [row.lines for row in await world.rows("job_chunks")] == [None]

    async def test_a_line_that_the_gate_stumbles_over_does_not_take_the_others_with_it(self, world):
        class Stumbling(Checker):
            def steps(self, items, **how):
                if any(item.id == "i-1" for item in items):
                    raise ZeroDivisionError
                return checker().steps(items, **how)

        job = await sent(world, menu(3))
        await world.worker(desk=world.a_desk(judge=Stumbling(lambda j: checker().examiner(j).pack))).work_one()
        *lines, last = await results(world, job)
        assert [line.get("code", line.get("verdict")) for line in lines] == ["allow", "INTERNAL_ERROR", "allow"]
        assert (last["_summary"]["items"], last["_summary"]["unread"]) == (2, 1)

    async def test_its_end_is_told_once_with_its_counts(self, world):
        await world.endpoint("job.finished")
        job = await sent(world, menu(2) + b"nonsense\n")
        await world.worker().work_one()
        (event,) = await world.rows("outbox")
        data = json.loads(event.payload)["data"]
        assert (data["job_id"], data["state"]) == (job.id, "finished")
        assert (data["items"], data["unread"], data["lines"]) == (2, 1, 3)

    async def test_a_job_of_a_test_key_tells_nobody_and_its_audits_are_flagged(self, world):
        await world.endpoint("job.finished", "verdict.generated")
        await sent(world, menu(2), test=True)
        await world.worker().work_one()
        assert await world.rows("outbox") == []
        assert all(row.test for row in await world.rows("audits"))

    async def test_a_job_of_an_isolated_tenant_ends_unjudged(self, world):
        job = await sent(world, menu(1))
        world.tenant = msgspec.structs.replace(world.tenant, isolated=True)
        line = access_line(world.who(), world.clock, "tenant:isolate")
        await world.tenants.update(world.who().scope, world.tenant, line)
        assert await world.worker().work_one()
        assert (await world.jobs.status(world.who(), job.id)).error == "the tenant is isolated"
        assert await world.rows("audits") == []


class CrashingJournal:
    """The journal of a process that dies around its n-th write: before it (`after=False`), or behind its commit."""

    def __init__(self, journal, nth: int, *, after: bool) -> None:
        self.journal, self.nth, self.after, self.writes = journal, nth, after, 0

    async def write(self, scope, entry):
        self.writes += 1
        if self.writes == self.nth and not self.after:
            raise asyncio.CancelledError
        await self.journal.write(scope, entry)
        if self.writes == self.nth:
            raise asyncio.CancelledError


class TestResuming:
    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize("nth", [1, 2, 3])
    async def test_a_job_cut_off_anywhere_goes_on_without_doubles(self, world, nth, after):
        await world.endpoint("verdict.generated", "job.finished")
        count = CHUNK_LINES * 2 + 50
        job = await sent(world, menu(count))
        with pytest.raises(asyncio.CancelledError):
            await world.worker(journal=CrashingJournal(world.journal, nth, after=after)).work_one()
        done = (await world.jobs.status(world.who(), job.id)).chunks_done
        assert done == (nth if after else nth - 1)
        world.clock.forward(seconds=1)
        assert await world.worker().work_one()
        *lines, last = await results(world, job)
        assert [line["item_id"] for line in lines] == [f"i-{number}" for number in range(count)]
        assert last["_summary"]["state"] == "finished"
        audits = await world.rows("audits")
        assert sorted(row.item_id for row in audits) == sorted(f"i-{number}" for number in range(count))
        events = [row.type for row in await world.rows("outbox")]
        assert (events.count("verdict.generated"), events.count("job.finished")) == (count, 1)
        assert not await world.worker().work_one()

    async def test_who_lost_the_lease_writes_nothing_more(self, world):
        job = await sent(world, menu(CHUNK_LINES + 10))
        taken: list[bool] = []

        class Overtaken:
            """A journal so slow that another worker takes the job over."""

            async def write(self, scope, entry):
                if not taken:
                    world.clock.forward(seconds=LEASE.total_seconds() + 1)
                    taken.append(await world.worker().work_one())
                await world.journal.write(scope, entry)

        assert await world.worker(journal=Overtaken()).work_one()
        *lines, last = await results(world, job)
        assert len(lines) == len(await world.rows("audits")) == CHUNK_LINES + 10
        assert last["_summary"]["state"] == "finished"

    async def test_two_workers_share_two_jobs_and_no_line_is_judged_twice(self, world):
        jobs = [await sent(world, menu(30)), await sent(world, menu(40))]
        assert all(await asyncio.gather(world.worker().work_one(), world.worker().work_one()))
        for job, count in zip(jobs, (30, 40), strict=True):
            *lines, _ = await results(world, job)
            assert len(lines) == count
        assert len(await world.rows("audits")) == 70

    async def test_a_job_that_could_not_be_written_lets_others_pass_and_is_taken_up_again(self, world):
        job, other = await sent(world, menu(5)), await sent(world, menu(1))

        class Out:
            async def write(self, scope, entry):
                raise OverloadedError("the store is out")

        with pytest.raises(OverloadedError):
            await world.worker(journal=Out()).work_one()
        assert await world.worker().work_one()
        assert (await world.jobs.status(world.who(), other.id)).state is JobState.FINISHED
        assert not await world.worker().work_one()
        world.clock.forward(seconds=LEASE.total_seconds() + 1)
        assert await world.worker().work_one()
        assert (await world.jobs.status(world.who(), job.id)).state is JobState.FINISHED

    async def test_a_job_that_cannot_go_on_ends_and_lets_the_next_one_pass(self, world):
        await world.endpoint("job.finished")
        broken, good = await sent(world, menu(5)), await sent(world, menu(2))

        class Gone:
            """A store that has lost the upload of one job."""

            def __getattr__(self, name):
                return getattr(world.job_store, name)

            async def chunk(self, scope, job_id, number):
                if job_id == broken.id:
                    raise NotFoundError("gone")
                return await world.job_store.chunk(scope, job_id, number)

        worker = world.worker(jobs=Gone())
        assert [await worker.work_one(), await worker.work_one(), await worker.work_one()] == [True, True, False]
        assert (await world.jobs.status(world.who(), broken.id)).state is JobState.FAILED
        assert (await world.jobs.status(world.who(), good.id)).state is JobState.FINISHED
        told = {json.loads(row.payload)["data"]["state"] for row in await world.rows("outbox")}
        assert told == {"failed", "finished"}

    async def test_the_lease_is_held_longer_while_it_is_worked_on(self, world):
        await sent(world, menu(CHUNK_LINES * 4))

        class Slow:
            async def write(self, scope, entry):
                world.clock.forward(seconds=20)
                await world.journal.write(scope, entry)
                lease = await world.job_store.lease(
                    PlatformScope(), world.clock.now(), lease="other", until=world.clock.now()
                )
                assert lease is None

        assert await world.worker(journal=Slow()).work_one()
        assert len(await world.rows("audits")) == CHUNK_LINES * 4


class TestReading:
    async def test_a_publisher_sees_its_own_a_viewer_all_another_tenant_none(self, world, database):
        job = await sent(world, menu(1), actor="key:1")
        assert (await world.jobs.status(world.who(Role.PUBLISHER, actor="key:1"), job.id)).id == job.id
        assert (await world.jobs.status(world.who(Role.VIEWER, actor="key:9"), job.id)).id == job.id
        other = await World(database, tenant_id="kitchen-b", clock=world.clock).opened()
        for who, desk in ((world.who(Role.PUBLISHER, actor="key:2"), world.jobs), (other.who(), other.jobs)):
            with pytest.raises(NotFoundError):
                await desk.status(who, job.id)
            with pytest.raises(NotFoundError):
                await desk.results(who, job.id)

    async def test_progress_and_results_so_far(self, world):
        job = await sent(world, menu(CHUNK_LINES * 4))
        assert job_wire(job)["progress"] == 0
        with pytest.raises(asyncio.CancelledError):
            await world.worker(journal=CrashingJournal(world.journal, 3, after=True)).work_one()
        shown = job_wire(await world.jobs.status(world.who(), job.id))
        assert (shown["state"], shown["progress"], shown["items"]) == ("running", 0.75, CHUNK_LINES * 3)
        *lines, last = await results(world, job)
        assert len(lines) == CHUNK_LINES * 3
        assert last["_summary"]["state"] == "running"

    async def test_the_look_is_noted(self, world):
        job = await sent(world, menu(3))
        await world.worker().work_one()
        await results(world, job)
        assert await world.accesses("job:export") == [{"count": 3, "filter": {"job_id": job.id}}]

    async def test_a_chunk_is_never_written_for_a_lease_that_is_not_held(self, world):
        job = await sent(world, menu(1))
        now = world.clock.now()
        await world.job_store.lease(PlatformScope(), now, lease="one", until=now + LEASE)
        chunk = JobChunk(job_id=job.id, number=0, results=b"{}\n", items=1, unread=0, lease="two")
        with pytest.raises(ConflictError):
            await world.journal.write(world.who().scope, JournalEntry(job_chunk=chunk))


class TestCancelling:
    async def test_one_that_waits_is_never_judged(self, world):
        job = await sent(world, menu(3))
        ended = await world.jobs.cancel(world.who(), job.id)
        assert (ended.state, ended.error.partition(";")[0]) == (JobState.FAILED, "cancelled")
        assert not await world.worker().work_one()
        with pytest.raises(ConflictError, match="failed"):
            await world.jobs.cancel(world.who(), job.id)
        (line,) = await world.log.page(world.who().scope, AccessFilter(action="job:cancel"), after=None, limit=9)
        assert line.target == job.id

    async def test_one_that_runs_stops_and_keeps_what_was_judged(self, world):
        job = await sent(world, menu(CHUNK_LINES * 3))

        class Cancelling:
            """Cancels the job as soon as its first part is written."""

            async def write(self, scope, entry):
                await world.journal.write(scope, entry)
                if entry.job_chunk.number == 0:
                    await world.jobs.cancel(world.who(), job.id)

        assert await world.worker(journal=Cancelling()).work_one()
        ended = await world.jobs.status(world.who(), job.id)
        assert (ended.state, ended.items) == (JobState.FAILED, CHUNK_LINES)
        *lines, last = await results(world, job)
        assert (len(lines), last["_summary"]["error"].partition(";")[0]) == (CHUNK_LINES, "cancelled")

    async def test_a_publisher_sees_and_cancels_its_own_alone(self, world):
        mine = await sent(world, menu(1), actor="key:7")
        theirs = await sent(world, menu(1), actor="key:8")
        publisher = world.who(Role.PUBLISHER, actor="key:7")
        assert [job.id for job in (await world.jobs.page(publisher)).rows] == [mine.id]
        assert [job.id for job in (await world.jobs.page(world.who())).rows] == [theirs.id, mine.id]
        with pytest.raises(NotFoundError):
            await world.jobs.cancel(publisher, theirs.id)
        with pytest.raises(RefusedError):
            await world.jobs.cancel(world.who(Role.VIEWER), mine.id)
