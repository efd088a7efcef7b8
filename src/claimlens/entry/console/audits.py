"""Audits: found, looked at, taken along."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar.params import FromPath
from litestar.response import Response

from claimlens.domain.errors import InvalidError
from claimlens.domain.verdict import Outcome
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit
from claimlens.usecases.pages import Page
from claimlens.usecases.reports.recorded import recorded_view

_LIST = "/console/audits"
_ONE = "/console/audits/{audit_id:uuid}"
_FILTERS = ("verdict", "needs_review", "item_id", "rule_id", "start_date", "end_date", "correlation_id", "job_id")


@page("GET", _LIST, action="audits.read")
async def listed(visit: TheVisit) -> Response[bytes]:
    """The list, newest first, and the filters."""
    query = visit.exchange.query()
    chosen = {name: query[name].strip() for name in _FILTERS if query.get(name, "").strip()}
    asked = chosen | ({"cursor": query["cursor"]} if query.get("cursor") else {})
    problem, found = "", Page[Any](())
    try:
        found = await visit.service.audits.rows(visit.principal, asked)
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
    record = await visit.service.audits.one(visit.principal, str(audit_id))
    shown = recorded_view(record)
    sealed = msgspec.json.decode(await visit.service.proofs.one(visit.principal, str(audit_id)))
    at = datetime.fromisoformat(shown["record"]["ts"])
    return visit.page("audit.html.j2", audit_id=str(audit_id), at=at, proof=sealed, **shown)


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


@page("GET", f"{_ONE}/proof.json", action="audits.prove")
async def proof(visit: TheVisit, audit_id: FromPath[UUID]) -> Response[bytes]:
    """The proof that the audit stands under a seal, for people who need not believe this program."""
    found = await visit.service.proofs.one(visit.principal, str(audit_id))
    return visit.file(found, "application/json", f"proof-{audit_id}.json")


ROUTES = [listed, one, as_json, as_markdown, proof]
