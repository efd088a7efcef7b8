"""Render `ops/manifests/` with kustomize into the plain files of `k8s/`. usage: render-manifests.py [--check]

`--check` writes nothing and ends with 1 if a file of `k8s/` differs from what would be written. Needs `kubectl` or
`kustomize`.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
OVERLAYS = ROOT / "ops/manifests/overlays"
PURGE = "purge-expired-data"
HEAD = "# Made from ops/manifests by `make manifests`; edit there.\n"


def rendered(overlay: str) -> str:
    """One overlay as kustomize renders it."""
    tool = shutil.which("kubectl")
    command = [tool, "kustomize"] if tool else [shutil.which("kustomize") or "kustomize", "build"]
    try:
        done = subprocess.run([*command, str(OVERLAYS / overlay)], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise SystemExit("render-manifests: neither kubectl nor kustomize is installed") from None
    if done.returncode:
        raise SystemExit(f"render-manifests: {overlay}: {done.stderr.strip()}")
    return done.stdout


def files() -> dict[str, str]:
    """Every plain file by its path in the repository."""
    production = rendered("production")
    purge = [each for each in production.split("\n---\n") if yaml.safe_load(each)["metadata"]["name"] == PURGE]
    return {
        "k8s/staging/claimlens.yaml": HEAD + rendered("staging"),
        "k8s/production/claimlens.yaml": HEAD + production,
        "k8s/maintenance-mode.yaml": HEAD + rendered("maintenance-mode"),
        "k8s/cronjob-purge.yaml": HEAD + purge[0].rstrip("\n") + "\n",
    }


def main(check: bool) -> int:
    """Write or compare."""
    stale = []
    for name, text in files().items():
        path = ROOT / name
        if check:
            stale += [] if path.is_file() and path.read_text(encoding="utf-8") == text else [name]
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(name)
    for name in stale:
        print(f"render-manifests: {name} is not what ops/manifests say; run `make manifests`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
