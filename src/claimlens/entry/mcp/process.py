"""A process that serves tools: over HTTP until SIGTERM, or over its standard streams until they are closed."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Sequence

import mcp.server.stdio
import structlog

from claimlens.config import Settings
from claimlens.entry.mcp.host_wall import HostWall
from claimlens.entry.mcp.http import PATH, HttpService
from claimlens.entry.mcp.metrics import CallMetrics
from claimlens.entry.mcp.offers import Offer
from claimlens.entry.mcp.protocol import ToolServer
from claimlens.entry.web.logs import end_logs, set_up_logs
from claimlens.entry.web.process import QuietServer, Stopping, bound, event_loop
from claimlens.entry.web.recall_metrics import RecallAges
from claimlens.ports.tracing import Tracer
from claimlens.wiring.tracing import open_tracer

_log = structlog.get_logger()

#: How long a stop waits for the last traces to be sent, in seconds.
_LAST_TRACES_S = 3.0


def serve_http(offers: Sequence[Offer], settings: Settings, *, host: str, ports: Sequence[int]) -> None:
    """Serve each offer at its port until SIGTERM or SIGINT. Raises ClaimLensError with one line if it cannot start."""
    set_up_logs()
    with contextlib.ExitStack() as held:
        tracer = open_tracer(settings, _name(offers), trusting=True)
        held.callback(tracer.close, _LAST_TRACES_S)
        held.callback(end_logs)
        sockets = []
        for offer, port in zip(offers, ports, strict=True):
            held.callback(offer.close)
            sockets.append(held.enter_context(bound(host, port, f"claimlens mcp serve {offer.name}")))
        with event_loop() as runner:
            runner.run(_serve(offers, settings, sockets, tracer))
    _log.info("mcp_server_stopped", services=[offer.name for offer in offers])


def _name(offers: Sequence[Offer]) -> str:
    """Which process this is, in traces: as the deployments of `k8s/` are named."""
    return f"mcp-{offers[0].name.replace('.', '-')}" if len(offers) == 1 else "mcp-services"


async def _serve(offers: Sequence[Offer], settings: Settings, sockets: Sequence[socket.socket], tracer: Tracer) -> None:
    stopping = Stopping()
    metrics = CallMetrics()
    wall = HostWall(settings.mcp_hosts)
    servers = []
    with contextlib.suppress(asyncio.CancelledError):  # asked to stop before it served
        async with contextlib.AsyncExitStack() as held:
            for offer, listening in zip(offers, sockets, strict=True):
                tools = ToolServer(offer, metrics, tracer)
                held.callback(tools.close)
                app = HttpService(offer, tools.server, wall=wall, metrics=metrics)
                await held.enter_async_context(app.sessions.run())
                if offer.keeper is not None:
                    metrics.registry.register(RecallAges(offer.keeper))
                    offer.keeper.start()
                    held.push_async_callback(offer.keeper.stop)
                servers.append(QuietServer(app, _saying(offer, listening)))
            stopping.then(lambda: _leave(servers))
            await asyncio.gather(
                *(server.serve(sockets=[listening]) for server, listening in zip(servers, sockets, strict=True))
            )


def _leave(servers: Sequence[QuietServer]) -> None:
    for server in servers:
        server.leave()


def _saying(offer: Offer, listening: socket.socket) -> Callable[[], None]:
    def say() -> None:
        address, port = listening.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        print(f"ClaimLens {offer.name} serves at http://{shown}:{port}{PATH}. Ctrl+C stops it.", flush=True)

    return say


def serve_stdio(offer: Offer) -> None:
    """Serve one client over standard input and output until it closes them. Log lines go to standard error."""
    set_up_logs()
    # The thread that reads the input cannot be woken: a signal ends the process as it ends any filter.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with contextlib.closing(offer), event_loop() as runner:
        runner.run(_converse(offer))


async def _converse(offer: Offer) -> None:
    tools = ToolServer(offer, CallMetrics())
    try:
        async with mcp.server.stdio.stdio_server() as (incoming, outgoing):
            await tools.server.run(incoming, outgoing, tools.server.create_initialization_options())
    finally:
        tools.close()
        sys.stderr.flush()
