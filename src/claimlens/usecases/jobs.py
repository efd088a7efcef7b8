"""Bulk jobs as their owners see them: sent in, looked at, read back as NDJSON. `job_worker.py` judges them."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError, UnknownLocaleError
from claimlens.domain.job import Job, JobState
from claimlens.domain.jurisdiction import canonical_locale
from claimlens.domain.tenant import Principal, Tenant
from claimlens.gate.record import moment_text
from claimlens.ports.accounts import AccessLog
from claimlens.ports.clock import Clock
from claimlens.ports.jobs import JobStore
from claimlens.usecases.access_log import access_line
from claimlens.usecases.asks import not_allowed
from claimlens.usecases.job_upload import Cutter
from claimlens.usecases.menus import UNKNOWN_LOCALE
from claimlens.usecases.pages import USUAL_ROWS, Page, cut, position_of
from claimlens.usecases.permissions import may, require

#: What the error of a cancelled job says.
CANCELLED = "cancelled; what was judged until then stands"
_encoder = msgspec.json.Encoder()


class JobDesk:
    """Takes jobs in, says how they are, gives their results out."""

    def __init__(self, jobs: JobStore, access: AccessLog, clock: Clock) -> None:
        self._jobs = jobs
        self._access = access
        self._clock = clock

    async def receive(self, principal: Principal, locale: str, pieces: AsyncIterator[bytes]) -> Job:
        """Keep an upload of NDJSON and queue it; `locale` (may be empty) holds for lines that state none.

        Raises InvalidError for an unknown locale, a line that is too long and an upload without items, TooLargeError.
        An upload that breaks off is never judged.
        """
        require(principal, "jobs.create")
        job = Job(
            id=self._clock.new_id(),
            tenant_id=principal.scope.tenant_id,
            state=JobState.RECEIVING,
            locale=_locale(locale, principal.tenant),
            created_at=self._clock.now(),
            created_by=principal.actor,
            test=principal.test,
            correlation_id=principal.correlation_id,
        )
        await self._jobs.create(principal.scope, job)
        cutter = Cutter()
        chunks = 0
        async for piece in pieces:
            for chunk in cutter.add(piece):
                await self._jobs.add_chunk(principal.scope, job.id, chunks, chunk)
                chunks += 1
        for chunk in cutter.end():
            await self._jobs.add_chunk(principal.scope, job.id, chunks, chunk)
            chunks += 1
        if not cutter.items:
            raise _invalid("there is no item in it; a job is NDJSON, one item a line")
        await self._jobs.queue(principal.scope, job.id, chunks=chunks, lines=cutter.items)
        return msgspec.structs.replace(job, state=JobState.QUEUED, chunks=chunks, lines=cutter.items)

    async def page(self, principal: Principal, *, cursor: str = "", limit: int = USUAL_ROWS) -> Page[Job]:
        """Jobs, newest first. Who may not read the tenant's jobs sees their own."""
        require(principal, "jobs.read")
        own = "" if may(principal, "jobs.read_all") else principal.actor
        rows = await self._jobs.page(principal.scope, after=position_of(cursor), limit=limit + 1, created_by=own)
        return cut(rows, limit, lambda row: (row.id,))

    async def cancel(self, principal: Principal, job_id: str) -> Job:
        """End a job before its time: what was judged until then stands. Raises NotFoundError, ConflictError."""
        require(principal, "jobs.cancel")
        job = await self.status(principal, job_id)
        line = access_line(principal, self._clock, "job:cancel", job.id, {"state": [job.state, JobState.FAILED]})
        ended = await self._jobs.cancel(principal.scope, job.id, at=self._clock.now(), error=CANCELLED, access=line)
        if not ended:
            raise ConflictError(f"the job {job.id} is {job.state}: only one that waits or runs can be cancelled")
        return await self.status(principal, job.id)

    async def status(self, principal: Principal, job_id: str) -> Job:
        """One job. Who may not read the tenant's jobs sees their own. Raises NotFoundError."""
        require(principal, "jobs.read")
        job = await self._jobs.find(principal.scope, job_id)
        if job is None or not (may(principal, "jobs.read_all") or job.created_by == principal.actor):
            raise NotFoundError(f"there is no job {job_id!r:.80}")
        return job

    async def results(self, principal: Principal, job_id: str) -> AsyncIterator[bytes]:
        """The results so far as NDJSON, one line for each verdict and each line that could not be read.

        The last line is `{"_summary": ...}`; without it the stream was cut. Raises NotFoundError.
        """
        job = await self.status(principal, job_id)
        seen = {"count": job.items, "filter": {"job_id": job.id}}
        await self._access.add(principal.scope, access_line(principal, self._clock, "job:export", job.id, seen))
        return self._results(principal, job)

    async def _results(self, principal: Principal, job: Job) -> AsyncIterator[bytes]:
        lines = 0
        async for chunk in self._jobs.results(principal.scope, job.id):
            lines += chunk.count(b"\n")
            yield chunk
        # The state is that of before the first line: what it calls finished was whole by then.
        yield _encoder.encode({"_summary": {**job_wire(job), "results": lines}}) + b"\n"


def job_wire(job: Job) -> dict[str, Any]:
    """A job as the API shows it; `progress` goes from 0 to 1."""
    return {
        "job_id": job.id,
        "state": str(job.state),
        "locale": job.locale,
        "lines": job.lines,
        "items": job.items,
        "unread": job.unread,
        "progress": progress_of(job),
        "created_at": moment_text(job.created_at),
        "started_at": moment_text(job.started_at) if job.started_at else None,
        "finished_at": moment_text(job.finished_at) if job.finished_at else None,
        "error": job.error or None,
        "test": job.test,
        "correlation_id": job.correlation_id,
    }


def progress_of(job: Job) -> float:
    """How far it is, 0 to 1."""
    return 1.0 if job.state is JobState.FINISHED else job.chunks_done / job.chunks if job.chunks else 0.0


def _locale(locale: str, tenant: Tenant) -> str:
    """The locale of a job: as asked, else the tenant's own, which may be none."""
    settings = tenant.settings
    if not locale:
        return settings.default_locale
    try:
        known = canonical_locale(locale)
    except UnknownLocaleError as error:
        raise InvalidError((("", error.detail),), error.code) from None
    if settings.allowed_locales and known not in settings.allowed_locales:
        raise InvalidError((("", not_allowed(known, settings.allowed_locales)),), UNKNOWN_LOCALE)
    return known


def _invalid(detail: str) -> InvalidError:
    return InvalidError((("", detail),))
