"""What must hold of every text: dress does not hide an allergen, absence is never presence, order does not matter."""

import random

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.gate.detect.allergen_packs import absent, contained, detector, possible, see

NAMED = {
    "wheat flour": "gluten",
    "prawns": "crustaceans",
    "eggs": "eggs",
    "salmon": "fish",
    "peanuts": "peanuts",
    "soya beans": "soybeans",
    "milk": "milk",
    "cashews": "nuts",
    "celery": "celery",
    "mustard seeds": "mustard",
    "sesame": "sesame",
    "sulphites": "sulphites",
    "lupin": "lupin",
    "mussels": "molluscs",
}
HARMLESS = ["sugar", "salt", "water", "carrots", "beef", "rapeseed oil", "rice", "black pepper", "tomatoes", "yeast"]

named = st.sampled_from(sorted(NAMED))
ingredients = st.lists(st.one_of(named, st.sampled_from(HARMLESS)), min_size=1, max_size=8)
dress = st.sampled_from(
    [
        str.upper,
        str.title,
        lambda t: f"({t})",
        lambda t: f"[{t}]",
        lambda t: f"{t} 12.5%",
        lambda t: f"3,5 % {t}",
        lambda t: f"{t}*",
        lambda t: f"_{t}_",
        lambda t: f"**{t}**",
        lambda t: f"<b>{t}</b>",
        lambda t: f"sauce ({t} (2%), water)",
        lambda t: t[:2] + "\u00ad" + t[2:],
        lambda t: t[:1] + "\u200b" + t[1:],
        lambda t: t.replace("e", "e\u0301", 1),
        lambda t: t.replace(" ", "  "),
        lambda t: "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in t),
    ]
)


def expected(words: list[str]) -> set[str]:
    return {NAMED[word] for word in words if word in NAMED}


@given(ingredients, st.data())
def test_dress_hides_no_allergen(words, data):
    text = ", ".join(data.draw(dress)(word) for word in words)
    assert contained(see("gb", text)) == expected(words)


@given(ingredients, st.randoms(use_true_random=False))
def test_order_does_not_matter(words, chance: random.Random):
    shuffled = words.copy()
    chance.shuffle(shuffled)
    assert contained(see("gb", ", ".join(words))) == contained(see("gb", ", ".join(shuffled)))


@given(st.lists(named, min_size=1, max_size=5, unique=True))
def test_free_from_is_never_a_presence(words):
    listed = ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1]
    for text in (f"Free from {listed}.", f"Contains no {listed}", f"Made without {listed}"):
        seen = see("gb", text)
        assert not seen.contains
        assert not seen.may_contain
        assert absent(seen) == expected(words)


@given(st.lists(named, min_size=1, max_size=6, unique=True), st.lists(named, min_size=1, max_size=4, unique=True))
def test_may_contain_ends_with_its_sentence(traces, inside):
    text = f"May contain traces of {', '.join(traces)}. Ingredients: {', '.join(inside)}."
    seen = see("gb", text)
    assert contained(seen) == expected(inside)
    assert possible(seen) == expected(traces) - expected(inside)


@given(ingredients)
def test_may_contain_lowers_nothing_that_is_contained(words):
    listed = ", ".join(words)
    seen = see("gb", f"{listed}. May contain {listed}.")
    assert contained(seen) == expected(words)
    assert not possible(seen)


@given(st.text(max_size=200), named)
def test_spans_are_inside_the_text_and_say_the_words(noise, word):
    text = f"{noise}\n{word}, {noise}"
    seen = see("eu", text)
    for mention in (*seen.contains, *seen.may_contain, *seen.free_from, *seen.asks):
        start, end = mention.span
        assert 0 <= start < end <= len(text)
        assert text[start:end] == mention.words


@given(st.sampled_from(sorted(NAMED)), st.sampled_from(["sugar-free", "fat free", "preservative free", "alcohol-free"]))
def test_another_absence_takes_nothing_away(word, claim):
    assert contained(see("gb", f"{claim} sauce, {word}")) == {NAMED[word]}


scraps = st.one_of(
    st.sampled_from(
        ["peanut", "butter", "may contain", "free from", "milk", "free", "bread (", "wheat", "(may contain)"]
    ),
    st.text(alphabet="milk \0\1\n,.:()[]_*<b>œß\u00ad\u0301%5é", max_size=12),
)


@given(st.lists(st.lists(scraps, max_size=4).map(" ".join), min_size=1, max_size=5))
def test_each_text_of_an_item_is_read_by_itself(texts):
    pointers = ["/name", "/description", "/ingredients", "/ocr_text", "/category"]
    item = list(zip(pointers, texts, strict=False))
    together = detector("gb").detect(item, ingredients_given=True, language="en")
    alone = [detector("gb").detect([one], ingredients_given=True, language="en") for one in item]
    for kind in ("contains", "may_contain", "free_from", "asks"):
        assert getattr(together, kind) == tuple(mention for seen in alone for mention in getattr(seen, kind))


def test_long_hostile_texts_are_read_to_the_end():
    for piece in ("milk ", "may contain ", "(", "free from milk, ", "_", "kann ", "nut free ", "may be present ", "é"):
        text = piece * (60_000 // len(piece)) + " . Contains: lupin"
        assert "lupin" in contained(see("eu", text))
