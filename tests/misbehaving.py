"""A real MCP server as a process of its own, which behaves as a test tells it to, and can be killed and frozen.

`python -m tests.misbehaving SERVICE PORT FILE` serves; the file says how: see `Manner`.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from enum import StrEnum
from pathlib import Path
from typing import Any

from claimlens.domain.service import TERMS
from tests.valkey import free_port

_READY_S = 60
_ROOT = Path(__file__).parent.parent


class Manner(StrEnum):
    """How the server behaves, from the next call on."""

    WELL = "well"
    #: Answers each payload with `{"cannot": "..."}`.
    CANNOT = "cannot"
    #: Takes three seconds.
    SLOW = "slow"
    TOO_FEW = "too few answers"
    WRONG_TYPES = "answers of wrong types"
    NO_ANSWERS = "no answers at all"
    #: The tool fails for every call but the probe.
    REFUSES = "refuses"
    #: The tool fails for every call.
    FAILS = "fails"
    #: Dies in the middle of a call.
    DIES = "dies"
    #: Answers the next call wrongly and is well from then on.
    ONCE_WRONG = "once wrong"
    #: Takes a second for more than twenty payloads.
    SLOW_WITH_MANY = "slow with many"


class Misbehaving:
    """A server for a service; `url` is its endpoint."""

    def __init__(self, service: str, *, port: int = 0) -> None:
        self.service = service
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        self._folder = tempfile.TemporaryDirectory(prefix="claimlens-mcp-")
        self._manner = Path(self._folder.name) / "manner"
        self._log = Path(self._folder.name) / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self.behave(Manner.WELL)

    def behave(self, manner: Manner) -> None:
        """From the next call on."""
        fresh = self._manner.with_suffix(".new")
        fresh.write_text(manner.value)
        fresh.rename(self._manner)

    def start(self) -> "Misbehaving":
        """Start on the same port as ever, and wait until it answers."""
        self.kill()
        command = [sys.executable, "-m", "tests.misbehaving", self.service, str(self.port), str(self._manner)]
        environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=_ROOT, env=environ, stdout=log, stderr=log)
        deadline = time.monotonic() + _READY_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"it does not serve: {self._log.read_text()[-2000:]}")
            time.sleep(0.02)
        return self

    def kill(self) -> None:
        """As a machine that loses power."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def restart(self) -> "Misbehaving":
        """Start unless it runs."""
        return self if self._process is not None and self._process.poll() is None else self.start()

    def freeze(self) -> None:
        """Connections stay open and new ones are taken, nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after `freeze`."""
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        self.kill()
        self._folder.cleanup()

    def calls(self) -> int:
        """How often the tool was called, probes too, since the process began."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/calls", timeout=5) as answer:
            return int(answer.read())

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=1) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def _signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)


#: A right answer of each service, whatever was asked.
ANSWERS: dict[str, dict[str, Any]] = {
    "recall.lookup": {"outcome": "none", "matches": [], "closed": [], "data_as_of": "2026-11-20", "sources": []},
}
#: Of the right form at first sight.
_WRONG = {"outcome": "perhaps", "matches": "none", "suggestions": 3, "amounts": [], "lines": {"a": 1}}


def _serve(service: str, port: int, manner_file: Path) -> None:
    import asyncio

    import uvicorn
    from mcp.server.mcpserver import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse, Response

    server = MCPServer(service)
    calls = 0

    @server.custom_route("/health", methods=["GET"])
    async def health(_: Request) -> Response:
        return PlainTextResponse("ok")

    @server.custom_route("/calls", methods=["GET"])
    async def count(_: Request) -> Response:
        return PlainTextResponse(str(calls))

    @server.tool(name=TERMS[service].tool)
    async def answer(payloads: list[dict[str, Any]]) -> dict[str, Any]:
        nonlocal calls
        calls += 1
        is_probe = len(payloads) == 1 and "probe" in str(payloads)
        match Manner(manner_file.read_text()):
            case Manner.SLOW:
                await asyncio.sleep(3)
            case Manner.CANNOT:
                return {"answers": [{"cannot": "not today"} for _ in payloads]}
            case Manner.TOO_FEW:
                return {"answers": [ANSWERS[service]] * (len(payloads) - 1)}
            case Manner.WRONG_TYPES:
                return {"answers": [_WRONG for _ in payloads]}
            case Manner.NO_ANSWERS:
                return {"result": "ok"}
            case Manner.FAILS:
                raise ToolError("the tool is broken")
            case Manner.REFUSES if not is_probe:
                raise ToolError("not this")
            case Manner.DIES:
                os.kill(os.getpid(), signal.SIGKILL)
            case Manner.ONCE_WRONG:
                manner_file.write_text(Manner.WELL)
                return {"answers": [_WRONG for _ in payloads]}
            case Manner.SLOW_WITH_MANY if len(payloads) > 20:
                await asyncio.sleep(1)
        return {"answers": [{**ANSWERS[service], "told": payload} for payload in payloads]}

    app = server.streamable_http_app(json_response=True, stateless_http=True, host="127.0.0.1")
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", timeout_keep_alive=30)


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
