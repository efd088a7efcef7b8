"""Each of the four import contracts names a mistake planted in a skeleton of the tree, under the real configuration."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: The rooms that the contracts speak of, present or to come.
SKELETON = (
    "entry/__init__",
    "entry/api/__init__",
    "entry/api/batches",
    "entry/cli/__init__",
    "entry/console/__init__",
    "entry/web/__init__",
    "entry/web/session",
    "wiring",
    "config",
    "usecases/__init__",
    "usecases/checks",
    "adapters/__init__",
    "adapters/disk",
    "adapters/sql/__init__",
    "adapters/sql/batches",
    "gate/__init__",
    "gate/detect/__init__",
    "gate/detect/claims",
    "packs/__init__",
    "packs/read",
    "ports/__init__",
    "ports/store",
    "domain/__init__",
    "domain/item",
    "kit/__init__",
    "kit/text_table",
)


@dataclass(frozen=True)
class Mistake:
    contract: str
    module: str
    line: str

    def __str__(self) -> str:
        return f"{self.module}: {self.line}"


MISTAKES = [
    Mistake("Imports go down only", "domain/item", "from claimlens.gate.detect import claims"),
    Mistake("Imports go down only", "kit/text_table", "import claimlens.domain.item"),
    Mistake("Imports go down only", "gate/detect/claims", "from claimlens.packs import read"),
    Mistake("Imports go down only", "packs/read", "from claimlens.gate.detect import claims"),
    Mistake("Imports go down only", "usecases/checks", "from claimlens.adapters import disk"),
    Mistake("Imports go down only", "adapters/disk", "from claimlens.usecases import checks"),
    Mistake("Imports go down only", "usecases/checks", "from claimlens import config"),
    Mistake("Imports go down only", "config", "from claimlens import wiring"),
    Mistake("Imports go down only", "ports/store", "from claimlens.packs import read"),
    Mistake("Imports go down only", "helpers", '"""A room that nobody planned."""'),
    Mistake("The core does no I/O", "gate/detect/claims", "import os"),
    Mistake("The core does no I/O", "domain/item", "from pathlib import Path"),
    Mistake("The core does no I/O", "packs/read", "from urllib.request import urlopen"),
    Mistake("The core does no I/O", "kit/text_table", "import time"),
    Mistake("The core does no I/O", "gate/detect/claims", "import random"),
    Mistake("The core does no I/O", "domain/item", "import logging"),
    Mistake("The core does no I/O", "gate/detect/claims", "import yaml"),
    Mistake("Entries are independent of each other", "entry/api/batches", "from claimlens.entry import cli"),
    Mistake("Entries are independent of each other", "entry/web/session", "from claimlens.entry.api import batches"),
    Mistake("Entries are independent of each other", "entry/cli/__init__", "from claimlens.entry.web import session"),
    Mistake("Adapters are independent of each other", "adapters/sql/batches", "from claimlens.adapters import disk"),
]

LAWFUL = [
    ("packs/read", "import yaml"),
    ("domain/item", "from datetime import date"),
    ("entry/api/batches", "from claimlens.entry.web import session"),
    ("entry/console/__init__", "from claimlens.entry.web import session"),
    ("wiring", "from claimlens.adapters import disk"),
    ("usecases/checks", "from claimlens.ports import store"),
]


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """An empty house beside the real configuration."""
    package = tmp_path / "claimlens"
    for module in ("__init__", *SKELETON):
        path = package / f"{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('"""A room."""\n')
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as go; go()", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def plant(folder: Path, module: str, line: str) -> None:
    with (folder / "claimlens" / f"{module}.py").open("a") as file:
        file.write(f"{line}\n")


def test_what_is_lawful_passes(skeleton: Path) -> None:
    for module, line in LAWFUL:
        plant(skeleton, module, line)
    answer = lint_imports(skeleton)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "Contracts: 4 kept, 0 broken." in answer.stdout


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_is_named(skeleton: Path, mistake: Mistake) -> None:
    plant(skeleton, mistake.module, mistake.line)
    answer = lint_imports(skeleton)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert f"{mistake.contract} BROKEN" in answer.stdout
    assert "Contracts: 3 kept, 1 broken." in answer.stdout
    module = "claimlens." + mistake.module.removesuffix("/__init__").replace("/", ".")
    place = re.escape(module) if mistake.module == "helpers" else rf"{re.escape(module)} -> \S+ \(l\.2\)"
    assert re.search(place, answer.stdout), answer.stdout
