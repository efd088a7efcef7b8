"""API keys: issued, rotated, revoked."""

from typing import Any
from urllib.parse import urlencode

from litestar.params import FromPath
from litestar.response import Response

from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError
from claimlens.domain.tenant import Role
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit, Visit
from claimlens.usecases.api_keys import NewKey
from claimlens.usecases.permissions import roles_within

_KEYS = "/console/keys"


@page("GET", _KEYS, action="api_keys.read", every=True)
async def listed(visit: TheVisit) -> Response[bytes]:
    """The keys, and the form for a new one."""
    return await _page(visit)


@page("POST", _KEYS, action="api_keys.create", closes=True)
async def create(visit: TheVisit) -> Response[bytes]:
    """A new key; its secret is shown this once."""
    role = visit.form.text("role")
    if role not in list(Role):
        raise InvalidError((("/role", "a role of the list is expected"),))
    wanted = NewKey(
        tenant_id=visit.principal.tenant.id,
        role=Role(role),
        name=visit.form.text("name").strip(),
        test=visit.form.has("test"),
    )
    try:
        issued = await visit.service.api_keys.create(visit.principal, wanted)
    except InvalidError as error:
        return await _page(visit, 422, problem=error.problems[0][1])
    return await _page(visit, issued=issued)


@page("POST", f"{_KEYS}/{{key_id:str}}/rotate", action="api_keys.rotate", closes=True)
async def rotate(visit: TheVisit, key_id: FromPath[str]) -> Response[bytes]:
    """A new key in place of an old one, which goes on for a while."""
    try:
        issued = await visit.service.api_keys.rotate(visit.principal, key_id)
    except (ConflictError, NotFoundError) as error:
        return await _page(visit, error.status, problem=error.detail)
    return await _page(visit, issued=issued)


# Open during maintenance: a key that leaked is ended whatever else goes on.
@page("POST", f"{_KEYS}/{{key_id:str}}/revoke", action="api_keys.revoke", every=True)
async def revoke(visit: TheVisit, key_id: FromPath[str]) -> Response[bytes]:
    """End a key at once."""
    await visit.service.api_keys.revoke(visit.principal, key_id)
    return visit.go(_KEYS)


async def _page(visit: Visit, status: int = 200, *, issued: Any = None, problem: str = "") -> Response[bytes]:
    cursor = visit.exchange.query().get("cursor", "")
    found = await visit.service.api_keys.page(visit.principal, tenant_id=visit.tenant_id, cursor=cursor)
    return visit.page(
        "keys.html.j2",
        status,
        rows=found.rows,
        following=f"{_KEYS}?{urlencode({'cursor': found.next_cursor})}" if found.next_cursor else "",
        roles=roles_within(visit.principal),
        issued=issued,
        problem=problem,
    )


ROUTES = [listed, create, rotate, revoke]
