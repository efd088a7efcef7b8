"""`claimlens serve` as a process of its own, which a test may stop, kill and start again."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_READY_S = 120.0
_SAYS = re.compile(r"serves at (http://\S+)")
_KEY = re.compile(r"API_KEY=(cl_live_\w+)")

#: So high that no test meets a limit it is not about.
NO_LIMITS = {
    "CLAIMLENS_REQUESTS_PER_MINUTE": "100000000",
    "CLAIMLENS_REQUESTS_PER_SECOND_PER_IP": "1000000",
    "CLAIMLENS_ITEMS_PER_MINUTE": "1000000000",
    "CLAIMLENS_SIGN_INS_PER_MINUTE": "1000000",
}


class Answer:
    """Status, headers (names in lower case) and body of an answer."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body

    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """A server process over a data folder. Processes that share a database share the folder, hence the secret."""

    def __init__(
        self,
        folder: Path,
        *,
        worker: bool = True,
        environ: Mapping[str, str] | None = None,
        program: Sequence[str] = ("claimlens",),
    ) -> None:
        """`program`: the module that is run, and what stands before `serve`."""
        self.folder = folder
        self._program = program
        self.url = ""
        #: The first key, if this process made it.
        self.key = ""
        self._worker = worker
        self.environ = dict(environ or {})
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._log = Path(tempfile.mkstemp(prefix="serve-", suffix=".log", dir=folder)[1])

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it wrote on standard error, for messages of failed tests."""
        return self._log.read_text(errors="replace")

    def start(self) -> "Server":
        """Start, on the port it had before if there was one, and wait until it says that it serves."""
        self.launch()
        self.wait_until_ready()
        return self

    def launch(self) -> None:
        """Start without waiting."""
        said = self._said()
        said.unlink(missing_ok=True)
        command = [sys.executable, "-m", *self._program, "serve", "--host", "127.0.0.1", "--port", str(self._port)]
        command.append("--worker" if self._worker else "--no-worker")
        with said.open("wb") as out, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=log, env=self.surroundings()
            )

    def surroundings(self) -> dict[str, str]:
        """The environment of the server, and of a command beside it."""
        environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CLAIMLENS_", "DATABASE_", "REDIS_"))
        }
        source = str(Path(__file__).parent.parent / "src")
        environ["CLAIMLENS_DATA_DIR"] = str(self.folder)
        environ["PYTHONPATH"] = os.pathsep.join(filter(None, [source, environ.get("PYTHONPATH", "")]))
        return environ | self.environ

    def wait_until_ready(self) -> None:
        """Return when it serves; raise with its log if it ends instead."""
        assert self._process is not None
        deadline = time.monotonic() + _READY_S
        while not (found := _SAYS.search(self._text())):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"it does not serve: {self.log[-4000:]}")
            time.sleep(0.005)
        self.url = found[1]
        self._port = int(self.url.rpartition(":")[2])
        if key := _KEY.search(self._text()):
            self.key = key[1]

    def stop(self, within_s: float = 40.0) -> int:
        """SIGTERM; the exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=within_s)

    def kill(self) -> None:
        """SIGKILL: as a process that is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        within_s: float = 30.0,
    ) -> Answer:
        """One request, whatever it is answered. `key` None is the first key, empty none; a body is JSON if not told."""
        request = urllib.request.Request(self.url + path, method=method, headers=dict(headers or {}))
        if body is not None:
            request.data = body if isinstance(body, bytes) else json.dumps(body).encode()
            if not request.has_header("Content-type"):  # as urllib spells it
                request.add_header("Content-Type", "application/json")
        if key is None:
            key = self.key
        if key:
            request.add_header("Authorization", f"Bearer {key}")
        try:
            with urllib.request.urlopen(request, timeout=within_s) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def resident_mb(self) -> float:
        """Memory of the process that is in RAM."""
        told = subprocess.run(["ps", "-o", "rss=", "-p", str(self.pid)], capture_output=True, text=True, check=True)
        return int(told.stdout) / 1024

    def _said(self) -> Path:
        return self._log.with_suffix(".out")

    def _text(self) -> str:
        try:
            return self._said().read_text(errors="replace")
        except OSError:
            return ""


@contextmanager
def serving(folder: Path, *, worker: bool = True, environ: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server for the length of a block; killed at its end if it is still there."""
    server = Server(folder, worker=worker, environ=NO_LIMITS | dict(environ or {}))
    try:
        yield server.start()
    finally:
        server.kill()
