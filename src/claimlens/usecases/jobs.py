"""Bulk jobs: received in chunks that any replica can go on with, judged at the desk, read back as NDJSON."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
import structlog

from claimlens.domain.audit import DecisionLog, Event, JobChunk, JournalEntry
from claimlens.domain.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    OverloadedError,
    RequestError,
    TooLargeError,
    UnknownLocaleError,
)
from claimlens.domain.job import Job, JobState
from claimlens.domain.jurisdiction import canonical_locale
from claimlens.domain.tenant import PlatformScope, Principal, Role, Tenant
from claimlens.gate.ingest.ndjson import value_of
from claimlens.gate.ingest.record import id_of
from claimlens.gate.masking import masked_anywhere
from claimlens.gate.notify import JOB_FINISHED, job_finished
from claimlens.gate.record import moment_text
from claimlens.kit.json_text import JsonReader, Problem
from claimlens.ports.accounts import AccessLog, TenantStore
from claimlens.ports.clock import Clock
from claimlens.ports.jobs import JobStore
from claimlens.ports.journal import Journal
from claimlens.usecases.access_log import access_line
from claimlens.usecases.asks import Ask, Asked, not_allowed, read_line
from claimlens.usecases.authentication import scope_of
from claimlens.usecases.listeners import Listeners
from claimlens.usecases.menus import UNKNOWN_LOCALE
from claimlens.usecases.permissions import may, require
from claimlens.usecases.verdicts import Desk, Judgement

#: An upload, one of its lines, and a chunk, in bytes; lines of a chunk.
MOST_BYTES, LONGEST_LINE, CHUNK_BYTES, CHUNK_LINES = 100 * 1024 * 1024, 256 * 1024, 512 * 1024, 200
LEASE = timedelta(seconds=60)
#: A lease is held longer once this much of it is used.
_RENEWED_AFTER = timedelta(seconds=15)
#: Uploads that broke off are dropped after this.
_BROKEN_AFTER = timedelta(hours=1)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_encoder = msgspec.json.Encoder()
_log = structlog.get_logger()


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
        cutter = _Cutter()
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
        "progress": 1.0 if job.state is JobState.FINISHED else job.chunks_done / job.chunks if job.chunks else 0.0,
        "created_at": moment_text(job.created_at),
        "started_at": moment_text(job.started_at) if job.started_at else None,
        "finished_at": moment_text(job.finished_at) if job.finished_at else None,
        "error": job.error or None,
        "test": job.test,
        "correlation_id": job.correlation_id,
    }


class _Cutter:
    """Cuts a stream at line ends. A chunk begins with the number of its first line, on a line of its own."""

    def __init__(self) -> None:
        self.items = 0
        self._taken = 0
        self._line = 1
        self._rest = b""
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._first = 1

    def add(self, piece: bytes) -> list[bytes]:
        """The chunks that a piece completes."""
        at_start = not self._taken
        self._taken += len(piece)
        if self._taken > MOST_BYTES:
            raise TooLargeError(f"a job has at most {MOST_BYTES // 1024**2} MB; send more in several jobs")
        rest = self._rest + piece
        if at_start and rest.startswith(_OTHER_MARKS):
            raise _invalid("this is UTF-16 or UTF-32; send UTF-8")
        *lines, self._rest = rest.split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise self._too_long()
        return [chunk for line in lines for chunk in self._take(line)]

    def end(self) -> list[bytes]:
        """The chunks that the end of the stream completes."""
        chunks = self._take(self._rest) if self._rest else []
        if self._held:
            chunks.append(self._chunk())
        return chunks

    def _take(self, line: bytes) -> list[bytes]:
        if self._line == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if len(line) > LONGEST_LINE:
            raise self._too_long()
        chunks = []
        if len(self._held) == CHUNK_LINES or self._held_bytes + len(line) > CHUNK_BYTES:
            chunks.append(self._chunk())
        if is_item(line):
            self.items += 1
        self._held.append(line)
        self._held_bytes += len(line) + 1
        self._line += 1
        return chunks

    def _chunk(self) -> bytes:
        chunk = b"%d\n%b\n" % (self._first, b"\n".join(self._held))
        self._held, self._held_bytes, self._first = [], 0, self._line
        return chunk

    def _too_long(self) -> InvalidError:
        return _invalid(f"line {self._line} is longer than {LONGEST_LINE // 1024} KB; an item is one line")


def is_item(line: bytes) -> bool:
    """Whether a line asks for a verdict: it is neither blank nor the closing line of an export of ours."""
    stripped = line.strip(b" \t\r")
    return bool(stripped) and not stripped.startswith(b'{"_summary"')


class JobWorker:
    """Judges queued jobs, chunk by chunk: what a chunk leaves behind and how far the job is are one transaction."""

    def __init__(
        self,
        jobs: JobStore,
        desk: Desk,
        journal: Journal,
        tenants: TenantStore,
        clock: Clock,
        listeners: Listeners,
        platform: PlatformScope,
    ) -> None:
        self._jobs = jobs
        self._desk = desk
        self._journal = journal
        self._tenants = tenants
        self._clock = clock
        self._listeners = listeners
        self._platform = platform

    async def work_one(self) -> bool:
        """Work a job to its end, or as long as it is ours; False if there was none.

        Raises OverloadedError when the store is out; the job is taken up again when its lease has run out.
        """
        lease, now = self._clock.new_id(), self._clock.now()
        job = await self._jobs.lease(self._platform, now, lease=lease, until=now + LEASE)
        if job is None:
            return False
        tenant = await self._tenants.find(job.tenant_id)
        if tenant is None or tenant.isolated:
            error = "the tenant is isolated" if tenant else "the tenant is gone"
            await self._jobs.finish(self._platform, job.id, lease=lease, at=self._clock.now(), error=error)
            return True
        principal = Principal(
            actor="worker",
            role=Role.PUBLISHER,
            scope=scope_of(self._platform, tenant.id),
            tenant=tenant,
            test=job.test,
            correlation_id=job.correlation_id,
        )
        try:
            await self._work(principal, job, lease)
        except ConflictError:
            _log.warning("job_lost", job_id=job.id, tenant=job.tenant_id)
        except (OverloadedError, asyncio.CancelledError):
            # Whoever comes next need not wait for the lease to run out.
            with suppress(RequestError):
                await self._jobs.extend(self._platform, job.id, lease=lease, until=self._clock.now())
            raise
        except Exception:
            # It would fail again, and every other job would wait behind it.
            _log.exception("job_failed", job_id=job.id, tenant=job.tenant_id)
            await self._end(principal, job, lease, "stopped by an internal error; what was judged until then stands")
        return True

    async def drop_broken(self) -> int:
        """Remove uploads that broke off an hour ago or earlier; how many."""
        return await self._jobs.drop_broken_uploads(self._platform, self._clock.now() - _BROKEN_AFTER)

    async def _work(self, principal: Principal, job: Job, lease: str) -> None:
        renewed = self._clock.now()
        items, unread = job.items, job.unread
        for number in range(job.chunks_done, job.chunks):
            lines = await self._jobs.chunk(self._platform, job.id, number)
            entry = await self._judged(principal, job, number, lines, lease)
            await self._journal.write(principal.scope, entry)
            assert entry.job_chunk
            items, unread = items + entry.job_chunk.items, unread + entry.job_chunk.unread
            now = self._clock.now()
            if now - renewed > _RENEWED_AFTER:
                if not await self._jobs.extend(self._platform, job.id, lease=lease, until=now + LEASE):
                    raise ConflictError(f"job {job.id} is worked on elsewhere")
                renewed = now
        await self._end(principal, msgspec.structs.replace(job, items=items, unread=unread), lease)

    async def _end(self, principal: Principal, job: Job, lease: str, error: str = "") -> None:
        now = self._clock.now()
        event = None
        if not job.test and JOB_FINISHED in await self._listeners.wants(principal.scope):
            payload = job_finished(job, now, error)
            event = Event(id=self._clock.new_id(), ts=now, tenant_id=job.tenant_id, type=JOB_FINISHED, payload=payload)
        await self._jobs.finish(self._platform, job.id, lease=lease, at=now, error=error, event=event)
        _log.info("job_finished", job_id=job.id, tenant=job.tenant_id, items=job.items, unread=job.unread, error=error)

    async def _judged(self, principal: Principal, job: Job, number: int, lines: bytes, lease: str) -> JournalEntry:
        """All that a chunk leaves behind; results stand in the order of its lines."""
        asked: list[_Line] = []
        results: list[tuple[int, bytes]] = []
        for line, record, problem in _read(lines):
            try:
                if problem:
                    raise InvalidError(((masked_anywhere(problem.pointer), masked_anywhere(problem.detail)),))
                ask = read_line(record, principal.tenant, locale=job.locale, number=line)
                asked += [_Line(line, one) for one in ask.asked]
            except InvalidError as error:
                results.append((line, _unread(line, record, error)))
        judged = await self._judgements(principal, job, asked)
        for group, judgement in judged:
            if judgement is None:
                results += [(one.number, _unread(one.number, one.asked.record, _unjudged())) for one in group]
            else:
                verdicts = zip(group, judgement.verdicts, strict=True)
                results += [(one.number, b'%b,"line":%d}\n' % (verdict[:-1], one.number)) for one, verdict in verdicts]
        results.sort(key=lambda result: result[0])
        whole = [judgement for _, judgement in judged if judgement is not None]
        read = {one.number for group, judgement in judged if judgement is not None for one in group}
        return JournalEntry(
            audits=tuple([audit for judgement in whole for audit in judgement.audits]),
            events=tuple([event for judgement in whole for event in judgement.events]),
            decisions=_together([judgement.decisions for judgement in whole if judgement.decisions]),
            job_chunk=JobChunk(
                job_id=job.id,
                number=number,
                results=b"".join([result for _, result in results]),
                items=len(read),
                unread=len({line for line, _ in results} - read),
                lease=lease,
            ),
        )

    async def _judgements(
        self, principal: Principal, job: Job, asked: list["_Line"]
    ) -> list[tuple[list["_Line"], Judgement | None]]:
        """One judgement of all; if the gate stumbles, one of each line, None for the line that it stumbles over."""
        if not asked:
            return []
        try:
            return [(asked, await self._judge(principal, job, asked))]
        except RequestError:
            raise
        except Exception:
            _log.exception("job_chunk_failed", job_id=job.id, tenant=job.tenant_id)
        found: list[tuple[list[_Line], Judgement | None]] = []
        for one in asked:
            try:
                found.append(([one], await self._judge(principal, job, [one])))
            except RequestError:
                raise
            except Exception:
                _log.exception("job_line_failed", job_id=job.id, tenant=job.tenant_id, line=one.number)
                found.append(([one], None))
        return found

    async def _judge(self, principal: Principal, job: Job, asked: list["_Line"]) -> Judgement:
        return await self._desk.judge(principal, Ask(tuple([one.asked for one in asked])), job_id=job.id)


class _Line(NamedTuple):
    """One thing to be judged and the line of the upload that asks for it."""

    number: int
    asked: Asked


def _read(chunk: bytes) -> Iterator[tuple[int, Any, Problem | None]]:
    """Number, value and problem of every line of a chunk that asks for a verdict."""
    heading, _, body = chunk.partition(b"\n")
    reader = JsonReader()
    for number, line in enumerate(body.split(b"\n"), start=int(heading)):
        if is_item(line):
            yield number, *value_of(reader, line.strip(b" \t\r").decode("utf-8", "surrogateescape"))


def _unread(line: int, record: Any, error: InvalidError) -> bytes:
    item_id = id_of(record, line - 1).encode("utf-8", "replace").decode()
    errors = [{"pointer": pointer, "detail": detail} for pointer, detail in error.problems]
    return _encoder.encode({"item_id": item_id, "code": error.code, "errors": errors, "line": line}) + b"\n"


def _unjudged() -> InvalidError:
    return InvalidError((("", "this item could not be judged; the operators have been told"),), "INTERNAL_ERROR")


def _together(logs: list[DecisionLog]) -> DecisionLog | None:
    if not logs:
        return None
    return msgspec.structs.replace(logs[0], lines=b"".join([log.lines for log in logs]))


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
