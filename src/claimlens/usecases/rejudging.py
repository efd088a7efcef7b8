"""A recorded item judged again: by today's law or another day's, under the same or other settings.

What services answered then is what they answer now: it stands in the record. Personal data was masked when the item was
recorded, so what the gate found of it is taken over from the record.
"""

from datetime import date
from typing import Any

import msgspec

from claimlens.domain.errors import ClaimLensError
from claimlens.domain.finding import Finding
from claimlens.domain.item import Item
from claimlens.domain.question import Answer, Outside, Question
from claimlens.domain.service import ALT_SUGGESTER
from claimlens.domain.suppression import Answered, Suppression
from claimlens.domain.verdict import Verdict
from claimlens.gate import Examined, Steps
from claimlens.gate.judge.suppressions import answer as answered_for
from claimlens.gate.judge.verdict import needs_review, outcome
from claimlens.usecases.checks import Checker
from claimlens.usecases.reports.recorded import recalled

_PERSONAL = "redact.pii"


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """Under what an item is judged again. `off` are transforms that do not run."""

    on: date
    brand_names: tuple[str, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    off: frozenset[str] = frozenset()


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An item as it is kept: by what it was judged, what services answered, what was found of personal data."""

    item: Item
    locale: str
    profile: str
    services: dict[str, dict[str, Any] | None] = {}
    personal: tuple[Finding, ...] = ()


def kept_in(record: bytes) -> Kept | None:
    """The item of an audit record, None if the record holds none that can be judged."""
    try:
        found = recalled(record)
        return Kept(
            item=found.item,
            locale=found.record["locale"],
            profile=found.record["profile"],
            services=found.record.get("services") or {},
            personal=tuple([each for each in found.answered.verdict.reasons if each.transform == _PERSONAL]),
        )
    except (ClaimLensError, KeyError, TypeError, ValueError, AttributeError, msgspec.MsgspecError):
        return None


def rejudged(checker: Checker, kept: Kept, under: Conditions) -> Verdict:
    """The verdict for a kept item under other conditions, before anybody answers for a finding.

    Raises ClaimLensError if it cannot be judged now.
    """
    item: Item = msgspec.structs.replace(kept.item, marks=under.brand_names)
    steps = checker.steps(
        [item],
        locale=kept.locale,
        profile=kept.profile,
        on_date=under.on,
        outside=Outside.ASKED if kept.services else Outside.UNASKED,
        without=under.off,
    )
    (examined,) = _run(steps, kept.services)
    verdict = examined.verdict
    if not kept.personal or _PERSONAL in under.off:
        return verdict
    reasons = verdict.reasons + kept.personal
    return msgspec.structs.replace(
        verdict, reasons=reasons, verdict=outcome(reasons), needs_review=needs_review(reasons)
    )


def answered_under(verdict: Verdict, under: Conditions) -> Answered:
    """The verdict as suppressions leave it."""
    return answered_for(verdict, under.suppressions, under.on) if under.suppressions else Answered(verdict)


def _run(steps: Steps, services: dict[str, dict[str, Any] | None]) -> list[Examined]:
    def answer(question: Question) -> Answer:
        recorded = services.get(question.service)
        # What was suggested then was for the findings of then; suggestions move no verdict.
        return None if recorded is None or question.service == ALT_SUGGESTER else (recorded,)

    try:
        questions = next(steps)
        while True:
            questions = steps.send(tuple([answer(question) for question in questions]))
    except StopIteration as done:
        examined: list[Examined] = done.value
        return examined
