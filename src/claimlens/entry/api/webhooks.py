"""Webhook endpoints and what was sent to them."""

from uuid import UUID

from litestar.params import FromPath
from litestar.response import Response

from claimlens.domain.webhook import DeliveryState
from claimlens.entry.api import reply
from claimlens.entry.api.call import TheCall
from claimlens.entry.api.shapes import (
    DELIVERY,
    ISSUED_WEBHOOK,
    WEBHOOK,
    DeliveryPage,
    WebhookPage,
    Window,
)
from claimlens.entry.api.spec import Answer, Parameter, Spec, Takes, route
from claimlens.entry.api.vocabulary import CURSOR, END, LIMIT, START, TENANT
from claimlens.usecases.deliveries import DeliveryView, Replay, Replayed
from claimlens.usecases.periods import period_of
from claimlens.usecases.webhooks import (
    IssuedWebhook,
    NewWebhook,
    Rotation,
    WebhookChange,
    WebhookView,
)

_TAG = "Webhooks"
_ONE = "/v1/webhooks/{webhook_id:uuid}"
_STATES = tuple(str(state) for state in DeliveryState)


@route(
    "POST",
    "/v1/webhooks",
    Spec(
        name="createWebhook",
        tag=_TAG,
        summary="Make an endpoint",
        about="Public addresses only, `https` outside development. The signing secret is shown in this answer and "
        "never again. Signed as the Standard Webhooks specification says.",
        action="webhooks.create",
        closes=True,
        secret=True,
        takes=Takes.JSON,
        query=(TENANT,),
        shape=NewWebhook,
        examples={"default": {"url": "https://93.184.215.14/claimlens", "events": ["menu.item.block", "job.finished"]}},
        answers=(Answer(status=201, about="The endpoint.", shape=IssuedWebhook, example=ISSUED_WEBHOOK),),
        problems=("NOT_FOUND",),
    ),
)
async def create(call: TheCall) -> Response[bytes]:
    """Make an endpoint."""
    wanted = await call.read(NewWebhook)
    return reply.json(await call.service.webhooks.create(call.principal, wanted, tenant_id=call.tenant()), 201)


@route(
    "GET",
    "/v1/webhooks",
    Spec(
        name="listWebhooks",
        tag=_TAG,
        summary="List endpoints",
        about="Oldest first; a tenant has at most 50.",
        action="webhooks.read",
        query=(TENANT,),
        answers=(Answer(shape=WebhookPage, example={"webhooks": [WEBHOOK], "next_cursor": None}),),
    ),
)
async def page(call: TheCall) -> Response[bytes]:
    """List endpoints."""
    return reply.page("webhooks", await call.service.webhooks.page(call.principal, tenant_id=call.tenant()))


@route(
    "GET",
    _ONE,
    Spec(
        name="getWebhook",
        tag=_TAG,
        summary="One endpoint",
        action="webhooks.read",
        query=(TENANT,),
        answers=(Answer(shape=WebhookView, example=WEBHOOK),),
        problems=("NOT_FOUND",),
    ),
)
async def find(call: TheCall, webhook_id: FromPath[UUID]) -> Response[bytes]:
    """One endpoint."""
    return reply.json(await call.service.webhooks.find(call.principal, str(webhook_id), tenant_id=call.tenant()))


@route(
    "PATCH",
    _ONE,
    Spec(
        name="changeWebhook",
        tag=_TAG,
        summary="Change an endpoint",
        about="`enabled: true` opens one again that was disabled; what waited for it is then sent.",
        action="webhooks.update",
        closes=True,
        takes=Takes.JSON,
        query=(TENANT,),
        shape=WebhookChange,
        examples={"default": {"events": ["verdict.generated"]}},
        answers=(Answer(shape=WebhookView, example=WEBHOOK),),
        problems=("NOT_FOUND",),
    ),
)
async def update(call: TheCall, webhook_id: FromPath[UUID]) -> Response[bytes]:
    """Change an endpoint."""
    change = await call.read(WebhookChange)
    return reply.json(
        await call.service.webhooks.update(call.principal, str(webhook_id), change, tenant_id=call.tenant())
    )


