"""One self-contained HTML file: no scripts, nothing fetched, light and dark, fit to be mailed and printed."""

from collections.abc import Iterable
from importlib.resources import files
from itertools import pairwise
from typing import Any

import jinja2

from claimlens.domain.finding import Finding, Resolution, Severity
from claimlens.domain.notice import NOTICE
from claimlens.domain.verdict import Outcome, Verdict
from claimlens.kit.word_diff import word_diff
from claimlens.usecases.menus import Answer, Checked, NotChecked, Tally
from claimlens.usecases.reports import Run, Write, own_gaps, own_reasons

#: The 14 allergens of EU law in the order of Annex II to Regulation (EU) No 1169/2011: the columns of the matrix.
ALLERGENS: tuple[str, ...] = (
    "gluten", "crustaceans", "eggs", "fish", "peanuts", "soybeans", "milk", "nuts", "celery", "mustard", "sesame",
    "sulphites", "lupin", "molluscs",
)  # fmt: skip
#: Around highlighted words of a text longer than this, only so much of it is shown.
_SHOWN_WHOLE, _AROUND = 1500, 160

_RESOLUTIONS = {
    Resolution.AUTO: "a change is offered",
    Resolution.EVIDENCE: "evidence is needed",
    Resolution.HUMAN: "a person decides",
    Resolution.NONE: "nothing to do",
}


class HtmlReport:
    """Collects the answers and renders them at the end."""

    def __init__(self, write: Write, run: Run) -> None:
        self._write = write
        self._run = run
        self._items: list[dict[str, Any]] = []
        self._not_read: list[dict[str, Any]] = []

    def add(self, answer: Answer) -> None:
        """Take one answer."""
        if isinstance(answer, NotChecked):
            entry = answer.entry
            self._not_read.append({"file": answer.file, "entry": entry})
        else:
            self._items.append(_item(answer, len(self._items) + 1))

    def close(self, tally: Tally, failures: tuple[str, ...]) -> None:
        """Render the page."""
        columns = _columns(self._items)
        for item in self._items:
            item["cells"] = [item["levels"].get(column, item["other_level"]) for column in columns]
        page = _template().render(
            run=self._run,
            tally=tally,
            failures=failures,
            items=self._items,
            not_read=self._not_read,
            columns=columns,
            notice=NOTICE,
            outcomes=[(outcome.value, tally.outcomes[outcome]) for outcome in reversed(Outcome)],
            not_checked=sorted(tally.not_checked.items()),
            notes=list(tally.notes),
            packs=sorted(tally.pack_versions.items()),
        )
        self._write(page)


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.from_string(files(__package__).joinpath("report.html.j2").read_text(encoding="utf-8"))


def _item(checked: Checked, number: int) -> dict[str, Any]:
    verdict = checked.verdict
    levels = _levels(verdict)
    return {
        "number": number,
        "file": checked.file,
        "line": checked.entry.line,
        "id": verdict.item_id,
        "name": checked.item.name[:200],
        "kind": checked.item.kind.value.replace("_", " "),
        "locale": checked.item.locale,
        "verdict": verdict.verdict.value,
        "needs_review": verdict.needs_review,
        "fields": [_field(pointer, text, checked) for pointer, text in _shown_fields(checked)],
        "reasons": [_reason(checked, index, finding) for index, finding in _heaviest_first(own_reasons(verdict))],
        "changes": [
            {"field": change.field, "pieces": word_diff(change.before, change.after), "after": change.after}
            for change in verdict.changes
        ],
        "levels": levels,
        "other_level": ("not declared", "") if verdict.allergens.complete else ("unknown", ""),
        "undeclared": verdict.allergens.undeclared,
        "complete": verdict.allergens.complete,
        "per": verdict.nutrition.get("per", ""),
        "nutrition": [(_nutrient(key), _unit(key, value)) for key, value in verdict.nutrition.items() if key != "per"],
        "not_checked": own_gaps(verdict),
        "degraded": verdict.degraded_services,
    }


