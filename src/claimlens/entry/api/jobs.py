"""Bulk jobs: an upload of any length, its state, its results."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
from litestar.connection import Request
from litestar.params import FromPath
from litestar.response import Response, Stream

from claimlens.domain.job import JobState
from claimlens.entry.api import reply
from claimlens.entry.api.call import TheCall
from claimlens.entry.api.idempotency import fingerprint, key_of
from claimlens.entry.api.reply import framework
from claimlens.entry.api.spec import Answer, Parameter, Spec, Takes, route
from claimlens.entry.api.vocabulary import CURSOR, LIMIT
from claimlens.entry.web.bodies import body_pieces
from claimlens.entry.web.reply import Reply
from claimlens.usecases.job_upload import MOST_BYTES
from claimlens.usecases.jobs import CANCELLED, job_wire

_TAG = "Jobs"
_MOMENT = {"type": ["string", "null"], "format": "date-time"}
_JOB: dict[str, Any] = {
    "title": "Job",
    "type": "object",
    "required": ["job_id", "state", "lines", "items", "unread", "progress", "created_at"],
    "properties": {
        "job_id": {"type": "string", "format": "uuid"},
        "state": {"enum": [str(state) for state in JobState]},
        "locale": {"type": "string"},
        "lines": {"type": "integer", "description": "Items received."},
        "items": {"type": "integer", "description": "Verdicts given so far."},
        "unread": {"type": "integer", "description": "Lines that could not be read so far."},
        "progress": {"type": "number", "minimum": 0, "maximum": 1},
        "created_at": {"type": "string", "format": "date-time"},
        "started_at": _MOMENT,
        "finished_at": _MOMENT,
        "error": {"type": ["string", "null"]},
        "test": {"type": "boolean"},
        "correlation_id": {"type": "string"},
    },
}
_JOBS: dict[str, Any] = {
    "title": "JobPage",
    "type": "object",
    "required": ["jobs", "next_cursor"],
    "properties": {
        "jobs": {"type": "array", "items": _JOB},
        "next_cursor": {"type": ["string", "null"]},
    },
}
_EXAMPLE = {
    "job_id": "0192f3a4-5b6c-7d8e-9f01-23456789abcd",
    "state": "queued",
    "locale": "en-GB",
    "lines": 48210,
    "items": 0,
    "unread": 0,
    "progress": 0.0,
    "created_at": "2026-11-23T10:30:00.000000Z",
    "started_at": None,
    "finished_at": None,
    "error": None,
    "test": False,
    "correlation_id": "till-4711",
}


class _AnsweredBeforeError(Exception):
    """The upload turned out to be one that was taken before."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


@route(
    "POST",
    "/v1/menu/jobs",
    Spec(
        name="createJob",
        tag=_TAG,
        summary="Judge a file of items",
        about="NDJSON, one item a line of at most 256 KB, 100 MB in all. The worker judges it; ask for its state, "
        "fetch the results. An upload that breaks off is never judged.",
        action="jobs.create",
        closes=True,
        settles=True,
        takes=Takes.STREAM,
        most_bytes=MOST_BYTES,
        query=(
            Parameter(name="locale", about="For items that state none; else the tenant's default.", example="en-GB"),
        ),
        examples={"default": '{"name": "Butter chicken", "ingredients": "chicken, butter"}\n'},
        answers=(Answer(status=202, about="Queued.", shape=_JOB, example=_EXAMPLE, headers=("Location",)),),
        problems=("UNKNOWN_LOCALE", "OVERLOADED"),
    ),
)
async def create(call: TheCall, request: Request[Any, Any, Any]) -> Response[bytes]:
    """Take a job in."""
    exchange, once = call.exchange, call.once
    locale = call.query().get("locale", "")
    key = key_of(exchange)
    claimed = False
    receive: Any = request.receive

    async def pieces() -> AsyncIterator[bytes]:
        """The upload; behind its last byte it is known whether it came before, and nothing is queued yet."""
        nonlocal claimed
        digest = hashlib.sha256()
        async for piece in body_pieces(receive, exchange.headers, MOST_BYTES):
            digest.update(piece)
            yield piece
        if key is not None:
            stored = await once.claim(exchange, key, fingerprint(exchange, digest.digest()))
            if stored is not None:
                raise _AnsweredBeforeError(stored)
            claimed = True

    try:
        job = await call.service.jobs.receive(call.principal, locale, pieces())
        made = _queued(Reply(202, reply.encoded(job_wire(job))), job.id)
        if key is not None:
            await once.keep(exchange, key, made)
    except _AnsweredBeforeError as before:
        stored = before.reply
        is_job = stored.status == 202
        return framework(_queued(stored, msgspec.json.decode(stored.body)["job_id"]) if is_job else stored)
    except BaseException:
        if key is not None and claimed:
            await once.release(exchange, key)
        raise
    return framework(made)


