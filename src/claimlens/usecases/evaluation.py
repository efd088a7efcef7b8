"""Score the gate on a labelled set: claims, allergens and traces, personal data.

The measures are those of the scorer that comes with the development set: claims are *flagged* (modify or block)
against allow; allergens
are micro-averaged over (item, allergen) pairs; a labelled span of personal data counts when 90 % of its letters and
digits are covered, a reported one when half of its own lie in labelled spans.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import msgspec

from claimlens.domain.finding import Severity
from claimlens.domain.item import Item
from claimlens.domain.jurisdiction import LOCALES, Jurisdiction
from claimlens.domain.verdict import Outcome, Verdict
from claimlens.gate.ingest.entry import Defaults
from claimlens.gate.ingest.record import item_of
from claimlens.usecases.checks import Checker

Row = Mapping[str, Any]


class Score(msgspec.Struct):
    """True positives, false positives, false negatives, and what follows from them."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    @property
    def precision(self) -> float:
        """Share of what was reported that is right; 0 if nothing was reported."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 0.0

    @property
    def recall(self) -> float:
        """Share of what is there that was reported."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


class Slice(msgspec.Struct):
    """One cut through the set: `by` a property, its `value`, how many items, the score or the share that is right."""

    by: str
    value: str
    items: int
    score: Score


class Miss(msgspec.Struct, frozen=True):
    """An item that came out wrong: missed or invented."""

    id: str
    jurisdiction: str
    expected: str
    got: str
    category: str
    text: str


class Evaluation(msgspec.Struct, kw_only=True):
    """Figures of one part of the set."""

    name: str
    items: int
    overall: Score
    exact: float | None = None
    slices: list[Slice] = []
    misses: list[Miss] = []


def evaluate_set(checker: Checker, data: Mapping[str, list[Row]], on: date) -> list[Evaluation]:
    """Each part that is there: `claims_positive`, `claims_negative`, `allergens`, `pii` (rows by file stem)."""
    results = []
    if "claims_positive" in data or "claims_negative" in data:
        results.append(_claims(checker, [*data.get("claims_positive", []), *data.get("claims_negative", [])], on))
    if "allergens" in data:
        results += _allergens(checker, data["allergens"], on)
    if "pii" in data:
        results.append(_personal_data(checker, data["pii"], on))
    return results


def _judge(checker: Checker, rows: list[Row], record: Callable[[Row], dict[str, Any]], on: date) -> list[Verdict]:
    items: list[Item] = [item_of({"id": row["id"], **record(row)}, i, Defaults()) for i, row in enumerate(rows)]
    with_locale = [msgspec.structs.replace(item, locale=_locale(row)) for item, row in zip(items, rows, strict=True)]
    return checker.check(with_locale, locale="", on_date=on)


def _locale(row: Row) -> str:
    wanted = Jurisdiction(row["jurisdiction"])
    language = str(row.get("lang", ""))
    of_market = [locale for locale, j in LOCALES.items() if j is wanted]
    return next((locale for locale in of_market if language and locale.startswith(language)), of_market[0])


def _claims(checker: Checker, rows: list[Row], on: date) -> Evaluation:
    def record(row: Row) -> dict[str, Any]:
        context = row.get("context") or {}
        kept = {k: context[k] for k in ("nutrition", "ingredients") if k in context}
        return (
            {"name": context["name"], "description": row["text"], **kept}
            if "name" in context
            else {"name": row["text"], **kept}
        )

    verdicts = _judge(checker, rows, record, on)
    overall = Score()
    slices: dict[tuple[str, str], Slice] = {}
    misses, exact = [], 0
    for row, verdict in zip(rows, verdicts, strict=True):
        expected, got = row["expected"], str(verdict.verdict)
        exact += expected == got
        wanted, flagged = expected != Outcome.ALLOW, got != Outcome.ALLOW
        for score in (
            overall,
            *_slices(slices, row, ("jurisdiction", "expected", "confidence", "variant", "category")),
        ):
            score.tp += wanted and flagged
            score.fn += wanted and not flagged
            score.fp += flagged and not wanted
        if wanted != flagged:
            misses.append(Miss(row["id"], row["jurisdiction"], expected, got, row["category"], row["text"]))
    misses.sort(key=lambda m: (m.expected != "block", m.expected == "allow", m.id))
    return Evaluation(
        name="claims",
        items=len(rows),
        overall=overall,
        exact=exact / len(rows) if rows else None,
        slices=[slices[key] for key in sorted(slices)],
        misses=misses,
    )