def _heaviest_first(reasons: list[tuple[int, Finding]]) -> list[tuple[int, Finding]]:
    return sorted(reasons, key=lambda pair: (-pair[1].severity.rank, pair[0]))


def _reason(checked: Checked, index: int, finding: Finding) -> dict[str, Any]:
    return {
        "finding": finding,
        "severity": finding.severity.value,
        "resolution": _RESOLUTIONS[finding.resolution],
        "suppressed": checked.answered.suppressed.get(index),
        "expired": checked.answered.expired.get(index),
    }


def _shown_fields(checked: Checked) -> Iterable[tuple[str, str]]:
    """The fields that findings speak of, the name and the description first."""
    spoken_of = {finding.field for finding in checked.verdict.reasons if finding.matched_text}
    return [(pointer, text) for pointer, text in checked.item.texts() if pointer in spoken_of]


def _field(pointer: str, text: str, checked: Checked) -> dict[str, Any]:
    marks = [
        (*finding.span, finding.severity)
        for index, finding in enumerate(checked.verdict.reasons)
        if finding.field == pointer and finding.matched_text and index not in checked.answered.suppressed
    ]
    return {"pointer": pointer, "segments": highlighted(text, marks)}


def highlighted(text: str, marks: list[tuple[int, int, Severity]]) -> list[tuple[str, str]]:
    """The text in pieces, each with the heaviest severity of the marks that cover it (empty: none).

    Of a long text only the surroundings of its marks are given, with "…" between.
    """
    steps: dict[int, list[int]] = {0: [0, 0, 0], len(text): [0, 0, 0]}
    for start, end, severity in marks:
        steps.setdefault(start, [0, 0, 0])[severity.rank] += 1
        steps.setdefault(end, [0, 0, 0])[severity.rank] -= 1
    covering = [0, 0, 0]
    pieces = []
    for start, end in pairwise(sorted(steps)):
        covering = [count + step for count, step in zip(covering, steps[start], strict=True)]
        heaviest = next((severity.value for severity in reversed(Severity) if covering[severity.rank]), "")
        pieces.append((heaviest, text[start:end]))
    if len(text) <= _SHOWN_WHOLE:
        return pieces
    return [(severity, _shortened(piece, place, len(pieces))) for place, (severity, piece) in enumerate(pieces)]


def _shortened(piece: str, place: int, count: int) -> str:
    if len(piece) <= 2 * _AROUND:
        return piece
    head = "" if place == 0 and count > 1 else piece[:_AROUND]
    tail = "" if place == count - 1 else piece[-_AROUND:]
    return f"{head} … {tail}"


def _levels(verdict: Verdict) -> dict[str, tuple[str, str]]:
    """Level and reason of every allergen the text speaks of, by the allergen's id."""
    found: dict[str, tuple[str, str]] = {}
    for level, entries in (("may contain", verdict.allergens.may_contain), ("contains", verdict.allergens.contains)):
        for entry in entries:
            found[entry.allergen] = (level, ", ".join(entry.because)[:200])
    if not verdict.allergens.complete:
        # An unknown outweighs a trace: who reads "may contain" must not take the rest for known.
        found = {allergen: level for allergen, level in found.items() if level[0] == "contains"} | {
            allergen: ("unknown", because) for allergen, (level, because) in found.items() if level == "may contain"
        }
    return found


def _columns(items: list[dict[str, Any]]) -> list[str]:
    others = sorted({allergen for item in items for allergen in item["levels"]} - set(ALLERGENS))
    return [*ALLERGENS, *others]


_UNITS = {"kj": "kJ", "kcal": "kcal", "g": "g", "mg": "mg", "ug": "µg", "ml": "ml", "pct": "%"}


def _nutrient(key: str) -> str:
    name, _, unit = key.rpartition("_")
    return (name if unit in _UNITS and name else key).replace("_", " ")


def _unit(key: str, value: object) -> str:
    unit = key.rpartition("_")[2]
    return f"{value} {_UNITS[unit]}" if unit in _UNITS else str(value)
