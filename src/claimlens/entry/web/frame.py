"""What holds for every request, whoever answers it.

A correlation id, a limit for each address, one shape of errors, the headers of every answer, a log line, the counts:

    client -> Frame: correlation, address, limit -> express routes (plain ASGI) or the framework's -> headers -> client
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from claimlens.domain.errors import TooManyError
from claimlens.entry.web.bodies import ClientGoneError, Incoming, Message, Receive, Scope, Send
from claimlens.entry.web.client import Clients, limit_key
from claimlens.entry.web.correlation import sane_token, trace_of
from claimlens.entry.web.cors import Cors
from claimlens.entry.web.exchange import KEY, Exchange
from claimlens.entry.web.logs import around, request_line
from claimlens.entry.web.metrics import Metrics
from claimlens.entry.web.problems import INTERNAL, MEDIA_TYPE, Refusal, problem, refusal_of
from claimlens.entry.web.rate_limit_fields import rate_limit_fields
from claimlens.entry.web.reply import Headers, Reply
from claimlens.ports.cache import Hit, Limits
from claimlens.ports.clock import Clock
from claimlens.ports.tracing import Tracer, correlation

log = structlog.get_logger()

App = Callable[[Scope, Receive, Send], Awaitable[None]]
Express = Callable[[Exchange, Receive], Awaitable[Reply]]

#: The same routes answer under /api/v1.
_ALIAS = "/api/v1/"
#: Nobody's limit is used up by looking whether the service lives.
_UNCOUNTED = ("/health", "/metrics", "/console/static/")
#: Nothing that is answered here is a page, unless it says so itself.
_FIXED: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
#: What is noted for a client that went away before it had its answer.
CLIENT_GONE = 499


class Frame:
    """The outermost ASGI application. `express` are the routes (POST) that are answered without the framework."""

    def __init__(
        self,
        app: App,
        *,
        express: Mapping[str, Express],
        clients: Clients,
        cors: Cors,
        limits: Limits,
        requests_per_second_per_ip: int,
        clock: Clock,
        metrics: Metrics,
        tracer: Tracer,
    ) -> None:
        self._app = app
        self._express = express
        self._clients = clients
        self._cors = cors
        self._limits = limits
        self._per_ip = requests_per_second_per_ip
        self._clock = clock
        self._metrics = metrics
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = self._met(scope)
        telling, correlating = around.set(exchange), correlation.set(exchange.correlation_id)
        try:
            if exchange.path.startswith(_UNCOUNTED):
                await self._through(exchange, scope, receive, send)
                return
            with self._tracer.request(exchange.headers.get(b"traceparent", b"")) as span:
                if span is not None:
                    exchange.span, exchange.trace_id = span, span.trace_id
                await self._through(exchange, scope, receive, send)
        finally:
            around.reset(telling)
            correlation.reset(correlating)

    async def _through(self, exchange: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, whatever happens on the way, and note it."""
        incoming = Incoming(receive, exchange.headers)
        try:
            await self._answer(exchange, scope, incoming, send)
        except ClientGoneError:
            exchange.status = CLIENT_GONE
        except Exception as error:
            if exchange.status:
                # Half an answer is out: cutting the connection is the only way to say that the rest is missing.
                self._note(exchange, error)
                raise
            await incoming.let_end()
            await self._send(exchange, send, refused(exchange, refusal_of(error), error))
        self._note(exchange)

    async def _answer(self, exchange: Exchange, scope: Scope, incoming: Incoming, send: Send) -> None:
        preflight = self._cors.preflight(exchange.method, exchange.headers)
        if preflight is not None:
            await self._send(exchange, send, preflight)
            return
        if not exchange.path.startswith(_UNCOUNTED):
            await self._count_address(exchange)
        express = self._express.get(exchange.path) if exchange.method == "POST" else None
        if express is not None:
            exchange.route = exchange.path
            await self._send(exchange, send, await express(exchange, incoming))
            return
        inner: dict[str, Any] = {**scope, "path": exchange.path, KEY: exchange}
        if exchange.method == "HEAD":
            inner["method"] = "GET"
        await self._app(inner, incoming, self._finishing(exchange, incoming, send))

    def _met(self, scope: Scope) -> Exchange:
        headers = dict(scope["headers"])
        trace_id = trace_of(headers.get(b"traceparent"))
        correlation_id = sane_token(headers.get(b"x-correlation-id")) or trace_id or self._clock.new_id()
        exchange = Exchange(scope, correlation_id, trace_id)
        forwarded = b""
        if b"x-forwarded-for" in headers:
            forwarded = b",".join([value for name, value in scope["headers"] if name == b"x-forwarded-for"])
            exchange.headers[b"x-forwarded-for"] = forwarded
        exchange.ip = self._clients.address(exchange.peer, forwarded)
        if exchange.path.startswith(_ALIAS):
            exchange.path = exchange.path[4:]
        return exchange

    async def _count_address(self, exchange: Exchange) -> None:
        exchange.allowances = await self._limits.hit([Hit("ip", limit_key(exchange.ip), self._per_ip, 1)])
        last = exchange.allowances[-1]
        if not last.allowed:
            raise TooManyError(f"more than {last.limit} requests a second from one address", retry_after_s=last.reset_s)

    def _finishing(self, exchange: Exchange, incoming: Incoming, send: Send) -> Send:
        """A `send` for the framework, which adds the headers of every answer."""

        async def finish(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                if exchange.status >= 400:
                    await incoming.let_end()
                own = [_said(name.lower(), value) for name, value in message["headers"]]
                message = {**message, "headers": own + self._fields(exchange, {name for name, _ in own})}
            await send(message)

        return finish

    async def _send(self, exchange: Exchange, send: Send, reply: Reply) -> None:
        exchange.status = reply.status
        headers = list(reply.headers)
        if reply.media_type:
            headers.append((b"content-type", reply.media_type))
        if reply.status != 204:
            headers.append((b"content-length", str(len(reply.body)).encode("ascii")))
        headers += self._fields(exchange, ())
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    def _fields(self, exchange: Exchange, present: Any) -> list[tuple[bytes, bytes]]:
        fields = [each for each in _FIXED if each[0] not in present] if present else list(_FIXED)
        fields.append((b"x-correlation-id", exchange.correlation_id.encode("ascii")))
        for name, value in rate_limit_fields(exchange.allowances):
            if name != "Retry-After":  # the refusal says it
                fields.append((name.lower().encode("ascii"), value.encode("ascii")))
        return fields + list(self._cors.fields(exchange.headers))

    def _note(self, exchange: Exchange, cut: Exception | None = None) -> None:
        """The log line and the counts of one request."""
        ms = exchange.elapsed_ms()
        route = exchange.route or "unknown"
        failed = cut is not None or (exchange.status >= 500 and exchange.code != "MAINTENANCE")
        self._metrics.answered(route, exchange.method, exchange.status, ms, failed=failed)
        error = cut or exchange.failure
        if exchange.span is not None:
            exchange.span.rename(f"{exchange.method} {route}")
            exchange.span.note(_facts(exchange, route))
            if failed:
                exchange.span.fail(exchange.code or "INTERNAL_ERROR")
        if error is None and exchange.route.startswith(_UNCOUNTED):
            return
        line = _line(exchange, route, ms)
        if error is not None:
            log.error("request failed", **line, exc_info=error)
        elif failed:
            log.error("request failed", **line)
        elif exchange.status >= 500:
            log.info("request", **line)  # closed for maintenance: no failure, and never left out
        else:
            request_line("request", line)


def _line(exchange: Exchange, route: str, ms: float) -> dict[str, Any]:
    """The fields of a request's line; which are left out when there is nothing to say: `docs/reference/logs.md`."""
    line: dict[str, Any] = {
        "method": exchange.method,
        "route": route,
        "status": exchange.status,
        "duration_ms": round(ms, 2),
        "correlation_id": exchange.correlation_id,
    }
    if exchange.principal is not None:
        line["tenant"] = exchange.principal.tenant.id
        line["actor"] = exchange.principal.actor
    if exchange.trace_id:
        line["trace_id"] = exchange.trace_id
    if exchange.profile:
        line["profile"] = exchange.profile
    if exchange.decision:
        line["decision"] = exchange.decision
    if exchange.code:
        line["reason"] = exchange.code
    return line


def _facts(exchange: Exchange, route: str) -> dict[str, str | int]:
    """What the span of a request says: ids and counts, no names."""
    facts: dict[str, str | int] = {
        "http.request.method": exchange.method,
        "http.route": route,
        "http.response.status_code": exchange.status,
        "claimlens.correlation_id": exchange.correlation_id,
    }
    if exchange.principal is not None:
        facts["claimlens.tenant"] = exchange.principal.tenant.id
    if exchange.profile:
        facts["claimlens.profile"] = exchange.profile
    if exchange.decision:
        facts["claimlens.decision"] = exchange.decision
    return facts


def _said(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """A header of the framework. It does not know that every GET is a HEAD here."""
    if name != b"allow":
        return name, value
    methods = set(value.decode("ascii").split(", "))
    return name, ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set()))).encode("ascii")


def refused(exchange: Exchange, refusal: Refusal, error: Exception | None = None) -> Reply:
    """The answer for a refusal; an error that nobody expected is kept for the log."""
    exchange.code = refusal.code
    if refusal is INTERNAL:
        exchange.failure = error
    body = problem(refusal.code, refusal.status, refusal.detail, exchange.correlation_id, refusal.errors)
    return Reply(refusal.status, body, MEDIA_TYPE.encode("ascii"), refusal.headers)
