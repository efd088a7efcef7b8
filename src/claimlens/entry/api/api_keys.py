"""API keys: made, listed, replaced, revoked."""

from uuid import UUID

from litestar.params import FromPath
from litestar.response import Response

from claimlens.entry.api import reply
from claimlens.entry.api.call import TheCall
from claimlens.entry.api.shapes import ISSUED_KEY, KEY, KeyPage, Overlap
from claimlens.entry.api.spec import Answer, Spec, Takes, route
from claimlens.entry.api.vocabulary import CURSOR, LIMIT, TENANT
from claimlens.usecases.api_keys import IssuedKey, NewKey


@route(
    "POST",
    "/v1/api-keys",
    Spec(
        name="createApiKey",
        tag="Keys",
        summary="Make an API key",
        about="The secret, `key`, is shown in this answer and never again. Everything but `tenant_id` has a default.",
        action="api_keys.create",
        secret=True,
        takes=Takes.JSON,
        shape=NewKey,
        examples={
            "default": {"tenant_id": "tenant-001"},
            "reader": {"tenant_id": "tenant-001", "role": "viewer", "name": "Dashboard"},
        },
        answers=(Answer(status=201, about="The key with its secret.", shape=IssuedKey, example=ISSUED_KEY),),
        problems=("NOT_FOUND",),
    ),
)
async def create(call: TheCall) -> Response[bytes]:
    """Make a key."""
    wanted = await call.read(NewKey)
    return reply.json(await call.service.api_keys.create(call.principal, wanted), 201)


@route(
    "GET",
    "/v1/api-keys",
    Spec(
        name="listApiKeys",
        tag="Keys",
        summary="List API keys",
        about="Oldest first, revoked ones included; never a secret.",
        action="api_keys.read",
        query=(TENANT, CURSOR, LIMIT),
        answers=(Answer(shape=KeyPage, example={"api_keys": [KEY], "next_cursor": None}),),
    ),
)
async def page(call: TheCall) -> Response[bytes]:
    """List keys."""
    return reply.page(
        "api_keys", await call.service.api_keys.page(call.principal, tenant_id=call.tenant(), **call.rows())
    )


@route(
    "POST",
    "/v1/api-keys/{key_id:uuid}/rotate",
    Spec(
        name="rotateApiKey",
        tag="Keys",
        summary="Replace an API key",
        about="A new key like the old one, which opens for `overlap_hours` more (24 unless said, 0 ends it at once).",
        action="api_keys.rotate",
        secret=True,
        takes=Takes.JSON,
        shape=Overlap,
        examples={"default": {"overlap_hours": 24}},
        answers=(Answer(status=201, about="The new key with its secret.", shape=IssuedKey, example=ISSUED_KEY),),
        problems=("NOT_FOUND", "IDEMPOTENCY_CONFLICT"),
    ),
)
async def rotate(call: TheCall, key_id: FromPath[UUID]) -> Response[bytes]:
    """Replace a key."""
    overlap = (await call.read(Overlap)).as_timedelta()
    return reply.json(await call.service.api_keys.rotate(call.principal, str(key_id), overlap), 201)


@route(
    "DELETE",
    "/v1/api-keys/{key_id:uuid}",
    Spec(
        name="revokeApiKey",
        tag="Keys",
        summary="Revoke an API key",
        about="It opens nothing any more, on every replica within a second. Revoking it again changes nothing.",
        action="api_keys.revoke",
        answers=(Answer(status=204, about="Revoked."),),
        problems=("NOT_FOUND",),
    ),
)
async def revoke(call: TheCall, key_id: FromPath[UUID]) -> Response[None]:
    """Revoke a key."""
    await call.service.api_keys.revoke(call.principal, str(key_id))
    return reply.nothing()


ROUTES = [create, page, rotate, revoke]
