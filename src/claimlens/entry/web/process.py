"""What every process that listens does: take its address, heed signals, end what is in flight before it leaves."""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from claimlens.domain.errors import ClaimLensError
from claimlens.entry.web.protocol import HttpProtocol

#: How long requests in flight may take to end after SIGTERM, and how long an idle connection is kept, in seconds:
#: longer than load balancers keep theirs, so that they never send into a closing one.
GRACE_S, KEEP_ALIVE_S = 30, 75
_BACKLOG = 2048


@contextlib.contextmanager
def bound(host: str, port: int, command: str) -> Iterator[socket.socket]:
    """The address, taken but not yet listening. Raises ClaimLensError if it is not to be had.

    `command` is the one that would listen on another port.
    """
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
            raise ClaimLensError(_why_not(error, host, port, command)) from None
        yield listening


def _why_not(error: OSError, host: str, port: int, command: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken; choose another: {command} --port {port + 1}"
    if error.errno == errno.EACCES:
        return f"port {port} needs rights that this account does not have; ports from 1024 on need none"
    return f"cannot listen on {host} port {port}: {(error.strerror or str(error)).lower()}"


def event_loop() -> "asyncio.Runner":
    """The runner of a process that serves."""
    if sys.platform == "win32":
        return asyncio.Runner()
    import uvloop

    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


class Stopping:
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


class QuietServer(uvicorn.Server):
    """uvicorn without its own handling of signals, whose exit code would be that of a killed process."""

    def __init__(self, app: Any, started: Callable[[], None]) -> None:
        """`app` speaks ASGI and has no lifespan of its own; `started` is called once it listens."""
        super().__init__(
            uvicorn.Config(
                app,
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