def _queued(answer: Reply, job_id: str) -> Reply:
    """The answer, with where the job is to be found."""
    where = (b"location", f"/v1/menu/jobs/{job_id}".encode("ascii"))
    return msgspec.structs.replace(answer, headers=(*answer.headers, where))


@route(
    "GET",
    "/v1/menu/jobs",
    Spec(
        name="listJobs",
        tag=_TAG,
        summary="List jobs",
        about="Newest first. A publisher sees the jobs of its own key.",
        action="jobs.read",
        query=(CURSOR, LIMIT),
        answers=(Answer(shape=_JOBS, example={"jobs": [_EXAMPLE], "next_cursor": None}),),
    ),
)
async def page(call: TheCall) -> Response[bytes]:
    """List jobs."""
    found = await call.service.jobs.page(call.principal, **call.rows())
    return reply.json({"jobs": [job_wire(job) for job in found.rows], "next_cursor": found.next_cursor})


@route(
    "DELETE",
    "/v1/menu/jobs/{job_id:uuid}",
    Spec(
        name="cancelJob",
        tag=_TAG,
        summary="Cancel a job",
        about="It ends as `failed` and says so; what was judged until then stands. A publisher cancels the jobs of its "
        "own key.",
        action="jobs.cancel",
        closes=True,
        answers=(Answer(shape=_JOB, example={**_EXAMPLE, "state": "failed", "error": CANCELLED}),),
        problems=("NOT_FOUND", "IDEMPOTENCY_CONFLICT"),
    ),
)
async def cancel(call: TheCall, job_id: FromPath[UUID]) -> Response[bytes]:
    """Cancel a job."""
    return reply.json(job_wire(await call.service.jobs.cancel(call.principal, str(job_id))))


@route(
    "GET",
    "/v1/menu/jobs/{job_id:uuid}",
    Spec(
        name="getJob",
        tag=_TAG,
        summary="How far a job is",
        about="A publisher sees the jobs of its own key.",
        action="jobs.read",
        answers=(Answer(shape=_JOB, example=_EXAMPLE),),
        problems=("NOT_FOUND",),
    ),
)
async def status(call: TheCall, job_id: FromPath[UUID]) -> Response[bytes]:
    """How far a job is."""
    return reply.json(job_wire(await call.service.jobs.status(call.principal, str(job_id))))


@route(
    "GET",
    "/v1/menu/jobs/{job_id:uuid}/results",
    Spec(
        name="getJobResults",
        tag=_TAG,
        summary="The verdicts of a job",
        about="NDJSON, as far as it is: a verdict a line, or why a line could not be read. The last line is "
        "`_summary`; without it the stream was cut.",
        action="jobs.read",
        answers=(Answer(about="The results.", media_type="application/x-ndjson"),),
        problems=("NOT_FOUND",),
    ),
)
async def results(call: TheCall, job_id: FromPath[UUID]) -> Stream:
    """The verdicts of a job."""
    lines = await call.service.jobs.results(call.principal, str(job_id))
    return await reply.stream(lines, "application/x-ndjson")


ROUTES = [create, page, status, cancel, results]
