"""The data path for one item: what is a finding, what is excused, what is changed."""

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.item import Item
from claimlens.domain.profile import PROFILES
from claimlens.domain.verdict import Verdict
from claimlens.gate import Examiner
from tests.unit.gate.packs import CITATION, pack, rule

_PROFILE = PROFILES["menushield_gb"]
_DAY = date(2026, 11, 23)


def judged(examiner: Examiner, text: str = "", *, on: date = _DAY, **fields: Any) -> Verdict:
    item = Item(**({"id": "x", "name": text} | fields))
    return examiner.examine(item, _PROFILE, examiner.rules_in_force(on), "en").verdict


def outcome(examiner: Examiner, text: str = "", **fields: Any) -> tuple[str, list[str]]:
    verdict = judged(examiner, text, **fields)
    return str(verdict.verdict), [f"{f.severity} {f.resolution}" for f in verdict.reasons]


class TestContext:
    """Seen is not yet found."""

    @pytest.fixture
    def cure(self) -> Examiner:
        return Examiner(
            pack(
                rule(
                    "GB-D-1",
                    triggers=["cure* ..2 {disease}"],
                    excuses=["cure for [joint] pain au chocolat"],
                    excuses_near=["old wives"],
                    negation="ignores",
                ),
                rule(
                    "GB-N-1", category="quality", severity="modify", triggers=["natural"], excuses=["natural yoghurt"]
                ),
                rule(
                    "GB-F-1",
                    category="nutrient_content",
                    severity="modify",
                    triggers=["low fat"],
                    ingredient_names="skip",
                ),
                rule("GB-S-1", category="other", severity="block", triggers=["snake oil"], applies_to=["supplement"]),
            )
        )

    def test_a_claim_blocks(self, cure: Examiner) -> None:
        assert outcome(cure, "Cures diabetes") == ("block", ["block human"])

    def test_words_inside_other_words_do_not(self, cure: Examiner) -> None:
        assert outcome(cure, "Secure, manicured cancerous") == ("allow", [])

    def test_no_pattern_crosses_a_sentence_or_a_field(self, cure: Examiner) -> None:
        assert outcome(cure, "A cure. Diabetes UK charity night")[0] == "allow"
        assert outcome(cure, name="The cure", description="diabetes leaflet")[0] == "allow"

    def test_a_denial_that_still_sells_is_for_a_person(self, cure: Examiner) -> None:
        assert outcome(cure, "It will not cure diabetes") == ("modify", ["modify human"])

    def test_a_false_negation_changes_nothing(self, cure: Examiner) -> None:
        assert outcome(cure, "Not only cures diabetes")[0] == "block"

    def test_negation_ends_with_its_clause(self, cure: Examiner) -> None:
        assert outcome(cure, "Not spicy, natural")[0] == "modify"
        assert outcome(cure, "Not natural")[0] == "allow"

    def test_a_set_phrase_and_the_sentence_excuse(self, cure: Examiner) -> None:
        assert outcome(cure, "natural yoghurt")[0] == "allow"
        assert outcome(cure, "Old wives say it cures cancer")[0] == "allow"
        assert outcome(cure, "Old wives bake. It cures cancer")[0] == "block"

    def test_the_own_brand_excuses_quality_words_only(self, cure: Examiner) -> None:
        assert outcome(cure, "Pure Natural crisps", brand="Pure Natural")[0] == "allow"
        assert outcome(cure, "Cures Cancer crisps", brand="Cures Cancer")[0] == "block"

    def test_the_publishers_marks_excuse_as_the_brand_does(self, cure: Examiner) -> None:
        assert outcome(cure, "Pure Natural crisps", marks=("Other", "PURE NATURAL "))[0] == "allow"
        assert outcome(cure, "Natural crisps", marks=("Pure Natural", ""))[0] == "modify"
        assert outcome(cure, "Pure Natural crisps, natural", marks=("Pure Natural",))[0] == "modify"
        assert outcome(cure, "Cures Cancer crisps", marks=("Cures Cancer",))[0] == "block"

    def test_part_of_an_ingredient_name_is_no_claim_but_the_whole_entry_is(self, cure: Examiner) -> None:
        assert outcome(cure, "Dip", ingredients="low fat yoghurt, salt")[0] == "allow"
        assert outcome(cure, "Dip", ingredients="salt, low fat")[0] == "modify"

    def test_a_rule_for_supplements_leaves_soup_alone(self, cure: Examiner) -> None:
        assert outcome(cure, "snake oil")[0] == "allow"
        assert outcome(cure, "snake oil", kind="supplement")[0] == "block"

    @pytest.mark.parametrize("field", ["description", "category", "ocr_text"])
    def test_moving_a_phrase_between_fields_never_makes_it_lawful(self, cure: Examiner, field: str) -> None:
        where: dict[str, Any] = {field: "It cures cancer"}
        verdict = judged(cure, "Soup", **where)
        assert [(f.field, f.matched_text) for f in verdict.reasons] == [(f"/{field}", "cures cancer")]

    def test_options_are_published_text_too(self, cure: Examiner) -> None:
        verdict = judged(cure, "Tea", options={"add_ons": [{"name": "Shot", "note": "cures cancer"}]})
        assert verdict.reasons[0].field == "/add_ons/0/note"


