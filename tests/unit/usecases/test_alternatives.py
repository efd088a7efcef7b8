"""`alt.suggester` over the packs as shipped: what is offered, in which order and language, and what is not."""

from datetime import date
from functools import cache
from typing import Any

import pytest

from claimlens.adapters.system.clock import SystemClock
from claimlens.domain.verdict import Verdict
from claimlens.gate.ingest.entry import Defaults
from claimlens.gate.ingest.record import item_of
from claimlens.gate.rewrite.alternatives import alternatives_wanted, with_alternatives
from claimlens.usecases.alternatives import Alternatives
from claimlens.usecases.checks import Checker
from claimlens.wiring import open_checker

ON = date(2026, 11, 23)
JUICE = {"basis": "per_100ml", "energy": "42 kcal", "fat": "0.1 g", "sugars": "8.9 g", "vitamin_c": "30 mg"}
DIP = {"basis": "per_100g", "energy": "160 kcal", "fat": "8 g", "protein": "6 g"}


@cache
def checker() -> Checker:
    return open_checker()


@cache
def service() -> Alternatives:
    return Alternatives(checker(), SystemClock())


def verdict_of(description: str, locale: str, nutrition: dict[str, str] | None, **fields: Any) -> Verdict:
    record = {"name": "Item", "description": description, **fields}
    item = item_of({**record, "nutrition": nutrition} if nutrition else record, 0, Defaults())
    verdict = checker().check([item], locale=locale, on_date=ON)[0]
    payload = alternatives_wanted(item, verdict, locale=locale, on=ON)
    return with_alternatives(verdict, service().answer([payload])[0]) if payload else verdict


def offered(description: str, locale: str, nutrition: dict[str, str], **fields: Any) -> list[str]:
    """The proven wordings for the first thing that was stopped, in their order."""
    verdict = verdict_of(description, locale, nutrition, **fields)
    stopped = [finding for finding in verdict.reasons if finding.severity != "info"]
    return [suggestion.text for suggestion in stopped[0].suggestions if suggestion.because]


def test_the_register_comes_first_then_the_claim_then_the_figure() -> None:
    assert offered("Boosts immunity.", "en-GB", JUICE, kind="beverage") == [
        "Vitamin C contributes to the normal function of the immune system",
        "High in vitamin C",
        "30 mg vitamin C per 100 ml",
    ]


def test_a_high_claim_that_fails_becomes_the_lower_one_that_holds() -> None:
    assert offered("High in protein", "en-GB", DIP) == ["Source of protein", "6 g protein per 100 g"]


def test_a_low_claim_that_fails_becomes_the_true_figure() -> None:
    assert offered("Low fat", "en-GB", DIP) == ["8 g fat per 100 g"]


@pytest.mark.parametrize(
    ("locale", "words", "expected"),
    [
        ("en-IE", "High in protein", ["Source of protein", "6 g protein per 100 g"]),
        ("de-DE", "Hoher Proteingehalt", ["Proteinquelle", "6 g Eiweiß je 100 g"]),
        ("fr-FR", "Riche en protéines", ["Source de protéines", "6 g de protéines pour 100 g"]),
        ("es-ES", "Rico en proteínas", ["Fuente de proteínas", "6 g de proteínas por 100 g"]),
        ("it-IT", "Ricco di proteine", ["Fonte di proteine", "6 g di proteine per 100 g"]),
        ("hi-IN", "प्रोटीन से भरपूर", ["प्रोटीन का स्रोत", "100 ग्राम में 6 ग्राम प्रोटीन"]),
        ("hi-IN", "High protein", ["Source of protein", "6 g protein per 100 g"]),
    ],
)
def test_each_language_is_answered_in_its_own_words(locale: str, words: str, expected: list[str]) -> None:
    assert offered(words, locale, DIP) == expected


def test_within_a_sentence_a_wording_begins_with_a_small_letter() -> None:
    assert offered("Thick and creamy, high in protein", "en-GB", DIP)[0] == "source of protein"


def test_a_figure_below_the_source_of_level_is_not_told_where_the_law_takes_it_for_a_claim() -> None:
    assert offered("High in protein", "en-GB", {**DIP, "protein": "2 g"}) == []


def test_no_nutrient_content_claim_is_offered_above_the_disclosure_level() -> None:
    label = {"basis": "per serving", "serving_size": "100 g", "calories": "300", "protein": "6 g", "fat": "20 g"}
    assert "Good source of protein" not in offered("High in protein", "en-US", label)
    assert "Good source of protein" in offered("High in protein", "en-US", {**label, "fat": "5 g"})


def test_without_a_figure_nothing_is_asked() -> None:
    verdict = verdict_of("Boosts immunity.", "en-GB", None)
    assert all(not suggestion.because for finding in verdict.reasons for suggestion in finding.suggestions)


def test_the_same_payload_gets_the_same_answer_from_a_fresh_service() -> None:
    payload = {
        "item": {"name": "Juice", "description": "Boosts immunity.", "kind": "beverage", "nutrition": JUICE},
        "locale": "en-GB",
        "on": "2026-11-23",
        "findings": [{"rule_id": "GB-HEALTH-IMMUNITY-001", "field": "/description", "span": [0, 15]}],
    }
    first = service().answer([payload])
    assert first == service().answer([payload]) == Alternatives(checker(), SystemClock()).answer([payload])
    assert first[0]["suggestions"][0][0]["rank"] == 1


@pytest.mark.parametrize(
    "payload",
    [{}, {"item": {}, "locale": "en-GB"}, {"item": {"name": "x"}, "locale": "xx"}, {"item": 3, "locale": "en-GB"}],
)
def test_a_payload_that_cannot_be_answered_says_why(payload: dict[str, Any]) -> None:
    assert service().answer([payload])[0]["cannot"]


def test_words_that_are_not_there_get_no_offer() -> None:
    finding = {"rule_id": "GB-NUTR-FAT-LOW", "field": "/description", "span": [90, 99]}
    payload = {"item": {"name": "x", "nutrition": DIP}, "locale": "en-GB", "findings": [finding]}
    assert service().answer([payload])[0] == {"suggestions": [[]]}


def test_personal_data_are_not_sent() -> None:
    item = item_of({"name": "x", "description": "Low fat. Ring 020 7946 0777.", "nutrition": DIP}, 0, Defaults())
    payload = alternatives_wanted(item, checker().check([item], locale="en-GB", on_date=ON)[0], locale="en-GB", on=ON)
    assert payload is not None
    assert "7946" not in str(payload)


def test_an_answer_that_does_not_fit_the_question_changes_nothing() -> None:
    verdict = verdict_of("Low fat", "en-GB", DIP)
    answers: list[dict[str, Any]] = [{}, {"suggestions": []}, {"suggestions": "no"}, {"cannot": "today"}]
    for answer in answers:
        assert with_alternatives(verdict, answer) == verdict


def test_silence_leaves_the_findings_and_is_told() -> None:
    verdict = verdict_of("Low fat", "en-GB", DIP)
    silent = with_alternatives(verdict, None)
    assert silent.reasons == verdict.reasons
    assert "alt.suggester" in silent.not_checked
    assert "alt.suggester" in silent.degraded_services
