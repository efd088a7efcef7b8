"""Bulk jobs: a file sent in, how far it is, its results, cancelled."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode
from uuid import UUID

from litestar.params import FromPath
from litestar.response import Response, Stream

from claimlens.domain.errors import ConflictError, InvalidError, TooLargeError
from claimlens.domain.job import Job, JobState
from claimlens.domain.jurisdiction import LOCALES
from claimlens.entry.console.rendering import HEADERS
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit, Visit
from claimlens.usecases.jobs import progress_of

_LIST = "/console/jobs"
_ONE = "/console/jobs/{job_id:uuid}"
#: Bytes of a file by the form, which is held in memory on the way; the API streams longer ones.
MOST_FILE = 16 * 1024 * 1024
_LIVE = (JobState.RECEIVING, JobState.QUEUED, JobState.RUNNING)


@page("GET", _LIST, action="jobs.read")
async def listed(visit: TheVisit) -> Response[bytes]:
    """The jobs, newest first, and the form for a new one."""
    return await _page(visit)


@page("POST", _LIST, action="jobs.create", closes=True, most_bytes=MOST_FILE + 65_536)
async def create(visit: TheVisit) -> Response[bytes]:
    """Take in a file of items."""
    content = visit.form.file("file")

    async def pieces() -> AsyncIterator[bytes]:
        yield content

    try:
        if len(content) > MOST_FILE:
            raise TooLargeError(f"by this form at most {MOST_FILE // 1024**2} MB; the API takes longer files")
        job = await visit.service.jobs.receive(visit.principal, visit.form.text("locale"), pieces())
    except (InvalidError, TooLargeError) as error:
        return await _page(visit, 422, error.problems[0][1] if isinstance(error, InvalidError) else error.detail)
    return visit.go(f"{_LIST}/{job.id}")


@page("GET", _ONE, action="jobs.read")
async def one(visit: TheVisit, job_id: FromPath[UUID]) -> Response[bytes]:
    """One job, live."""
    return await _one_page(visit, str(job_id), "job.html.j2")


@page("GET", f"{_ONE}/now", action="jobs.read", passive=True)
async def now(visit: TheVisit, job_id: FromPath[UUID]) -> Response[bytes]:
    """How far it is, every few seconds."""
    return await _one_page(visit, str(job_id), "job_now.html.j2")


@page("GET", f"{_ONE}/results.ndjson", action="jobs.read")
async def results(visit: TheVisit, job_id: FromPath[UUID]) -> Stream:
    """The results so far."""
    lines = await visit.service.jobs.results(visit.principal, str(job_id))
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="results-{job_id}.ndjson"'}
    return Stream(lines, media_type="application/x-ndjson", headers=headers)


# Open during maintenance: it ends something.
@page("POST", f"{_ONE}/cancel", action="jobs.cancel", closes=True)
async def cancel(visit: TheVisit, job_id: FromPath[UUID]) -> Response[bytes]:
    """End it before its time."""
    try:
        await visit.service.jobs.cancel(visit.principal, str(job_id))
    except ConflictError as error:
        return await _one_page(visit, str(job_id), "job.html.j2", 409, error.detail)
    return visit.go(f"{_LIST}/{job_id}")


async def _page(visit: Visit, status: int = 200, problem: str = "") -> Response[bytes]:
    cursor = visit.exchange.query().get("cursor", "")
    found = await visit.service.jobs.page(visit.principal, cursor=cursor)
    return visit.page(
        "jobs.html.j2",
        status,
        rows=[_shown(job) for job in found.rows],
        following=f"{_LIST}?{urlencode({'cursor': found.next_cursor})}" if found.next_cursor else "",
        is_first=not cursor,
        locales=list(LOCALES),
        usual=visit.principal.tenant.settings.default_locale,
        most_mb=MOST_FILE // 1024**2,
        may_create=visit.may("jobs.create"),
        sees_all=visit.may("jobs.read_all"),
        problem=problem,
    )


async def _one_page(visit: Visit, job_id: str, template: str, status: int = 200, problem: str = "") -> Response[bytes]:
    job = await visit.service.jobs.status(visit.principal, job_id)
    return visit.page(
        template,
        status,
        problem=problem,
        may_cancel=visit.may("jobs.cancel"),
        may_read_audits=visit.may("audits.read"),
        **_shown(job),
    )


def _shown(job: Job) -> dict[str, object]:
    return {"job": job, "is_live": job.state in _LIVE, "percent": int(100 * progress_of(job))}


ROUTES = [listed, create, one, now, results, cancel]
