"""One service over HTTP: `/mcp`, `/health`, `/metrics`."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import msgspec
from mcp.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

import claimlens
from claimlens.entry.mcp.host_wall import HostWall
from claimlens.entry.mcp.metrics import CallMetrics
from claimlens.entry.mcp.offers import Offer
from claimlens.entry.web.metrics import MEDIA_TYPE

PATH = "/mcp"
#: What the bodies of all requests that are here may come to, and how many there may always be.
_MOST_HELD, _FEWEST = 256 * 1024 * 1024, 8
#: Seconds for the body of a request.
_BODY_S = 20.0
_JSON = "application/json"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class HttpService:
    """An ASGI application around an MCP server.

    Each call stands by itself (stateless, answered as JSON), so that a restart or another replica breaks nobody's
    session. `sessions` is entered by whoever runs the process, around all requests.
    """

    def __init__(self, offer: Offer, server: Server[Any], *, wall: HostWall, metrics: CallMetrics) -> None:
        self.sessions = StreamableHTTPSessionManager(
            server, json_response=True, stateless=True, max_request_body_size=offer.most_bytes
        )
        self._offer = offer
        self._room = max(_FEWEST, _MOST_HELD // offer.most_bytes)
        self._inside = 0
        self._wall = wall
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path, method = scope["path"], scope["method"]
        headers = dict(scope["headers"])
        if path == "/health":  # asked by balancers, under whatever name; it says nothing of anybody
            return await _send(send, method, 200, _JSON, self._health())
        if refused := self._wall.refuses(headers.get(b"host"), headers.get(b"origin")):
            return await _send_problem(send, method, 421, refused)
        if path == PATH:
            return await self._take(scope, receive, send)
        if path != "/metrics":
            return await _send_problem(send, method, 404, f"there is {PATH}, /health and /metrics")
        if method not in ("GET", "HEAD"):
            return await _send_problem(send, method, 405, "metrics are read with GET")
        return await _send(send, method, 200, MEDIA_TYPE, self._metrics.text())

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a message on, unless so many are here that their bodies could fill the memory."""
        if self._inside >= self._room:
            busy = f"busy: {self._inside} requests are here already; try again in a second"
            return await _send_problem(send, scope["method"], 503, busy, (b"retry-after", b"1"))
        self._inside += 1
        try:
            await self.sessions.handle_request(scope, _within(receive), send)
        except _SlowBodyError:
            slow = f"the body did not come within {_BODY_S:.0f} s"
            await _send_problem(send, scope["method"], 408, slow, (b"connection", b"close"))
        finally:
            self._inside -= 1

    def _health(self) -> bytes:
        parts = self._offer.look()
        return msgspec.json.encode(
            {
                "status": "degraded" if any(part.status != "ok" for part in parts) else "healthy",
                "service": self._offer.name,
                "version": claimlens.__version__,
                "checks": parts,
                "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            }
        )


class _SlowBodyError(Exception):
    """Room is not kept for a body that does not come."""


def _within(receive: Receive) -> Receive:
    """`receive`, which raises _SlowBodyError when the body is not there in time; what comes after it may take any."""
    end: float | None = asyncio.get_running_loop().time() + _BODY_S

    async def receive_in_time() -> MutableMapping[str, Any]:
        nonlocal end
        try:
            async with asyncio.timeout_at(end):
                message = await receive()
        except TimeoutError:
            raise _SlowBodyError from None
        if not message.get("more_body"):
            end = None
        return message

    return receive_in_time


async def _send_problem(send: Send, method: str, status: int, detail: str, *more: tuple[bytes, bytes]) -> None:
    body = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    await _send(send, method, status, "application/problem+json", msgspec.json.encode(body), *more)


async def _send(send: Send, method: str, status: int, media_type: str, body: bytes, *more: tuple[bytes, bytes]) -> None:
    headers = [
        *more,
        (b"content-type", media_type.encode("ascii")),
        (b"content-length", str(len(body)).encode("ascii")),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
