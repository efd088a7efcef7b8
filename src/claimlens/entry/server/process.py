"""From the start of the process to SIGTERM."""

import asyncio
import contextlib
import gc
import socket
from pathlib import Path

import structlog

import claimlens
from claimlens.adapters.disk import folder_lock
from claimlens.config import Settings
from claimlens.entry.api.app import create_app
from claimlens.entry.console.app import PREFIX as CONSOLE
from claimlens.entry.console.app import create_console
from claimlens.entry.server.first_key import FIRST_TENANT, first_key, hint_without_tenants
from claimlens.entry.web.logs import end_logs, set_up_logs
from claimlens.entry.web.process import QuietServer, Stopping, bound, event_loop
from claimlens.entry.worker.duties import parts_of, worker_of
from claimlens.usecases.authentication import worker_scope
from claimlens.wiring.background import Background
from claimlens.wiring.service import Service

log = structlog.get_logger()

#: Where a server that listens everywhere is asked from within.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def run(settings: Settings, *, with_worker: bool | None = None, path: str | None = None) -> bool:
    """Serve until SIGTERM or SIGINT. Raises ClaimLensError with one line if it cannot start.

    `with_worker` None: inside, unless this is production on PostgreSQL, where workers are processes of their own.
    With a `path` the server is asked for it once, as any client would, its answer is printed, and that is the end; no
    first key is made then, for nobody may be looking. Returns whether what was asked was answered well.
    """
    set_up_logs()
    embedded = not settings.database_url.startswith("postgres")
    if with_worker is None:
        with_worker = embedded or not settings.in_production
    with contextlib.ExitStack() as held:
        listening = held.enter_context(bound(settings.host, settings.port, "claimlens serve"))
        if embedded:
            held.enter_context(folder_lock.held(settings.data_dir))
        with event_loop() as runner:
            return runner.run(_serve(settings, listening, with_worker=with_worker, path=path))


async def _serve(settings: Settings, listening: socket.socket, *, with_worker: bool, path: str | None) -> bool:
    stopping = Stopping()
    service = Service(settings)
    worker = worker_of(Background(service)) if with_worker else None
    question: asyncio.Task[bool] | None = None

    def started() -> None:
        nonlocal question
        if path is None:
            _say(settings, listening, key, hint)
        else:
            question = asyncio.create_task(_ask(listening.getsockname(), path))
            question.add_done_callback(lambda _: server.leave())

    try:
        await service.start()
        gc.enable()
        key, hint = None, ""
        if path is None and settings.in_production:
            hint = await hint_without_tenants(service)
        elif path is None:
            key = await first_key(service)
        if worker is not None:
            worker.start()
            service.watch.also(parts_of(worker))
        if path is None:
            await service.accounts.deployments.started(worker_scope(), "server")
        server = QuietServer(create_app(service, beside={CONSOLE: create_console(service)}), started)
        stopping.then(server.leave)
        await server.serve(sockets=[listening])
        log.info("server stops")
    except asyncio.CancelledError:
        log.info("asked to stop before it served")
    finally:
        if worker is not None:
            await worker.stop()
        await service.stop()
        end_logs()
    log.info("server stopped")
    return question is None or await question


async def _ask(address: tuple[str, int], path: str) -> bool:
    """Ask the server for a path and print the body of its answer; whether the status says that it went well."""
    host, port = address[0], address[1]
    reader, writer = await asyncio.open_connection(_LOOPBACK.get(host, host), port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: claimlens\r\nConnection: close\r\n\r\n".encode("ascii"))
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    print(body.decode("utf-8", "replace"), flush=True)
    return head.split(b" ", 2)[1].startswith(b"2")


def _say(settings: Settings, listening: socket.socket, key: str | None, hint: str) -> None:
    """What a person at the terminal wants to know. The key is shown here and nowhere else."""
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{port}"
    where = f"{url} (console: {url}/console, docs: {url}/docs)"
    lines = [f"ClaimLens {claimlens.__version__} serves at {where}. Ctrl+C stops it."]
    if not settings.database_url:
        lines.append(f"Its data is in {_from_home(settings.data_dir)}")
    if hint:
        lines.append(hint)
    if key is not None:
        lines += [
            "",
            f"The first key: platform_admin of {FIRST_TENANT}. It is shown this once and kept nowhere.",
            "",
            f"    export API_KEY={key}",
            "",
        ]
    print("\n".join(lines), flush=True)


def _from_home(path: Path) -> str:
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)
