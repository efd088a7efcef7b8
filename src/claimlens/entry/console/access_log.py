"""The access log: who did what, and who looked at what."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar.response import Response, Stream

from claimlens.domain.access import Access
from claimlens.domain.errors import InvalidError
from claimlens.entry.console.rendering import HEADERS
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit
from claimlens.ports.accounts import AccessFilter
from claimlens.usecases.pages import MOST_ROWS, USUAL_ROWS, Page
from claimlens.usecases.periods import period_of

_LIST = "/console/access-log"
_FILTERS = ("action", "actor", "start_date", "end_date")


@page("GET", _LIST, action="access_log.read", every=True)
async def listed(visit: TheVisit) -> Response[bytes]:
    """The lines, newest first, and the filters."""
    query = visit.exchange.query()
    asked = _asked(query)
    people = await visit.service.users.page(visit.principal, tenant_id=visit.tenant_id, limit=MOST_ROWS)
    problem, found = "", Page[Access](())
    try:
        found = await visit.service.access_log.page(
            visit.principal,
            _chosen(asked),
            tenant_id=visit.tenant_id,
            cursor=query.get("cursor", ""),
            limit=USUAL_ROWS,
        )
    except InvalidError as error:
        problem = error.problems[0][1]
    return visit.page(
        "access_log.html.j2",
        400 if problem else 200,
        rows=[(row, _told(row.delta)) for row in found.rows],
        names={f"user:{person.id}": person.email for person in people.rows},
        chosen=dict.fromkeys(_FILTERS, "") | asked,
        is_filtered=bool(asked),
        as_csv=f"{_LIST}.csv?{urlencode(asked)}",
        following=f"{_LIST}?{urlencode(asked | {'cursor': found.next_cursor})}" if found.next_cursor else "",
        problem=problem,
    )


@page("GET", f"{_LIST}.csv", action="access_log.read", every=True)
async def as_csv(visit: TheVisit) -> Stream:
    """All lines that fit, oldest first."""
    chosen = _chosen(_asked(visit.exchange.query()))
    lines = await visit.service.access_log.csv(visit.principal, chosen, tenant_id=visit.tenant_id)
    headers = HEADERS | {"Content-Disposition": 'attachment; filename="access-log.csv"'}
    return Stream(lines, media_type="text/csv", headers=headers)


def _asked(query: dict[str, str]) -> dict[str, str]:
    return {name: query[name].strip() for name in _FILTERS if query.get(name, "").strip()}


def _chosen(asked: dict[str, str]) -> AccessFilter:
    start, end = period_of(asked)
    return AccessFilter(start=start, end=end, actor=asked.get("actor", ""), action=asked.get("action", ""))


def _told(delta: dict[str, Any]) -> str:
    """What changed, or what was read, in a line."""
    said = []
    for name, value in delta.items():
        before, after = value if isinstance(value, list) and len(value) == 2 else (None, value)
        if before is not None:
            said.append(f"{name}: {_short(before)} → {_short(after)}")
        elif after is not None:
            said.append(f"{name}: {_short(after)}")
    return "; ".join(said)


def _short(value: Any) -> str:
    if value is None:
        return "–"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 160 else f"{text[:159]}…"


ROUTES = [listed, as_csv]
