"""The gate: one path for every item, whoever asks.

    ingest → normalise → detect → judge → rewrite → record → notify

| transform                | home                                                     |
|--------------------------|----------------------------------------------------------|
| `redact.pii`             | `normalise/pii/`                                         |
| `normalize.nutrition`    | `normalise/nutrition.py`                                 |
| `detect.claims`          | `detect/claims.py`, judged in `judge/claims.py`          |
| `detect.allergens`       | `detect/allergens.py`                                    |
| `detect.recalls`         | asked of `recall.lookup`, judged in `judge/recalls.py`   |
| `verify.nutrition_claims`| `judge/nutrition_claims.py`, `judge/conditions.py`       |
| `suggest.alternatives`   | `judge/health_claims.py` (from packs and the item's own numbers) |
| `rewrite.disclaimer`     | `rewrite/edits.py`                                       |

What a verdict leaves behind: `record.py` makes the audit and the decision log (`masking.py` takes personal data out of
them), `notify.py` the payloads of webhooks. They decide what is written and sent; others write and send it.
"""

from collections.abc import Generator, Sequence
from datetime import date

from msgspec.structs import replace

from claimlens.domain.item import Item
from claimlens.domain.profile import Profile
from claimlens.domain.question import Answer, Outside, Question
from claimlens.domain.service import RECALL_LOOKUP
from claimlens.gate.check import Examined, Examiner, Mark
from claimlens.gate.judge.recalls import judge_recall, recall_payload, recall_record

__all__ = ["STAGES", "Examined", "Examiner", "Mark", "Steps", "examine"]

#: How often `examine` yields.
STAGES = 2
#: Questions go out, their answers come in, the verdicts stand at the end.
Steps = Generator[tuple[Question, ...], tuple[Answer, ...], list[Examined]]


def examine(
    examiner: Examiner,
    items: Sequence[Item],
    *,
    profile: Profile,
    on: date,
    locale: str,
    outside: Outside,
    mark: Mark | None = None,
) -> Steps:
    """Judge a batch of items of one locale.

    Yields twice, before judging and after, the questions of that stage (often none) and is sent an answer for each.
    Judging is what takes the time: it happens on the first answer. `mark` is called behind each transform of each item.
    """
    language = locale.partition("-")[0]
    in_force = examiner.rules_in_force(on)
    yield ()
    examined = [examiner.examine(item, profile, in_force, language, mark) for item in items]
    if profile.off:
        examined = [_with_gaps(one, profile.off) for one in examined]
    recalls = profile.runs("detect.recalls") and outside is not Outside.APART
    questions: tuple[Question, ...] = ()
    if recalls and outside is Outside.ASKED:
        questions = (Question(RECALL_LOOKUP, tuple([recall_payload(item, locale) for item in items])),)
    answers = yield questions
    if recalls:
        asked = bool(questions)
        found = (answers[0] if asked else None) or (None,) * len(items)
        for i, (one, item, answer) in enumerate(zip(examined, items, found, strict=True)):
            examined[i] = one._replace(
                verdict=judge_recall(one.verdict, item, answer, examiner.pack, asked=asked),
                services={**(one.services or {}), RECALL_LOOKUP: recall_record(answer)} if asked else one.services,
            )
    return examined


def _with_gaps(one: Examined, off: tuple[str, ...]) -> Examined:
    """What was switched off was not checked, and the verdict says so."""
    verdict = one.verdict
    return one._replace(verdict=replace(verdict, not_checked=verdict.not_checked + off))
