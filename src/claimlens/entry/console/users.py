"""People who sign in: made, changed, shut out, helped when phone or password is lost."""

import secrets
from typing import Any
from urllib.parse import urlencode

from litestar.params import FromPath
from litestar.response import Response
from msgspec import UNSET

from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError, RefusedError
from claimlens.domain.tenant import Role
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit, Visit
from claimlens.usecases.permissions import roles_within
from claimlens.usecases.users import NewUser, UserChange

_USERS = "/console/users"
_ONE = "/console/users/{user_id:str}"


@page("GET", _USERS, action="users.read", every=True)
async def listed(visit: TheVisit) -> Response[bytes]:
    """The people, and the form for a new one."""
    return await _page(visit)


@page("POST", _USERS, action="users.create", closes=True)
async def create(visit: TheVisit) -> Response[bytes]:
    """Let somebody in, with a first password that is shown this once."""
    password = _password()
    wanted = NewUser(
        tenant_id=visit.principal.tenant.id, email=visit.form.text("email"), role=_role(visit), password=password
    )
    try:
        made = await visit.service.users.create(visit.principal, wanted)
    except (InvalidError, ConflictError) as error:
        return await _page(visit, 422, problem=error.detail)
    return await _page(visit, password=(made.email, password))


@page("POST", f"{_ONE}/role", action="users.update", closes=True)
async def change_role(visit: TheVisit, user_id: FromPath[str]) -> Response[bytes]:
    """Give somebody another role."""
    _not_oneself(visit, user_id)
    await visit.service.users.update(visit.principal, user_id, UserChange(role=_role(visit)))
    return visit.go(_USERS)


@page("POST", f"{_ONE}/password", action="users.update", closes=True)
async def new_password(visit: TheVisit, user_id: FromPath[str]) -> Response[bytes]:
    """A new password for who forgot theirs, shown this once; their sessions end."""
    _not_oneself(visit, user_id)
    password = _password()
    changed = await visit.service.users.update(visit.principal, user_id, UserChange(password=password))
    return await _page(visit, password=(changed.email, password))


@page("POST", f"{_ONE}/second-factor", action="users.update", closes=True)
async def reset_factor(visit: TheVisit, user_id: FromPath[str]) -> Response[bytes]:
    """Take away the second factor of who lost the phone."""
    _not_oneself(visit, user_id)
    try:
        await visit.service.accounts.second_factors.reset(visit.principal, user_id)
    except NotFoundError as error:
        return await _page(visit, 404, problem=error.detail)
    return visit.go(_USERS)


# Open during maintenance: whoever has to go goes at once.
@page("POST", f"{_ONE}/disabled", action="users.update")
async def disable(visit: TheVisit, user_id: FromPath[str]) -> Response[bytes]:
    """Shut somebody out, or let them in again."""
    _not_oneself(visit, user_id)
    disabled = visit.form.text("disabled") == "yes"
    await visit.service.users.update(visit.principal, user_id, UserChange(disabled=disabled))
    return visit.go(_USERS)


async def _page(
    visit: Visit, status: int = 200, *, password: tuple[str, str] | None = None, problem: str = ""
) -> Response[bytes]:
    service, principal = visit.service, visit.principal
    cursor = visit.exchange.query().get("cursor", "")
    found = await service.users.page(principal, tenant_id=visit.tenant_id, cursor=cursor)
    values: dict[str, Any] = {
        "rows": found.rows,
        "following": f"{_USERS}?{urlencode({'cursor': found.next_cursor})}" if found.next_cursor else "",
        "holders": await service.accounts.second_factors.holders(principal),
        "roles": roles_within(principal),
        "password": password,
        "problem": problem,
    }
    return visit.page("users.html.j2", status, **values)


def _role(visit: Visit) -> Any:
    role = visit.form.text("role")
    if role not in list(Role):
        raise InvalidError((("/role", "a role of the list is expected"),))
    return Role(role) if role else UNSET


def _not_oneself(visit: Visit, user_id: str) -> None:
    if user_id == visit.mine.user.id:
        raise RefusedError("nobody changes their own rights; ask another administrator")


def _password() -> str:
    """Twenty letters that are easily told apart: about 100 bits."""
    letters = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


ROUTES = [listed, create, change_role, new_password, reset_factor, disable]
