"""The review queue: before and after side by side; accept, edit, override; undo."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar.params import FromPath
from litestar.response import Response, Stream

from claimlens.domain.audit import Audit
from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError
from claimlens.domain.review import Decision
from claimlens.entry.console.rendering import HEADERS
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit, Visit
from claimlens.kit.uuid7 import is_uuid
from claimlens.usecases.reports.recorded import recorded_view
from claimlens.usecases.reviews import MOST_AT_ONCE, MOST_COUNTED, ManyDecisions, NewDecision, open_texts

_LIST = "/console/reviews"
_ONE = "/console/reviews/{audit_id:uuid}"
#: Cards of a page: each is looked at, and a page stays small.
_CARDS = 12
_TEXT = "text:"
_SAID = {"accept": "accepted", "edit": "edited", "override": "overridden"}


@page("GET", _LIST, action="reviews.read", every=True)
async def waiting(visit: TheVisit) -> Response[bytes]:
    """What waits for a person."""
    query = visit.exchange.query()
    found = await visit.service.reviews.waiting(
        visit.principal, cursor=query.get("cursor", ""), limit=_CARDS, everywhere=visit.everywhere
    )
    return visit.page(
        "reviews.html.j2",
        cards=[_card(row) for row in found.rows],
        # Of all tenants nobody waits for a count of everything.
        count=None if visit.everywhere else await visit.service.reviews.count_waiting(visit.principal),
        most_counted=MOST_COUNTED,
        following=f"{_LIST}?{urlencode({'cursor': found.next_cursor})}" if found.next_cursor else "",
        is_first=not query.get("cursor"),
        may_decide=visit.may("reviews.decide") and not visit.everywhere,
        may_export=visit.may("menu.export") and not visit.everywhere,
        done=_done(query),
        problem=query.get("problem", "")[:300],
    )


@page("GET", f"{_LIST}/decided", action="reviews.read")
async def decided(visit: TheVisit) -> Response[bytes]:
    """What people decided."""
    query = visit.exchange.query()
    found = await visit.service.reviews.decided(visit.principal, cursor=query.get("cursor", ""))
    here = f"{_LIST}/decided"
    return visit.page(
        "reviews_decided.html.j2",
        rows=found.rows,
        following=f"{here}?{urlencode({'cursor': found.next_cursor})}" if found.next_cursor else "",
        may_decide=visit.may("reviews.decide"),
    )


@page("GET", _ONE, action="reviews.read")
async def one(visit: TheVisit, audit_id: FromPath[UUID]) -> Response[bytes]:
    """One audit that needs a person, or what was decided about it."""
    return await _one_page(visit, str(audit_id), "")


@page("POST", _ONE, action="reviews.decide", closes=True)
async def decide(visit: TheVisit, audit_id: FromPath[UUID]) -> Response[bytes]:
    """Decide about one."""
    decision = visit.form.text("decision")
    if decision not in list(Decision):
        raise InvalidError((("/decision", "a decision is accept, edit or override"),))
    texts = visit.form.named(_TEXT) if decision == Decision.EDIT else {}
    wanted = NewDecision(decision=Decision(decision), reason=visit.form.text("reason"), texts=texts)
    try:
        await visit.service.reviews.decide(visit.principal, str(audit_id), wanted)
    except InvalidError as error:
        return await _one_page(visit, str(audit_id), error.problems[0][1], 422)
    except ConflictError as error:
        return visit.go(f"{_LIST}?{urlencode({'problem': error.detail})}")
    return visit.go(f"{_LIST}?{urlencode({'done': str(audit_id), 'as': decision})}")


@page("POST", _LIST, action="reviews.decide", closes=True)
async def decide_many(visit: TheVisit) -> Response[bytes]:
    """Decide about all that are ticked."""
    decision = visit.form.text("decision")
    ids = tuple(visit.form.texts("audit_id"))
    if decision not in (Decision.ACCEPT, Decision.OVERRIDE):
        raise InvalidError((("/decision", "many are accepted or overridden"),))
    if not ids:
        return visit.go(f"{_LIST}?{urlencode({'problem': 'nothing is ticked'})}")
    wanted = ManyDecisions(audit_ids=ids, decision=Decision(decision), reason=visit.form.text("reason"))
    try:
        outcome = await visit.service.reviews.decide_many(visit.principal, wanted)
    except InvalidError as error:
        return visit.go(f"{_LIST}?{urlencode({'problem': error.problems[0][1]})}")
    said = {"done": ",".join(outcome.decided), "as": decision}
    if outcome.left:
        said["problem"] = f"{len(outcome.left)} could not be decided: {next(iter(outcome.left.values()))}"
    return visit.go(f"{_LIST}?{urlencode(said)}")


@page("POST", f"{_LIST}/undo", action="reviews.decide", closes=True)
async def undo(visit: TheVisit) -> Response[bytes]:
    """Take decisions back."""
    for audit_id in visit.form.texts("audit_id")[:MOST_AT_ONCE]:
        try:
            await visit.service.reviews.undo(visit.principal, audit_id)
        except NotFoundError:
            continue  # somebody was quicker
    return visit.go(_LIST)


@page("GET", f"{_LIST}/menu.ndjson", action="menu.export")
async def export(visit: TheVisit) -> Stream:
    """The menu as it may be published, decisions included."""
    first, cursor = await visit.service.menu_export.page(visit.principal, {"limit": "1000"})

    async def pieces() -> AsyncIterator[bytes]:
        body, following = first, cursor
        while following:
            yield _without_summary(body)
            body, following = await visit.service.menu_export.page(
                visit.principal, {"limit": "1000", "cursor": following}
            )
        yield body

    headers = HEADERS | {"Content-Disposition": 'attachment; filename="menu.ndjson"'}
    return Stream(pieces(), media_type="application/x-ndjson", headers=headers)


def _without_summary(body: bytes) -> bytes:
    return body[: body.rstrip(b"\n").rfind(b"\n") + 1]


async def _one_page(visit: Visit, audit_id: str, problem: str, status: int = 200) -> Response[bytes]:
    decision = await visit.service.reviews.find(visit.principal, audit_id)
    audit = await visit.service.audits.find(visit.principal, audit_id)
    return visit.page(
        "review.html.j2",
        status,
        card=_card(audit),
        decision=decision,
        may_decide=visit.may("reviews.decide") and audit.needs_review,
        problem=problem,
    )


def _card(audit: Audit) -> dict[str, Any]:
    shown = recorded_view(audit.record)
    segments = {field["pointer"]: field["segments"] for field in shown["item"]["fields"]}
    pieces = {change["field"]: change["pieces"] for change in shown["item"]["changes"]}
    texts = [
        {"at": at, "before": segments.get(at, [("", before)]), "after": after, "pieces": pieces.get(at)}
        for at, before, after in open_texts(audit)
    ]
    return {"audit": audit, "item": shown["item"], "texts": texts}


def _done(query: dict[str, str]) -> dict[str, Any] | None:
    ids = [one for one in query.get("done", "").split(",") if is_uuid(one)][:MOST_AT_ONCE]
    return {"ids": ids, "said": _SAID.get(query.get("as", ""), "decided")} if ids else None


ROUTES = [waiting, decided, one, decide, decide_many, undo, export]
