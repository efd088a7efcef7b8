"""What the import contracts cannot see: built-ins and methods that read a file, a clock or a person."""

import ast
from pathlib import Path

import pytest

CORE = ("domain", "gate", "packs", "kit")
SOURCE = Path(__file__).parents[2] / "src" / "claimlens"

BUILTINS = {"open", "print", "input", "breakpoint", "exec", "eval", "compile", "__import__"}
#: Names after a dot that ask the clock, on `date` and `datetime` alike.
CLOCKS = {"today", "now", "utcnow"}


def impurities(source: str) -> list[tuple[int, str]]:
    """(line, call) of each call in `source` that a pure module may not make."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in BUILTINS:
            found.append((node.lineno, called.id))
        if isinstance(called, ast.Attribute) and called.attr in CLOCKS:
            found.append((node.lineno, ast.unparse(called)))
    return found


@pytest.mark.parametrize("room", CORE)
def test_the_core_asks_nobody(room: str) -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{line}: {call}()"
        for path in sorted((SOURCE / room).rglob("*.py"))
        for line, call in impurities(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "call"),
    [
        ("text = open('menu.json').read()", "open"),
        ("from datetime import date\nday = date.today()", "date.today"),
        ("import datetime\nday = datetime.datetime.now(datetime.UTC)", "datetime.datetime.now"),
        ("print('checking')", "print"),
    ],
)
def test_an_impure_call_is_found(source: str, call: str) -> None:
    assert [name for _, name in impurities(source)] == [call]


@pytest.mark.parametrize("source", ["import re2\nre2.compile('a+')", "day = date(2026, 1, 1)", "def open_items(): ..."])
def test_a_pure_call_is_not_found(source: str) -> None:
    assert impurities(source) == []
