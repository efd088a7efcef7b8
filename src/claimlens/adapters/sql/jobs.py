"""Bulk jobs with their uploads and results in the database: any replica can go on with any of them."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from claimlens.adapters.sql.access_log import add_line
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.entries import Rows, event_row, insert
from claimlens.adapters.sql.tables import job_chunks, jobs
from claimlens.adapters.sql.within import within
from claimlens.domain.access import Access
from claimlens.domain.audit import Event
from claimlens.domain.errors import NotFoundError
from claimlens.domain.job import Job, JobState
from claimlens.domain.tenant import PlatformScope, TenantScope
from claimlens.kit.uuid7 import is_uuid

_RESULTS_AT_ONCE = 4


class SqlJobs:
    """A JobStore; see `ports/jobs.py`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, scope: TenantScope, job: Job) -> None:
        """A job in state `receiving`."""
        row = msgspec.structs.asdict(job) | {"state": job.state.value, "tenant_id": scope.tenant_id, "lease": ""}
        async with self._database.write() as connection:
            await connection.execute(sa.insert(jobs).values(row))

    async def add_chunk(self, scope: TenantScope, job_id: str, number: int, lines: bytes) -> None:
        """Keep a part of the upload: whole NDJSON lines. Raises NotFoundError if the job takes none (any more)."""
        packed = await asyncio.to_thread(zlib.compress, lines, 1)
        row = {"job_id": job_id, "number": number, "tenant_id": scope.tenant_id, "lines": packed}
        async with self._database.write() as connection:
            # Locked until the part is in, so that the job is not dropped in between.
            receiving = sa.select(jobs.c.id).where(_is(scope, job_id, JobState.RECEIVING)).with_for_update(read=True)
            if (await connection.execute(receiving)).one_or_none() is None:
                raise NotFoundError(f"no job {job_id} takes an upload")
            await connection.execute(sa.insert(job_chunks).values(row))

    async def queue(self, scope: TenantScope, job_id: str, *, chunks: int, lines: int) -> None:
        """The upload is whole. Raises NotFoundError if the job takes none (any more)."""
        whole = {"state": JobState.QUEUED.value, "chunks": chunks, "lines": lines}
        async with self._database.write() as connection:
            queued = sa.update(jobs).where(_is(scope, job_id, JobState.RECEIVING)).values(whole)
            if not (await connection.execute(queued)).rowcount:
                raise NotFoundError(f"no job {job_id} takes an upload")

    async def find(self, scope: TenantScope, job_id: str) -> Job | None:
        """One job, from the primary: who was just told of it may ask for it."""
        if not is_uuid(job_id):
            return None
        async with self._database.read(fresh=True) as connection:
            found = await connection.execute(sa.select(jobs).where(_is(scope, job_id)))
            row = found.one_or_none()
        return None if row is None else _job(row)

    async def page(self, scope: TenantScope, *, after: str, limit: int, created_by: str = "") -> Sequence[Job]:
        """Newest first, those that come after an id; `created_by`: those that one actor sent."""
        query = sa.select(jobs).where(within(jobs, scope)).order_by(jobs.c.id.desc()).limit(limit)
        if created_by:
            query = query.where(jobs.c.created_by == created_by)
        if after:
            query = query.where(jobs.c.id < after if is_uuid(after) else sa.false())
        async with self._database.read(fresh=True) as connection:
            return [_job(row) for row in await connection.execute(query)]

    async def cancel(self, scope: TenantScope, job_id: str, *, at: datetime, error: str, access: Access) -> bool:
        """End a job that is queued or running as failed; the upload is dropped, results stay. False if it ended."""
        live = jobs.c.state.in_([JobState.QUEUED.value, JobState.RUNNING.value])
        ended = {"state": JobState.FAILED.value, "finished_at": at, "error": error, "lease": "", "lease_until": None}
        async with self._database.write() as connection:
            if not (await connection.execute(sa.update(jobs).where(_is(scope, job_id), live).values(ended))).rowcount:
                return False
            await connection.execute(sa.update(job_chunks).where(job_chunks.c.job_id == job_id).values(lines=None))
            await add_line(connection, access)
            return True

    async def results(self, scope: TenantScope, job_id: str) -> AsyncIterator[bytes]:
        """The results so far, chunk by chunk in order: NDJSON."""
        if not is_uuid(job_id):
            return
        query = (
            sa.select(job_chunks.c.number, job_chunks.c.results)
            .where(within(job_chunks, scope), job_chunks.c.job_id == job_id, job_chunks.c.results.is_not(None))
            .order_by(job_chunks.c.number)
            .limit(_RESULTS_AT_ONCE)
        )
        last = -1
        while True:
            async with self._database.read(fresh=True) as connection:
                rows = (await connection.execute(query.where(job_chunks.c.number > last))).all()
            for row in rows:
                yield await asyncio.to_thread(zlib.decompress, row.results)
            if len(rows) < _RESULTS_AT_ONCE:
                return
            last = rows[-1].number

    async def lease(self, scope: PlatformScope, now: datetime, *, lease: str, until: datetime) -> Job | None:
        """A job to go on with: queued, or running under a lease that ran out; oldest first. Marked running."""
        abandoned = (jobs.c.state == JobState.RUNNING.value) & (jobs.c.lease_until <= now)
        free = (
            sa.select(jobs.c.id)
            .where((jobs.c.state == JobState.QUEUED.value) | abandoned)
            .order_by(jobs.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        taken = {
            "state": JobState.RUNNING.value,
            "lease": lease,
            "lease_until": until,
            "started_at": sa.func.coalesce(jobs.c.started_at, sa.literal(now, jobs.c.started_at.type)),
        }
        async with self._database.write() as connection:
            job_id = (await connection.execute(free)).scalar_one_or_none()
            if job_id is None:
                return None
            marked = sa.update(jobs).where(jobs.c.id == job_id).values(taken).returning(jobs)
            return _job((await connection.execute(marked)).one())

    async def extend(self, scope: PlatformScope, job_id: str, *, lease: str, until: datetime) -> bool:
        """Hold it longer; False if it is no longer ours."""
        async with self._database.write() as connection:
            held = await connection.execute(sa.update(jobs).where(_ours(job_id, lease)).values(lease_until=until))
            return bool(held.rowcount)

    async def chunk(self, scope: PlatformScope, job_id: str, number: int) -> bytes:
        """A part of the upload. Raises NotFoundError if it is gone."""
        query = sa.select(job_chunks.c.lines).where(job_chunks.c.job_id == job_id, job_chunks.c.number == number)
        async with self._database.read(fresh=True) as connection:
            packed = (await connection.execute(query)).scalar_one_or_none()
        if packed is None:
            raise NotFoundError(f"part {number} of the upload of job {job_id} is not there")
        return await asyncio.to_thread(zlib.decompress, packed)

    async def finish(
        self,
        scope: PlatformScope,
        job_id: str,
        *,
        lease: str,
        at: datetime,
        error: str = "",
        event: Event | None = None,
    ) -> bool:
        """Finished, or failed with one line why; False if the job is no longer ours, and nothing is written."""
        state = JobState.FAILED if error else JobState.FINISHED
        ended = {"state": state.value, "finished_at": at, "error": error, "lease": "", "lease_until": None}
        async with self._database.write() as connection:
            if not (await connection.execute(sa.update(jobs).where(_ours(job_id, lease)).values(ended))).rowcount:
                return False
            await connection.execute(sa.update(job_chunks).where(job_chunks.c.job_id == job_id).values(lines=None))
            if event is not None:
                rows = Rows()
                rows.outbox = [event_row(event)]
                await insert(connection, rows)
            return True

    async def drop_broken_uploads(self, scope: PlatformScope, before: datetime) -> int:
        """Remove jobs whose upload broke off before a moment; how many."""
        broken = (
            sa.select(jobs.c.id)
            .where(jobs.c.state == JobState.RECEIVING.value, jobs.c.created_at < before)
            .limit(100)
            .with_for_update(skip_locked=True)
        )
        async with self._database.write() as connection:
            gone = (await connection.execute(broken)).scalars().all()
            await connection.execute(sa.delete(job_chunks).where(job_chunks.c.job_id.in_(gone)))
            await connection.execute(sa.delete(jobs).where(jobs.c.id.in_(gone)))
        return len(gone)


def _is(scope: TenantScope, job_id: str, state: JobState | None = None) -> sa.ColumnElement[bool]:
    found = within(jobs, scope) & (jobs.c.id == job_id)
    return found if state is None else found & (jobs.c.state == state.value)


def _ours(job_id: str, lease: str) -> sa.ColumnElement[bool]:
    return (jobs.c.id == job_id) & (jobs.c.lease == lease) & (jobs.c.state == JobState.RUNNING.value)


def _job(row: Any) -> Job:
    named = row._asdict()
    return Job(**{name: named[name] for name in Job.__struct_fields__} | {"state": JobState(row.state)})
