"""Webhooks: where the tenant is told, what became of each delivery, and sending one again."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar.params import FromPath
from litestar.response import Response
from msgspec import UNSET

from claimlens.domain.errors import ConflictError, InvalidError
from claimlens.domain.webhook import EVENT_TYPES, DeliveryState
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit, Visit
from claimlens.usecases.deliveries import Replay
from claimlens.usecases.periods import period_of
from claimlens.usecases.webhooks import NewWebhook, WebhookChange

_LIST = "/console/webhooks"
_ONE = "/console/webhooks/{webhook_id:str}"


@page("GET", _LIST, action="webhooks.read", every=True)
async def listed(visit: TheVisit) -> Response[bytes]:
    """The endpoints, and the form for a new one."""
    return await _page(visit)


@page("POST", _LIST, action="webhooks.create", closes=True)
async def create(visit: TheVisit) -> Response[bytes]:
    """A new endpoint; its signing secret is shown this once."""
    wanted = NewWebhook(
        url=visit.form.text("url").strip(),
        events=tuple(visit.form.texts("event")) or ("verdict.generated",),
        description=visit.form.text("description").strip(),
    )
    try:
        issued = await visit.service.webhooks.create(visit.principal, wanted, tenant_id=_tenant(visit))
    except (InvalidError, ConflictError) as error:
        return await _page(visit, 422, problem=error.detail)
    return await _page(visit, issued=issued)


@page("GET", _ONE, action="webhooks.read")
async def one(visit: TheVisit, webhook_id: FromPath[str]) -> Response[bytes]:
    """One endpoint and its deliveries, newest first."""
    return await _one_page(visit, webhook_id)


@page("POST", f"{_ONE}/enabled", action="webhooks.update", closes=True)
async def enable(visit: TheVisit, webhook_id: FromPath[str]) -> Response[bytes]:
    """Send to it again, or no longer."""
    change = WebhookChange(url=UNSET, enabled=visit.form.text("enabled") == "yes")
    await visit.service.webhooks.update(visit.principal, webhook_id, change, tenant_id=_tenant(visit))
    return visit.go(f"{_LIST}/{webhook_id}")


@page("POST", f"{_ONE}/deliveries/{{delivery_id:str}}/redeliver", action="webhooks.redeliver", closes=True)
async def redeliver(visit: TheVisit, webhook_id: FromPath[str], delivery_id: FromPath[str]) -> Response[bytes]:
    """Send one delivery again."""
    try:
        await visit.service.deliveries.redeliver(visit.principal, webhook_id, delivery_id, tenant_id=_tenant(visit))
    except ConflictError as error:
        return await _one_page(visit, webhook_id, 409, problem=error.detail)
    return visit.go(f"{_LIST}/{webhook_id}")


@page("POST", f"{_ONE}/replay", action="webhooks.redeliver", closes=True)
async def replay(visit: TheVisit, webhook_id: FromPath[str]) -> Response[bytes]:
    """Send again what was made since a day: all of it, or what failed."""
    since, state = visit.form.text("since").strip(), visit.form.text("state")
    try:
        start, _ = period_of({"start_date": since} if since else {})
        if state not in ("", DeliveryState.DELIVERED, DeliveryState.FAILED):
            raise InvalidError((("/state", "choose what failed, what was delivered, or both"),))
        wanted = Replay(start=start, state=DeliveryState(state) if state else None)
        queued, more = 0, True
        while more:
            done = await visit.service.deliveries.replay(visit.principal, webhook_id, wanted, tenant_id=_tenant(visit))
            queued, more = queued + done.queued, done.next_cursor is not None
            wanted = msgspec.structs.replace(wanted, cursor=done.next_cursor or "")
    except (ConflictError, InvalidError) as error:
        problem = error.problems[0][1] if isinstance(error, InvalidError) else error.detail
        return await _one_page(visit, webhook_id, 422, problem=problem)
    return await _one_page(visit, webhook_id, replayed=queued)


async def _page(visit: Visit, status: int = 200, *, issued: Any = None, problem: str = "") -> Response[bytes]:
    cursor = visit.exchange.query().get("cursor", "")
    if visit.everywhere:
        found = await visit.service.webhooks.everywhere(visit.principal, cursor=cursor)
    else:
        found = await visit.service.webhooks.page(visit.principal, tenant_id=_tenant(visit))
    return visit.page(
        "webhooks.html.j2",
        status,
        rows=found.rows,
        following=f"{_LIST}?{urlencode({'cursor': found.next_cursor})}" if found.next_cursor else "",
        events=EVENT_TYPES[:-1],
        issued=issued,
        problem=problem,
    )


async def _one_page(
    visit: Visit, webhook_id: str, status: int = 200, *, problem: str = "", replayed: int | None = None
) -> Response[bytes]:
    query = visit.exchange.query()
    state = query.get("state", "")
    if state and state not in list(DeliveryState):
        raise InvalidError((("", f"state is one of {', '.join(DeliveryState)}"),))
    found = await visit.service.deliveries.page(
        visit.principal,
        webhook_id,
        state=DeliveryState(state) if state else None,
        cursor=query.get("cursor", ""),
        tenant_id=_tenant(visit),
    )
    kept = {"state": state} if state else {}
    following = urlencode(kept | {"cursor": found.next_cursor}) if found.next_cursor else ""
    return visit.page(
        "webhook.html.j2",
        status,
        webhook=await visit.service.webhooks.find(visit.principal, webhook_id, tenant_id=_tenant(visit)),
        rows=found.rows,
        state=state,
        states=[each.value for each in DeliveryState],
        following=f"{_LIST}/{webhook_id}?{following}" if following else "",
        problem=problem,
        replayed=replayed,
    )


def _tenant(visit: Visit) -> str:
    return visit.principal.tenant.id


ROUTES = [listed, create, one, enable, redeliver, replay]
