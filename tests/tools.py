"""Programs that some tests run and that come with no Python package: found, or unpacked from Debian's own package.

Unpacking needs no root: the package goes into `.cache/tools` of the clone. Where there is no apt either, the tests that
need the program say so and are skipped.
"""

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

_KEPT = Path(__file__).parents[1] / ".cache/tools"
_INSTALL_S = 300


def program(name: str, package: str) -> Path:
    """The path of a program. Skips the test, saying what to install, where it cannot be had."""
    found = _find(name, package)
    if found is None:
        pytest.skip(f"no {name} here; on Debian and Ubuntu: apt install {package}")
    return found


@cache
def _find(name: str, package: str) -> Path | None:
    installed = shutil.which(name)
    if installed:
        return Path(installed)
    kept = _KEPT / "usr/bin" / name
    if not kept.is_file():
        _unpack(package)
    return kept if kept.is_file() else None


def _unpack(package: str) -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return
    with tempfile.TemporaryDirectory() as folder:
        download = ["apt-get", "download", "-qq", package]
        done = subprocess.run(download, cwd=folder, capture_output=True, timeout=_INSTALL_S, check=False)
        if done.returncode:
            subprocess.run(["apt-get", "update", "-qq"], capture_output=True, timeout=_INSTALL_S, check=False)
            subprocess.run(download, cwd=folder, capture_output=True, timeout=_INSTALL_S, check=False)
        for archive in Path(folder).glob("*.deb"):
            _KEPT.mkdir(parents=True, exist_ok=True)
            subprocess.run(["dpkg-deb", "--extract", archive, _KEPT], capture_output=True, check=False)
