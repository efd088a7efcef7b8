"""Every event and every field of a log line stands in `docs/reference/logs.md`, and nothing that is not logged."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/logs.md").read_text(encoding="utf-8")
METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
#: What is made otherwise than by a keyword of a call: by the frame, by the servers of services, by the log itself.
ELSEWHERE = set(
    "ts level event method route status duration_ms correlation_id tenant actor trace_id profile decision reason "
    "weight exception logger service tool outcome count cannot transform sqlstate duty rest_s".split()
)
EVENTS_ELSEWHERE = {"request", "mcp_call", "log_lines_dropped"}
#: They end up in `exception`.
NOT_SHOWN = {"exc_info"}


def calls() -> list[tuple[str, str, set[str]]]:
    """Event, method and keywords of each line that the program writes."""
    found = []
    for module in (ROOT / "src/claimlens").rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        if "structlog" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            receiver, first = node.func.value, node.args[0]
            if isinstance(receiver, ast.Name) and receiver.id in ("_log", "log") and node.func.attr in METHODS:
                assert isinstance(first, ast.Constant), f"{module}: an event is a word of its own"
                found.append((str(first.value), node.func.attr, {key.arg for key in node.keywords if key.arg}))
    return found


def named(heading: str) -> set[str]:
    """What stands in backticks in the first column of the table with that heading."""
    rows = re.search(rf"^\| {heading} \|.*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    assert rows is not None
    return {name for row in rows[0].strip().splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


def test_every_event_is_described() -> None:
    assert {event for event, _, _ in calls()} | EVENTS_ELSEWHERE == named("event")


def test_every_field_is_described() -> None:
    written = {field for _, _, fields in calls() for field in fields} - NOT_SHOWN
    assert written | ELSEWHERE | {"dropped"} == named("field")
