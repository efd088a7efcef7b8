"""Tools as a server of the Model Context Protocol, over whichever transport."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import mcp_types as types
import msgspec
import structlog
from mcp.server import CacheHint, Server, ServerRequestContext
from starlette.requests import Request

import claimlens
from claimlens.entry.mcp.metrics import CallMetrics
from claimlens.entry.mcp.offers import Offer
from claimlens.entry.mcp.tools import Outcome, Tool, ToolError
from claimlens.entry.web.correlation import sane_token, trace_of
from claimlens.entry.web.logs import request_line
from claimlens.ports.tracing import CORRELATION_META, Span, Tracer
from claimlens.usecases.untraced import Untraced

#: Calls that are worked on at once.
AT_ONCE = 4
#: A result of at most so many bytes is sent as text, too, for clients that read nothing else.
MOST_TEXT = 16 * 1024
#: For how long a client may keep the list of tools: it changes with the version only.
_LIST_KEPT_MS = 3_600_000

_log = structlog.get_logger()


class ToolServer:
    """Tools behind one `mcp.Server`. Calls run in threads of their own; `close` waits for them."""

    def __init__(self, offer: Offer, metrics: CallMetrics, tracer: Tracer | None = None) -> None:
        self._tracer = tracer or Untraced()
        self._name = offer.name
        self._tools = {tool.name: tool for tool in offer.tools}
        self._shown = [_shown(tool) for tool in offer.tools]
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=offer.name)
        self._free = asyncio.Semaphore(AT_ONCE)
        self.server: Server[dict[str, Any]] = Server(
            f"claimlens {offer.name}",
            version=claimlens.__version__,
            title=offer.title,
            instructions=offer.instructions,
            cache_hints={"tools/list": CacheHint(ttl_ms=_LIST_KEPT_MS, scope="public")},
            # No argument is mirrored in a header; without this every call would list the tools first.
            get_tool_input_schema=lambda _: None,
            on_list_tools=self._list,
            on_call_tool=self._call,
        )

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _list(
        self, ctx: ServerRequestContext, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=self._shown)

    async def _call(self, ctx: ServerRequestContext, params: types.CallToolRequestParams) -> types.CallToolResult:
        with self._tracer.request(_traceparent(ctx)) as span:
            if span is not None:
                span.rename(f"mcp {self._name}")
            return await self._answered(ctx, params, span)

    async def _answered(
        self, ctx: ServerRequestContext, params: types.CallToolRequestParams, span: Span | None
    ) -> types.CallToolResult:
        start = time.perf_counter()
        outcome, said, kind = None, "", "answered"
        self._metrics.in_flight(1)
        try:
            outcome = await self._answer(params.name, params.arguments or {}, ctx.request)
            return _result(outcome)
        except ToolError as error:
            said, kind = str(error), "refused"
        except asyncio.CancelledError:
            kind = "left"
            raise
        except Exception as error:
            # What went wrong is for the log; a client is told that something did.
            kind, said = "failed", f"{params.name} failed; the server's log says why"
            _log.exception("mcp_call_failed", service=self._name, **_ids(ctx, span), error=type(error).__name__)
        finally:
            self._note(params.name, outcome, kind, (time.perf_counter() - start) * 1000, _ids(ctx, span))
            if span is not None:
                span.note({"claimlens.service": self._name, "claimlens.outcome": kind})
                if outcome is not None:
                    span.note({"claimlens.payloads": outcome.count, "claimlens.cannot": outcome.cannot})
                if kind != "answered":
                    span.fail(kind)
        return types.CallToolResult(content=[types.TextContent(text=said)], is_error=True)

    async def _answer(self, name: str, arguments: dict[str, Any], request: Any) -> Outcome:
        tool = self._tools.get(name)
        if tool is None:
            raise ToolError(f"there is no tool {name!r:.60}; there is {', '.join(self._tools)}")
        async with self._free:
            if isinstance(request, Request) and await request.is_disconnected():
                raise ToolError("the client has gone")
            return await asyncio.get_running_loop().run_in_executor(self._threads, tool.call, arguments)

    def _note(self, tool: str, outcome: Outcome | None, kind: str, ms: float, ids: dict[str, str]) -> None:
        known = tool if tool in self._tools else "unknown"
        self._metrics.in_flight(-1)
        self._metrics.called(self._name, known, kind, ms)
        fields: dict[str, Any] = {"service": self._name, "tool": known, "outcome": kind, "duration_ms": round(ms, 1)}
        if outcome is not None:
            self._metrics.answered(self._name, outcome.count, outcome.cannot)
            fields |= {"count": outcome.count, "cannot": outcome.cannot}
        request_line("mcp_call", fields | ids)


def _ids(ctx: ServerRequestContext, span: Span | None) -> dict[str, str]:
    """What the call belongs to: the request that it is made for, and its trace."""
    ids = {}
    correlation_id = (ctx.meta or {}).get(CORRELATION_META)
    if isinstance(correlation_id, str) and (known := sane_token(correlation_id.encode("ascii", "replace"))):
        ids["correlation_id"] = known
    if trace_id := span.trace_id if span is not None else trace_of(_traceparent(ctx)):
        ids["trace_id"] = trace_id
    return ids


def _traceparent(ctx: ServerRequestContext) -> bytes:
    """The trace that the call belongs to (W3C Trace Context): in the message's `_meta`, else in a header."""
    given = (ctx.meta or {}).get("traceparent")
    if given is None and isinstance(ctx.request, Request):
        given = ctx.request.headers.get("traceparent")
    return given.encode("ascii", "replace") if isinstance(given, str) else b""


def _result(outcome: Outcome) -> types.CallToolResult:
    text = msgspec.json.encode(outcome.result)
    if len(text) <= MOST_TEXT:
        said = text.decode()
    else:
        said = f"{outcome.count} answers, {outcome.cannot} of them `cannot`; too long for text, see structuredContent"
    return types.CallToolResult(content=[types.TextContent(text=said)], structured_content=outcome.result)


def _shown(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.arguments,
        output_schema=tool.result,
        annotations=types.ToolAnnotations(
            read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        ),
    )
