"""docs/RUNBOOK.md: each block is run against a live system, or says why not and is compared with the manifests."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import yaml

from claimlens.entry.cli import cli
from tests.mcp_serving import McpServer
from tests.postgres import Databases, programs_folder
from tests.serving import Server, serving
from tests.valkey import Valkey, eventually, free_port, server_binary

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "docs/RUNBOOK.md"
TEXT = RUNBOOK.read_text(encoding="utf-8")
#: What may stand above a block that is not run.
REASONS = (
    "needs a cluster",
    "needs a cloud account",
    "needs a container engine",
    "tests/deployment/test_scripts.py",
    "tests/journeys/test_rotation.py",
)
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SERVICES = {"ocr.label": "OCR_LABEL", "unit.convert": "UNIT_CONVERT", "recall.lookup": "RECALL_LOOKUP"}
SERVICES["alt.suggester"] = "ALT_SUGGESTER"


class Block(NamedTuple):
    line: int
    reason: str
    text: str

    @property
    def is_run(self) -> bool:
        return not self.reason


def blocks() -> list[Block]:
    found = []
    for fence in _FENCE.finditer(TEXT):
        assert fence[2] == "sh", f"a block in another language: {fence[0]}"
        paragraph = TEXT[: fence.start()].rstrip().rpartition("\n\n")[2].strip()
        text = "".join(line.removeprefix(fence[1]) for line in fence[3].splitlines(keepends=True))
        found.append(
            Block(TEXT.count("\n", 0, fence.start()) + 1, paragraph if paragraph.startswith("*Not run") else "", text)
        )
    return found


RUN = [block for block in blocks() if block.is_run]
NOT_RUN = [block for block in blocks() if not block.is_run]

#: Words of a block → what it must print.
SHOWS = {
    "# The four services": [
        '"status":"healthy"',
        '{"name":"database","status":"ok"}',
        "ocr.label",
        "alt.suggester",
        "claimlens_requests_total{",
        '"burn_rates"',
        '"migration"',
    ],
    "make smoke ENV=local": ["ok           verdicts", "ok           services"],
    "incidents open": ["P2\topen\tPhotos of labels are not read", '"title":"Photos of labels are not read"'],
    "deployments list": ["start\tserver"],
    "claimlens handoff": ["Needs somebody", "healthy", "last backup", "operations: #claimlens-ops"],
    "services disable": ["in use", "off"],
    "tenants contacts": ["tenant"],
    "# Present latency": ["claimlens_request_duration_ms_bucket", "total_commands_processed", '"routes"'],
    "FLUSHDB": ["OK"],
    "grep requests_failed": ["claimlens_requests_failed{", "pg_is_in_recovery"],
    "grep circuit_breaker_state": ['claimlens_circuit_breaker_state{service="ocr.label"} 0.0'],
    "# Slow queries": ["(0 rows)"],
    "pg_terminate_backend": ["(0 rows)"],
    "replica_lag": ["claimlens_db_replica_lag_seconds -1"],
    "maxmemory": ["OK"],
    "backup create": ["backup-"],
    "claimlens_restored": ["count"],
    "claimlens_dumped": ["count"],
    "DELETE FROM audits": ["DELETE 0"],
    "/v1/api-keys": ['"key":"cl_live_'],
    "ENV=staging": ["ok           verdicts"],
    "monitor-deployment": ["holds after"],
    '"enabled": true': ['"enabled":true'],
    '"enabled": false': ['"enabled":false'],
    "REINDEX": ["REINDEX"],
    "secrets rotate api": ["in force", "under the present secret"],
    "claimlens db maintain\n": ["vacuum, reindex"],
    "claimlens doctor": ["ok\tdatabase\t", "ok\tsealed secrets\t", "ok\tserver\t"],
    "coverage_ratio": ["claimlens_coverage_ratio", "process_cpu_seconds_total", '"coverage":{', '"transforms":['],
}


class System:
    """Everything that the runbook speaks of, on this machine."""

    def __init__(self, folder: Path, database_url: str, held: ExitStack) -> None:
        self.folder = folder
        for name in ("mcp", "api", "bin", "backups", "here"):
            (folder / name).mkdir()
        self.valkey = Valkey()
        held.callback(self.valkey.remove)
        self.services = McpServer(folder / "mcp", "--all", port=free_port())
        held.callback(self.services.kill)
        self.services.start()
        settings = {"DATABASE_URL": database_url, "REDIS_URL": self.valkey.url}
        for name, url in self.services.urls.items():
            settings[f"CLAIMLENS_MCP_{SERVICES[name]}_URL"] = url
        settings["CLAIMLENS_BACKUP_TO"] = str(folder / "backups")
        settings["CLAIMLENS_PG_BIN"] = str(programs_folder())
        self.server: Server = held.enter_context(serving(folder / "api", worker=False, environ=settings))
        self._environ = self.server.surroundings() | {
            "CLAIMLENS_URL": self.server.url,
            "ADMIN_KEY": self.server.key,
            "API_KEY": self.server.key,
            "KEY_ID": self._leak(),
            "MINUTES": "0.01",
            "PATH": f"{folder / 'bin'}:{programs_folder()}:{os.environ['PATH']}",
            "MAKEFLAGS": f"PYTHON={sys.executable}",
        }
        self._programs()

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        """A block, as a shell that stops at the first thing that fails."""
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.folder / "here",
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def _programs(self) -> None:
        claimlens = self.folder / "bin/claimlens"
        claimlens.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m claimlens "$@"\n')
        claimlens.chmod(0o755)
        client = shutil.which("redis-cli") or str(Path(server_binary()).with_name("valkey-cli"))
        (self.folder / "bin/redis-cli").symlink_to(client)
        for name in ("scripts", "k8s", "ops", "Makefile", "src"):
            (self.folder / "here" / name).symlink_to(ROOT / name)

    def _leak(self) -> str:
        """The id of a key of a tenant of its own."""
        made = self.server.ask("POST", "/v1/tenants", {"id": "tenant-leaked", "contact_email": "a@example.com"})
        assert made.status == 201, made.body
        body = {"tenant_id": "tenant-leaked"}
        return str(self.server.ask("POST", "/v1/api-keys", body).json()["id"])


@pytest.fixture(scope="module")
def system(postgres_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with ExitStack() as held:
        url = held.enter_context(postgres_databases.fresh())
        yield System(tmp_path_factory.mktemp("runbook"), url, held)


@pytest.mark.parametrize("block", RUN, ids=lambda block: f"line {block.line}")
def test_a_block_does_what_it_says(system, block):
    done = system.run(block.text)
    assert done.returncode == 0, f"{done.stderr}\n{done.stdout}\n{system.server.log[-2000:]}"
    for words, shown in SHOWS.items():
        if words in block.text:
            assert all(each in done.stdout for each in shown), done.stdout


def test_a_service_that_is_out_shows_and_comes_back(system):
    """§3, degraded mode: the block of the runbook, before, meanwhile and after."""
    (look,) = [block.text for block in RUN if "grep circuit_breaker_state" in block.text]
    item = {"id": "1", "name": "Herbal tea", "description": "Cures diabetes.", "gtin": "05000168001234"}

    def says(status: str) -> bool:
        assert system.server.ask("POST", "/v1/menu/feed", {"locale": "en-GB", "items": [item]}).status == 200
        return f'"status":"{status}"' in system.run(look).stdout

    assert says("healthy")
    system.services.kill()
    eventually(lambda: says("degraded"), "it says degraded", 150)
    assert re.search(r'circuit_breaker_state\{service="[a-z.]+"\} 2\.0', system.run(look).stdout)
    system.services.start()
    eventually(lambda: says("healthy"), "it comes back by itself", 150)


@pytest.mark.parametrize("words", SHOWS)
def test_what_is_expected_is_of_a_block(words):
    assert any(words in block.text for block in RUN)


# --- what is not run -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", NOT_RUN, ids=lambda block: f"line {block.line}")
def test_what_is_not_run_says_why(block):
    assert any(reason in block.reason for reason in REASONS), block.reason


def manifests() -> list[dict[str, Any]]:
    text = (ROOT / "k8s/production/claimlens.yaml").read_text(encoding="utf-8")
    return [each for each in yaml.safe_load_all(text) if each]


def named(kind: str) -> set[str]:
    return {each["metadata"]["name"] for each in manifests() if each["kind"] == kind}


def test_every_name_in_it_is_in_the_manifests():
    everything = "\n".join(block.text for block in NOT_RUN)
    assert set(re.findall(r"deployment/([\w-]+)", everything)) <= named("Deployment")
    pods = [each["spec"]["template"]["metadata"]["labels"] for each in manifests() if each["kind"] == "Deployment"]
    assert set(re.findall(r"-l app=([\w-]+)", everything)) <= {pod["app"] for pod in pods}
    assert set(re.findall(r"get hpa ([\w-]+)", everything)) <= named("HorizontalPodAutoscaler")
    assert set(re.findall(r"CronJob\s+`([\w-]+)`", TEXT)) == named("CronJob")
    (scaler,) = [each["spec"] for each in manifests() if each["kind"] == "HorizontalPodAutoscaler"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 10)
    assert scaler["metrics"][0]["resource"]["target"]["averageUtilization"] == 70


def test_every_file_in_it_is_there():
    for path in re.findall(r"(?<![\w/.])((?:k8s|ops|scripts|tests)/[\w./-]*\w)", TEXT):
        assert (ROOT / path).exists(), path
    for target in re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", TEXT):
        assert (RUNBOOK.parent / target).exists(), target


def test_every_target_and_command_in_it_is_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^|`)make ([a-z-]+)", TEXT, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for command, after in re.findall(r"(?:^ *|`)claimlens ([a-z]+)(?: ([a-z-]+))?", TEXT, re.MULTILINE):
        found = cli.get_command(click.Context(cli), command)
        assert found is not None, command
        if isinstance(found, click.Group) and after:
            assert found.get_command(click.Context(found), after) is not None, f"{command} {after}"


def test_every_container_is_given_a_command_that_there_is():
    for each in manifests():
        job = each["spec"].get("jobTemplate", each) if "spec" in each else each
        pod = job.get("spec", {}).get("template", {}).get("spec", {})
        for container in [*pod.get("initContainers", ()), *pod.get("containers", ())]:
            command: click.Command = cli
            words = list(container["args"])
            while isinstance(command, click.Group):
                found = command.get_command(click.Context(command), words.pop(0))
                assert found is not None, container["args"]
                command = found
            command.make_context("claimlens", words)  # raises at an option that it does not know


def test_it_has_the_sections_of_the_operators():
    assert [int(number) for number in re.findall(r"^## (\d+)\. ", TEXT, re.MULTILINE)] == list(range(1, 14))


def test_every_metric_in_it_is_one_of_the_service(system):
    known = system.server.ask("GET", "/metrics", key="").body.decode()
    for name in re.findall(r"`((?:claimlens|process)_[a-z_]+)`", TEXT):
        assert f"# TYPE {name} " in known, name
