"""How written terms become words, and who wins where two entries disagree."""

import pytest

from claimlens.domain.allergen import Strength, WordKind
from claimlens.domain.errors import PackInvalidError
from claimlens.packs.allergen_lexicon import forms
from claimlens.packs.allergens import compile_allergens


@pytest.mark.parametrize(
    ("term", "language", "texts"),
    [
        ("almond", "en", {" almond ", " almonds "}),
        ("anchovy", "en", {" anchovy ", " anchovies "}),
        ("self-raising flour", "en", {" self raising flour ", " self raising flours "}),
        ("œuf", "fr", {" oeuf ", " oeufs "}),
        ("nuez", "es", {" nuez ", " nueces "}),
        ("Weizen*", "de", {" weizen"}),
        ("*milch*", "de", {"milch"}),
        ("Käse*", "de", {" kase", " kaese"}),
        ("Süßlupine", "de", {" susslupine ", " suesslupine "}),
        ("E220", "en", {" e220 ", " e 220 "}),
        ("INS 220", "en", {" ins220 ", " ins 220 "}),
        ("glucose syrup (wheat)", "en", {" glucose syrup  wheat "}),
    ],
)
def test_spellings_of_a_term(term, language, texts):
    assert texts <= {form.text for form in forms(term, language)}


def test_a_caret_asks_for_the_start_of_an_ingredient():
    assert all(form.item_start for form in forms("^flour", "en"))


def compiled(entries=(), readings=(), **shared):
    table = compile_allergens(
        {"jurisdiction": "GB", "languages": ["en", "it"], "entries": list(entries)},
        {"readings": list(readings), **shared},
    )
    return {word.text.strip(): {m.allergen: m.strength for m in word.meanings} for word in table.words}


def entry(use, *terms, allergen="milk", **more):
    return {"allergen": allergen, "use": use, "terms": list(terms), **more}


def test_a_longer_phrase_inherits_what_its_parts_mean():
    words = compiled(
        [entry("contains", "milk"), entry("contains", "almond", allergen="nuts"), entry("not", "coconut milk")]
    )
    assert words["coconut milk"] == {}
    words = compiled([entry("contains", "milk"), entry("contains", "milk chocolate bar", allergen="soybeans")])
    assert words["milk chocolate bar"] == {"milk": Strength.NAMED, "soybeans": Strength.NAMED}


def test_asking_beats_asserting_and_a_reading_beats_both():
    both = [entry("contains", "korma"), entry("ask", "korma")]
    assert compiled(both)["korma"] == {"milk": Strength.ASK}
    reading = [entry("contains", "korma", why="made with cream here")]
    assert compiled(both, reading)["korma"] == {"milk": Strength.NAMED}


def test_a_word_of_another_language_is_not_weakened_by_an_english_dish():
    words = compiled([entry("ask", "latte"), entry("contains", "latte", language="it")])
    assert words["latte"] == {"milk": Strength.NAMED}


def test_an_entry_for_another_country_is_left_out():
    assert "pine nut" not in compiled([entry("contains", "pine nut", allergen="nuts", only=["us"])])


def test_composed_phrases_take_the_place_of_the_form():
    words = compiled(
        [entry("contains", "milk"), entry("contains", "oat", allergen="gluten")],
        composed=[
            {
                "not": ["milk"],
                "say": ["{word} {form}"],
                "language": "en",
                "words": {"gluten": ["oat"]},
                "forms": ["milk"],
            }
        ],
    )
    assert words["oat milk"] == {"gluten": Strength.NAMED}


def test_a_word_with_a_gate_says_for_which_language():
    table = compile_allergens(
        {"jurisdiction": "EU", "languages": ["it"], "entries": [entry("contains", "burro", language="it")]},
        {"gates": [{"language": "it", "words": ["burro"]}]},
    )
    assert [(word.text, word.language) for word in table.words] == [(" burro ", "it")]


def test_phrases_of_scope_are_words_of_their_kind():
    table = compile_allergens({"languages": ["en"]}, {"scopes": {"en": {"may": ["may contain"], "free": ["no"]}}})
    assert {(word.text, word.kind) for word in table.words} == {
        (" may contain ", WordKind.MAY),
        (" no ", WordKind.FREE),
    }


def test_a_phrase_with_alternatives_stands_for_each_wording():
    said = {"lists": {"place": ["kitchen", "mill"]}, "may": ["(in|at) [the] same {place}"]}
    table = compile_allergens({"languages": ["en"]}, {"scopes": {"en": said}})
    assert {word.text.strip() for word in table.words} == {
        f"{where}{the} same {place}" for where in ("in", "at") for the in ("", " the") for place in ("kitchen", "mill")
    }


def test_a_phrase_that_names_an_unknown_list_is_refused():
    with pytest.raises(PackInvalidError, match="place"):
        compile_allergens({"languages": ["en"]}, {"scopes": {"en": {"may": ["same {place}"]}}})


@pytest.mark.parametrize(
    "pack",
    [
        {"entries": [{"allergen": "gluteen", "use": "contains", "terms": ["wheat"]}]},
        {"entries": [{"allergen": "gluten", "use": "has", "terms": ["wheat"]}]},
        {"entries": [{"allergen": "gluten", "use": "contains", "terms": "wheat"}]},
        {"entries": [{"allergen": "gluten", "use": "contains", "terms": ["no", False]}]},
        {"surprise": 1},
    ],
)
def test_a_file_that_breaks_its_form_is_refused(pack):
    with pytest.raises(PackInvalidError):
        compile_allergens(pack, {})
