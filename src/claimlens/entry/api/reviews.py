"""The review queue: what needs a person, and what people decided."""

from typing import Any
from uuid import UUID

from litestar.params import FromPath
from litestar.response import Response

from claimlens.entry.api import reply
from claimlens.entry.api.audits import ROW, ROW_EXAMPLE
from claimlens.entry.api.call import TheCall
from claimlens.entry.api.spec import Answer, Parameter, Spec, Takes, route
from claimlens.entry.api.vocabulary import CURSOR, LIMIT
from claimlens.usecases.audits import audit_wire
from claimlens.usecases.reviews import ManyDecisions, NewDecision, Outcomes, ReviewView

_TAG = "Reviews"
_ONE = "/v1/reviews/{audit_id:uuid}"
_ID = "0192f3a4-5b6c-7d8e-9f01-23456789abcd"
_REVIEW: dict[str, Any] = {
    "audit_id": _ID,
    "item_id": "j-1",
    "judged_at": "2026-11-23T10:30:00Z",
    "decision": "override",
    "reason": "The claim is registered, see file 12/2026.",
    "decided_by": "user:0192f3a4-5b6c-7d8e-9f01-23456789abce",
    "decided_at": "2026-11-23T11:02:00Z",
    "texts": {},
    "new_audit_id": None,
}
_PAGE: dict[str, Any] = {
    "type": "object",
    "required": ["next_cursor"],
    "properties": {
        "waiting": {"type": "array", "items": ROW},
        "decided": {"type": "array", "items": {"$ref": "#/components/schemas/ReviewView"}},
        "next_cursor": {"type": ["string", "null"]},
    },
}


@route(
    "GET",
    "/v1/reviews",
    Spec(
        name="listReviews",
        tag=_TAG,
        summary="What waits for a person",
        about="Audits whose verdict needs a person, newest first, of an item and market the newest one only. "
        "`state=decided`: the decisions instead.",
        action="reviews.read",
        query=(
            Parameter(
                name="state",
                about="`waiting` (the default) or `decided`.",
                schema={"type": "string", "enum": ["waiting", "decided"]},
            ),
            CURSOR,
            LIMIT,
        ),
        answers=(Answer(shape=_PAGE, example={"waiting": [ROW_EXAMPLE], "next_cursor": None}),),
    ),
)
async def page(call: TheCall) -> Response[bytes]:
    """What waits, or what was decided."""
    if call.query().get("state") == "decided":
        return reply.page("decided", await call.service.reviews.decided(call.principal, **call.rows()))
    found = await call.service.reviews.waiting(call.principal, **call.rows())
    return reply.json({"waiting": [audit_wire(row) for row in found.rows], "next_cursor": found.next_cursor})


@route(
    "POST",
    "/v1/reviews",
    Spec(
        name="decideMany",
        tag=_TAG,
        summary="One decision about many audits",
        about="`accept` or `override`. What cannot be decided is named in `left`; the rest is decided all the same.",
        action="reviews.decide",
        closes=True,
        takes=Takes.JSON,
        shape=ManyDecisions,
        examples={"default": {"audit_ids": [_ID], "decision": "accept", "reason": "Checked against the pack shot."}},
        answers=(Answer(shape=Outcomes, example={"decided": [_ID], "left": {}}),),
    ),
)
async def decide_many(call: TheCall) -> Response[bytes]:
    """One decision about many audits."""
    return reply.json(await call.service.reviews.decide_many(call.principal, await call.read(ManyDecisions)))


@route(
    "POST",
    _ONE,
    Spec(
        name="decide",
        tag=_TAG,
        summary="Decide about one audit",
        about="`accept`: the corrected text is right. `edit`: with `texts`, {JSON Pointer: text}; the item is judged "
        "again with them and `new_audit_id` names what that left. `override`: as submitted, with a reason.",
        action="reviews.decide",
        closes=True,
        takes=Takes.JSON,
        shape=NewDecision,
        examples={"default": {"decision": "override", "reason": "The claim is registered, see file 12/2026."}},
        answers=(Answer(status=201, shape=ReviewView, example=_REVIEW),),
        problems=("NOT_FOUND", "IDEMPOTENCY_CONFLICT", "OVERLOADED"),
    ),
)
async def decide(call: TheCall, audit_id: FromPath[UUID]) -> Response[bytes]:
    """Decide about one audit."""
    wanted = await call.read(NewDecision)
    return reply.json(await call.service.reviews.decide(call.principal, str(audit_id), wanted), 201)


@route(
    "DELETE",
    _ONE,
    Spec(
        name="undoDecision",
        tag=_TAG,
        summary="Take a decision back",
        about="The audit waits for a person again. Decision and undo both stay in the access log.",
        action="reviews.decide",
        closes=True,
        answers=(Answer(status=204, about="It waits again."),),
        problems=("NOT_FOUND",),
    ),
)
async def undo(call: TheCall, audit_id: FromPath[UUID]) -> Response[None]:
    """Take a decision back."""
    await call.service.reviews.undo(call.principal, str(audit_id))
    return reply.nothing()


ROUTES = [page, decide_many, decide, undo]
