"""What may and may not stand in the files that are committed."""

import re
import subprocess
import tomllib
import warnings
from pathlib import Path

import pytest

from tests.architecture import LongFileWarning

ROOT = Path(__file__).parents[2]

#: A Python file above the first is worth a second look, above the second it is two rooms.
LONG, TOO_LONG = 400, 600

# Put together here so that this file does not name them either.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
    )
)


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_registry_host_is_named() -> None:
    found = []
    for path in tracked_files():
        content = path.read_bytes()
        found += [f"{path.relative_to(ROOT)}: {host}" for host in REGISTRY_HOSTS if host.encode() in content]
    assert not found, "\n".join(found)


def test_no_tool_lock_is_committed() -> None:
    """uv.lock names registry hosts; requirements/*.txt are the lock."""
    assert "uv.lock" not in {path.name for path in tracked_files()}


def test_python_files_are_rooms_not_halls() -> None:
    lengths = {
        path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines())
        for path in tracked_files()
        if path.suffix == ".py"
    }
    for path, lines in lengths.items():
        if LONG < lines <= TOO_LONG:
            warnings.warn(f"{path} has {lines} lines: one room, or two?", LongFileWarning, stacklevel=1)
    too_long = [f"{path} has {lines} lines" for path, lines in lengths.items() if lines > TOO_LONG]
    assert not too_long, "\n".join(too_long)


def test_packs_hold_no_python() -> None:
    assert not [path for path in tracked_files() if path.is_relative_to(ROOT / "packs") and path.suffix == ".py"]


@pytest.mark.parametrize("lock", ["run", "dev", "setup", "bench"])
def test_every_locked_requirement_is_pinned_and_hashed(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8").replace("\\\n", "")
    requirements = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert requirements
    loose = [line[:60] for line in requirements if "==" not in line or "--hash=sha256:" not in line]
    assert not loose


@pytest.mark.parametrize(
    ("lock", "group"), [("run", None), ("dev", None), ("dev", "dev"), ("setup", "setup"), ("bench", "bench")]
)
def test_the_lock_knows_every_declared_dependency(lock: str, group: str | None) -> None:
    """Adding a dependency without `make lock` fails here, not on someone else's machine."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = pyproject["dependency-groups"][group] if group else pyproject["project"]["dependencies"]
    names = {re.split(r"[\[><=;~! ]", requirement)[0] for requirement in declared}
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    locked = {line.split("==")[0] for line in text.splitlines() if "==" in line}
    assert names <= locked
