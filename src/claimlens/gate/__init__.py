"""The gate: one path for every item, whoever asks.

    ingest → normalise → detect → judge → rewrite → record → notify

| transform                | home                                                     |
|--------------------------|----------------------------------------------------------|
| `redact.pii`             | `normalise/pii/`                                         |
| `normalize.nutrition`    | `normalise/nutrition.py`                                 |
| `detect.claims`          | `detect/claims.py`, judged in `judge/claims.py`          |
| `detect.allergens`       | `detect/allergens.py`                                    |
| `detect.recalls`         | asked of `recall.lookup`                                 |
| `verify.nutrition_claims`| `judge/nutrition_claims.py`, `judge/conditions.py`       |
| `suggest.alternatives`   | `judge/health_claims.py` (from packs and the item's own numbers) |
| `rewrite.disclaimer`     | `rewrite/edits.py`                                       |

What a verdict leaves behind: `record.py` makes the audit and the decision log (`masking.py` takes personal data out of
them), `notify.py` the payloads of webhooks. They decide what is written and sent; others write and send it.
"""

from collections.abc import Generator, Sequence
from datetime import date

from claimlens.domain.item import Item
from claimlens.domain.profile import Profile
from claimlens.domain.question import Answer, Question
from claimlens.gate.check import Examined, Examiner

__all__ = ["Examined", "Examiner", "examine"]


def examine(
    examiner: Examiner, items: Sequence[Item], *, profile: Profile, on: date, language: str
) -> Generator[Question, Answer, list[Examined]]:
    """Judge a batch of items. Yields at most one question a service and is sent its answer, None if there is none."""
    not_checked: tuple[str, ...] = ()
    if profile.runs("detect.recalls"):
        answer = yield Question(
            "recall.lookup", tuple({"name": i.name, "brand": i.brand, "gtin": i.gtin} for i in items)
        )
        if answer is None:
            not_checked = ("recall.lookup",)
    in_force = examiner.rules_in_force(on)
    return [examiner.examine(item, profile, in_force, language, not_checked) for item in items]
