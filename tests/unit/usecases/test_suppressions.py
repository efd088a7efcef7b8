from datetime import date

import pytest

from claimlens.domain.errors import InputError
from claimlens.domain.finding import Resolution, Severity
from claimlens.domain.verdict import Outcome
from claimlens.gate.judge.suppressions import answer
from claimlens.usecases.suppressions import read_suppressions
from tests.unit.usecases.answers import CHANGE, finding, verdict

TODAY = date(2026, 11, 23)
SCOPE = '{item: "j-*", field: /description, text: boosts IMMUNITY}'
GOOD = f"""
suppressions:
  - rule: GB-HEALTH-*
    scope: {SCOPE}
    reason: The register entry was granted to us.
    author: a.rao
    expires: 2026-11-23
"""


def answered(text=GOOD, on=TODAY, *reasons, **changed):
    return answer(verdict(*(reasons or (finding(),)), **changed), read_suppressions(text.encode(), "s.yaml"), on)


class TestEffect:
    def test_a_suppressed_finding_stays_and_does_not_count(self):
        found = answered()
        assert found.verdict.verdict is Outcome.ALLOW
        assert len(found.verdict.reasons) == 1
        assert found.suppressed[0].author == "a.rao"

    def test_the_others_count(self):
        block = finding("cures", "/name", severity=Severity.BLOCK, resolution=Resolution.HUMAN, rule_id="GB-DISEASE-1")
        found = answered(GOOD, TODAY, finding(), block)
        assert found.verdict.verdict is Outcome.BLOCK
        assert found.verdict.needs_review

    def test_its_change_is_withdrawn(self):
        assert answered(GOOD, TODAY, changes=(CHANGE,)).verdict.changes == ()

    def test_it_holds_on_its_last_day_and_counts_again_after_it(self):
        assert answered(on=date(2026, 11, 23)).verdict.verdict is Outcome.ALLOW
        late = answered(on=date(2026, 11, 24))
        assert late.verdict.verdict is Outcome.MODIFY
        assert late.expired[0].expires == date(2026, 11, 23)

    @pytest.mark.parametrize(
        "reason",
        [finding(rule_id="GB-OTHER-1"), finding(field="/name"), finding("Boosts your immunity")],
        ids=["rule", "field", "text"],
    )
    def test_it_speaks_of_nothing_else(self, reason):
        assert answered(GOOD, TODAY, reason).suppressed == {}

    def test_it_speaks_of_no_other_item(self):
        assert answered(GOOD, TODAY, item_id="k-1").suppressed == {}


class TestMistakes:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", None),
            ("other: 1", "s.yaml:1: unknown key 'other'"),
            ("suppressions: x", "s.yaml:1: 'suppressions' is a list"),
            ("- a", "s.yaml:1: a mapping"),
            (GOOD.replace("author:", "autor:"), "s.yaml:6: unknown key 'autor'; the keys are rule, scope"),
            (GOOD.replace("    author: a.rao\n", ""), "s.yaml:3: 'author' is missing"),
            (GOOD.replace("item:", "items:"), "s.yaml:4: unknown key 'items'"),
            (
                GOOD.replace('{item: "j-*", field: /description, text: boosts IMMUNITY}', "{}"),
                "s.yaml:4: the scope needs",
            ),
            (GOOD.replace("2026-11-23", "soon"), "s.yaml:7: 'expires' is a day"),
            (GOOD.replace("a.rao", "''"), "s.yaml:6: 'author' is a text"),
            (GOOD + "    rule: X\n", "s.yaml:8: the key 'rule' stands twice"),
            ("a: [", "s.yaml:1: not YAML"),
            ("a: \x00", "s.yaml: not YAML"),
        ],
    )
    def test_are_named_with_their_line(self, text, message):
        if message is None:
            assert read_suppressions(text.encode(), "s.yaml") == ()
            return
        with pytest.raises(InputError) as caught:
            read_suppressions(text.encode(), "s.yaml")
        assert str(caught.value).startswith(message)
        assert "\n" not in str(caught.value)

    def test_other_encodings_and_depths_are_one_line_too(self):
        for data in (b"\xff\xfe", b"[" * 5000):
            with pytest.raises(InputError, match=r"s\.yaml"):
                read_suppressions(data, "s.yaml")
