"""Made-up pages become labels: order, figures, parts. What the engine reads of real pictures is tested elsewhere."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.label import SeenLine, SeenPage
from claimlens.gate.ingest.label import understood
from claimlens.gate.ingest.label.codes import fssai_of, gtin_of, is_gtin
from claimlens.gate.ingest.label.figures import figures_in
from claimlens.gate.ingest.label.record import record_of
from tests.ocr_engine import page

TABLE = [
    [(40, "Nutrition"), (300, "per 100 g"), (480, "per serving (40 g)")],
    [(40, "Energy"), (300, "1582 kJ / 378 kcal"), (560, "633 kJ / 151 kcal")],
    [(40, "Fat"), (300, "8.9 g"), (480, "3.6 g")],
    [(40, "of which saturates"), (300, "1.0 g"), (480, "0.4 g")],
    [(40, "Salt"), (300, "0.01 g"), (480, "<0.01 g")],
]


def figures(label):
    return {
        (column.basis, amount.nutrient): ("<" if amount.below else "") + f"{amount.value:g} {amount.unit}"
        for column in label.nutrition
        for amount in column.amounts
    }


class TestFigures:
    @pytest.mark.parametrize("turned", [0, 90, 180, 270, 12, -15, 105])
    def test_a_table_is_read_by_its_columns_however_the_page_lies(self, turned):
        read = figures(understood(page(TABLE, turned=turned)))
        assert read == {
            ("100 g", "energy_kj"): "1582 kJ",
            ("100 g", "energy_kcal"): "378 kcal",
            ("100 g", "fat"): "8.9 g",
            ("100 g", "saturates"): "1 g",
            ("100 g", "salt"): "0.01 g",
            ("serving", "energy_kj"): "633 kJ",
            ("serving", "energy_kcal"): "151 kcal",
            ("serving", "fat"): "3.6 g",
            ("serving", "saturates"): "0.4 g",
            ("serving", "salt"): "<0.01 g",
        }

    @pytest.mark.parametrize(
        ("head", "name", "figure", "read"),
        [
            ("pro 100 g", "davon gesättigte Fettsäuren", "4,3 g", {("100 g", "saturates"): "4.3 g"}),
            ("pour 100 ml", "Matières grasses", "< 0,5 g", {("100 ml", "fat"): "<0.5 g"}),
            ("por porción (30 g)", "Hidratos de carbono", "12 g", {("serving", "carbohydrate"): "12 g"}),
            ("per 100 g", "di cui zuccheri", "7 g", {("100 g", "sugars"): "7 g"}),
            ("per 100 g", "Protein (g)", "12.5", {("100 g", "protein"): "12.5 g"}),
            ("per 100 g", "Fat / Fett / Grassi", "3 g", {("100 g", "fat"): "3 g"}),
            ("per 100 g", "Vitamin B12", "2.5 µg", {("100 g", "vitamin_b12"): "2.5 µg"}),
            ("Amount per serving", "Total Fat 8g", "10%", {("serving", "fat"): "8 g"}),
            ("Amount per serving", "Includes 5g Added Sugars", "10%", {("serving", "added_sugars"): "5 g"}),
        ],
    )
    def test_names_in_five_languages_and_their_units(self, head, name, figure, read):
        rows = [[(300, head)], [(40, name), (400, figure)], [(40, "Salt"), (400, "0.3 g")]]
        found = figures(understood(page(rows)))
        assert {key: value for key, value in found.items() if key[1] != "salt"} == read

    def test_figures_in_running_text(self):
        text = "Per 100 g: energy 1582 kJ/378 kcal, fat 8.9 g, of which saturates 1 g, salt 0.4 g."
        assert figures(understood(page([[(40, text)]]))) == {
            ("100 g", "energy_kj"): "1582 kJ",
            ("100 g", "energy_kcal"): "378 kcal",
            ("100 g", "fat"): "8.9 g",
            ("100 g", "saturates"): "1 g",
            ("100 g", "salt"): "0.4 g",
        }

    @pytest.mark.parametrize(
        ("printed", "value"), [("8.9 9", 8.9), ("O.5 g", 0.5), ("l2 g", 12.0), ("689", 68.0), ("15.28", 15.2)]
    )
    def test_a_sign_that_can_only_be_another_is_mended_and_said(self, printed, value):
        rows = [[(300, "per 100 g")], [(40, "Sugars"), (300, "3 g")], [(40, "Fibre"), (300, "2 g")]]
        rows += [[(40, "Protein"), (300, "4 g")], [(40, "Fat"), (300, printed)]]
        label = understood(page(rows))
        assert figures(label)["100 g", "fat"] == f"{value:g} g"
        (repair,) = label.repairs
        assert repair.read == printed

    @pytest.mark.parametrize(("printed", "nutrient"), [("Eweiß", "protein"), ("Carbohvdrate", "carbohydrate")])
    def test_a_name_that_lacks_a_letter_is_known_in_a_table_and_said(self, printed, nutrient):
        rows = [[(40, name), (300, figure)] for name, figure in (("Fat", "3 g"), (printed, "7 g"), ("Salt", "1 g"))]
        label = understood(page([[(300, "per 100 g")], *rows]))
        assert figures(label)["100 g", nutrient] == "7 g"
        assert [(one.read, one.taken_as) for one in label.repairs] == [(printed, nutrient)]

    def test_a_name_of_nothing_known_gives_its_figure_to_nobody(self):
        rows = [[(40, name), (300, figure)] for name, figure in (("Fat", "3 g"), ("Magic", "7 g"), ("Salt", "1 g"))]
        label = understood(page([[(300, "per 100 g")], *rows]))
        assert figures(label) == {("100 g", "fat"): "3 g", ("100 g", "salt"): "1 g"}

    def test_where_tenths_are_printed_a_number_without_a_point_is_not_mended(self):
        rows = [("Sugars", "3.1 g"), ("Fibre", "2.5 g"), ("Protein", "4.4 g"), ("Fat", "129")]
        label = understood(page([[(300, "per 100 g")], *[[(40, a), (300, b)] for a, b in rows]]))
        assert ("100 g", "fat") not in figures(label)

    def test_an_ingredient_called_as_a_nutrient_is_no_row_of_the_table_beside_it(self):
        left = ["Ingredients: oats,", "honey, raisins,", "sugar."]
        right = [("Fat", "8.9 g"), ("of which saturates", "1 g"), ("Salt", "0.3 g")]
        rows = [[(40, text), (500, name), (800, figure)] for text, (name, figure) in zip(left, right, strict=True)]
        label = understood(page([[(800, "per 100 g")], *rows]))
        assert label.ingredients is not None
        assert label.ingredients.text == "oats, honey, raisins, sugar"
        assert ("100 g", "sugars") not in figures(label)

    @pytest.mark.parametrize("printed", ["49", "3.9", "28"])
    def test_a_figure_that_may_be_right_is_not_mended(self, printed):
        rows = [[(300, "per 100 g")], [(40, "Sugars"), (300, "3 g")], [(40, "Fibre"), (300, "2 g")]]
        rows += [[(40, "Protein"), (300, "4 g")], [(40, "Fat"), (300, printed)]]
        label = understood(page(rows))
        assert ("100 g", "fat") not in figures(label)
        assert label.repairs == ()

    def test_an_unclear_figure_is_shown_and_not_judged_by(self):
        seen = page(TABLE)
        dim = tuple(SeenLine(one.text, one.box, 0.6 if one.text == "8.9 g" else 0.99) for one in seen.lines)
        label = understood(SeenPage(width=1, height=1, engine="made up", lines=dim))
        assert [one.unsure for one in label.nutrition[0].amounts if one.nutrient == "fat"] == [True]
        assert "fat" not in record_of(label)[0]["nutrition"]["per 100 g"]


class TestText:
    def test_columns_are_read_one_after_the_other(self):
        left = ["Ingredients: oats, honey,", "raisins, salt.", "Contains oats.", "Store in a dry place."]
        right = ["Our farm lies in the hills", "where the oats grow", "slowly and the wind", "is always fresh."]
        rows = [[(40, a), (600, b)] for a, b in zip(left, right, strict=True)]
        label = understood(page([[(40, "Hill Farm Porridge Oats from the north of the country and the coast")], *rows]))
        assert label.ingredients is not None
        assert label.ingredients.text == "oats, honey, raisins, salt"
        assert "where the oats grow slowly and the wind is always fresh." in label.text

    def test_what_is_said_over_two_lines_is_one_sentence(self):
        label = understood(page([[(40, "Boosts your")], [(40, "immunity")]]))
        assert label.text == "Boosts your immunity"

    def test_a_hyphen_at_the_end_of_a_line_joins_its_word(self):
        label = understood(page([[(40, "Ingredients: sugar, emul-")], [(40, "sifier (soya), salt")]]))
        assert label.ingredients is not None
        assert label.ingredients.text == "sugar, emulsifier (soya), salt"

    @pytest.mark.parametrize(
        ("said", "contains", "may_contain"),
        [
            ("Contains: milk, wheat. May contain nuts.", ["milk, wheat"], ["nuts"]),
            ("Enthält Milch. Kann Spuren von Nüssen enthalten.", ["Milch"], ["Nüssen"]),
            ("Contient lait, blé. Peut contenir des traces de noix.", ["lait, blé"], ["noix"]),
            ("Contiene leche. Puede contener trazas de frutos secos.", ["leche"], ["frutos secos"]),
            ("Contiene latte. Può contenere tracce di nocciole.", ["latte"], ["nocciole"]),
            ("Made in a factory that also handles peanuts.", [], ["peanuts"]),
            ("Contains no artificial colours.", [], []),
            ("Contains 6 servings. Contains caffeine.", [], []),
        ],
    )
    def test_allergen_statements(self, said, contains, may_contain):
        label = understood(page([[(40, "Ingredients: sugar, salt.")], [], [(40, said)]]))
        assert [one.text for one in label.contains] == contains
        assert [one.text for one in label.may_contain] == may_contain

    @pytest.mark.parametrize(
        "heading", ["Ingredients:", "Zutaten:", "Ingrédients :", "Ingredientes:", "Ingredienti:", "INGREDIENTS"]
    )
    def test_the_list_of_ingredients_ends_where_another_part_begins(self, heading):
        label = understood(page([[(40, f"{heading} Sugar, salt. Best before: see lid")]]))
        assert label.ingredients is not None
        assert label.ingredients.text == "Sugar, salt"

    def test_what_is_left_promotes_and_the_largest_names(self):
        big = SeenLine("Sunny Bites", ((40, 40), (400, 40), (400, 90), (40, 90)), 0.99)
        rest = page(
            [[], [], [], [(40, "High in fibre")], [], [(40, "Net weight 500 g")], [], [(40, "www.bites.example")]]
        )
        label = understood(SeenPage(width=1, height=1, engine="made up", lines=(*rest.lines, big)))
        assert label.name is not None
        assert label.name.text == "Sunny Bites"
        assert [one.text for one in label.claims] == ["High in fibre"]


class TestCodes:
    @pytest.mark.parametrize(
        ("barcodes", "lines", "gtin"),
        [
            (["4006381333931"], [], "04006381333931"),
            (["012345678905"], [], "00012345678905"),
            (["96385074"], [], "00000096385074"),
            (["4006381333932"], [], ""),
            (["4006381333931", "012345678905"], [], ""),
            ([], ["4 006381 333931"], "04006381333931"),
            ([], ["Tel. 4 006381 333931"], ""),
            ([], ["4 006381 333932"], ""),
        ],
    )
    def test_only_a_checked_number_is_a_gtin(self, barcodes, lines, gtin):
        assert gtin_of(barcodes, lines) == gtin

    @given(st.text(alphabet="0123456789", min_size=7, max_size=13))
    def test_no_other_last_digit_fits(self, stem):
        assert sum(is_gtin(stem + digit) for digit in "0123456789") <= 1

    @pytest.mark.parametrize(
        ("lines", "number"),
        [
            (["fssai", "Lic. No. 10012011000168"], "10012011000168"),
            (["FSSAI Lic No: 1001 2011 000 168"], "10012011000168"),
            (["Batch 10012011000168"], ""),
            (["fssai 30012011000168"], ""),
            (["fssai 100120110001681"], ""),
        ],
    )
    def test_a_licence_is_a_number_that_the_label_calls_one(self, lines, number):
        assert fssai_of(lines) == number


_lines = st.lists(
    st.builds(
        lambda text, x, y, w, h, turned: SeenLine(
            text, ((x, y), (x + w, y + turned), (x + w, y + h + turned), (x, y + h)), 0.9
        ),
        st.one_of(
            st.text(max_size=40),
            st.sampled_from(
                ["Energy", "Fat 8 g", "per 100 g", "Ingredients:", "12 g", "Contains milk.", "a, b-", "<0.5"]
            ),
        ),
        st.integers(-50, 2000),
        st.integers(-50, 2000),
        st.integers(0, 900),
        st.integers(0, 80),
        st.integers(-300, 300),
    ),
    max_size=25,
)


class TestAlways:
    @given(_lines)
    def test_every_line_and_every_part_stands_where_it_says(self, lines):
        label = understood(SeenPage(width=2000, height=2000, engine="made up", lines=tuple(lines)))
        assert sorted(line.text for line in label.lines) == sorted(
            one.text.strip() for one in lines if one.text.strip()
        )
        assert all(label.text[slice(*line.span)] == line.text for line in label.lines)
        passages = [label.name, label.ingredients, *label.contains, *label.may_contain, *label.claims]
        for passage in filter(None, passages):
            said = " ".join(label.text[slice(*span)] for span in passage.spans)
            assert passage.text.replace("-", "") == said.replace("-", "")
        for amount in (amount for column in label.nutrition for amount in column.amounts):
            assert 0 <= amount.span[0] <= amount.span[1] <= len(label.text)

    @given(st.integers(0, 2**32))
    def test_the_order_in_which_lines_were_seen_says_nothing(self, seed):
        seen = list(page(TABLE).lines)
        random.Random(seed).shuffle(seen)
        assert understood(SeenPage(width=1, height=1, engine="made up", lines=tuple(seen))).text == (
            understood(page(TABLE)).text.replace("made up", "")
        )

    @given(st.text(alphabet="0123456789.,<gOlI| kJmc%µ/", max_size=60))
    def test_figures_are_finite_and_lie_in_their_text(self, text):
        end = 0
        for figure in figures_in(text):
            assert end <= figure.start < figure.end <= len(text)
            assert 0 <= figure.value < 1e13
            end = figure.end
