"""One request on its way through, and what is known of it so far."""

import time
from typing import Any
from urllib.parse import parse_qsl

from claimlens.domain.errors import InvalidError
from claimlens.domain.tenant import Principal
from claimlens.entry.web.bodies import Scope
from claimlens.ports.cache import Allowance
from claimlens.ports.tracing import Span

#: Under which name it lies in the scope.
KEY = "claimlens.exchange"


class Exchange:
    """What each step adds to a request: who asks, what was counted, which route, and in the end how it came out."""

    __slots__ = (
        "allowances",
        "body",
        "code",
        "correlation_id",
        "decision",
        "failure",
        "headers",
        "ip",
        "method",
        "path",
        "peer",
        "principal",
        "profile",
        "query_string",
        "route",
        "span",
        "started",
        "status",
        "trace_id",
    )

    def __init__(self, scope: Scope, correlation_id: str, trace_id: str) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query_string: bytes = scope.get("query_string", b"")
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.peer: str = scope["client"][0] if scope.get("client") else ""
        self.correlation_id = correlation_id
        self.trace_id = trace_id
        self.ip = ""
        self.principal: Principal | None = None
        self.allowances: list[Allowance] = []
        self.body = b""
        self.route = ""
        self.status = 0
        self.code = ""
        self.decision = ""
        self.profile = ""
        self.span: Span | None = None
        self.failure: Exception | None = None
        self.started = time.perf_counter()

    @property
    def asked_by(self) -> Principal:
        """Who asks, on a route that needs a key."""
        assert self.principal is not None
        return self.principal

    def log_fields(self) -> dict[str, Any]:
        """What every log line about this request says."""
        fields: dict[str, Any] = {"correlation_id": self.correlation_id}
        if self.route:
            fields["route"] = self.route
        if self.principal is not None:
            fields["tenant"] = self.principal.tenant.id
        if self.trace_id:
            fields["trace_id"] = self.trace_id
        return fields

    def elapsed_ms(self) -> float:
        """Milliseconds since the request came in."""
        return (time.perf_counter() - self.started) * 1000

    def query(self) -> dict[str, str]:
        """The parameters of the query, each once. Raises InvalidError for one that stands twice or is no text."""
        try:
            pairs = parse_qsl(self.query_string.decode("ascii"), keep_blank_values=True, errors="strict")
        except ValueError:
            raise InvalidError((("", "the query is not UTF-8 in percent encoding"),)) from None
        found = dict(pairs)
        if len(found) != len(pairs):
            raise InvalidError((("", "a query parameter stands twice"),))
        if any("\0" in value for value in found.values()):
            raise InvalidError((("", "a query parameter holds a null character"),))
        return found
