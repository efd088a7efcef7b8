"""The documentation holds together: links lead somewhere, decisions have their parts, named commands exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

#: Pages that are generated from the rule packs.
GENERATED = DOCS / "rules"
PAGES = sorted(
    [
        *(page for page in DOCS.rglob("*.md") if not page.is_relative_to(GENERATED)),
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
    ]
)
DECISIONS = sorted((DOCS / "adr").glob("[0-9]*.md"))

LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
MAKE = re.compile(r"\bmake ([a-z][a-z-]+)\b(?=[^\n]*(?:`|$))", re.MULTILINE)
CODE = re.compile(r"```.*?```|`[^`\n]+`|^(?: {4}).*$", re.MULTILINE | re.DOTALL)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    targets = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    dead = [
        link
        for link in targets
        if not (page.parent / link).exists() and not (page.parent / link).resolve().is_relative_to(GENERATED)
    ]
    assert not dead


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_named_make_commands_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    code = "\n".join(CODE.findall(page.read_text(encoding="utf-8")))
    assert set(MAKE.findall(code)) <= targets


@pytest.mark.parametrize("folder", ["tutorial", "how-to", "reference", "explanation", "adr"])
def test_every_page_is_in_its_table_of_contents(folder: str) -> None:
    index = (DOCS / folder / "index.md").read_text(encoding="utf-8")
    listed = {line.strip() for line in index.splitlines()}
    missing = [page.stem for page in (DOCS / folder).glob("*.md") if page.stem not in listed | {"index", "template"}]
    assert not missing


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_a_decision_has_its_parts(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    number = page.name[:4]
    assert text.startswith(f"# {number} ")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences", "Alternatives", "Carried by"]
    assert re.search(r"^(Accepted|Superseded by \d{4}), \d{4}-\d{2}-\d{2}$", text, re.MULTILINE)


def test_decisions_are_numbered_without_gaps() -> None:
    assert [page.name[:4] for page in DECISIONS] == [f"{n:04}" for n in range(1, len(DECISIONS) + 1)]
