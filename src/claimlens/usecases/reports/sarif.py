"""SARIF 2.1.0: a result for each finding, for tools that show findings beside the file they stand in.

`block` is an error, `modify` a warning, `info` a note. Columns count code points. A change is a fix where the item is
JSON text of the checked file, so that its place is known.
"""

import hashlib
from json import dumps, loads
from typing import Any
from urllib.parse import quote

from claimlens.domain.finding import Change, Finding, Resolution, Severity
from claimlens.gate.record import suppression_wire
from claimlens.kit.json_text import value_span
from claimlens.usecases.menus import Answer, Checked, NotChecked, Tally
from claimlens.usecases.reports import Run, Write, own_reasons, summary
from claimlens.usecases.reports.wire import encode

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.INFO: "note", Severity.MODIFY: "warning", Severity.BLOCK: "error"}


class SarifReport:
    """Collects results; a log is one document, written at the end."""

    def __init__(self, write: Write, run: Run) -> None:
        self._write = write
        self._run = run
        self._results: list[dict[str, Any]] = []
        self._rules: dict[str, dict[str, Any]] = {}
        self._places: dict[str, int] = {}
        self._notes: list[dict[str, Any]] = []

    def add(self, answer: Answer) -> None:
        """Take the findings of one item, or the note that it was not read."""
        if isinstance(answer, NotChecked):
            self._notes.append(_note(answer))
            return
        for index, finding in own_reasons(answer.verdict):
            self._results.append(self._result(answer, index, finding))

    def close(self, tally: Tally, failures: tuple[str, ...]) -> None:
        """Write the log."""
        notes = [*self._notes, *({"level": "error", "message": {"text": failure}} for failure in failures)]
        run = {
            "tool": {
                "driver": {
                    "name": "ClaimLens",
                    "version": self._run.version,
                    "semanticVersion": self._run.version,
                    "rules": list(self._rules.values()),
                }
            },
            "columnKind": "unicodeCodePoints",
            "artifacts": [{"location": {"uri": _uri(file)}} for file in self._run.files],
            "invocations": [{"executionSuccessful": not failures, "toolExecutionNotifications": notes}],
            "results": self._results,
            "properties": summary(tally, self._run, failures),
        }
        self._write(encode({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n")

    def _result(self, checked: Checked, index: int, finding: Finding) -> dict[str, Any]:
        place = _place(checked, finding.field)
        result: dict[str, Any] = {
            "ruleId": finding.rule_id,
            "ruleIndex": self._rule(finding),
            "level": _LEVELS[finding.severity],
            "message": {"text": _message(checked, finding)},
            "locations": [_location(checked, finding, place)],
            "partialFingerprints": {"finding/v1": _fingerprint(checked, finding)},
            "properties": {
                "item_id": checked.verdict.item_id,
                "verdict": checked.verdict.verdict.value,
                "resolution": finding.resolution.value,
                "transform": finding.transform,
                "span": list(finding.span),
                "suggestions": [suggestion.text for suggestion in finding.suggestions],
            },
        }
        change = next((change for change in checked.verdict.changes if change.field == finding.field), None)
        fits = change and place and _text_at(checked, finding.field) == change.before
        if change and place and fits and finding.resolution is Resolution.AUTO:
            result["fixes"] = [_fix(checked, change, place)]
        suppression = checked.answered.suppressed.get(index)
        if suppression:
            result["suppressions"] = [
                {
                    "kind": "external",
                    "status": "accepted",
                    "justification": suppression.reason,
                    "properties": suppression_wire(suppression),
                }
            ]
        elif index in checked.answered.expired:
            result["properties"]["suppression_expired"] = suppression_wire(checked.answered.expired[index])
        return result

    def _rule(self, finding: Finding) -> int:
        rule = self._rules.get(finding.rule_id)
        if rule is None:
            citation = finding.citation
            rule = {
                "id": finding.rule_id,
                "shortDescription": {"text": f"{citation.instrument}, {citation.section}".strip(", ")},
                "fullDescription": {"text": finding.why},
                "defaultConfiguration": {"level": _LEVELS[finding.severity]},
                "properties": {"transform": finding.transform},
            }
            if citation.url:
                rule["helpUri"] = citation.url
            self._rules[finding.rule_id] = rule
            self._places[finding.rule_id] = len(self._places)
        return self._places[finding.rule_id]


def _message(checked: Checked, finding: Finding) -> str:
    words = f'"{_short(finding.matched_text)}": ' if finding.matched_text else ""
    return f"{checked.item.name[:80]}: {words}{finding.why}"


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:199] + "…"


def _place(checked: Checked, field: str) -> dict[str, int] | None:
    """The region of a field's JSON string in the file, if the item is JSON text of that file."""
    entry = checked.entry
    if not entry.column or entry.source[:1] != "{":
        return None
    try:
        span = value_span(entry.source, 0, field)
    except (ValueError, IndexError):
        # A row of a table that happens to begin like an object.
        return None
    if span is None:
        return None
    start, end = (_row_and_column(entry.source, offset, entry.line, entry.column) for offset in span)
    return {"startLine": start[0], "startColumn": start[1], "endLine": end[0], "endColumn": end[1]}


def _text_at(checked: Checked, field: str) -> object:
    span = value_span(checked.entry.source, 0, field)
    return loads(checked.entry.source[slice(*span)]) if span else None


def _row_and_column(source: str, offset: int, line: int, column: int) -> tuple[int, int]:
    rows = source.count("\n", 0, offset)
    return line + rows, offset - source.rfind("\n", 0, offset) if rows else column + offset


def _location(checked: Checked, finding: Finding, place: dict[str, int] | None) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(checked.file)}}
    region: dict[str, Any] = dict(place) if place else {}
    if not region and checked.entry.line:
        region = {"startLine": checked.entry.line}
    if region:
        if finding.matched_text:
            region["snippet"] = {"text": _short(finding.matched_text)}
        physical["region"] = region
    name = f"{checked.verdict.item_id}{finding.field}"
    return {
        "physicalLocation": physical,
        "logicalLocations": [{"name": finding.field or "/", "fullyQualifiedName": name, "kind": "value"}],
    }


def _fix(checked: Checked, change: Change, place: dict[str, int]) -> dict[str, Any]:
    replacement = {
        "deletedRegion": place,
        "insertedContent": {"text": dumps(change.after, ensure_ascii=False)},
    }
    return {
        "description": {"text": f"Write: {_short(change.after)}"},
        "artifactChanges": [{"artifactLocation": {"uri": _uri(checked.file)}, "replacements": [replacement]}],
    }


def _fingerprint(checked: Checked, finding: Finding) -> str:
    # Not the span: text moves, and a finding that moved is no new finding.
    words = " ".join(finding.matched_text.casefold().split())
    identity = "\x1f".join((checked.verdict.item_id, finding.rule_id, finding.field, words))
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def _note(missed: NotChecked) -> dict[str, Any]:
    entry = missed.entry
    where: dict[str, Any] = {"artifactLocation": {"uri": _uri(missed.file)}}
    if entry.line:
        where["region"] = {"startLine": entry.line}
    named = f"{entry.item_id}{entry.pointer}"
    return {
        "level": "error",
        "message": {"text": f"{entry.item_id} was not checked: {entry.pointer} {entry.detail}"},
        "locations": [{"physicalLocation": where, "logicalLocations": [{"fullyQualifiedName": named}]}],
    }


def _uri(file: str) -> str:
    return quote(file.replace("\\", "/")) if file != "-" else "stdin"
