"""The worker's part in bulk jobs: judge what was received, chunk by chunk, at the same desk as every request."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
import structlog
from structlog.contextvars import bound_contextvars

from claimlens.domain.audit import DecisionLog, Event, JobChunk, JournalEntry
from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError, OverloadedError, RequestError
from claimlens.domain.job import Job
from claimlens.domain.tenant import PlatformScope, Principal, Role
from claimlens.gate.ingest.record import id_of
from claimlens.gate.masking import masked_anywhere
from claimlens.gate.notify import JOB_FINISHED, job_finished
from claimlens.ports.accounts import TenantStore
from claimlens.ports.clock import Clock
from claimlens.ports.jobs import JobStore
from claimlens.ports.journal import Journal
from claimlens.ports.tracing import Tracer, correlation
from claimlens.usecases.asks import PATIENT_RETRIES, PATIENT_SERVICES_MS, Ask, Asked, read_line
from claimlens.usecases.authentication import scope_of
from claimlens.usecases.job_upload import read_chunk
from claimlens.usecases.listeners import Listeners
from claimlens.usecases.untraced import Untraced
from claimlens.usecases.verdicts import Desk, Judgement

LEASE = timedelta(seconds=60)
#: A lease is held longer once this much of it is used.
_RENEWED_AFTER = timedelta(seconds=15)
#: Uploads that broke off are dropped after this.
_BROKEN_AFTER = timedelta(hours=1)
_encoder = msgspec.json.Encoder()
_log = structlog.get_logger()


class _Line(NamedTuple):
    """One thing to be judged and the line of the upload that asks for it."""

    number: int
    asked: Asked


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
        *,
        tracer: Tracer | None = None,
    ) -> None:
        self._jobs = jobs
        self._desk = desk
        self._journal = journal
        self._tenants = tenants
        self._clock = clock
        self._listeners = listeners
        self._platform = platform
        self._tracer = tracer or Untraced()

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
            tenant=tenant.on(self._clock.now().date()),
            test=job.test,
            correlation_id=job.correlation_id,
        )
        try:
            correlation.set(job.correlation_id)
            with bound_contextvars(tenant=job.tenant_id, job_id=job.id, correlation_id=job.correlation_id):
                await self._work(principal, job, lease)
        except ConflictError:
            _log.warning("job_lost", job_id=job.id, tenant=job.tenant_id)
        except OverloadedError:
            # Kept until the lease runs out: should only this job be in the way, the others get their turn meanwhile.
            raise
        except asyncio.CancelledError:
            # Whoever comes next need not wait for the lease to run out.
            with suppress(RequestError):
                await self._jobs.extend(self._platform, job.id, lease=lease, until=self._clock.now())
            raise
        except Exception as error:
            if isinstance(error, NotFoundError) and not await self._is_ours(job, lease):
                _log.warning("job_lost", job_id=job.id, tenant=job.tenant_id)  # cancelled: its upload is gone
                return True
            # It would fail again, and every other job would wait behind it.
            _log.exception("job_failed", job_id=job.id, tenant=job.tenant_id)
            await self._end(principal, job, lease, "stopped by an internal error; what was judged until then stands")
        return True

    async def _is_ours(self, job: Job, lease: str) -> bool:
        return await self._jobs.extend(self._platform, job.id, lease=lease, until=self._clock.now() + LEASE)

    async def drop_broken(self) -> int:
        """Remove uploads that broke off an hour ago or earlier; how many."""
        return await self._jobs.drop_broken_uploads(self._platform, self._clock.now() - _BROKEN_AFTER)

    async def _work(self, principal: Principal, job: Job, lease: str) -> None:
        renewed = self._clock.now()
        items, unread = job.items, job.unread
        for number in range(job.chunks_done, job.chunks):
            lines = await self._jobs.chunk(self._platform, job.id, number)
            with self._tracer.begin("job.chunk", _facts(job, number)):
                entry = await self._judged(principal, job, number, lines, lease)
                with self._tracer.span("store.commit"):
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
        for line, record, problem in read_chunk(lines):
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
        self, principal: Principal, job: Job, asked: list[_Line]
    ) -> list[tuple[list[_Line], Judgement | None]]:
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

    async def _judge(self, principal: Principal, job: Job, asked: list[_Line]) -> Judgement:
        asked_of_gate = tuple([one.asked for one in asked])
        ask = Ask(asked_of_gate, services_ms=PATIENT_SERVICES_MS, services_retries=PATIENT_RETRIES)
        return await self._desk.judge(principal, ask, job_id=job.id)


def _facts(job: Job, number: int) -> dict[str, str | int]:
    """What the trace of a chunk says."""
    return {
        "claimlens.tenant": job.tenant_id,
        "claimlens.job": job.id,
        "claimlens.chunk": number,
        "claimlens.correlation_id": job.correlation_id,
    }


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
