"""Packs like those of the house, but for one rule of Great Britain that blocks where it let people edit."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[1]
RULE = "GB-GENERAL-SUPERFOOD-001"
#: Words that meet the rule.
SUPERFOOD = {"id": "super", "name": "Kale bowl", "description": "A superfood for the whole family."}


def stricter_packs(folder: Path) -> Path:
    """Make them in a folder; the folder of packs."""
    for name in ("gb", "shared"):
        shutil.copytree(ROOT / "packs" / name, folder / name)
    path = folder / "gb" / "general.yaml"
    head, rule, rest = path.read_text(encoding="utf-8").partition(f"id: {RULE}\n")
    assert rule
    path.write_text(head + rule + rest.replace("severity: modify", "severity: block", 1), encoding="utf-8")
    return folder
