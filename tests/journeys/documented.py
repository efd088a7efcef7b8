"""What the documentation shows: its commands with their output, and its tables."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_CONSOLE = re.compile(r"^( *)```console\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def console_blocks(text: str) -> list[tuple[list[str], str]]:
    """Arguments and output of each `$ claimlens ...`; a block shows one command."""
    blocks = []
    for indent, body in _CONSOLE.findall(text):
        lines = [line.removeprefix(indent) for line in body.splitlines()]
        command = lines[0].removeprefix("$ ").split()
        assert command[0] == "claimlens"
        blocks.append((command[1:], "\n".join(lines[1:])))
    return blocks


def tables(text: str, *heading: str) -> list[list[str]]:
    """The rows of every table with this heading; a cell that is one piece of code is given without its backticks."""
    rows: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if cells == list(heading):
            inside = True
        elif not cells:
            inside = False
        elif inside and not set(cells[0]) <= {"-", " "}:
            rows.append([cell[1:-1] if re.fullmatch(r"`[^`]+`", cell) else cell for cell in cells])
    return rows


def code_blocks(text: str, language: str) -> list[str]:
    """The bodies of the code blocks in a language, without the indentation of a list they stand in."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return ["\n".join(line.removeprefix(indent) for line in body.splitlines()) + "\n" for indent, body in found]
