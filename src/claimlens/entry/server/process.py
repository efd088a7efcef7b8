"""From the start of the process to SIGTERM."""

import asyncio
import contextlib
import errno
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog
import uvicorn

import claimlens
from claimlens.adapters.disk import folder_lock
from claimlens.config import Settings
from claimlens.domain.errors import ClaimLensError
from claimlens.entry.api.app import create_app
from claimlens.entry.server.first_key import FIRST_TENANT, first_key, hint_without_tenants
from claimlens.entry.server.protocol import HttpProtocol
from claimlens.entry.web.logs import set_up_logs
from claimlens.entry.worker.duties import worker_of
from claimlens.wiring.background import Background
from claimlens.wiring.service import Service

log = structlog.get_logger()

#: How long requests in flight may take to end after SIGTERM, and how long an idle connection is kept, in seconds:
#: longer than load balancers keep theirs, so that they never send into a closing one.
GRACE_S, KEEP_ALIVE_S = 30, 75
_BACKLOG = 2048
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
        listening = held.enter_context(bound(settings.host, settings.port))
        if embedded:
            held.enter_context(folder_lock.held(settings.data_dir))
        with _runner() as runner:
            return runner.run(_serve(settings, listening, with_worker=with_worker, path=path))


@contextlib.contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """The address, taken but not yet listening. Raises ClaimLensError if it is not to be had."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ClaimLensError(f"CLAIMLENS_HOST: {host!r} is no address of this machine: {error.strerror}") from None
    family, kind, proto, _, address = found[0]
    with socket.socket(family, kind, proto) as listening:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(address)
        except OSError as error:
            raise ClaimLensError(_why_not(error, host, port)) from None
        yield listening


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken; choose another: claimlens serve --port {port + 1}"
    if error.errno == errno.EACCES:
        return f"port {port} needs rights that this account does not have; ports from 1024 on need none"
    return f"cannot listen on {host} port {port}: {(error.strerror or str(error)).lower()}"


def _runner() -> "asyncio.Runner":
    if sys.platform == "win32":
        return asyncio.Runner()
    import uvloop

    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


async def _serve(settings: Settings, listening: socket.socket, *, with_worker: bool, path: str | None) -> bool:
    stopping = _Stopping()
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
        server = _Server(service, started)
        stopping.then(server.leave)
        await server.serve(sockets=[listening])
        log.info("server stops")
    except asyncio.CancelledError:
        log.info("asked to stop before it served")
    finally:
        if worker is not None:
            await worker.stop()
        await service.stop()
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


class _Stopping:
    """SIGTERM and SIGINT: before the server is there they break off the start, then they ask it to leave."""

    def __init__(self) -> None:
        self._then: Callable[[], None] | None = None
        self._task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(number, self._asked)

    def then(self, leave: Callable[[], None]) -> None:
        """What to do from now on."""
        self._then = leave

    def _asked(self) -> None:
        if self._then is not None:
            self._then()
        elif self._task is not None:
            self._task.cancel()


class _Server(uvicorn.Server):
    """uvicorn without its own handling of signals, whose exit code would be that of a killed process."""

    def __init__(self, service: Service, started: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(service),
                http=HttpProtocol,
                ws="none",
                lifespan="off",
                loop="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=GRACE_S,
                backlog=_BACKLOG,
            )
        )
        self._tell = started

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process."""
        yield

    def leave(self) -> None:
        """Stop accepting, finish what is in flight; asked twice, do not wait for it."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self._tell()


def _say(settings: Settings, listening: socket.socket, key: str | None, hint: str) -> None:
    """What a person at the terminal wants to know. The key is shown here and nowhere else."""
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{port}"
    lines = [f"ClaimLens {claimlens.__version__} serves at {url} (docs: {url}/docs). Ctrl+C stops it."]
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