class TestNumbers:
    """A number holds, fails or is missing (decisions 2)."""

    @pytest.fixture
    def low_fat(self) -> Examiner:
        condition = "solid: fat <= 3 g/100g; liquid: fat <= 1.5 g/100ml"
        fields = {"category": "nutrient_content", "severity": "modify", "on_fail": "modify"}
        return Examiner(pack(rule("GB-F-1", triggers=["low fat"], condition=condition, **fields)))

    @pytest.mark.parametrize(
        ("nutrition", "expected", "why"),
        [
            ({"basis": "per_100g", "fat": "2 g"}, ("allow", ["info none"]), "Holds: 2 g fat per 100 g"),
            ({"basis": "per_100g", "fat": "8 g"}, ("modify", ["modify auto"]), "label says 8 g"),
            (None, ("modify", ["modify evidence"]), "Not given: fat per 100 g"),
            ({"basis": "per_100ml", "fat": "2 g"}, ("modify", ["modify auto"]), "at most 1.5 g"),
        ],
    )
    def test_outcomes(self, low_fat: Examiner, nutrition: Any, expected: Any, why: str) -> None:
        verdict = judged(low_fat, "Low fat creamy dip", nutrition=nutrition)
        assert (str(verdict.verdict), [f"{f.severity} {f.resolution}" for f in verdict.reasons]) == expected
        assert why in verdict.reasons[0].why

    def test_missing_evidence_asks_for_review_and_changes_nothing(self, low_fat: Examiner) -> None:
        verdict = judged(low_fat, "Low fat dip")
        assert verdict.needs_review
        assert verdict.changes == ()


class TestRegister:
    """A specific health effect needs an authorised wording and a nutrient that carries it (decisions 3)."""

    @pytest.fixture
    def immunity(self) -> Examiner:
        claim = {
            "id": "VITC-IMMUNE", "nutrient": "vitamin_c", "function": "immunity",
            "wordings": {"en": "Vitamin C contributes to the normal function of the immune system"},
            "nutrient_words": "vitamin c", "function_words": "normal function of [the] immune system",
            "condition": "vitamin_c >= 12 mg/100g_or_100ml", "citation": CITATION,
        }  # fmt: skip
        return Examiner(
            pack(
                rule("GB-I-1", category="immunity", triggers=["boost* ..1 immun*", "immun*"], function="immunity",
                     rewrite={"action": "authorised"}),
                authorised_claims={"templates": ["<nutrient> contributes to [the] <function>"], "claims": [claim]},
            )
        )  # fmt: skip

    def test_without_the_nutrient_it_is_blocked(self, immunity: Examiner) -> None:
        assert outcome(immunity, "Boosts immunity")[0] == "block"

    def test_with_it_the_authorised_wording_is_offered(self, immunity: Examiner) -> None:
        verdict = judged(
            immunity,
            "Juice",
            description="Boosts immunity. Fresh.",
            nutrition={"basis": "per_100ml", "vitamin_c": "30 mg"},
        )
        assert str(verdict.verdict) == "modify"
        assert verdict.reasons[0].suggestions[0].text.startswith("Vitamin C contributes")
        assert verdict.changes[0].after == ("Vitamin C contributes to the normal function of the immune system. Fresh.")

    @pytest.mark.parametrize(("amount", "expected"), [("30 mg", "allow"), ("2 mg", "block"), (None, "modify")])
    def test_the_wording_itself_is_held_against_the_numbers(
        self, immunity: Examiner, amount: Any, expected: str
    ) -> None:
        nutrition = {"basis": "per_100ml", "vitamin_c": amount} if amount else None
        text = "Vitamin C contributes to the normal function of the immune system"
        assert outcome(immunity, text, nutrition=nutrition)[0] == expected


class TestComposition:
    """The item itself may contradict what it says."""

    @pytest.fixture
    def vegan(self) -> Examiner:
        fields = {"category": "dietary", "severity": "info", "resolution": "evidence", "rewrite": {"action": "none"}}
        return Examiner(pack(rule("GB-V-1", triggers=["vegan"], contradicted_by={"ingredients": ["honey"]}, **fields)))

    def test_nothing_against_it_asks_for_evidence(self, vegan: Examiner) -> None:
        verdict = judged(vegan, "Vegan brownie", ingredients="oats, dates")
        assert str(verdict.verdict) == "allow"
        assert verdict.needs_review

    def test_a_contradiction_blocks_and_names_it(self, vegan: Examiner) -> None:
        verdict = judged(vegan, "Vegan brownie", ingredients="oats, honey")
        assert str(verdict.verdict) == "block"
        assert "honey" in verdict.reasons[0].why

    def test_what_is_denied_is_no_contradiction(self, vegan: Examiner) -> None:
        assert outcome(vegan, "Vegan brownie", description="No honey")[0] == "allow"