def _slices(slices: dict[tuple[str, str], Slice], row: Row, names: Iterable[str]) -> Iterable[Score]:
    for name in names:
        value = str(row.get(name, ""))
        part = slices.setdefault((name, value), Slice(name, value, 0, Score()))
        part.items += 1
        yield part.score


def _allergens(checker: Checker, rows: list[Row], on: date) -> list[Evaluation]:
    verdicts = _judge(checker, rows, lambda row: {"name": "-", "ingredients": row["text"]}, on)
    results = []
    for field, view in (("allergens", "contains"), ("traces", "may_contain")):
        overall = Score()
        slices: dict[tuple[str, str], Slice] = {}
        misses, exact = [], 0
        for row, verdict in zip(rows, verdicts, strict=True):
            expected = set(row[field])
            got = {entry.allergen for entry in getattr(verdict.allergens, view)}
            exact += expected == got
            for score in (overall, *_slices(slices, row, ("jurisdiction", "lang", "category"))):
                score.tp += len(expected & got)
                score.fp += len(got - expected)
                score.fn += len(expected - got)
            if expected != got:
                missed = f"missed {sorted(expected - got)} invented {sorted(got - expected)}"
                misses.append(Miss(row["id"], row["jurisdiction"], missed, "", row["category"], row["text"]))
        results.append(
            Evaluation(
                name=field,
                items=len(rows),
                overall=overall,
                exact=exact / len(rows) if rows else None,
                slices=[slices[key] for key in sorted(slices)],
                misses=misses,
            )
        )
    return results


def _personal_data(checker: Checker, rows: list[Row], on: date) -> Evaluation:
    verdicts = _judge(checker, rows, lambda row: {"name": "-", "description": row["text"]}, on)
    overall = Score()
    slices: dict[tuple[str, str], Slice] = {}
    misses = []
    for row, verdict in zip(rows, verdicts, strict=True):
        text = row["text"]
        labelled = _places(text, [entry["span"] for entry in row["expected"]])
        reported = [
            _signs(text, *f.span)
            for f in verdict.reasons
            if f.transform == "redact.pii" and f.severity is not Severity.INFO
        ]
        covered: set[int] = set().union(*reported)
        personal: set[int] = set().union(*labelled)
        hits = [len(signs & covered) >= 0.9 * len(signs) for signs in labelled]
        right = [len(signs & personal) >= 0.5 * len(signs) for signs in reported if signs]
        for score in (overall, *_slices(slices, row, ("jurisdiction", "category"))):
            score.tp += sum(hits)
            score.fn += len(hits) - sum(hits)
            score.fp += len(right) - sum(right)
        if not all(hits) or not all(right):
            found = [f.matched_text for f in verdict.reasons if f.transform == "redact.pii"]
            misses.append(
                Miss(
                    row["id"],
                    row["jurisdiction"],
                    str([e["span"] for e in row["expected"]]),
                    str(found),
                    row["category"],
                    text,
                )
            )
    return Evaluation(
        name="pii", items=len(rows), overall=overall, slices=[slices[key] for key in sorted(slices)], misses=misses
    )


def _places(text: str, spans: list[str]) -> list[set[int]]:
    """Letters and digits of each labelled span; a span that stands twice is taken in order."""
    used: Counter[str] = Counter()
    places = []
    for span in spans:
        at = -1
        for _ in range(used[span] + 1):
            after = text.find(span, at + 1)
            at = after if after >= 0 else at
        used[span] += 1
        places.append(_signs(text, at, at + len(span)))
    return places


def _signs(text: str, start: int, end: int) -> set[int]:
    return {i for i in range(start, end) if text[i].isalnum()}
