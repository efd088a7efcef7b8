"""What an answer leaves behind says all that is needed to judge again, and nothing about a person."""

import json
from datetime import date
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.job import Job, JobState
from claimlens.domain.profile import PROFILES
from claimlens.domain.suppression import Suppression
from claimlens.domain.verdict import Outcome
from claimlens.gate import Examiner
from claimlens.gate.ingest.entry import Defaults
from claimlens.gate.ingest.record import item_of
from claimlens.gate.judge.suppressions import answer
from claimlens.gate.notify import job_finished, verdict_generated
from claimlens.gate.record import Case, Law, Occasion, Recorded, record
from claimlens.kit.canonical_json import canonical_json
from tests.clock import NOON
from tests.unit.gate.packs import pack, rule

PHONE = "020 7946 0777"
_LAW = Law("en-GB", "GB", "menushield_gb", b'{"gb":"abc"}')
_OCCASION = Occasion(ts=NOON, tenant_id="t-1", correlation_id="c-1", on=NOON.date(), engine="1.2.3")
_EXAMINER = Examiner(
    pack(
        rule("GB-D-1", triggers=["cure* ..2 {disease}"], excuses_near=["old wives"], rewrite={"action": "none"}),
        rule("GB-D-2", triggers=["natural"], severity="modify"),
    )
)
_SUPPRESSION = Suppression(
    rule="GB-D-*", text="natural", reason="our mark", author="a@b.example", expires=date(2027, 1, 1)
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def recorded(
    submitted: dict[str, Any], *suppressions: Suppression, image: str = "", services: Any = None, **changed: Any
) -> Recorded:
    item = item_of(submitted, 0, Defaults())
    examined = _EXAMINER.examine(item, PROFILES["menushield_gb"], _EXAMINER.rules_in_force(NOON.date()), "en")
    verdict = msgspec.structs.replace(examined.verdict, **changed)
    answered = answer(verdict, suppressions, NOON.date())
    case = Case(submitted, item, _LAW, answered, examined.excused, image, services)
    return record(case, _OCCASION, "a-1", canonical_json(submitted), "d1gest")


def content(made: Recorded) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(made.audit.record)
    return found


class TestAudit:
    @given(
        st.dictionaries(st.text(max_size=6).filter(lambda key: key not in ("id", "name", "kind")), _JSON, max_size=4)
    )
    def test_the_record_is_canonical_whatever_the_item_carries(self, extra):
        known = ("description", "claims", "tags", "ocr_text", "brand", "gtin", "image", "locale", "metadata", "options")
        made = recorded({"name": "Natural soup", **{k: v for k, v in extra.items() if k not in known}})
        assert canonical_json(content(made)) == made.audit.record

    def test_the_record_is_the_bytes_of_the_rfc(self):
        made = recorded({"name": "Natural soup 🌶", "price": 12.0, "🌶": 1e21, "\ufb33": 1e-7}, _SUPPRESSION)
        assert rfc8785.dumps(content(made)) == made.audit.record

    def test_the_columns_say_what_the_record_says(self):
        made = recorded({"id": "7", "name": "Natural soup", "description": "Cures diabetes, all natural"})
        audit, stored = made.audit, content(made)
        assert (audit.id, audit.ts, audit.tenant_id, audit.item_id) == ("a-1", NOON, "t-1", "7")
        assert (audit.verdict, audit.needs_review, audit.degraded, audit.test) == (Outcome.BLOCK, True, False, False)
        assert audit.rules == ("GB-D-1", "GB-D-2")
        assert (stored["schema"], stored["ts"], stored["on"]) == (1, "2026-11-23T12:00:00.000000Z", "2026-11-23")
        assert (stored["locale"], stored["profile"]) == (audit.locale, audit.profile) == ("en-GB", "menushield_gb")
        assert (stored["engine"], stored["pack_digests"], stored["item_digest"]) == ("1.2.3", {"gb": "abc"}, "d1gest")
        assert stored["verdict"]["verdict"] == "block"
        assert stored["item"] == {"id": "7", "name": "Natural soup", "description": "Cures diabetes, all natural"}

    def test_nobody_is_in_it(self):
        made = recorded({"name": f"Soup, ring {PHONE}", "note": f"or {PHONE}", "description": f"natural, {PHONE}"})
        for stored in (made.audit.record, made.verdict, made.decisions, verdict_generated(made, NOON)):
            assert b"0777" not in stored
        assert content(made)["item"]["name"] == "Soup, ring ••• •••• ••••"

    def test_a_photo_is_known_by_its_digest_only(self):
        inline = content(recorded({"name": "Soup", "image": "iVBORw0KGgo="}))
        assert set(inline["item"]["image"]) == {"digest"}
        assert inline["item"]["image"]["digest"].startswith("sha256:")
        beside = content(recorded({"name": "Soup"}, image="sha256:00ff"))
        assert beside["item"]["image"] == {"digest": "sha256:00ff"}

    def test_what_somebody_answers_for_stands_in_it_and_does_not_count(self):
        made = recorded({"name": "Natural soup"}, _SUPPRESSION)
        assert made.audit.verdict is Outcome.ALLOW
        assert made.audit.rules == ()
        (reason,) = content(made)["verdict"]["reasons"]
        assert reason["suppressed"] == {
            "rule": "GB-D-*",
            "reason": "our mark",
            "author": "a@b.example",
            "expires": "2027-01-01",
        }
        assert json.loads(made.verdict)["reasons"] == [reason]

    def test_a_service_that_was_out_is_named(self):
        answers = {"recall.lookup": {"outcome": "none", "data_as_of": "2026-11-01"}, "ocr.label": None}
        made = recorded({"name": "Soup"}, degraded_services=("ocr.label",), services=answers)
        assert made.audit.degraded
        assert content(made)["services"] == answers
        assert canonical_json(content(made)) == made.audit.record


class TestVerdict:
    def test_it_is_the_verdict_of_the_gate_with_ids_beside_it(self):
        item = item_of({"id": "7", "name": "Natural soup"}, 0, Defaults())
        plain = _EXAMINER.examine(item, PROFILES["menushield_gb"], _EXAMINER.rules_in_force(NOON.date()), "en")
        beside = b',"locale":"en-GB","profile":"menushield_gb","audit_id":"a-1","correlation_id":"c-1"}'
        made = recorded({"id": "7", "name": "Natural soup"})
        assert made.verdict == msgspec.json.encode(plain.verdict)[:-1] + beside


class TestDecisions:
    def test_one_line_for_each_transform_that_did_something(self):
        made = recorded(
            {
                "name": "Natural soup",
                "description": f"Old wives say it cures cancer. {PHONE}",
                "nutrition": {"basis": "per_100g", "fat": "2 g"},
            }
        )
        lines = {line["transform"]: line for line in map(json.loads, made.decisions.splitlines())}
        assert set(lines) == {"normalize.nutrition", "detect.claims", "redact.pii", "rewrite.disclaimer"}
        assert lines["detect.claims"]["findings"] == ["GB-D-2"]
        assert lines["detect.claims"]["excused"] == [
            {"because": "words in the sentence", "field": "/description", "rule_id": "GB-D-1", "span": [17, 29]}
        ]
        assert lines["rewrite.disclaimer"]["changes"] == ["/name", "/description"]
        assert all(line["item_id"] == "item-1" and line["audit_id"] == "a-1" for line in lines.values())

    def test_each_line_is_canonical(self):
        made = recorded({"name": "Natural soup", "description": "Old wives say it cures cancer"})
        for line in made.decisions.splitlines():
            assert canonical_json(json.loads(line)) == line

    def test_nothing_done_nothing_said(self):
        assert recorded({"name": "Soup"}).decisions == b""


class TestNotify:
    def test_a_verdict_is_told_as_it_was_answered(self):
        made = recorded({"name": "Natural soup"})
        told = json.loads(verdict_generated(made, NOON))
        assert (told["type"], told["timestamp"]) == ("verdict.generated", "2026-11-23T12:00:00.000000Z")
        assert told["data"] == json.loads(made.verdict)

    @pytest.mark.parametrize(("error", "state"), [("", "finished"), ("the tenant is gone", "failed")])
    def test_the_end_of_a_job_is_told_with_its_counts(self, error, state):
        job = Job(
            id="j-1", tenant_id="t-1", state=JobState.RUNNING, locale="", created_at=NOON, created_by="key:1",
            lines=5, items=4, unread=1, correlation_id="c-9",
        )  # fmt: skip
        told = json.loads(job_finished(job, NOON, error))
        assert told["type"] == "job.finished"
        assert told["data"] == {
            "job_id": "j-1", "state": state, "lines": 5, "items": 4, "unread": 1, "correlation_id": "c-9",
        } | ({"error": error} if error else {})  # fmt: skip
