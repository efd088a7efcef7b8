"""A verdict whose numbers needed `unit.convert`: with the service, without it, and not asked."""

from datetime import date

import pytest

from claimlens.domain.item import Item
from claimlens.domain.jurisdiction import jurisdiction_of
from claimlens.domain.profile import PROFILES
from claimlens.domain.question import Outside, Question
from claimlens.gate import Examined, examine
from claimlens.usecases.unit_conversion import UnitConversion
from claimlens.wiring import open_checker
from tests.unit.gate.references import references_of

SERVICE = UnitConversion(lambda jurisdiction: references_of(jurisdiction.value.lower()))
CHECKER = open_checker()
ON = date(2026, 11, 24)


def judged(
    items, *, answer=SERVICE.answer, outside=Outside.ASKED, locale="en-US"
) -> tuple[list[Examined], list[Question]]:
    """(what came out, what was asked of unit.convert)."""
    steps = examine(
        CHECKER.examiner(jurisdiction_of(locale)),
        items,
        profile=PROFILES[f"menushield_{locale[-2:].lower()}"],
        on=ON,
        locale=locale,
        outside=outside,
    )
    asked: list[Question] = []
    try:
        questions = next(steps)
        while True:
            asked += [question for question in questions if question.service == "unit.convert"]
            questions = steps.send(
                tuple([answer(one.payload) if one.service == "unit.convert" else None for one in questions])
            )
    except StopIteration as done:
        return done.value, asked


def ice_cream(fat="2 g", **more):
    nutrition = {"serving_size": "2/3 cup", "fat": fat}
    return Item(id="1", name="Vanilla ice cream", description="Low fat", nutrition=nutrition, **more)


def reasons(examined):
    return [(one.rule_id, one.severity.value) for one in examined.verdict.reasons]


def why(examined):
    return next(one.why for one in examined.verdict.reasons if one.rule_id == "US-NUTR-FAT-LOW")


def test_a_claim_is_judged_by_the_converted_number_and_says_how():
    (one,), asked = judged([ice_cream()])
    assert len(asked) == 1
    assert ("US-NUTR-FAT-LOW", "info") in reasons(one)
    assert "from a serving of 2/3 cup = about 89.27 g (44.63 to 133.9), 21 CFR 101.9(b)(5)(viii); USDA" in why(one)
    assert one.verdict.nutrition["per"] == "100 g"
    assert "/nutrition/serving_size" not in one.verdict.not_checked
    assert "unit.convert" not in one.verdict.not_checked + one.verdict.degraded_services


def test_a_claim_that_fails_by_the_converted_number_is_stopped():
    (one,), _ = judged([ice_cream(fat="9 g")])
    assert ("US-NUTR-FAT-LOW", "modify") in reasons(one)


@pytest.mark.parametrize("answer", [lambda payload: None, lambda payload: ()])
def test_without_the_service_the_figure_stays_unverified_and_the_verdict_says_so(answer):
    (one,), _ = judged([ice_cream()], answer=answer)
    assert one.verdict.nutrition == {"per": "serving", "fat_g": 2}
    assert {"/nutrition/serving_size", "unit.convert"} <= set(one.verdict.not_checked)
    assert "unit.convert" in one.verdict.degraded_services
    assert one.services is not None
    assert one.services["unit.convert"] is None


def test_not_asked_is_not_checked_but_nothing_is_out():
    (one,), asked = judged([ice_cream()], outside=Outside.UNASKED)
    assert not asked
    assert "unit.convert" in one.verdict.not_checked
    assert one.verdict.degraded_services == ()


def test_apart_from_the_world_only_the_unread_figure_is_named():
    (one,), asked = judged([ice_cream()], outside=Outside.APART)
    assert not asked
    assert "/nutrition/serving_size" in one.verdict.not_checked
    assert "unit.convert" not in one.verdict.not_checked


def test_numbers_that_are_read_already_are_judged_without_the_service():
    """Per 100 g is used as it stands, whatever else is out."""
    item = Item(id="1", name="Soup", description="Low fat", nutrition={"per": "100 g", "fat": "1 g"})
    (one,), asked = judged([item], answer=lambda payload: None)
    assert not asked
    assert "unit.convert" not in one.verdict.not_checked + one.verdict.degraded_services


def test_one_call_for_all_items_that_need_it():
    plain = Item(id="2", name="Soup", nutrition={"per": "100 g", "fat": "1 g"})
    examined, (question,) = judged([plain, ice_cream(), plain, ice_cream(fat="9 g")])
    assert len(question.payload) == 2
    assert [one.verdict.nutrition["per"] for one in examined] == ["100 g"] * 4


def test_the_audit_keeps_what_is_needed_to_judge_again():
    (one,), _ = judged([ice_cream()])
    assert one.services is not None
    kept = one.services["unit.convert"]
    (again,), _ = judged([ice_cream()], answer=lambda payload: (kept,))
    assert again.verdict == one.verdict


@pytest.mark.parametrize(("share", "severity"), [("16 %", "info"), ("15 %", "info"), ("14 %", "modify")])
def test_a_share_of_two_references_is_the_same_share_of_both(share, severity):
    """India: an allowance for men and one for women; "source of iron" needs 15 % of it."""
    item = Item(id="1", name="Ragi bar", description="Source of iron", nutrition={"per": "100 g", "iron": share})
    (one,), _ = judged([item], locale="en-IN")
    assert [found.severity.value for found in one.verdict.reasons if "IRON" in found.rule_id] == [severity]
