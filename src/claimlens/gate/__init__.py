"""The gate: one path for every item, whoever asks.

    ingest → normalise → detect → judge → rewrite → record → notify

| transform                | home                                                     |
|--------------------------|----------------------------------------------------------|
| `redact.pii`             | `normalise/pii/`                                         |
| `normalize.nutrition`    | `normalise/nutrition.py`; the rest asked of `unit.convert`: `normalise/conversions.py` |
| `detect.claims`          | `detect/claims.py`, judged in `judge/claims.py`          |
| `detect.allergens`       | `detect/allergens.py`                                    |
| `detect.recalls`         | asked of `recall.lookup`, judged in `judge/recalls.py`   |
| `verify.nutrition_claims`| `judge/nutrition_claims.py`, `judge/conditions.py`       |
| `suggest.alternatives`   | `judge/health_claims.py`; the rest asked of `alt.suggester`: `rewrite/alternatives.py` |
| `rewrite.disclaimer`     | `rewrite/edits.py`                                       |

What a verdict leaves behind: `record.py` makes the audit and the decision log (`masking.py` takes personal data out of
them), `notify.py` the payloads of webhooks. They decide what is written and sent; others write and send it.
"""

from collections.abc import Generator, Sequence
from datetime import date
from typing import Any

from msgspec.structs import replace

from claimlens.domain.item import Item
from claimlens.domain.pack import Pack
from claimlens.domain.profile import Profile
from claimlens.domain.question import Answer, Outside, Question
from claimlens.domain.service import ALT_SUGGESTER, RECALL_LOOKUP, UNIT_CONVERT
from claimlens.gate.check import Examined, Examiner, Mark, Numbers
from claimlens.gate.judge.recalls import judge_recall, recall_payload, recall_record
from claimlens.gate.normalise.conversions import conversion_record, conversion_wanted, with_conversions
from claimlens.gate.rewrite.alternatives import alternatives_wanted, offers_record, with_alternatives

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
    numbers, conversions = yield from _numbers(examiner, items, profile, outside, mark)
    examined = [
        examiner.examine(item, profile, in_force, language, mark, read)
        for item, read in zip(items, numbers, strict=True)
    ]
    for i, answer in conversions.items():
        examined[i] = _with_conversion(examined[i], answer, asked=outside is Outside.ASKED)
    if profile.off:
        examined = [_with_gaps(one, profile.off) for one in examined]
    asks = outside is Outside.ASKED
    recalls = profile.runs("detect.recalls") and outside is not Outside.APART
    suggests = profile.runs("suggest.alternatives") and asks
    wanted = [
        alternatives_wanted(item, one.verdict, locale=locale, on=on) if suggests else None
        for item, one in zip(items, examined, strict=True)
    ]
    questions: tuple[Question, ...] = ()
    if recalls and asks:
        questions += (Question(RECALL_LOOKUP, tuple([recall_payload(item, locale) for item in items])),)
    if any(wanted):
        questions += (Question(ALT_SUGGESTER, tuple([payload for payload in wanted if payload is not None])),)
    answered = (yield questions) or ()
    answers = dict(zip([question.service for question in questions], answered, strict=True))
    if any(wanted):
        _take_offers(examined, wanted, answers[ALT_SUGGESTER])
    if recalls:
        _take_recalls(examined, items, answers.get(RECALL_LOOKUP), examiner.pack, asked=asks)
    return examined


def _numbers(
    examiner: Examiner, items: Sequence[Item], profile: Profile, outside: Outside, mark: Mark | None
) -> Generator[tuple[Question, ...], tuple[Answer, ...], tuple[list[Numbers], dict[int, dict[str, Any] | None]]]:
    """The first stage: the numbers of all items, and the answer of `unit.convert` for each that needed one."""
    numbers = [examiner.numbers(item, profile, mark) for item in items]
    if outside is Outside.APART or not any(read.nutrition.wanted for read in numbers):
        yield ()
        return numbers, {}
    market = examiner.pack.jurisdiction.value
    wanted = {
        i: payload
        for i, (item, read) in enumerate(zip(items, numbers, strict=True))
        if (payload := conversion_wanted(item, read.nutrition, market)) is not None
    }
    asks = outside is Outside.ASKED
    answered = yield ((Question(UNIT_CONVERT, tuple(wanted.values())),) if asks else ())
    answers = (answered[0] if answered else None) or (None,) * len(wanted)
    conversions = dict(zip(wanted, answers, strict=True))
    for i, answer in conversions.items():
        read, references = numbers[i], examiner.pack.references
        found = with_conversions(items[i], read.nutrition, answer, liquid=read.liquid, references=references)
        numbers[i] = read._replace(nutrition=found)
    return numbers, conversions


def _with_conversion(one: Examined, answer: dict[str, Any] | None, *, asked: bool) -> Examined:
    """The verdict of an item whose numbers needed `unit.convert`: it says so if nobody answered."""
    verdict = one.verdict
    if answer is None:
        degraded = verdict.degraded_services + ((UNIT_CONVERT,) if asked else ())
        verdict = replace(verdict, not_checked=(*verdict.not_checked, UNIT_CONVERT), degraded_services=degraded)
    services = {**(one.services or {}), UNIT_CONVERT: conversion_record(answer)} if asked else one.services
    return one._replace(verdict=verdict, services=services)


def _take_offers(examined: list[Examined], wanted: Sequence[dict[str, Any] | None], answer: Answer) -> None:
    """Put what `alt.suggester` offers into the verdicts that it was asked about."""
    places = [i for i, payload in enumerate(wanted) if payload is not None]
    for i, offers in zip(places, answer or (None,) * len(places), strict=True):
        one = examined[i]
        examined[i] = one._replace(
            verdict=with_alternatives(one.verdict, offers),
            services={**(one.services or {}), ALT_SUGGESTER: offers_record(offers)},
        )


def _take_recalls(examined: list[Examined], items: Sequence[Item], answer: Answer, pack: Pack, *, asked: bool) -> None:
    """Put what is known of recalls into the verdicts."""
    found = answer or (None,) * len(items)
    for i, (one, item, lookup) in enumerate(zip(examined, items, found, strict=True)):
        examined[i] = one._replace(
            verdict=judge_recall(one.verdict, item, lookup, pack, asked=asked),
            services={**(one.services or {}), RECALL_LOOKUP: recall_record(lookup)} if asked else one.services,
        )


def _with_gaps(one: Examined, off: tuple[str, ...]) -> Examined:
    """What was switched off was not checked, and the verdict says so."""
    verdict = one.verdict
    return one._replace(verdict=replace(verdict, not_checked=verdict.not_checked + off))
