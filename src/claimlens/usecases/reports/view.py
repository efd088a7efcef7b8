"""A judged item as people look at it: what the HTML report and the console show, ready for a template."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from claimlens.domain.finding import Finding, Resolution, Severity
from claimlens.domain.item import Item
from claimlens.domain.suppression import Answered
from claimlens.domain.verdict import Verdict
from claimlens.kit.word_diff import word_diff
from claimlens.usecases.reports import own_gaps, own_reasons

#: The 14 allergens of EU law in the order of Annex II to Regulation (EU) No 1169/2011: the columns of the matrix.
ALLERGENS: tuple[str, ...] = (
    "gluten", "crustaceans", "eggs", "fish", "peanuts", "soybeans", "milk", "nuts", "celery", "mustard", "sesame",
    "sulphites", "lupin", "molluscs",
)  # fmt: skip
#: Around highlighted words of a text longer than this, only so much of it is shown.
_SHOWN_WHOLE, _AROUND = 1500, 160
_NUMBERS = "verify.nutrition_claims"

_RESOLUTIONS = {
    Resolution.AUTO: "a change is offered",
    Resolution.EVIDENCE: "evidence is needed",
    Resolution.HUMAN: "a person decides",
    Resolution.NONE: "nothing to do",
}


def view_of(item: Item, answered: Answered) -> dict[str, Any]:
    """Everything about one item and its verdict; reasons come heaviest first."""
    verdict = answered.verdict
    return {
        "id": verdict.item_id,
        "name": item.name[:200],
        "kind": item.kind.value.replace("_", " "),
        "locale": item.locale,
        "verdict": verdict.verdict.value,
        "needs_review": verdict.needs_review,
        "fields": [_field(pointer, text, answered) for pointer, text in _shown_fields(item, verdict)],
        "reasons": [_reason(answered, index, finding) for index, finding in _heaviest_first(own_reasons(verdict))],
        "numbers": [finding for finding in verdict.reasons if finding.transform == _NUMBERS],
        "changes": [
            {"field": change.field, "pieces": word_diff(change.before, change.after), "after": change.after}
            for change in verdict.changes
        ],
        "levels": _levels(verdict),
        "other_level": ("not declared", "") if verdict.allergens.complete else ("unknown", ""),
        "undeclared": verdict.allergens.undeclared,
        "complete": verdict.allergens.complete,
        "per": verdict.nutrition.get("per", ""),
        "nutrition": [(_nutrient(key), _unit(key, value)) for key, value in verdict.nutrition.items() if key != "per"],
        "not_checked": own_gaps(verdict),
        "degraded": verdict.degraded_services,
        "packs": sorted(verdict.pack_versions.items()),
    }


def columns_of(views: Iterable[dict[str, Any]]) -> list[str]:
    """The columns of the allergen matrix: those of EU law, then whatever else an item speaks of."""
    others = sorted({allergen for view in views for allergen in view["levels"]} - set(ALLERGENS))
    return [*ALLERGENS, *others]


def cells_of(view: dict[str, Any], columns: Iterable[str]) -> list[tuple[str, str]]:
    """(level, words that imply it) of each column."""
    return [view["levels"].get(column, view["other_level"]) for column in columns]


def _heaviest_first(reasons: list[tuple[int, Finding]]) -> list[tuple[int, Finding]]:
    return sorted(reasons, key=lambda pair: (-pair[1].severity.rank, pair[0]))


def _reason(answered: Answered, index: int, finding: Finding) -> dict[str, Any]:
    return {
        "finding": finding,
        "severity": finding.severity.value,
        "resolution": _RESOLUTIONS[finding.resolution],
        "suppressed": answered.suppressed.get(index),
        "expired": answered.expired.get(index),
    }


def _shown_fields(item: Item, verdict: Verdict) -> Iterable[tuple[str, str]]:
    """The fields that findings speak of, in the item's order."""
    spoken_of = {finding.field for finding in verdict.reasons if finding.matched_text}
    return [(pointer, text) for pointer, text in item.texts() if pointer in spoken_of]


def _field(pointer: str, text: str, answered: Answered) -> dict[str, Any]:
    marks = [
        (*finding.span, finding.severity)
        for index, finding in enumerate(answered.verdict.reasons)
        if finding.field == pointer and finding.matched_text and index not in answered.suppressed
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


_UNITS = {"kj": "kJ", "kcal": "kcal", "g": "g", "mg": "mg", "ug": "µg", "ml": "ml", "pct": "%"}


def _nutrient(key: str) -> str:
    name, _, unit = key.rpartition("_")
    return (name if unit in _UNITS and name else key).replace("_", " ")


def _unit(key: str, value: object) -> str:
    unit = key.rpartition("_")[2]
    return f"{value} {_UNITS[unit]}" if unit in _UNITS else str(value)
