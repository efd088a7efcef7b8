"""The allergen packs against themselves: every listed word does what its entry says."""

import pytest

from claimlens.domain.allergen import ALLERGENS
from tests.unit.gate.detect.allergen_packs import contained, detector, document

JURISDICTIONS = ["in", "us", "gb", "eu"]


def _entries(jurisdiction):
    own = document(jurisdiction)
    for entry in (*own["entries"], *document("shared")["entries"]):
        if entry.get("language", "en") in own["languages"] and jurisdiction in entry.get("only", JURISDICTIONS):
            yield entry


def _read_otherwise():
    return {
        (reading["allergen"], term.lower()) for reading in document("shared")["readings"] for term in reading["terms"]
    }


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_every_listed_word_is_found(jurisdiction):
    read_otherwise = _read_otherwise()
    lost = []
    excluded = {(e["allergen"], t) for e in _entries(jurisdiction) if e["use"] == "not" for t in e["terms"]}
    for entry in _entries(jurisdiction):
        if entry["use"] != "contains":
            continue
        for term in entry["terms"]:
            seen = detector(jurisdiction).detect(
                [("/ingredients", term.strip("*^"))], ingredients_given=True, language=entry.get("language", "en")
            )
            told = contained(seen) | {mention.allergen for mention in seen.asks}
            key = (entry["allergen"], term)
            if entry["allergen"] not in told and (key[0], term.lower()) not in read_otherwise and key not in excluded:
                lost.append(key)
    assert lost == []


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_no_word_that_only_looks_alike_is_found(jurisdiction):
    found = []
    quiet = [entry for entry in _entries(jurisdiction) if entry["use"] in ("not", "silent")]
    for entry in quiet:
        for term in entry["terms"]:
            seen = detector(jurisdiction).detect(
                [("/ingredients", term.strip("*^"))], ingredients_given=True, language=entry.get("language", "en")
            )
            if entry["allergen"] in contained(seen):
                found.append((entry["allergen"], term))
    assert found == []


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_every_allergen_has_a_duty_and_names(jurisdiction):
    table = detector(jurisdiction).table
    assert set(table.duties) == set(ALLERGENS)
    assert {allergen for ids in table.names.values() for allergen in ids} == set(ALLERGENS)


def test_each_country_wants_its_own_list_declared():
    required = {j: {a for a, duty in detector(j).table.duties.items() if duty.required} for j in JURISDICTIONS}
    assert required["eu"] == required["gb"] == set(ALLERGENS)
    assert required["us"] == set(ALLERGENS) - {"celery", "mustard", "lupin", "molluscs"}
    assert required["in"] == set(ALLERGENS) - {"celery", "mustard", "lupin", "molluscs", "sesame"}
