"""A whole installation as processes of this machine: PostgreSQL, Valkey, the four services, API processes, a worker."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from claimlens.domain.service import SERVICES
from tests.mcp_serving import McpServer
from tests.postgres import PostgresServer, programs_folder
from tests.serving import NO_LIMITS, Server
from tests.valkey import Valkey, free_port

#: As the runbook has them: `psql -U claimlens -d claimlens_prod`.
ROLE, DATABASE = "claimlens", "claimlens_prod"
_READY_S = 120.0


class Worker:
    """`claimlens worker` as a process of its own."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.environ = dict(environ)
        self._log = Path(tempfile.mkstemp(prefix="worker-", suffix=".log", dir=folder)[1])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it wrote on standard error."""
        return self._log.read_text(errors="replace")

    def start(self) -> "Worker":
        """Start, and wait until it says that it works."""
        before = self._log.stat().st_size
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "claimlens", "worker"]
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environ
            )
        deadline = time.monotonic() + _READY_S
        while b"worker_started" not in self._written_since(before):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"it does not work: {self.log[-4000:]}")
            time.sleep(0.02)
        return self

    def kill(self) -> None:
        """SIGKILL: as a process that is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self, within_s: float = 40.0) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(timeout=within_s)

    def _written_since(self, place: int) -> bytes:
        with self._log.open("rb") as log:
            log.seek(place)
            return log.read()


class Installation:
    """Everything, each a process that can be killed and started again. `environ` is for all that is ours."""

    def __init__(self, folder: Path, *, apis: int = 2, environ: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        for name in ("api", *SERVICES):
            (folder / name).mkdir()
        # fsync is on: what is said to be written is.
        self.database = PostgresServer(safe=True)
        self.cache = Valkey()
        self.services = {name: McpServer(folder / name, name, environ=environ, port=free_port()) for name in SERVICES}
        self._given = NO_LIMITS | dict(environ or {})
        self._apis = apis
        self.apis: list[Server] = []
        self.worker: Worker | None = None

    @property
    def database_url(self) -> str:
        return f"postgresql://{ROLE}@127.0.0.1:{self.database.port}/{DATABASE}"

    @property
    def key(self) -> str:
        """Of the role `platform_admin`, made by the first start."""
        return self.apis[0].key

    def environ(self) -> dict[str, str]:
        """What is set for the API, the worker and commands beside them."""
        settings = {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.cache.url,
            "CLAIMLENS_PG_BIN": str(programs_folder()),
        }
        for name, server in self.services.items():
            settings[f"CLAIMLENS_MCP_{name.upper().replace('.', '_')}_URL"] = server.url
        return settings | self._given

    def start(self) -> "Installation":
        """Start everything; the first API process makes the tables and the first key."""
        as_owner = ("-h", "127.0.0.1", "-p", str(self.database.port), "-U", "postgres", "-q")
        for statement in (f"CREATE ROLE {ROLE} LOGIN", f"CREATE DATABASE {DATABASE} OWNER {ROLE}"):
            subprocess.run([programs_folder() / "psql", *as_owner, "-c", statement], check=True)
        at_once(*(server.start for server in self.services.values()))
        self.apis = [self._api()]
        self.apis[0].start()
        self.apis += [self._api() for _ in range(self._apis - 1)]
        self.worker = Worker(self.folder, self.apis[0].surroundings())
        at_once(self.worker.start, *(api.start for api in self.apis[1:]))
        for api in self.apis[1:]:
            api.key = self.key
        return self

    def another_api(self, environ: Mapping[str, str] | None = None) -> Server:
        """One more process on the same database, cache and secret; not started."""
        api = self._api()
        api.environ |= dict(environ or {})
        api.key = self.key
        return api

    def restart(self, settings: Mapping[str, str]) -> None:
        """A rolling restart with other settings: one process after the other, the others go on."""
        self._given |= settings
        for api in self.apis:
            api.environ = self.environ()
            api.stop()
            api.start()
        assert self.worker is not None
        self.worker.environ = self.apis[0].surroundings()
        self.worker.stop()
        self.worker.start()

    def remove(self) -> None:
        """Kill everything and leave no database behind."""
        for process in (*self.apis, *self.services.values(), self.worker):
            if process is not None:
                process.kill()
        self.cache.remove()
        self.database.remove()

    def claimlens(self, *arguments: str, within_s: float = 600) -> subprocess.CompletedProcess[str]:
        """A command of the program beside the running service."""
        return subprocess.run(
            [sys.executable, "-m", "claimlens", *arguments],
            env=self.apis[0].surroundings(),
            capture_output=True,
            text=True,
            check=False,
            timeout=within_s,
        )

    def _api(self) -> Server:
        return Server(self.folder / "api", worker=False, environ=self.environ())


def at_once(*starts: Callable[[], object]) -> None:
    """Call all of them, each in a thread; raises the first error."""
    with ThreadPoolExecutor(max(1, len(starts))) as threads:
        for started in [threads.submit(start) for start in starts]:
            started.result()


@contextmanager
def installed(*, apis: int = 2, environ: Mapping[str, str] | None = None) -> Iterator[Installation]:
    """An installation for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="claimlens-installed-") as folder:
        installation = Installation(Path(folder), apis=apis, environ=environ)
        try:
            yield installation.start()
        finally:
            installation.remove()


def resident_mb(*pids: int) -> dict[int, float]:
    """Memory of processes that is in RAM; those that have ended are left out."""
    told = subprocess.run(
        ["ps", "-o", "pid=,rss=", "-p", ",".join(map(str, pids))], capture_output=True, text=True, check=False
    )
    return {int(pid): int(kb) / 1024 for pid, kb in (line.split() for line in told.stdout.splitlines())}


def machine() -> str:
    """Cores, memory and load, for reports."""
    cores = os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    uname = os.uname()
    return (
        f"{uname.sysname} {uname.machine}, {cores} cores, {memory:.0f} GB, load {os.getloadavg()[0]:.1f} at the start"
    )
