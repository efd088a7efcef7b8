"""The operators' scripts with real processes: two releases on this machine, smoke, monitoring, rolling back."""

import json
import os
import subprocess
import sys
import threading
import urllib.request
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.serving import NO_LIMITS, serving
from tests.valkey import eventually, free_port

ROOT = Path(__file__).parents[2]
FEED = {"locale": "en-IN", "items": [{"id": "1", "name": "Steamed rice"}]}


def environ(**more: str) -> dict[str, str]:
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("CLAIMLENS_", "DATABASE_", "REDIS_", "KUBE"))}
    return kept | {"PYTHON": sys.executable} | more


def script(name: str, *arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "scripts" / name), *map(str, arguments)]
    if name.endswith(".py"):
        command.insert(0, sys.executable)
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environ(**more), timeout=200)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This version, as `make build` makes it."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (made,) = out.glob("*.whl")
    return made


def rewritten(wheel: Path, version: str, text: str) -> Path:
    """The wheel as another version, which begins with other lines."""
    target = wheel.with_name(f"claimlens-{version}-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            new.writestr(entry, text if entry.filename == "claimlens/__init__.py" else old.read(entry))
    return target


def answers_with(url: str) -> str:
    with urllib.request.urlopen(f"{url}/version", timeout=10) as answer:
        return str(json.load(answer)["version"])


def test_deploy_smoke_monitor_and_roll_back_two_versions(wheel, tmp_path):
    root, port = tmp_path / "srv", free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {"CLAIMLENS_PORT": str(port), "CLAIMLENS_DATA_DIR": str(tmp_path / "data"), **NO_LIMITS}
    newer = rewritten(wheel, "0.2.0", '"""ClaimLens."""\n\n__version__ = "0.2.0"\n')
    broken = rewritten(wheel, "0.3.0", "raise SystemExit('this one is broken')\n")
    at = ("--root", root)
    try:
        done = script("deploy.py", "local", *at, "--wheel", wheel, **settings)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["state"] == "serving"
        first = answers_with(url)
        key = next(word.partition("API_KEY=")[2] for word in (root / "log").read_text().split() if "API_KEY=" in word)
        assert (root / "log").stat().st_mode & 0o077 == 0

        done = script("smoke.py", "--url", url, "--key", key, "--version", first)
        assert done.returncode == 0, done.stdout
        assert "not checked" not in done.stdout

        done = script("deploy.py", "local", *at, "--wheel", newer, **settings)
        assert done.returncode == 0, done.stderr
        assert answers_with(url) == "0.2.0"
        assert script("smoke.py", "--env", "staging", CLAIMLENS_STAGING_URL=url, CLAIMLENS_KEY=key).returncode == 0
        done = script("smoke.py", "--url", url, "--version", first)
        assert done.returncode == 1
        assert f"version 0.2.0 answers, not {first}" in done.stdout

        done = script("monitor-deployment.py", "--minutes", "0.02", "--every", "0.2", CLAIMLENS_URL=url)
        assert (done.returncode, done.stderr) == (0, "")

        done = script("rollback.sh", CLAIMLENS_RELEASES=str(root))
        assert done.returncode == 0, done.stderr
        assert answers_with(url) == first
        assert (root / "previous").readlink().name == "0.2.0"
        around = environ(CLAIMLENS_DATA_DIR=str(tmp_path / "data"), PYTHONPATH=str(ROOT / "src"))
        listed = [sys.executable, "-m", "claimlens", "deployments", "list", "--json"]
        noted = json.loads(subprocess.run(listed, env=around, capture_output=True, text=True, check=True).stdout)
        assert [(each["kind"], each["version"]) for each in noted] == [
            ("rollback", first),
            ("start", "0.2.0"),
            ("start", first),
        ]

        # A release that does not start leaves the old one serving, by itself.
        done = script("deploy.py", "local", *at, "--wheel", broken, **settings)
        assert done.returncode == 1
        assert done.stderr == f"deploy: 0.3.0 does not serve; {root}/log says why; back on {first}\n"
        assert answers_with(url) == first
        assert "this one is broken" in (root / "log").read_text()

        # What is killed comes back.
        before = json.loads(script("deploy.py", "status", *at).stdout)["pid"]
        os.kill(before, 9)
        eventually(lambda: serves_as_another(root, before), "it is started again", 60)
        assert answers_with(url) == first
    finally:
        done = script("deploy.py", "stop", *at)
    assert json.loads(done.stdout)["state"] == "stopped"
    done = script("smoke.py", "--url", url)
    assert done.returncode == 1
    assert "does not answer" in done.stdout
    done = script("monitor-deployment.py", "--minutes", "1", "--every", "0.1", "--url", url)
    assert done.returncode == 1
    assert done.stderr.startswith(f"monitor-deployment: {url} does not answer")
    assert done.stderr.count("\n") == 1


def serves_as_another(root: Path, pid: int) -> bool:
    told = json.loads((root / "state.json").read_text())
    return bool(told["state"] == "serving" and told["pid"] != pid)


def test_a_release_is_added_once_and_only_from_a_wheel(tmp_path):
    (tmp_path / "x.whl").write_text("no wheel")
    done = script("deploy.py", "local", "--root", tmp_path, "--wheel", tmp_path / "x.whl", "--name", "one")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "cannot be unpacked" in done.stderr
    assert not list((tmp_path / "releases").iterdir())
    done = script("deploy.py", "rollback", "--root", tmp_path)
    assert done.stderr == "deploy: no release before this one; nothing serves\n"


class Said:
    """A site whose /health and /metrics say what a test wants."""

    def __init__(self) -> None:
        self.health = '{"status": "healthy"}'
        self.requests = self.failed = self.slow = 0.0
        said = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write((said.health if self.path == "/health" else said.metrics()).encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def metrics(self) -> str:
        route = 'route="/v1/menu/feed"'
        return (
            f'claimlens_requests_total{{method="POST",{route},status="200"}} {self.requests}\n'
            f"claimlens_requests_failed{{{route}}} {self.failed}\n"
            f'claimlens_requests_total{{method="GET",route="/health",status="200"}} {self.requests * 1000}\n'
            f'claimlens_request_duration_ms_bucket{{le="100.0",{route}}} {self.requests - self.slow}\n'
            f'claimlens_request_duration_ms_bucket{{le="200.0",{route}}} {self.requests}\n'
            f'claimlens_request_duration_ms_bucket{{le="+Inf",{route}}} {self.requests}\n'
            "process_start_time_seconds 1000.5\n"
        )

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def said() -> Iterator[Said]:
    site = Said()
    yield site
    site.close()


@pytest.mark.parametrize(
    ("requests", "failed", "slow", "verdict"),
    [
        (100, 6, 0, "6.0% of 100 requests failed; 5 % are allowed"),
        (100, 5, 0, ""),
        (100, 0, 20, "p95 of /v1/menu/feed is 175 ms over 100 requests; 150 ms are allowed"),
        (100, 0, 4, ""),
        (10, 10, 10, ""),  # too few to say anything
    ],
)
def test_the_monitor_judges_what_happened_since_it_began(said, requests, failed, slow, verdict):
    # What was before does not count.
    said.requests, said.failed, said.slow = 1000.0, 900.0, 900.0
    command = [sys.executable, str(ROOT / "scripts/monitor-deployment.py"), "--url", said.url]
    command += ["--minutes", "0.02" if not verdict else "1", "--every", "0.05"]
    seen = threading.Event()
    before = said.metrics()

    def metrics() -> str:
        text = Said.metrics(said) if seen.is_set() else before
        if not seen.is_set():
            said.requests, said.failed, said.slow = 1000.0 + requests, 900.0 + failed, 900.0 + slow
            seen.set()
        return text

    said.metrics = metrics
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == (f"monitor-deployment: {verdict}\n" if verdict else "")
    assert done.returncode == bool(verdict)


def test_the_monitor_ends_when_it_is_unhealthy(said):
    said.health = '{"status": "unhealthy"}'
    done = script("monitor-deployment.py", "--url", said.url, "--minutes", "1", "--every", "0.05")
    assert (done.returncode, done.stderr) == (1, "monitor-deployment: /health says unhealthy\n")


def test_smoke_without_a_key_says_what_it_left_out(tmp_path):
    with serving(tmp_path) as server:
        done = script("smoke.py", "--url", server.url)
    assert done.returncode == 0, done.stdout
    assert "not checked  verdicts  no key was given" in done.stdout
    assert script("smoke.py", "--env", "production").stderr.startswith("smoke: say where production is")


@pytest.fixture
def kubectl(tmp_path):
    """A kubectl that notes what it is told and answers as it is told to."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program, noted = folder / "kubectl", tmp_path / "noted"
    program.write_text(f'#!/bin/sh\necho "$@" >> {noted}\ncase "$*" in *"$KUBECTL_FAILS"*) exit 1;; esac\n')
    program.chmod(0o755)
    noted.touch()

    def run(name: str, *arguments: str, fails: str = "nothing", **more: str) -> tuple[int, list[str], str]:
        noted.write_text("")
        path = f"{folder}:{os.environ['PATH']}"
        done = script(name, *arguments, PATH=path, KUBECTL_FAILS=fails, **more)
        return done.returncode, noted.read_text().splitlines(), done.stderr

    return run


NAMES = ["claimlens-api", "claimlens-worker", "mcp-alt-suggester", "mcp-ocr-label", "mcp-recall-lookup"]
NAMES += ["mcp-unit-convert"]


class TestKubernetes:
    """Which lines kubectl is given; no cluster was at hand."""

    def test_staging_is_applied_and_waited_for(self, kubectl):
        code, told, _ = kubectl("deploy.py", "kubernetes", "--env", "staging")
        assert code == 0
        assert told[0] == f"--context claimlens-staging apply -f {ROOT}/k8s/staging/"
        wanted = [f"--context claimlens-staging rollout status deployment/{name} --timeout=300s" for name in NAMES]
        assert told[1:] == wanted

    def test_production_asks(self, kubectl):
        code, told, said = kubectl("deploy.py", "kubernetes", "--env", "production")
        assert (code, told, said) == (1, [], "deploy: production needs an approval: --yes\n")
        code, told, _ = kubectl("deploy.py", "kubernetes", "--env", "production", "--yes")
        assert told[0].startswith("--context claimlens-production apply")

    def test_a_rollout_that_does_not_end_is_named(self, kubectl):
        code, _, said = kubectl("deploy.py", "kubernetes", "--env", "staging", fails="status deployment/mcp-ocr")
        assert code == 1
        assert said.endswith("mcp-ocr-label does not run the new version; ./scripts/rollback.sh goes back\n")

    def test_rolling_back(self, kubectl):
        code, told, _ = kubectl("rollback.sh", KUBE_CONTEXT="claimlens-staging")
        assert code == 0
        undone = {line.rpartition("/")[2] for line in told if " rollout undo " in line}
        assert undone == set(NAMES)
        assert all(line.startswith("--context claimlens-staging ") for line in told)
        assert " exec deployment/claimlens-api -- claimlens deployments record --kind rollback " in told[-1]
        code, _, said = kubectl("rollback.sh", "claimlens-api", fails="deployments record")
        assert (code, said) == (0, "rollback: not noted in claimlens deployments\n")
        code, told, _ = kubectl("rollback.sh", "claimlens-api", fails="rollout status", CLAIMLENS_REASON="errors")
        assert code == 1
        assert told[-1].endswith("--kind rollback --part claimlens-api --note rollback.sh: errors")
        assert told[0] == "rollout undo deployment/claimlens-api"
