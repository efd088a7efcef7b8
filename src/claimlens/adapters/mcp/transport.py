"""One session with one server, kept for as long as this process lives.

The protocol is pinned to its stateless revision, in which a connection begins without asking the server: this process
starts while its services are down, and a server that was killed and started again is used again as if nothing had been.
"""

import asyncio
import base64
import contextlib
import logging
import ssl
from collections.abc import Sequence
from contextvars import Context
from typing import Any, cast

import httpx2
import structlog
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import INVALID_PARAMS, INVALID_REQUEST, REQUEST_TIMEOUT, RequestParamsMeta

from claimlens.adapters.mcp.answering import REFUSED, Answering
from claimlens.ports.services import ServiceError, ServiceRefusedError, ServiceSlowError
from claimlens.ports.tracing import CORRELATION_META, correlation

PROTOCOL = "2026-07-28"
#: How long an idle connection is kept, in seconds: less than servers keep theirs, so that none is used as it closes.
_IDLE_S = 4.0
_MOST_CONNECTIONS = 64

_log = structlog.get_logger()

# What a server answers is told by the breaker's own lines, once for each change and not once for each call.
for _name in ("mcp", "httpx2", "httpcore2", "client"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class McpTransport:
    """A Transport (`ports/services.py`) to the server at `url`, whose `tool` answers payloads."""

    name = "mcp"

    def __init__(self, url: str, tool: str, *, most_bytes: int) -> None:
        self._url = url
        self._tool = tool
        self._most_bytes = most_bytes
        self._session: asyncio.Future[Client] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    async def call(self, payloads: Sequence[dict[str, Any]], *, timeout_s: float) -> tuple[dict[str, Any], ...]:
        """One answer for each payload. Raises ServiceError as its port says."""
        arguments = {"payloads": [_sendable(payload) for payload in payloads]}
        # The SDK adds the trace that the call belongs to, if there is one.
        known = correlation.get()
        meta = cast("RequestParamsMeta", {CORRELATION_META: known}) if known else None
        try:
            async with asyncio.timeout(timeout_s):
                client = await self._client()
                result = await client.call_tool(self._tool, arguments, meta=meta)
        except TimeoutError:
            raise ServiceSlowError(f"no answer within {timeout_s * 1000:.0f} ms") from None
        except MCPError as error:
            if error.code == REQUEST_TIMEOUT:
                raise ServiceSlowError("no answer in time") from None
            if error.code in (REFUSED, INVALID_PARAMS, INVALID_REQUEST):
                raise ServiceRefusedError(_line(error.message)) from None
            raise ServiceError(_line(error.message)) from None
        except (RuntimeError, ValueError) as error:
            # What the SDK raises for a result that breaks the tool's own schema, or the protocol's.
            raise ServiceError(f"not what was agreed: {_line(str(error))}") from None
        if result.is_error:
            raise ServiceRefusedError(_text_of(result.content))
        return _answers(result.structured_content)

    async def close(self) -> None:
        """End the session."""
        self._closing.set()
        if self._keeping is not None:
            await asyncio.wait([self._keeping])

    async def _client(self) -> Client:
        """The session, begun if there is none."""
        if self._session is None:
            self._session = asyncio.get_running_loop().create_future()
            # In a task of its own: the SDK cancels whoever entered its session when the session breaks,
            # and it outlives the request that began it.
            keep = self._keep(self._session)
            self._keeping = asyncio.get_running_loop().create_task(keep, context=Context())
        return await asyncio.shield(self._session)

    async def _keep(self, session: "asyncio.Future[Client]") -> None:
        try:
            async with contextlib.AsyncExitStack() as held:
                wrapped = httpx2.AsyncHTTPTransport(
                    verify=await self._trusted(),
                    trust_env=False,
                    limits=httpx2.Limits(max_connections=_MOST_CONNECTIONS, keepalive_expiry=_IDLE_S),
                )
                http = await held.enter_async_context(
                    httpx2.AsyncClient(
                        transport=Answering(wrapped, most_bytes=self._most_bytes),
                        timeout=None,  # every call has a limit of its own
                        trust_env=False,
                    )
                )
                transport = streamable_http_client(self._url, http_client=http)
                client = await held.enter_async_context(Client(transport, mode=PROTOCOL, cache=None))
                session.set_result(client)
                await self._closing.wait()
        except Exception as error:
            _log.warning("service_session_broke", tool=self._tool, reason=type(error).__name__, exc_info=True)
            if not session.done():
                session.set_exception(ServiceError(f"no session: {type(error).__name__}"))
                session.exception()  # looked at: whoever waited may have gone
        finally:
            self._session = None  # the next call begins another
            if not session.done():
                session.cancel()

    async def _trusted(self) -> ssl.SSLContext | bool:
        """Whom to trust; loading the authorities takes a while, and plain HTTP needs none."""
        return await asyncio.to_thread(ssl.create_default_context) if self._url.startswith("https:") else False


def _sendable(payload: dict[str, Any]) -> dict[str, Any]:
    """JSON has no bytes: they travel as base64 text."""
    return {
        name: base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
        for name, value in payload.items()
    }


def _answers(structured: Any) -> tuple[dict[str, Any], ...]:
    answers = structured.get("answers") if isinstance(structured, dict) else None
    if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
        raise ServiceError("not what was agreed: no list `answers` of objects")
    return tuple(answers)


def _text_of(content: Sequence[Any]) -> str:
    return _line(next((block.text for block in content if block.type == "text"), "the tool failed"))


def _line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[0][:300]
