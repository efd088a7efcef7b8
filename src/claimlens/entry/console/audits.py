"""Audits: found, looked at, taken along."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar.params import FromPath
from litestar.response import Response, Stream

from claimlens.domain.errors import InvalidError
from claimlens.domain.verdict import Outcome
from claimlens.entry.console.rendering import HEADERS
from claimlens.entry.console.shared import report_of
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit
from claimlens.usecases.pages import Page
from claimlens.usecases.reports.recorded import recalled, recorded_view
from claimlens.usecases.sharing import DAYS, USUAL_DAYS

_LIST = "/console/audits"
_ONE = "/console/audits/{audit_id:uuid}"
_FILTERS = ("verdict", "needs_review", "item_id", "rule_id", "start_date", "end_date", "correlation_id", "job_id")


@page("GET", _LIST, action="audits.read", every=True)
async def listed(visit: TheVisit) -> Response[bytes]:
    """The list, newest first, and the filters."""
    query = visit.exchange.query()
    chosen = {name: query[name].strip() for name in _FILTERS if query.get(name, "").strip()}
    asked = chosen | ({"cursor": query["cursor"]} if query.get("cursor") else {})
    problem, found = "", Page[Any](())
    try:
        found = await visit.service.audits.rows(visit.principal, asked, everywhere=visit.everywhere)
    except InvalidError as error:
        problem = error.problems[0][1]
    following = f"{_LIST}?{urlencode(chosen | {'cursor': found.next_cursor})}" if found.next_cursor else ""
    return visit.page(
        "audits.html.j2",
        400 if problem else 200,
        rows=found.rows,
        chosen=dict.fromkeys(_FILTERS, "") | chosen,
        newest=f"{_LIST}?{urlencode(chosen)}" if chosen else _LIST,
        is_filtered=bool(chosen),
        following=following,
        is_first="cursor" not in asked,
        outcomes=[outcome.value for outcome in Outcome],
        problem=problem,
    )


@page("GET", _ONE, action="audits.read")
async def one(visit: TheVisit, audit_id: FromPath[UUID]) -> Response[bytes]:
    """One audit: the item as it was recorded, the verdict, by what it was judged."""
    audit = await visit.service.audits.find(visit.principal, str(audit_id))
    sealed = msgspec.json.decode(await visit.service.proofs.one(visit.principal, audit.id))
    return visit.page(
        "audit.html.j2",
        audit_id=audit.id,
        at=audit.ts,
        proof=sealed,
        decisions=await visit.service.audits.decisions(visit.principal, audit),
        may_take=visit.may("audits.export"),
        may_share=visit.may("audits.share"),
        is_sharing=bool(visit.exchange.query().get("share")),
        share_days=DAYS,
        usual_days=USUAL_DAYS,
        **recorded_view(audit.record),
    )


@page("GET", f"{_ONE}/record.json", action="audits.read")
async def as_json(visit: TheVisit, audit_id: FromPath[UUID]) -> Response[bytes]:
    """The record, byte for byte as it was hashed."""
    record = await visit.service.audits.one(visit.principal, str(audit_id))
    return visit.file(record, "application/json", f"audit-{audit_id}.json")


@page("GET", f"{_ONE}/record.md", action="audits.read")
async def as_markdown(visit: TheVisit, audit_id: FromPath[UUID]) -> Response[bytes]:
    """The record for people."""
    text = await visit.service.audits.markdown(visit.principal, str(audit_id))
    return visit.file(text.encode(), "text/markdown", f"audit-{audit_id}.md")


@page("GET", f"{_ONE}/report.html", action="audits.read")
async def as_report(visit: TheVisit, audit_id: FromPath[UUID]) -> Response[bytes]:
    """The record as one HTML file, to be mailed or printed."""
    audit = await visit.service.audits.find(visit.principal, str(audit_id))
    body = report_of(recalled(audit.record), audit.ts.date(), f"audit {audit.id}")
    return visit.file(body, "text/html", f"audit-{audit_id}.html")


@page("GET", f"{_ONE}/bundle.ndjson", action="audits.export")
async def bundle(visit: TheVisit, audit_id: FromPath[UUID]) -> Stream:
    """The seal over it with every audit under it, to be verified without this installation."""
    lines = await visit.service.bundles.around(visit.principal, str(audit_id))
    headers = HEADERS | {"Content-Disposition": f'attachment; filename="bundle-{audit_id}.ndjson"'}
    return Stream(lines, media_type="application/x-ndjson", headers=headers)


@page("GET", f"{_ONE}/proof.json", action="audits.prove")
async def proof(visit: TheVisit, audit_id: FromPath[UUID]) -> Response[bytes]:
    """The proof that the audit stands under a seal, for people who need not believe this program."""
    found = await visit.service.proofs.one(visit.principal, str(audit_id))
    return visit.file(found, "application/json", f"proof-{audit_id}.json")


ROUTES = [listed, one, as_json, as_markdown, as_report, proof, bundle]