class TestConfidenceAndDates:
    """A ban from memory stops nothing by itself; law applies from its day."""

    def test_a_recalled_block_is_for_a_person(self) -> None:
        assert outcome(Examiner(pack(rule("GB-D-1", confidence="recalled"))), "cures") == ("modify", ["modify human"])

    def test_a_read_rule_for_the_same_words_backs_it(self) -> None:
        both = pack(
            rule("GB-D-1", confidence="recalled"), rule("GB-D-2", triggers=["cures all"], confidence="secondary")
        )
        assert outcome(Examiner(both), "cures all")[0] == "block"

    def test_in_force_between_its_dates(self) -> None:
        dated = CITATION | {"effective_from": date(2026, 1, 1), "effective_to": date(2026, 6, 30)}
        examiner = Examiner(pack(rule("GB-D-1", citation=dated)))
        verdicts = [str(judged(examiner, "cures", on=date(2026, m, d)).verdict) for m, d in ((1, 1), (6, 30), (7, 1))]
        assert verdicts == ["block", "block", "allow"]
        assert str(judged(examiner, "cures", on=date(2025, 12, 31)).verdict) == "allow"


class TestChanges:
    """A change is judged again before anyone sees it."""

    def test_personal_data_goes_and_the_sentence_stays(self) -> None:
        verdict = judged(Examiner(pack()), "Pie", description="Order on 020 7946 0777, we deliver.")
        assert verdict.changes[0].after == "Order on [PHONE_REDACTED], we deliver."
        assert verdict.reasons[0].type == "phone"

    def test_a_change_that_would_still_be_unlawful_is_not_offered(self) -> None:
        stubborn = rule("GB-D-1", triggers=["cure*"], rewrite={"action": "replace", "with": "cured"})
        verdict = judged(Examiner(pack(stubborn)), "Soup", description="It cures everything.")
        assert verdict.changes == ()
        assert verdict.reasons[0].resolution == "human"

    def test_a_statement_due_to_a_name_goes_into_the_description(self) -> None:
        due = rule(
            "GB-L-1",
            severity="modify",
            category="labelling",
            triggers=["cheese"],
            rewrite={"action": "append", "with": "Contains milk."},
        )
        verdict = judged(Examiner(pack(due)), "Cheese toast", description="Hot and crisp.")
        assert [(c.field, c.after) for c in verdict.changes] == [("/description", "Hot and crisp. Contains milk.")]
        assert judged(Examiner(pack(due)), "Cheese toast").reasons[0].resolution == "human"

    def test_a_name_is_never_emptied(self) -> None:
        verdict = judged(Examiner(pack(rule("GB-D-1"))), "Cures")
        assert verdict.changes == ()
        assert verdict.needs_review

    @given(st.text(st.sampled_from("cures diabetes.,! natural low fat 020 7946 0777-#\n"), max_size=60))
    def test_what_is_offered_passes(self, text: str) -> None:
        verdict = judged(_SOME, "Soup", description=text)
        fixed = {change.field: change.after for change in verdict.changes}
        if "/description" not in fixed:
            return
        again = judged(_SOME, "Soup", description=fixed["/description"])
        assert not [f for f in again.reasons if f.severity != "info" and f.resolution == "auto"]


_SOME = Examiner(
    pack(
        rule("GB-D-1", triggers=["cure* ..2 {disease}", "cure*"]),
        rule("GB-N-1", category="quality", severity="modify", triggers=["natural"]),
    )
)


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_gives_a_verdict_with_spans_inside_it(name: str, description: str) -> None:
    verdict = judged(_SOME, name, description=description)
    texts = {"/name": name, "/description": description}
    for finding in verdict.reasons:
        if finding.matched_text:
            start, end = finding.span
            assert texts[finding.field][start:end] == finding.matched_text


@given(st.text(st.sampled_from("cures diabetes. Natural 020 7946 0777"), max_size=60))
def test_the_same_item_gives_the_same_bytes(text: str) -> None:
    first, second = (msgspec.json.encode(judged(_SOME, text)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    "piece",
    ["cure ", "cures diabetes ", "c-u-r-e-", "a.a.a.", "cccc", "diabetes ", "#cure", "1", "( ", ", ", "natural, "],
)
def test_long_hostile_texts_are_judged(piece: str) -> None:
    assert str(judged(_SOME, "Soup", description=piece * (120_000 // len(piece))).verdict) in (
        "allow",
        "modify",
        "block",
    )
