"""Users."""

from uuid import UUID

from litestar.params import FromPath
from litestar.response import Response

from claimlens.entry.api import reply
from claimlens.entry.api.call import TheCall
from claimlens.entry.api.shapes import USER, UserPage
from claimlens.entry.api.spec import Answer, Spec, Takes, route
from claimlens.entry.api.vocabulary import CURSOR, LIMIT, TENANT
from claimlens.usecases.users import NewUser, UserChange, UserView

_TAG = "Users"
_ONE = "/v1/users/{user_id:uuid}"


@route(
    "POST",
    "/v1/users",
    Spec(
        name="createUser",
        tag=_TAG,
        summary="Let a person in",
        about="A password is 12 to 256 characters; without one nobody can sign in as them yet.",
        action="users.create",
        closes=True,
        takes=Takes.JSON,
        shape=NewUser,
        examples={"default": {"tenant_id": "tenant-001", "email": "quality@kitchen.example", "role": "editor"}},
        answers=(Answer(status=201, about="The user.", shape=UserView, example=USER),),
        problems=("NOT_FOUND",),
    ),
)
async def create(call: TheCall) -> Response[bytes]:
    """Make a user."""
    wanted = await call.read(NewUser)
    return reply.json(await call.service.users.create(call.principal, wanted), 201)


@route(
    "GET",
    "/v1/users",
    Spec(
        name="listUsers",
        tag=_TAG,
        summary="List users",
        about="Oldest first.",
        action="users.read",
        query=(TENANT, CURSOR, LIMIT),
        answers=(Answer(shape=UserPage, example={"users": [USER], "next_cursor": None}),),
    ),
)
async def page(call: TheCall) -> Response[bytes]:
    """List users."""
    return reply.page("users", await call.service.users.page(call.principal, tenant_id=call.tenant(), **call.rows()))


@route(
    "GET",
    _ONE,
    Spec(
        name="getUser",
        tag=_TAG,
        summary="One user",
        action="users.read",
        answers=(Answer(shape=UserView, example=USER),),
        problems=("NOT_FOUND",),
    ),
)
async def find(call: TheCall, user_id: FromPath[UUID]) -> Response[bytes]:
    """One user."""
    return reply.json(await call.service.users.find(call.principal, str(user_id)))


@route(
    "PATCH",
    _ONE,
    Spec(
        name="changeUser",
        tag=_TAG,
        summary="Change a user",
        about="Role, password, or whether they may sign in.",
        action="users.update",
        closes=True,
        takes=Takes.JSON,
        shape=UserChange,
        examples={"default": {"disabled": True}},
        answers=(Answer(shape=UserView, example=USER),),
        problems=("NOT_FOUND",),
    ),
)
async def update(call: TheCall, user_id: FromPath[UUID]) -> Response[bytes]:
    """Change a user."""
    change = await call.read(UserChange)
    return reply.json(await call.service.users.update(call.principal, str(user_id), change))


@route(
    "DELETE",
    _ONE,
    Spec(
        name="deleteUser",
        tag=_TAG,
        summary="Remove a user",
        about="What they did stays in the access log.",
        action="users.delete",
        closes=True,
        answers=(Answer(status=204, about="Removed."),),
        problems=("NOT_FOUND",),
    ),
)
async def delete(call: TheCall, user_id: FromPath[UUID]) -> Response[None]:
    """Remove a user."""
    await call.service.users.delete(call.principal, str(user_id))
    return reply.nothing()


@route(
    "DELETE",
    f"{_ONE}/second-factor",
    Spec(
        name="resetSecondFactor",
        tag=_TAG,
        summary="Reset a user's second factor",
        about="For who lost phone and recovery codes: it is gone, their sessions end, and at the next sign-in an "
        "administrator sets up a new one. 404 too if there is none.",
        action="users.update",
        closes=True,
        answers=(Answer(status=204, about="Reset."),),
        problems=("NOT_FOUND",),
    ),
)
async def reset_second_factor(call: TheCall, user_id: FromPath[UUID]) -> Response[None]:
    """Reset a user's second factor."""
    await call.service.accounts.second_factors.reset(call.principal, str(user_id))
    return reply.nothing()


ROUTES = [create, page, find, update, delete, reset_second_factor]
