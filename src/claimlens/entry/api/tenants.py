"""Tenants."""

from litestar.params import FromPath
from litestar.response import Response, Stream

from claimlens.entry.api import reply
from claimlens.entry.api.call import TheCall
from claimlens.entry.api.shapes import TENANT, TenantPage
from claimlens.entry.api.spec import Answer, Parameter, Spec, Takes, route
from claimlens.entry.api.vocabulary import CURSOR, LIMIT
from claimlens.usecases.dry_runs import MOST_AUDITS, USUAL_AUDITS, TriedChange
from claimlens.usecases.tenants import NewTenant, TenantChange, TenantView

_TAG = "Tenants"
_ONE = "/v1/tenants/{tenant_id:str}"
_AUDITS = Parameter(
    name="audits",
    about="How many of the newest audits are judged again.",
    schema={"type": "integer", "minimum": 1, "maximum": MOST_AUDITS, "default": USUAL_AUDITS},
    example="200",
)
_TRIED = {
    "saved": False,
    "dry_run": {
        "most": 200,
        "audits": 200,
        "unread": 0,
        "since": "2026-11-20T08:00:00.000000Z",
        "counting": [212, 215],
        "changed": 3,
        "transitions": [{"before": "allow", "after": "block", "count": 3}],
        "to_review": 0,
        "from_review": 0,
        "verdicts": [
            {
                "audit_id": "019aa3b2-5c8e-7000-8000-3f1c2b6a9d10",
                "item_id": "juice-1",
                "name": "Immunity Boost Juice",
                "locale": "en-GB",
                "before": "allow",
                "after": "block",
                "reviewed": [False, False],
            }
        ],
    },
}


@route(
    "POST",
    "/v1/tenants",
    Spec(
        name="createTenant",
        tag=_TAG,
        summary="Make a tenant",
        action="tenants.create",
        closes=True,
        takes=Takes.JSON,
        shape=NewTenant,
        examples={"default": {"id": "cloud-kitchen-7", "name": "Cloud Kitchen 7", "default_locale": "en-GB"}},
        answers=(Answer(status=201, about="The tenant.", shape=TenantView, example=TENANT),),
        problems=("UNKNOWN_LOCALE",),
    ),
)
async def create(call: TheCall) -> Response[bytes]:
    """Make a tenant."""
    wanted = await call.read(NewTenant)
    return reply.json(await call.service.tenants.create(call.principal, wanted), 201)


@route(
    "GET",
    "/v1/tenants",
    Spec(
        name="listTenants",
        tag=_TAG,
        summary="List tenants",
        about="Your own; for a platform administrator all of them, in order of their ids.",
        action="tenants.read",
        query=(CURSOR, LIMIT),
        answers=(Answer(shape=TenantPage, example={"tenants": [TENANT], "next_cursor": None}),),
    ),
)
async def page(call: TheCall) -> Response[bytes]:
    """List tenants."""
    return reply.page("tenants", await call.service.tenants.page(call.principal, **call.rows()))


@route(
    "GET",
    _ONE,
    Spec(
        name="getTenant",
        tag=_TAG,
        summary="One tenant",
        action="tenants.read",
        answers=(Answer(shape=TenantView, example=TENANT),),
        problems=("NOT_FOUND",),
    ),
)
async def find(call: TheCall, tenant_id: FromPath[str]) -> Response[bytes]:
    """One tenant."""
    return reply.json(await call.service.tenants.find(call.principal, tenant_id))


@route(
    "PATCH",
    _ONE,
    Spec(
        name="changeTenant",
        tag=_TAG,
        summary="Change a tenant",
        about="Only what is given changes. An editor may change brand names and suppressions, an administrator the "
        "other settings, a platform administrator the limits too.",
        action="tenants.update",
        closes=True,
        takes=Takes.JSON,
        shape=TenantChange,
        examples={"default": {"brand_names": ["Pure Joy"]}},
        answers=(Answer(shape=TenantView, example=TENANT),),
        problems=("NOT_FOUND", "UNKNOWN_LOCALE"),
    ),
)
async def update(call: TheCall, tenant_id: FromPath[str]) -> Response[bytes]:
    """Change a tenant."""
    change = await call.read(TenantChange)
    return reply.json(await call.service.tenants.update(call.principal, tenant_id, change))


