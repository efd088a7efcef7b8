"""`claimlens mcp serve` as a process of its own, which a test may stop, freeze, kill and start again."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mcp_types import CallToolResult, TextContent

_READY_S = 120.0
_SAYS = re.compile(r"ClaimLens (\S+) serves at (http://\S+)\.")


class McpServer:
    """A process that serves services (`recall.lookup`, or `--all`) over a data folder."""

    def __init__(self, folder: Path, *arguments: str, environ: Mapping[str, str] | None = None, port: int = 0) -> None:
        self.folder = folder
        #: Service → URL, the path of the protocol included.
        self.urls: dict[str, str] = {}
        self._arguments = arguments
        self._environ = dict(environ or {})
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._log = Path(tempfile.mkstemp(prefix="mcp-", suffix=".log", dir=folder)[1])

    @property
    def url(self) -> str:
        """The URL of the only service."""
        (url,) = self.urls.values()
        return url

    @property
    def root(self) -> str:
        """The URL without a path."""
        return self.url.removesuffix("/mcp")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it wrote on standard error."""
        return self._log.read_text(errors="replace")

    def start(self) -> "McpServer":
        """Start, on the port it had before if there was one, and wait until it says that it serves."""
        said = self._log.with_suffix(".out")
        said.unlink(missing_ok=True)
        command = [sys.executable, "-m", "claimlens", "mcp", "serve", *self._arguments, "--port", str(self._port)]
        with said.open("wb") as out, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=log, env=environ_for(self.folder, self._environ)
            )
        wanted = 4 if "--all" in self._arguments else 1
        deadline = time.monotonic() + _READY_S
        while len(found := _SAYS.findall(said.read_text())) < wanted:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"it does not serve: {self.log[-4000:]}")
            if wanted > 1 and found and "cannot be served" in self.log:
                wanted = 4 - self.log.count("cannot be served")
            time.sleep(0.01)
        self.urls = dict(found)
        if len(found) == 1:
            self._port = int(self.root.rpartition(":")[2])
        return self

    def stop(self, within_s: float = 40.0) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=within_s)

    def ask_to_stop(self) -> None:
        """SIGTERM, without waiting for it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait(self, within_s: float = 40.0) -> int:
        """The exit code."""
        assert self._process is not None
        return self._process.wait(timeout=within_s)

    def freeze(self) -> None:
        """SIGSTOP: connections stay, nothing answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL: as a process that is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def told(result: CallToolResult) -> Any:
    """What a call gave, as structure; fails with what it says if it is an error."""
    assert not result.is_error, text_of(result)
    return result.structured_content


def text_of(result: CallToolResult) -> str:
    """The only text of a result."""
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def environ_for(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process of ours over a data folder, with nothing configured but `environ`."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("CLAIMLENS_", "DATABASE_", "REDIS_"))
    }
    source = str(Path(__file__).parent.parent / "src")
    kept["CLAIMLENS_DATA_DIR"] = str(folder)
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [source, kept.get("PYTHONPATH", "")]))
    return kept | dict(environ)


@contextmanager
def mcp_serving(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[McpServer]:
    """A server for the length of a block; killed at its end if it is still there."""
    server = McpServer(folder, *arguments, environ=environ)
    try:
        yield server.start()
    finally:
        server.kill()
