"""What remains of a verdict when somebody answers for some of its findings."""

from collections.abc import Sequence
from datetime import date

import msgspec

from claimlens.domain.finding import Severity
from claimlens.domain.suppression import Answered, Suppression
from claimlens.domain.verdict import Verdict
from claimlens.gate.judge.verdict import needs_review, outcome


def answer(verdict: Verdict, suppressions: Sequence[Suppression], on_date: date) -> Answered:
    """The verdict as it stands when suppressed findings do not count; every finding stays in its reasons.

    A change of a field whose suppressed finding asked for it is withdrawn: it would edit the very words that somebody
    answers for.
    """
    suppressed: dict[int, Suppression] = {}
    expired: dict[int, Suppression] = {}
    for index, finding in enumerate(verdict.reasons):
        covering = [s for s in suppressions if s.covers(verdict.item_id, finding)]
        holding = next((s for s in covering if on_date <= s.expires), None)
        if holding:
            suppressed[index] = holding
        elif covering:
            expired[index] = max(covering, key=lambda s: s.expires)
    if not suppressed:
        return Answered(verdict, {}, expired)
    return Answered(_without(verdict, suppressed), suppressed, expired)


def _without(verdict: Verdict, suppressed: dict[int, Suppression]) -> Verdict:
    counting = [finding for index, finding in enumerate(verdict.reasons) if index not in suppressed]
    kept = {
        verdict.reasons[index].field for index in suppressed if verdict.reasons[index].severity is not Severity.INFO
    }
    return msgspec.structs.replace(
        verdict,
        verdict=outcome(counting),
        needs_review=needs_review(counting),
        changes=tuple(change for change in verdict.changes if change.field not in kept),
    )
