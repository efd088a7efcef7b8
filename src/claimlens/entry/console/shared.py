"""Verdicts shared by a link: made by who may, read by everybody who has it."""

from datetime import date
from io import StringIO
from uuid import UUID

from litestar.params import FromPath
from litestar.response import Response

import claimlens
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit, Visit
from claimlens.gate.ingest import Read
from claimlens.usecases.menus import Checked, Tally
from claimlens.usecases.reports import Run
from claimlens.usecases.reports.html import HtmlReport
from claimlens.usecases.reports.recorded import Recalled, public_of, recalled, shown
from claimlens.usecases.sharing import DAYS, Shared

_SHARED = "/console/shared/{token:str}"
#: A page that search engines leave alone, and that tells no other page where its reader came from.
_HIDDEN = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer"}


@page("POST", "/console/audits/{audit_id:uuid}/share", action="audits.share", closes=True)
async def share(visit: TheVisit, audit_id: FromPath[UUID]) -> Response[bytes]:
    """A link to the verdict, shown once."""
    days = visit.form.text("days")
    chosen = int(days) if days in map(str, DAYS) else 0
    link = await visit.service.sharing.share(visit.principal, str(audit_id), chosen)
    return visit.page(
        "share.html.j2", path=f"/console/shared/{link.token}", origin=visit.origin, until=link.until, audit_id=audit_id
    )


@page("GET", _SHARED, stranger=True)
async def shared(visit: TheVisit, token: FromPath[str]) -> Response[bytes]:
    """The verdict, without what is the tenant's own: its ids, its people, its reasons for exceptions."""
    opened = await _open(visit, token)
    view = shown(public_of(recalled(opened.audit.record)))
    response = visit.page("shared.html.j2", at=opened.audit.ts, until=opened.until, token=token, **view)
    response.headers.update(_HIDDEN)
    return response


@page("GET", f"{_SHARED}/report.html", stranger=True)
async def report(visit: TheVisit, token: FromPath[str]) -> Response[bytes]:
    """The verdict as one HTML file, to be mailed or printed."""
    opened = await _open(visit, token)
    found = public_of(recalled(opened.audit.record))
    body = report_of(found, opened.audit.ts.date(), "a verdict shared by a link")
    response = visit.file(body, "text/html", "claimlens-report.html")
    response.headers.update(_HIDDEN)
    return response


def report_of(found: Recalled, on: date, source: str) -> bytes:
    """A recorded verdict as one HTML file."""
    out = StringIO()
    writer, tally = HtmlReport(out.write, Run(on, (source,), claimlens.__version__)), Tally()
    checked = Checked(source, Read(found.item, 0, record={}), found.answered)
    tally.add(checked)
    writer.add(checked)
    writer.close(tally, ())
    return out.getvalue().encode()


async def _open(visit: Visit, token: str) -> Shared:
    exchange = visit.exchange
    return await visit.service.sharing.open(token, ip=exchange.ip, correlation_id=exchange.correlation_id)


ROUTES = [share, shared, report]
