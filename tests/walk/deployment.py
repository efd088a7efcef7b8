"""§8: two versions on this machine: deploy, smoke, monitor, roll back."""

import json
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]
import yaml

from tests.valkey import free_port
from tests.walk.promises import Section
from tests.walk.site import ROOT, Site

SECTION = Section("8")
_MINUTES = "0.05"


@SECTION.promise("the wheel, twice: this version and the next")
def built(site: Site) -> str:
    out = site.folder / "dist"
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    (wheel,) = out.glob("*.whl")
    newer = _rewritten(wheel, "99.0.0")
    return f"{wheel.name}, {newer.name}"


@SECTION.promise("deploy.py local: the first, then the second, on the store of this system")
def deployed(site: Site) -> str:
    port = str(free_port())
    site.deployed = {"CLAIMLENS_PORT": port, "CLAIMLENS_URL": f"http://127.0.0.1:{port}"}
    root = site.folder / "srv"
    site.held.callback(lambda: site.try_sh(f'"$PYTHON" ./scripts/deploy.py stop --root "{root}"'))
    seen = []
    for wheel in sorted((site.folder / "dist").glob("*.whl"), key=lambda path: "99.0.0" in path.name):
        site.sh(f'"$PYTHON" ./scripts/deploy.py local --root "{root}" --wheel "{wheel}"', **site.deployed)
        seen.append(_version(site))
    assert seen[-1] == "99.0.0", seen
    return f"{seen[0]} answered, then {seen[1]}"


@SECTION.promise("make smoke")
def smoke(site: Site) -> str:
    line = f'make -s -C "{ROOT}" smoke ENV=staging URL="$CLAIMLENS_URL" KEY="$API_KEY" PYTHON="$PYTHON"'
    told = site.sh(line, **site.deployed)
    assert "FAILED" not in told, told
    assert "not checked" not in told, told
    return f"{len(told.splitlines())} checks ok"


@SECTION.promise(f"monitor-deployment.py (15 minutes are {_MINUTES} here)")
def monitored(site: Site) -> str:
    line = f'"$PYTHON" ./scripts/monitor-deployment.py --minutes {_MINUTES} --every 0.5'
    return site.sh(line, **site.deployed).strip()


@SECTION.promise("./scripts/rollback.sh, then curl …/health")
def rolled_back(site: Site) -> str:
    site.sh("./scripts/rollback.sh", CLAIMLENS_RELEASES=str(site.folder / "srv"), **site.deployed)
    version = _version(site)
    assert version != "99.0.0", version
    with urllib.request.urlopen(site.deployed["CLAIMLENS_URL"] + "/health", timeout=30) as answer:
        status = json.load(answer)["status"]
    assert status == "healthy", status
    noted = site.sql("SELECT string_agg(DISTINCT version, ', ') FROM deployments")
    return f"{version} answers again, {status}; noted in deployments: {noted or 'nothing'}"


@SECTION.stands_in("kubectl apply -f k8s/staging/ and k8s/production/, rollout undo", "there is no cluster here")
def manifests(_: Site) -> str:
    count = 0
    for path in sorted((ROOT / "k8s").rglob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if document:
                kubernetes_validate.validate(document, "1.32", strict=True)
                count += 1
    return f"{count} documents hold against the schemas of Kubernetes 1.32, strictly"


@SECTION.stands_in("docker build", "there is no container engine here")
def image(_: Site) -> str:
    hadolint = Path(sys.executable).with_name("hadolint")
    subprocess.run([hadolint, "--ignore", "DL3008", ROOT / "Dockerfile"], check=True, capture_output=True, text=True)
    return "hadolint finds nothing in the Dockerfile"


def _rewritten(wheel: Path, version: str) -> Path:
    """The wheel as another version."""
    target = wheel.with_name(f"claimlens-{version}-py3-none-any.whl")
    begins = f'"""ClaimLens."""\n\n__version__ = "{version}"\n'
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            new.writestr(entry, begins if entry.filename == "claimlens/__init__.py" else old.read(entry))
    return target


def _version(site: Site) -> str:
    with urllib.request.urlopen(site.deployed["CLAIMLENS_URL"] + "/version", timeout=30) as answer:
        return str(json.load(answer)["version"])
