"""What a route is given: the request so far, the service, and the body as a typed value."""

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from litestar.connection import Request
from litestar.datastructures import State
from litestar.di import NamedDependency

from claimlens.domain.errors import InvalidError
from claimlens.domain.tenant import Principal
from claimlens.entry.api.idempotency import Once
from claimlens.entry.api.spec import KEY as SPEC
from claimlens.entry.api.spec import Spec
from claimlens.entry.api.vocabulary import CURSOR, LIMIT
from claimlens.entry.web import exchange as web
from claimlens.entry.web.exchange import Exchange
from claimlens.entry.web.metrics import Metrics
from claimlens.entry.web.strict_json import read_json
from claimlens.gate.masking import masked_anywhere
from claimlens.kit.json_text import escape
from claimlens.usecases.pages import USUAL_ROWS
from claimlens.wiring.service import Service

if TYPE_CHECKING:
    from claimlens.entry.api.gate import GateDesk

T = TypeVar("T")

#: Bytes of a longer body may take more than a tenth of a second to read if somebody means it: beside the event loop.
READ_AT_ONCE = 64 * 1024

#: msgspec ends its messages in the place: " - at `$.events[0]`".
_AT = re.compile(r"(?s)(.*?)(?: - at `(?:key in )?\$(.*)`)?")
_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+|\.\.\.)\]")


class Call:
    """One call of a route."""

    __slots__ = ("document", "exchange", "gate", "metrics", "once", "service", "spec")

    def __init__(self, exchange: Exchange, spec: Spec, state: State) -> None:
        self.exchange = exchange
        self.spec = spec
        self.service: Service = state.service
        self.gate: GateDesk = state.gate
        self.once: Once = state.once
        self.metrics: Metrics = state.metrics
        self.document: dict[str, Any] = state.document

    @property
    def principal(self) -> Principal:
        """Who asks."""
        return self.exchange.asked_by

    async def read(self, kind: type[T]) -> T:
        """The body as a typed value. Raises InvalidError with the place of the first mistake."""
        body = self.exchange.body
        value = read_json(body) if len(body) <= READ_AT_ONCE else await asyncio.to_thread(read_json, body)
        return typed(value, kind)

    def query(self) -> dict[str, str]:
        """The parameters that the route knows.

        Raises InvalidError for another (a misspelt filter filters nothing), and for an empty one: a variable that was
        not set would ask for everything. Only an empty `cursor` says something: the first page.
        """
        given = self.exchange.query()
        known = {parameter.name: parameter for parameter in self.spec.query}
        for name, value in given.items():
            if name not in known:
                listed = f"; known: {', '.join(known)}" if known else ""
                raise InvalidError((("", f"unknown query parameter {name!r:.40}{listed}"),))
            if not value and name != CURSOR.name:
                raise InvalidError((("", f"the query parameter {name} is empty; leave it out"),))
            if fault := _fault(known[name].schema, value):
                raise InvalidError((("", f"{name} is {value!r:.40}; it is {fault}"),))
        return given

    def tenant(self) -> str | None:
        """The tenant that a list is limited to."""
        return self.query().get("tenant_id")

    def rows(self) -> dict[str, Any]:
        """`cursor` and `limit` of a list."""
        query = self.query()
        return {"cursor": query.get(CURSOR.name, ""), "limit": int(query.get(LIMIT.name, USUAL_ROWS))}


#: How a route asks for its call.
TheCall = NamedDependency[Call]


def call_of(request: Request[Any, Any, Any]) -> Call:
    """The call that a request is."""
    scope: Any = request.scope
    return Call(scope[web.KEY], scope["route_handler"].opt[SPEC], request.app.state)


def typed(value: Any, kind: type[T]) -> T:
    """A decoded value as a typed one. Raises InvalidError with the place of the first mistake."""
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        found = _AT.fullmatch(str(error))
        detail, place = (found[1], found[2] or "") if found else (str(error), "")
        # A mistake quotes what was sent, and a refusal may be stored.
        raise InvalidError(((_pointer(place), masked_anywhere(_in_our_words(detail))),)) from None


def _fault(schema: Mapping[str, Any], value: str) -> str:
    """What a parameter of the query should be, if its schema says more than a text and the value is not that."""
    if "enum" in schema and value not in schema["enum"]:
        return f"one of {', '.join(schema['enum'])}"
    if schema.get("type") == "integer":
        least, most = schema["minimum"], schema["maximum"]
        if not (value.isascii() and value.isdigit() and len(value) < 10 and least <= int(value) <= most):
            return f"a whole number from {least} to {most}"
    if "pattern" in schema and re.fullmatch(schema["pattern"], value) is None:
        return "no name that one may have"
    return ""


def _pointer(place: str) -> str:
    return "".join(f"/{escape(name or index)}" for name, index in _STEP.findall(place) if name or index != "...")


def _in_our_words(detail: str) -> str:
    return detail.replace("Object", "the object", 1).replace("Expected", "expected", 1).replace("Invalid", "invalid", 1)
