"""No suggestion of any pack, and none of `alt.suggester`, stops an item when it stands in the place of the words."""

from collections import Counter
from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from claimlens.adapters.system.clock import SystemClock
from claimlens.domain.finding import Finding, Severity
from claimlens.domain.item import Item
from claimlens.domain.jurisdiction import LOCALES
from claimlens.domain.verdict import Verdict
from claimlens.gate.ingest.entry import Defaults
from claimlens.gate.ingest.record import item_of
from claimlens.gate.rewrite.alternatives import alternatives_wanted, with_alternatives
from claimlens.packs.source import Example
from claimlens.usecases.alternatives import Alternatives
from claimlens.usecases.checks import Checker
from claimlens.usecases.rules import RuleLibrary
from claimlens.wiring import open_checker, open_packs

ON = date(2026, 11, 23)
NAMES = ("eu", "gb", "in", "us")
RICH = {
    "energy": "90 kcal",
    "fat": "0.2 g", "saturates": "0.05 g", "carbohydrate": "9 g", "sugars": "0.3 g", "fibre": "7 g",
    "protein": "13 g", "salt": "0.01 g", "vitamin_c": "50 mg", "calcium": "500 mg", "iron": "6 mg",
}  # fmt: skip
POOR = {
    "energy": "500 kcal",
    "fat": "30 g", "saturates": "15 g", "carbohydrate": "50 g", "sugars": "30 g", "fibre": "0.5 g",
    "protein": "6 g", "salt": "2 g", "vitamin_c": "1 mg", "calcium": "10 mg",
}  # fmt: skip


#: Stands for any words at all: what they bring to light in a sentence (an authorised one that is broken, say) is not a
#: suggestion's doing.
ANY_WORDS = "Plain words."


@cache
def checker() -> Checker:
    return open_checker()


@cache
def service() -> Alternatives:
    return Alternatives(checker(), SystemClock())


@cache
def examples(name: str) -> list[dict[str, Any]]:
    """An item for each `match` example of each rule in force."""
    found = []
    for rule in RuleLibrary(open_packs()).source(name).rules:
        if rule.status == "stable":
            found += [record_of(example) for example in rule.examples.match]
    return found


def record_of(example: Example) -> dict[str, Any]:
    if isinstance(example, str):
        return {"name": "Item", "description": example}
    kept: dict[str, Any] = {
        key: example[key] for key in ("kind", "ingredients", "brand", "nutrition") if key in example
    }
    return {"name": "Item", "description": example["text"], **kept}


def locales(name: str) -> list[str]:
    return [locale for locale, jurisdiction in LOCALES.items() if jurisdiction.lower() == name]


def judged(item: Item, locale: str) -> Verdict:
    return checker().check([item], locale=locale, on_date=ON)[0]


def stops(verdict: Verdict) -> Counter[tuple[str, str, str]]:
    return Counter(
        (f.rule_id, f.severity.value, f.field)
        for f in verdict.reasons
        if f.severity is not Severity.INFO and not f.type
    )


def in_place(record: dict[str, Any], finding: Finding, words: str) -> dict[str, Any]:
    (start, end), key = finding.span, finding.field[1:]
    return {**record, key: record[key][:start] + words + record[key][end:]}


def unlawful(record: dict[str, Any], locale: str, *, offered: bool) -> list[str]:
    """Suggestions that bring what was not there without the words."""
    item = item_of(record, 0, Defaults())
    verdict = judged(item, locale)
    if offered:
        payload = alternatives_wanted(item, verdict, locale=locale, on=ON)
        verdict = with_alternatives(verdict, service().answer([payload])[0]) if payload else verdict
    bad = []
    for finding in verdict.reasons:
        if finding.severity is Severity.INFO or finding.field != "/description" or not finding.matched_text:
            continue
        # What was there besides: without the words or with any others, and what other rules say of the submitted text.
        there = stops(judged(item_of(in_place(record, finding, ""), 0, Defaults()), locale))
        others = replace(verdict, reasons=tuple(f for f in verdict.reasons if f.rule_id != finding.rule_id))
        there |= stops(others)
        there |= stops(judged(item_of(in_place(record, finding, ANY_WORDS), 0, Defaults()), locale))
        for suggestion in finding.suggestions:
            after = judged(item_of(in_place(record, finding, suggestion.text), 0, Defaults()), locale)
            if more := stops(after) - there:
                bad.append(f"{finding.rule_id} on {record['description']!r}: {suggestion.text!r} brings {more}")
    return bad


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("numbers", [None, RICH, POOR], ids=["none", "rich", "poor"])
def test_what_a_pack_suggests_stops_nothing(name: str, numbers: dict[str, str] | None) -> None:
    """Every rule's own examples, without numbers, with good ones and with bad ones."""
    bad = []
    for i, record in enumerate(examples(name)):
        if numbers:
            record = {**record, "nutrition": {"basis": "per_100g", **numbers}}
        spoken = locales(name)
        bad += unlawful(record, spoken[i % len(spoken)], offered=numbers is not None)
    assert not bad, "\n".join(bad)


amounts = st.floats(0, 100, allow_nan=False).map(lambda value: round(value, 2))
labels = st.fixed_dictionaries(
    {"basis": st.sampled_from(["per_100g", "per_100ml", "per serving"])},
    optional={
        "serving_size": st.sampled_from(["30 g", "240 ml"]),
        "energy": amounts.map(lambda value: f"{value * 6:.0f} kcal"),
        "salt": amounts.map(lambda value: f"{value / 20:.3f} g"),
        **{key: amounts.map(lambda value: f"{value / 3:.2f} g") for key in ("fat", "saturates", "sugars", "protein")},
        "fibre": amounts.map(lambda value: f"{value / 8:.2f} g"),
        **{key: amounts.map(lambda value: f"{value:.1f} mg") for key in ("vitamin_c", "iron", "zinc", "magnesium")},
        "calcium": amounts.map(lambda value: f"{value * 8:.0f} mg"),
    },
)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_the_label_says_no_suggestion_stops_the_item(name: str, data: st.DataObject) -> None:
    record = {**data.draw(st.sampled_from(examples(name))), "nutrition": data.draw(labels)}
    bad = unlawful(record, data.draw(st.sampled_from(locales(name))), offered=True)
    assert not bad, "\n".join(bad)
