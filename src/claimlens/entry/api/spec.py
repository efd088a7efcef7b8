"""What a route says of itself: who may, what it takes, what it answers.

The steps before a route, the OpenAPI document, the reference pages and the tests of roles all read these.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Any, Literal, ParamSpec

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import Response

from claimlens.entry.web.bodies import MOST_BYTES

#: Where a Litestar handler keeps its spec.
KEY = "spec"
Method = Literal["GET", "POST", "PATCH", "DELETE"]
P = ParamSpec("P")


class Takes(Enum):
    """What a route reads: nothing, JSON (whatever the Content-Type says), a form with files, or a stream of lines."""

    NOTHING = "nothing"
    JSON = "json"
    FORM = "form"
    STREAM = "stream"


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of the query. `schema` is JSON Schema of its text."""

    name: str
    about: str
    schema: Mapping[str, Any] = msgspec.field(default_factory=lambda: {"type": "string", "minLength": 1})
    example: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is no problem. `shape` is its type on the wire, or a JSON Schema; None for text and no body."""

    status: int = 200
    about: str = "The answer."
    shape: Any = None
    media_type: str = "application/json"
    example: Any = None
    headers: tuple[str, ...] = ()


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """One route.

    `action` names a line of usecases/permissions.py; empty for a `public` route. `operators`: without a key from the
    operators' networks. `closes`: shut during maintenance. `secret`: the answer holds a secret and is never kept.
    `settles`: it keeps its answers under their idempotency keys by itself, in the transaction of what it writes.
    `uncounted`: no limit holds. `problems` are the codes beyond those that follow from the rest.
    """

    name: str
    tag: str
    summary: str
    about: str = ""
    action: str = ""
    public: bool = False
    operators: bool = False
    closes: bool = False
    secret: bool = False
    settles: bool = False
    uncounted: bool = False
    takes: Takes = Takes.NOTHING
    most_bytes: int = MOST_BYTES
    query: tuple[Parameter, ...] = ()
    shape: Any = None
    examples: Mapping[str, Any] = {}
    answers: tuple[Answer, ...] = (Answer(),)
    problems: tuple[str, ...] = ()


def route(
    method: Method, path: str | list[str], spec: Spec
) -> Callable[[Callable[P, Awaitable[Response[Any]]]], HTTPRouteHandler]:
    """A Litestar handler that carries its spec."""
    return HTTPRouteHandler(
        path, http_method=method, name=spec.name, opt={KEY: spec}, status_code=spec.answers[0].status
    )
