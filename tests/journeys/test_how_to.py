"""The how-to for a new rule works as written: its YAML, appended to a family, lints, finds and lets through."""

import shutil

import pytest

from claimlens.entry.cli import run
from tests.journeys.documented import ROOT, code_blocks, page

RULE, EXCUSE = code_blocks(page("how-to/add-a-rule.md"), "yaml")
ID = "IN-ENDORSE-AWARD-001"


@pytest.fixture
def packs(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("in", "shared"):
        shutil.copytree(ROOT / "packs" / name, tmp_path / "packs" / name)
    return tmp_path / "packs"


def add(packs, rule: str) -> None:
    family = packs / "in" / "endorsement.yaml"
    family.write_text(family.read_text(encoding="utf-8") + "\n" + rule, encoding="utf-8")


def test_the_rule_of_the_page_lints_and_its_near_miss_is_named(packs, capsys):
    add(packs, RULE)
    assert run(["rules", "lint", "in", "--packs", str(packs)]) == 0
    run(["rules", "test", "in", "--packs", str(packs)])
    named = [line for line in capsys.readouterr().out.splitlines() if f"[{ID}]" in line]
    assert len(named) == 1
    assert "award-winning chef: expected silent or allow, got modify" in named[0]


def test_with_the_excuse_it_holds_and_finds(packs, capsys, tmp_path):
    add(packs, RULE.replace("    resolution:", f"{EXCUSE}    resolution:", 1))
    run(["rules", "test", "in", "--packs", str(packs)])
    assert ID not in capsys.readouterr().out
    menu = tmp_path / "menu.json"
    menu.write_text('{"name": "Award-winning dum biryani"}')
    assert run(["check", str(menu), "--locale", "en-IN", "--packs", str(packs)]) == 2
    out = capsys.readouterr().out
    shown = page("how-to/add-a-rule.md")
    for line in out.splitlines()[1:2]:
        assert line in shown
