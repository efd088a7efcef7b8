"""The Dockerfile and the compose file, as far as they can be judged without a container engine."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
#: Made by `make build`, never committed.
MADE = {"dist/packs"}


def copied() -> list[str]:
    """What the Dockerfile copies from the repository."""
    found = []
    for line in DOCKERFILE.splitlines():
        if line.startswith("COPY ") and "--from=" not in line:
            found += line.split()[1:-1]
    return found


def test_the_dockerfile_is_clean():
    program = Path(sys.executable).with_name("hadolint")
    # DL3008: Debian's stable keeps only the newest of each package; a pinned one stops every later build.
    done = subprocess.run(
        [program, "--ignore", "DL3008", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", copied())
def test_every_copied_path_is_there_and_let_through(path):
    assert path in MADE or (ROOT / path).exists()
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    parts = Path(path).parts
    assert any(f"!{'/'.join(parts[:n])}" in ignored for n in range(1, len(parts) + 1))


def test_it_runs_as_nobody_in_particular():
    last = DOCKERFILE.rindex("FROM ")
    assert re.search(r"^USER 10001:10001$", DOCKERFILE[last:], re.MULTILINE)
    assert "HEALTHCHECK" in DOCKERFILE[last:]
    assert "/health/ready" in DOCKERFILE[last:]


def test_the_bill_of_materials_names_what_is_installed(tmp_path):
    target = tmp_path / "sbom.json"
    command = [sys.executable, str(ROOT / "scripts/make-sbom.py"), str(target)]
    assert subprocess.run(command, capture_output=True, text=True, check=False).returncode == 0
    document = yaml.safe_load(target.read_text(encoding="utf-8"))
    assert document["bomFormat"] == "CycloneDX"
    assert {"msgspec", "litestar"} <= {each["name"].lower() for each in document["components"]}


class TestCompose:
    def test_the_whole_system_is_in_it(self):
        expected = {"api", "worker", "postgres", "valkey", "prometheus", "migrate"}
        services = {"mcp-ocr-label", "mcp-unit-convert", "mcp-recall-lookup", "mcp-alt-suggester"}
        assert set(COMPOSE["services"]) == expected | services

    def test_nothing_but_loopback_is_published(self):
        for service in COMPOSE["services"].values():
            assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))

    def test_no_secret_stands_in_it(self):
        text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
        assert not re.search(r"PASSWORD: (?!\$\{)\S", text)
        assert all("file" in secret for secret in COMPOSE["secrets"].values())

    @pytest.mark.skipif(not shutil.which("docker"), reason="no docker")
    def test_docker_reads_it(self):
        probe = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if probe.returncode:
            pytest.skip("docker without compose")
        command = ["docker", "compose", "--file", str(ROOT / "compose.yaml"), "config", "--quiet"]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/bin:/bin", "CLAIMLENS_DB_PASSWORD": "x"},
        )
        assert done.returncode == 0, done.stderr