@route(
    "POST",
    f"{_ONE}/dry-run",
    Spec(
        name="tryTenantChange",
        tag=_TAG,
        summary="What a change of a tenant would do, without making it",
        about="The body of `PATCH`. The newest audits are judged again under the settings as they are and as they "
        "would be, by today's law and by what services answered then; the answer says which verdicts would be others, "
        "and how many audits could not be judged again.",
        action="tenants.update",
        takes=Takes.JSON,
        query=(_AUDITS,),
        shape=TenantChange,
        examples={"default": {"brand_names": ["Pure Joy"]}},
        answers=(Answer(shape=TriedChange, example=_TRIED),),
        problems=("NOT_FOUND", "UNKNOWN_LOCALE"),
    ),
)
async def attempt(call: TheCall, tenant_id: FromPath[str]) -> Response[bytes]:
    """Try a change."""
    most = int(call.query().get(_AUDITS.name, USUAL_AUDITS))
    change = await call.read(TenantChange)
    return reply.json(await call.service.dry_runs.of_settings(call.principal, tenant_id, change, most=most))


@route(
    "GET",
    f"{_ONE}/export",
    Spec(
        name="exportTenant",
        tag=_TAG,
        summary="Everything kept about a tenant",
        about="NDJSON, one row a line with its table; no secrets. The last line is `_summary`: without it the stream "
        "was cut.",
        action="tenants.export",
        answers=(Answer(about="The rows.", media_type="application/x-ndjson"),),
        problems=("NOT_FOUND",),
    ),
)
async def export(call: TheCall, tenant_id: FromPath[str]) -> Stream:
    """Take a tenant's data out."""
    rows = await call.service.tenants.export(call.principal, tenant_id)
    return await reply.stream(rows, "application/x-ndjson")


@route(
    "POST",
    f"{_ONE}/isolate",
    Spec(
        name="isolateTenant",
        tag=_TAG,
        summary="Refuse every key and sign-in of a tenant",
        about="On every replica within a second. Nothing is removed.",
        action="tenants.isolate",
        answers=(Answer(shape=TenantView, example={**TENANT, "isolated": True}),),
        problems=("NOT_FOUND",),
    ),
)
async def isolate(call: TheCall, tenant_id: FromPath[str]) -> Response[bytes]:
    """Isolate a tenant."""
    return reply.json(await call.service.tenants.isolate(call.principal, tenant_id, isolated=True))


@route(
    "POST",
    f"{_ONE}/release",
    Spec(
        name="releaseTenant",
        tag=_TAG,
        summary="Accept a tenant's keys and sign-ins again",
        action="tenants.isolate",
        answers=(Answer(shape=TenantView, example=TENANT),),
        problems=("NOT_FOUND",),
    ),
)
async def release(call: TheCall, tenant_id: FromPath[str]) -> Response[bytes]:
    """Release a tenant."""
    return reply.json(await call.service.tenants.isolate(call.principal, tenant_id, isolated=False))


@route(
    "DELETE",
    _ONE,
    Spec(
        name="eraseTenant",
        tag=_TAG,
        summary="Erase a tenant and all its rows",
        about="Refused while it is under legal hold. It is isolated first. Cannot be undone.",
        action="tenants.erase",
        closes=True,
        answers=(
            Answer(
                about="How many rows of each table went.",
                shape={"type": "object", "additionalProperties": {"type": "integer"}},
                example={"audits": 1204, "api_keys": 3},
            ),
        ),
        problems=("NOT_FOUND", "IDEMPOTENCY_CONFLICT"),
    ),
)
async def erase(call: TheCall, tenant_id: FromPath[str]) -> Response[bytes]:
    """Erase a tenant."""
    return reply.json(await call.service.tenants.erase(call.principal, tenant_id))


ROUTES = [create, page, find, update, attempt, export, isolate, release, erase]
