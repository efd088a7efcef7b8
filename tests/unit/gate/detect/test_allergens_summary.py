"""Levels, completeness, declarations and contradictions."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.allergen import AllergenState, AllergenTable, Level
from claimlens.gate.detect.allergens import AllergenDetector, declared_allergens, summarise
from claimlens.packs.allergens import compile_allergens
from tests.unit.gate.detect.allergen_packs import absent, contained, detector, possible, see

states = st.builds(AllergenState, st.sampled_from(list(Level)), st.booleans())


@given(states, states, states)
def test_states_join_by_the_higher_level_and_stay_incomplete(a, b, c):
    assert a.join(b) == b.join(a)
    assert a.join(b).join(c) == a.join(b.join(c))
    assert a.join(a) == a
    assert a.join(b).level >= a.level
    assert a.join(b).complete == (a.complete and b.complete)


def test_contains_outweighs_unknown_and_unknown_outweighs_may_contain():
    assert AllergenState(Level.CONTAINS, complete=False).shown == "contains"
    assert AllergenState(Level.MAY_CONTAIN, complete=False).shown == "unknown"
    assert AllergenState(Level.MAY_CONTAIN).shown == "may_contain"
    assert AllergenState().shown == "not_declared"


def test_without_ingredients_everything_is_unknown():
    seen = detector("gb").detect([("/name", "Beef stew")], ingredients_given=False)
    assert not seen.complete
    assert not summarise(seen, None).complete
    assert {state.shown for state in seen.states().values()} == {"unknown"}


def test_an_ingredient_that_hides_something_leaves_only_that_open():
    seen = see("gb", "beef, Caesar dressing, salt")
    assert not seen.complete
    states = seen.states()
    assert states["fish"].shown == "unknown"
    assert states["nuts"].shown == "not_declared"


def test_a_sub_list_answers_the_question():
    assert see("gb", "Caesar dressing (oil, vinegar, pea protein, salt), lettuce").complete
    assert not see("gb", "bread (rice flour, water, yeast)").contains


def test_a_question_about_what_is_contained_anyway_is_none():
    assert see("gb", "chocolate, milk, soya").complete


def test_a_dish_name_opens_nothing_when_the_ingredients_are_given():
    seen = detector("gb").detect(
        [("/name", "Vegetable korma"), ("/ingredients", "carrots, peas, rice")], ingredients_given=True
    )
    assert seen.complete
    assert {mention.allergen for mention in seen.asks} >= {"nuts", "milk"}


def test_fields_are_joined_by_the_higher_level():
    seen = detector("gb").detect(
        [("/description", "May contain nuts."), ("/ingredients/0", "sugar"), ("/ingredients/1", "almonds")],
        ingredients_given=True,
    )
    assert contained(seen) == {"nuts"}
    assert not possible(seen)
    assert [mention.pointer for mention in seen.contains] == ["/ingredients/1"]


def test_because_holds_the_submitted_words_once_in_order():
    summary = summarise(see("gb", "Milk, butter, MILK, Butter, milk. May contain nuts"), None)
    assert [(entry.allergen, entry.because) for entry in summary.contains] == [
        ("milk", ("Milk", "butter", "MILK", "Butter", "milk"))
    ]
    assert [entry.allergen for entry in summary.may_contain] == ["nuts"]


def test_what_the_text_implies_and_nobody_declared():
    seen = see("gb", "wheat flour, butter, eggs, mustard")
    assert summarise(seen, ["gluten", "Milk"]).undeclared == ("eggs", "mustard")
    assert summarise(seen, ["en:gluten", "en:milk", "en:eggs", "moutarde"]).undeclared == ()
    assert summarise(seen, []).undeclared == ("gluten", "eggs", "milk", "mustard")
    assert summarise(seen, None).undeclared == ()


@pytest.mark.parametrize(
    ("jurisdiction", "undeclared"),
    [
        ("eu", {"gluten", "milk", "celery", "mustard", "sesame", "molluscs"}),
        ("in", {"gluten", "milk"}),
        ("us", {"gluten", "milk", "sesame"}),
    ],
)
def test_only_what_the_law_there_wants_is_undeclared(jurisdiction, undeclared):
    seen = see(jurisdiction, "wheat flour, milk, celery, mustard, sesame, squid")
    assert set(summarise(seen, []).undeclared) == undeclared


def test_the_us_wants_wheat_declared_but_neither_barley_nor_refined_oil():
    assert summarise(see("us", "pearl barley, soybean oil"), []).undeclared == ()
    assert summarise(see("us", "cracked wheat, soy flour"), []).undeclared == ("gluten", "soybeans")
    assert summarise(see("gb", "pearl barley, soya bean oil"), []).undeclared == ("gluten", "soybeans")


def test_a_declaration_raises_and_never_lowers():
    seen = see("gb", "wheat. May contain nuts")
    summary = summarise(seen, ["nuts", "fish"])
    assert [entry.allergen for entry in summary.contains] == ["gluten", "fish", "nuts"]
    assert summary.may_contain == ()


def test_declared_names_are_read_in_many_languages():
    told, unknown = declared_allergens(
        ["Milk", "en:eggs", "Schalenfrüchte", "crustacés", "pescado", "Sulphur dioxide", "cashew", "paneer", "xyz"],
        detector("eu"),
    )
    assert set(told) == {"milk", "eggs", "nuts", "crustaceans", "fish", "sulphites"}
    assert told["milk"] == "Milk"
    assert unknown == ("xyz",)
    assert declared_allergens(["free from nuts"], detector("gb")) == ({}, ())


def test_an_absence_that_the_item_denies_is_told():
    seen = detector("gb").detect(
        [("/name", "Nut-free granola"), ("/ingredients", "oats, honey. May contain traces of almonds")],
        ingredients_given=True,
    )
    (contradiction,) = seen.contradictions()
    assert contradiction.absent.words == "Nut"
    assert contradiction.present.words == "almonds"
    assert contradiction.level is Level.MAY_CONTAIN
    assert seen.words_for("nuts") == ("almonds",)
    assert seen.words_for("nuts", include_may_contain=False) == ()


@pytest.mark.parametrize(
    "text", ["lactose-free milk", "gluten-free oats", "gluten-free bread (rice flour)", "egg free. milk"]
)
def test_these_contradict_nothing(text):
    assert see("gb", text).contradictions() == ()


def test_an_empty_pack_sees_nothing():
    seen = AllergenDetector(compile_allergens({}, {})).detect([("/name", "Milk")], ingredients_given=True)
    assert not seen.contains
    assert absent(seen) == set()


def test_a_table_survives_being_cached():
    table = detector("in").table
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(table), type=AllergenTable)
    assert again == table
    assert contained(AllergenDetector(again).detect([("", "paneer")], ingredients_given=True)) == {"milk"}