@route(
    "POST",
    f"{_ONE}/rotate",
    Spec(
        name="rotateWebhookSecret",
        tag=_TAG,
        summary="Take a new signing secret",
        about="For `overlap_hours` deliveries carry both signatures.",
        action="webhooks.update",
        closes=True,
        secret=True,
        takes=Takes.JSON,
        query=(TENANT,),
        shape=Rotation,
        examples={"default": {"overlap_hours": 24}},
        answers=(Answer(about="The endpoint with its new secret.", shape=IssuedWebhook, example=ISSUED_WEBHOOK),),
        problems=("NOT_FOUND",),
    ),
)
async def rotate(call: TheCall, webhook_id: FromPath[UUID]) -> Response[bytes]:
    """Take a new signing secret."""
    rotation = await call.read(Rotation)
    return reply.json(
        await call.service.webhooks.rotate(call.principal, str(webhook_id), rotation, tenant_id=call.tenant())
    )


@route(
    "DELETE",
    _ONE,
    Spec(
        name="deleteWebhook",
        tag=_TAG,
        summary="Remove an endpoint",
        about="With all its deliveries.",
        action="webhooks.delete",
        closes=True,
        query=(TENANT,),
        answers=(Answer(status=204, about="Removed."),),
        problems=("NOT_FOUND",),
    ),
)
async def delete(call: TheCall, webhook_id: FromPath[UUID]) -> Response[None]:
    """Remove an endpoint."""
    await call.service.webhooks.delete(call.principal, str(webhook_id), tenant_id=call.tenant())
    return reply.nothing()


@route(
    "GET",
    f"{_ONE}/deliveries",
    Spec(
        name="listDeliveries",
        tag=_TAG,
        summary="What was sent to an endpoint",
        about="Newest first.",
        action="webhooks.read",
        query=(
            Parameter(name="state", about="In this state only.", schema={"type": "string", "enum": _STATES}),
            START,
            END,
            TENANT,
            CURSOR,
            LIMIT,
        ),
        answers=(Answer(shape=DeliveryPage, example={"deliveries": [DELIVERY], "next_cursor": None}),),
        problems=("NOT_FOUND",),
    ),
)
async def deliveries(call: TheCall, webhook_id: FromPath[UUID]) -> Response[bytes]:
    """What was sent to an endpoint."""
    query = call.query()
    start, end = period_of(query)
    state = query.get("state")
    found = await call.service.deliveries.page(
        call.principal,
        str(webhook_id),
        state=DeliveryState(state) if state else None,
        start=start,
        end=end,
        tenant_id=call.tenant(),
        **call.rows(),
    )
    return reply.page("deliveries", found)


@route(
    "POST",
    f"{_ONE}/deliveries/{{delivery_id:uuid}}/redeliver",
    Spec(
        name="redeliver",
        tag=_TAG,
        summary="Send a delivery again",
        about="Under the same `webhook-id`, from the first attempt on.",
        action="webhooks.redeliver",
        closes=True,
        query=(TENANT,),
        answers=(Answer(status=202, about="Queued.", shape=DeliveryView, example=DELIVERY),),
        problems=("NOT_FOUND",),
    ),
)
async def redeliver(call: TheCall, webhook_id: FromPath[UUID], delivery_id: FromPath[UUID]) -> Response[bytes]:
    """Send a delivery again."""
    queued = await call.service.deliveries.redeliver(
        call.principal, str(webhook_id), str(delivery_id), tenant_id=call.tenant()
    )
    return reply.json(queued, 202)


@route(
    "POST",
    f"{_ONE}/replay",
    Spec(
        name="replayDeliveries",
        tag=_TAG,
        summary="Send the deliveries of a window again",
        about="Each event once. With a `next_cursor` there are more: send it back as `cursor`.",
        action="webhooks.redeliver",
        closes=True,
        takes=Takes.JSON,
        query=(TENANT,),
        shape=Window,
        examples={"default": {"start_date": "2026-11-22", "end_date": "2026-11-23", "state": "failed"}},
        answers=(Answer(status=202, about="Queued.", shape=Replayed, example={"queued": 12, "next_cursor": None}),),
        problems=("NOT_FOUND",),
    ),
)
async def replay(call: TheCall, webhook_id: FromPath[UUID]) -> Response[bytes]:
    """Send the deliveries of a window again."""
    window = await call.read(Window)
    start, end = period_of({"start_date": window.start_date, "end_date": window.end_date})
    wanted = Replay(start=start, end=end, state=window.state, cursor=window.cursor)
    replayed = await call.service.deliveries.replay(call.principal, str(webhook_id), wanted, tenant_id=call.tenant())
    return reply.json(replayed, 202)


ROUTES = [create, page, find, update, rotate, delete, deliveries, redeliver, replay]
