"""Peers that run in a process of their own: another language, or packages that the product does not want.

`make bench-all` installs them below `.cache/peers`; a bench asks for one and says so when it cannot run.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

_REPOSITORY = Path(__file__).parents[2]
#: Where `make bench-all` puts them.
INSTALLED = _REPOSITORY / ".cache" / "peers"
_HERE = Path(__file__).parent


class MissingPeer(Exception):
    """One line: which peer cannot run, and what to do."""


class Peer:
    """A program that reads its texts once, warms up, and then does a round whenever it is asked.

    It reads lines of JSON: first what to work on, then `{"ask": "round"}` or `{"ask": "found"}`. It answers each with
    one line: `versions` when it is warm, `cpu_s` of a round (processor seconds of the work alone), `found`.
    """

    def __init__(self, command: list[str], given: Mapping[str, Any], cwd: Path) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=cwd)
        self.versions: str = self._ask(given)["versions"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def round(self) -> float:
        """Processor seconds that the texts took."""
        return float(self._ask({"ask": "round"})["cpu_s"])

    def found(self) -> list[Any]:
        """What it finds, text by text."""
        found: list[Any] = self._ask({"ask": "found"})["found"]
        return found

    def _ask(self, line: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise MissingPeer(f"{self._process.args!r} ended with code {self._process.wait()}: see above")
        told: dict[str, Any] = json.loads(answer)
        return told


def presidio(given: Mapping[str, Any]) -> Peer:
    """Presidio's pattern recognisers; MissingPeer if they are not installed."""
    python = INSTALLED / "python" / "bin" / "python"
    if not python.exists():
        raise MissingPeer("Presidio is not installed here; `make bench-all` installs it below .cache/peers")
    return Peer([str(python), str(_HERE / "presidio_patterns.py")], given, INSTALLED)


def textlint(given: Mapping[str, Any]) -> Peer:
    """textlint with the rule prh, or prh alone; MissingPeer if they are not installed."""
    folder = INSTALLED / "textlint"
    if shutil.which("node") is None:
        raise MissingPeer("textlint needs Node.js (20 or newer) and npm; install them, then `make bench-all`")
    if not (folder / "node_modules").is_dir():
        raise MissingPeer("textlint is not installed here; `make bench-all` installs it below .cache/peers")
    program = folder / "lint.mjs"
    shutil.copyfile(_HERE / "textlint" / "lint.mjs", program)  # Node looks for packages beside the program
    return Peer(["node", str(program)], given, folder)
