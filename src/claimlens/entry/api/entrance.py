"""The way of a request through the framework: admission and body before its route, idempotency around it."""

from collections.abc import Mapping
from typing import Any

from litestar.types import ASGIApp, Receive, Scope, Send

from claimlens.entry.api.admission import Admission
from claimlens.entry.api.idempotency import Once, key_of
from claimlens.entry.api.spec import KEY as SPEC
from claimlens.entry.api.spec import Spec, Takes
from claimlens.entry.web import exchange as web
from claimlens.entry.web.bodies import Message, read_body
from claimlens.entry.web.exchange import Exchange
from claimlens.entry.web.reply import Reply


class Entrance:
    """Litestar middleware. `methods` are those of each path, for OPTIONS."""

    def __init__(self, app: ASGIApp, admission: Admission, once: Once, methods: Mapping[str, frozenset[str]]) -> None:
        self._app = app
        self._admission = admission
        self._once = once
        self._allowed = {path: ", ".join(sorted({*found, "OPTIONS"})).encode() for path, found in methods.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in and answer it."""
        exchange: Exchange = scope[web.KEY]  # type: ignore[literal-required]
        exchange.route = scope["path_template"]
        spec: Spec | None = scope["route_handler"].opt.get(SPEC)
        if spec is None:
            await _send(Reply(204, b"", b"", ((b"allow", self._allowed[exchange.route]),)), send)
            return
        await self._admission.admit(exchange, spec)
        if spec.takes in (Takes.JSON, Takes.FORM):
            exchange.body = await read_body(receive, exchange.headers, spec.most_bytes)  # type: ignore[arg-type]
            receive = _again(exchange.body, receive)
        if key_of(exchange) is None or spec.settles:
            await self._app(scope, receive, send)
            return
        reply = await self._once.answer(exchange, lambda _: self._captured(scope, receive), secret=spec.secret)
        await _send(reply, send)

    async def _captured(self, scope: Scope, receive: Receive) -> Reply:
        status, headers, body = 500, [], bytearray()

        async def take(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], [(name.lower(), value) for name, value in message["headers"]]
            else:
                body.extend(message.get("body", b""))

        await self._app(scope, receive, take)  # type: ignore[arg-type]
        media_type = next((value for name, value in headers if name == b"content-type"), b"")
        rest = tuple((name, value) for name, value in headers if name not in (b"content-type", b"content-length"))
        return Reply(status, bytes(body), media_type, rest)


def _again(body: bytes, after: Receive) -> Receive:
    """A `receive` that gives a body that was already read."""
    waiting: list[Any] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        return waiting.pop() if waiting else await after()

    return receive


async def _send(reply: Reply, send: Send) -> None:
    headers = list(reply.headers)
    if reply.status != 204:
        headers.append((b"content-length", str(len(reply.body)).encode("ascii")))
    if reply.media_type:
        headers.append((b"content-type", reply.media_type))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})
