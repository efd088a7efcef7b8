"""Personal data never gets into what is stored, and nothing else is lost from it."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.item import Item
from claimlens.domain.profile import PROFILES
from claimlens.domain.verdict import Verdict
from claimlens.gate import Examiner
from claimlens.gate.ingest.entry import Defaults
from claimlens.gate.ingest.record import item_of
from claimlens.gate.masking import Masked, masked, masked_anywhere, masked_text
from claimlens.gate.normalise.pii import find_pii
from tests.clock import NOON
from tests.unit.gate.packs import pack, rule

PHONE = "020 7946 0777"
MAIL = "anna.keller@example.co.uk"
_EXAMINER = Examiner(pack(rule("GB-D-1", triggers=["cure*", "ring ..6 soup"], rewrite={"action": "none"})))
_PIECES = st.sampled_from(
    [PHONE, MAIL, "ring", "Cures", " ", ", ", "fresh soup", "٣", "\u200b", "W1A 1AA", "+44 7911 123456", "🌶"]
)
_TEXTS = st.lists(_PIECES, max_size=6).map(" ".join)


def judged(record: dict[str, Any]) -> tuple[Item, Verdict]:
    item = item_of(record, 0, Defaults())
    in_force = _EXAMINER.rules_in_force(NOON.date())
    return item, _EXAMINER.examine(item, PROFILES["menushield_gb"], in_force, "en").verdict


def stored(record: dict[str, Any]) -> Masked:
    item, verdict = judged(record)
    return masked(record, item, verdict, "GB")


def everything(found: Masked) -> str:
    return json.dumps(found.record, ensure_ascii=False) + msgspec.json.encode(found.verdict).decode()


class TestText:
    @given(_TEXTS)
    def test_the_length_stays_and_nothing_personal_is_left(self, text):
        hidden = masked_text(text, "GB")
        assert len(hidden) == len(text)
        assert not find_pii(hidden, "GB")

    @given(_TEXTS)
    def test_what_is_not_personal_stays(self, text):
        hits = find_pii(text, "GB")
        outside = [i for i in range(len(text)) if not any(hit.start <= i < hit.end for hit in hits)]
        hidden = masked_text(text, "GB")
        # A second look may hide more; it never brings a sign back or changes one.
        assert all(hidden[i] in (text[i], "•") for i in outside)
        assert all(hidden[i] == text[i] for i in outside) or hits

    def test_words_about_an_item_are_masked_for_every_market(self):
        assert masked_anywhere(f"'call {PHONE}' is no kind of item") == "'call ••• •••• ••••' is no kind of item"
        assert masked_anywhere("there is no item 4711") == "there is no item 4711"


class TestPublishedText:
    @given(name=_TEXTS, description=_TEXTS, claims=st.lists(_TEXTS, max_size=2), parts=st.lists(_TEXTS, max_size=2))
    def test_spans_hold_in_what_is_stored(self, name, description, claims, parts):
        record = {"id": "1", "name": f"Soup {name}", "description": description, "claims": claims}
        record |= {
            "modifiers": [{"name": "Extra", "options": parts}],
            "ingredients": [{"name": "salt"}, *parts, "water"],
        }
        item, verdict = judged(record)
        found = masked(record, item, verdict, "GB")
        texts = dict(item_of(found.record, 0, Defaults()).texts())
        assert [(f.field, f.span) for f in found.verdict.reasons] == [(f.field, f.span) for f in verdict.reasons]
        for finding in found.verdict.reasons:
            if finding.matched_text:
                start, end = finding.span
                assert texts[finding.field][start:end] == finding.matched_text
        for change in found.verdict.changes:
            assert texts[change.field] == change.before
        assert not any(find_pii(text, "GB") for text in texts.values())

    def test_a_finding_that_shares_its_words_is_masked_too(self):
        found = stored({"name": f"Ring {PHONE} for soup"})
        assert [f.matched_text for f in found.verdict.reasons] == ["Ring ••• •••• •••• for soup", "••• •••• ••••"]
        assert PHONE not in everything(found)

    def test_an_ingredient_of_parts_is_searched_as_one_text(self):
        parts = {"name": "call 020 7946", "ingredients": ["0777", "salt"]}
        record = {"name": "Soup", "ingredients": ["water", parts]}
        assert "0777" not in everything(stored(record))

    def test_without_personal_data_nothing_is_copied(self):
        record = {
            "name": "Soup",
            "description": "Cures colds",
            "modifiers": [{"name": "Large"}],
            "metadata": {"a": [1]},
        }
        item, verdict = judged(record)
        found = masked(record, item, verdict, "GB")
        assert found.record is record
        assert found.verdict is verdict


class TestOtherFields:
    @pytest.mark.parametrize(
        "fields",
        [
            {"brand": f"Anna {PHONE}"},
            {"metadata": {"owner": {"contact": [MAIL]}}},
            {"note": f"ask Anna, {MAIL}"},
            {"phone": 447911123456},
            {"metadata": {f"call {PHONE}": True}},
            {f"{MAIL}": "owner"},
            {"nutrition": {"fat": f"2 g, call {PHONE}"}},
            {"allergens_declared": [f"milk {PHONE}"]},
        ],
    )
    def test_a_person_is_hidden_wherever_they_stand(self, fields):
        found = stored({"id": "1", "name": "Soup"} | fields)
        text = everything(found)
        assert PHONE not in text
        assert MAIL not in text
        assert "447911123456" not in text

    @pytest.mark.parametrize(
        "fields",
        [
            {"sku": "447911123456", "shop_id": PHONE, "updated_at": 447911123456},
            {"gtin": "05012345678900"},
            {"metadata": {"external_id": "447911123456", "store_id": 447911123456, "created_at": 1764000000000}},
            {"image_url": "https://cdn.example/soup.png"},
            {"website": "https://kitchen.example"},
            {"price": 12.5, "stock": 3, "active": True, "tax": None, "weights": [1.5, 2]},
            {"nutrition": {"energy": "1046 kJ / 250 kcal", "fat": 2}},
        ],
    )
    def test_codes_links_and_figures_come_back_as_they_were(self, fields):
        record = {"id": "447911123456", "name": "Soup"} | fields
        assert stored(record).record is record

    def test_a_key_that_is_hidden_is_hidden_in_pointers_too(self):
        found = stored({"name": "Soup", "modifiers": {f"call {PHONE}": ["Cures colds"]}})
        assert [finding.field for finding in found.verdict.reasons] == ["/modifiers/call ••• •••• ••••/0"]
        assert PHONE not in everything(found)
