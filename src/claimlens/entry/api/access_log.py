"""The access log: who did what."""

from litestar.response import Response, Stream

from claimlens.entry.api import reply
from claimlens.entry.api.call import TheCall
from claimlens.entry.api.shapes import ACCESS, AccessPage
from claimlens.entry.api.spec import Answer, Parameter, Spec, route
from claimlens.entry.api.vocabulary import CURSOR, END, LIMIT, START, TENANT
from claimlens.ports.accounts import AccessFilter
from claimlens.usecases.access_log import COLUMNS
from claimlens.usecases.periods import period_of

_FORMATS = ("json", "csv")
_CSV = "text/csv"


@route(
    "GET",
    "/v1/access-log",
    Spec(
        name="listAccessLog",
        tag="Access log",
        summary="Who did what",
        about="Changes to keys, tenants and users, reads of records, exports, sign-ins. JSON: newest first, a page at "
        "a time. `format=csv`: everything in the period, oldest first, as one file.",
        action="access_log.read",
        query=(
            START,
            END,
            Parameter(name="actor", about="Of this actor only.", example="key:0192f3a4-5b6c-7d8e-9f01-23456789abcd"),
            Parameter(name="action", about="This action only.", example="api_key:create"),
            Parameter(
                name="format", about="`json` (the default) or `csv`.", schema={"type": "string", "enum": _FORMATS}
            ),
            TENANT,
            CURSOR,
            LIMIT,
        ),
        answers=(
            Answer(shape=AccessPage, example={"access_log": [ACCESS], "next_cursor": None}),
            Answer(about="The lines.", media_type="text/csv", example=",".join(COLUMNS)),
        ),
    ),
)
async def page(call: TheCall) -> Response[bytes] | Stream:
    """Show or export the access log."""
    query = call.query()
    start, end = period_of(query)
    chosen = AccessFilter(start=start, end=end, actor=query.get("actor", ""), action=query.get("action", ""))
    if query.get("format") == "csv":
        lines = await call.service.access_log.csv(call.principal, chosen, tenant_id=call.tenant())
        return await reply.stream(lines, _CSV, {"Content-Disposition": 'attachment; filename="access-log.csv"'})
    found = await call.service.access_log.page(call.principal, chosen, tenant_id=call.tenant(), **call.rows())
    return reply.page("access_log", found)


ROUTES = [page]
