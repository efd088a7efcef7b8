"""What a recall, or the want of an answer about recalls, does to a verdict."""

from datetime import date
from typing import Any

import pytest

from claimlens.domain.finding import Severity
from claimlens.domain.question import Answer, Outside
from claimlens.domain.verdict import Verdict
from claimlens.gate import STAGES
from claimlens.gate.ingest.entry import Defaults
from claimlens.gate.ingest.record import item_of
from claimlens.wiring import open_checker

_CHECKER = open_checker()
_ON = date(2026, 11, 23)
_BAR = {"id": "b", "name": "Oat bar", "brand": "Tilly's", "gtin": "5012345678900", "ingredients": "oats, honey"}
_MATCH = {
    "source": "fsa",
    "id": "FSA-PRIN-1-2026",
    "title": "Tilly's recalls Oat bar because of undeclared nuts",
    "hazard": "undeclared nuts",
    "date": "2026-11-02",
    "url": "https://data.food.gov.uk/food-alerts/id/FSA-PRIN-1-2026",
    "reason": "brand and product agree",
    "fields": ["brand", "name"],
}
_NONE = {"outcome": "none", "matches": [], "data_as_of": "2026-11-22"}


def judged(*answers: dict[str, Any] | None, record: dict[str, Any] = _BAR, locale: str = "en-GB") -> Verdict:
    """The verdict when `recall.lookup` gives these answers; none given: it is not asked."""
    items = [item_of(record, 0, Defaults())]
    outside = Outside.ASKED if answers else Outside.UNASKED
    steps = _CHECKER.steps(items, locale=locale, on_date=_ON, outside=outside)
    questions = next(steps)
    stages = 1
    try:
        while True:
            answer: Answer = None if None in answers else tuple(one for one in answers if one is not None)
            questions = steps.send(tuple(answer if q.service == "recall.lookup" else None for q in questions))
            stages += 1
    except StopIteration as done:
        assert stages == STAGES
        verdict: Verdict = done.value[0].verdict
        return verdict


def of_recalls(verdict: Verdict):
    return [finding for finding in verdict.reasons if finding.transform == "detect.recalls"]


class TestFound:
    @pytest.mark.parametrize(
        ("fields", "rule_id", "severity", "field"),
        [
            (["gtin", "lot"], "GB-RECALL-001", Severity.BLOCK, "/gtin"),
            (["gtin"], "GB-RECALL-002", Severity.MODIFY, "/gtin"),
            (["brand", "name"], "GB-RECALL-002", Severity.MODIFY, "/name"),
            (["name", "lot"], "GB-RECALL-002", Severity.MODIFY, "/name"),
        ],
    )
    def test_only_the_very_goods_are_blocked(self, fields, rule_id, severity, field):
        verdict = judged({"outcome": "found", "matches": [_MATCH | {"fields": fields}]})
        (finding,) = of_recalls(verdict)
        assert (finding.rule_id, finding.severity, finding.field) == (rule_id, severity, field)
        assert verdict.verdict == severity.value
        assert verdict.needs_review
        assert finding.matched_text == _BAR[field[1:]]
        assert finding.span == (0, len(finding.matched_text))

    def test_it_says_which_recall_and_why_it_fits(self):
        (finding,) = of_recalls(judged({"outcome": "found", "matches": [_MATCH]}))
        assert "FSA-PRIN-1-2026 of 2026-11-02: Tilly's recalls Oat bar" in finding.why
        assert "Hazard: undeclared nuts." in finding.why
        assert "Match: brand and product agree." in finding.why
        assert finding.source == _MATCH["url"]
        assert finding.citation.section == "Articles 14 and 19"

    def test_a_flood_of_recalls_is_cut(self):
        assert len(of_recalls(judged({"outcome": "found", "matches": [_MATCH] * 50}))) == 3

    def test_what_is_found_counts_though_the_data_are_too_old_to_say_that_there_is_nothing(self):
        verdict = judged({"outcome": "unknown", "matches": [_MATCH], "failed_sources": [{"source": "fsa"}]})
        assert [finding.rule_id for finding in of_recalls(verdict)] == ["GB-RECALL-002", "GB-RECALL-NOTE"]
        assert verdict.not_checked == ("recall.lookup",)


class TestNothingKnown:
    def test_none_found_leaves_no_trace(self):
        verdict = judged(_NONE)
        assert (of_recalls(verdict), verdict.not_checked, verdict.degraded_services) == ([], (), ())

    @pytest.mark.parametrize("locale", ["en-IN", "en-US", "en-GB", "de-DE"])
    @pytest.mark.parametrize(
        ("answers", "degraded", "because"),
        [
            ((None,), ("recall.lookup",), "recall.lookup gave no answer"),
            (({"outcome": "unknown", "matches": []},), (), "recall.lookup has no fresh data"),
            (({"cannot": "nothing to look up"},), (), "recall.lookup has no fresh data"),
            ((), (), "recalls were not looked up"),
        ],
    )
    def test_the_verdict_stays_and_the_packs_note_is_offered(self, answers, degraded, because, locale):
        verdict = judged(*answers, locale=locale)
        (note,) = of_recalls(verdict)
        assert (verdict.verdict, verdict.needs_review) == ("allow", False)
        assert verdict.not_checked == ("recall.lookup",)
        assert verdict.degraded_services == degraded
        assert (note.severity, note.suggestions[0].because) == (Severity.INFO, because)
        assert "before you offer it" in note.suggestions[0].text


class TestQuestion:
    def test_lots_come_from_the_metadata(self):
        steps = _CHECKER.steps(
            [item_of(_BAR | {"metadata": {"lot": "L1", "batch": ["B2", 7]}}, 0, Defaults())],
            locale="en-GB",
            on_date=_ON,
            outside=Outside.ASKED,
        )
        next(steps)
        asked = {question.service: question.payload for question in steps.send(())}
        assert asked["recall.lookup"] == (
            {
                "name": "Oat bar",
                "brand": "Tilly's",
                "gtin": "5012345678900",
                "ingredients": "oats, honey",
                "lots": ["L1", "B2"],
                "locale": "en-GB",
            },
        )
