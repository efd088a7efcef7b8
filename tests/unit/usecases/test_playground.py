import pytest

from claimlens.domain.errors import InvalidError
from claimlens.usecases.playground import Draft, nutrition_of, record_of


class TestNutrition:
    @pytest.mark.parametrize(
        ("text", "table"),
        [
            ("", {}),
            ("fat: 8 g\n\nprotein 3 g", {"fat": "8 g", "protein": "3 g"}),
            (
                "salt\t0.5 g\nof which sugars = 4 g\n| fibre | 2 g |",
                {"salt": "0.5 g", "of which sugars": "4 g", "fibre": "2 g"},
            ),
            ("vitamin c < 2 mg", {"vitamin c": "< 2 mg"}),
            ('{"fat": 8, "basis": "per_serving"}', {"fat": 8, "basis": "per_serving"}),
        ],
    )
    def test_as_people_write_it(self, text, table):
        assert nutrition_of(text) == table

    @pytest.mark.parametrize("text", ["fat", "fat: 8 g\nprotein", "8 g", '{"fat": ', "{" * 200])
    def test_what_has_no_number_is_said(self, text):
        with pytest.raises(InvalidError) as caught:
            nutrition_of(text)
        assert caught.value.problems[0][0] == "/nutrition"


def test_an_item_is_what_was_filled_in_and_nothing_else():
    assert record_of(Draft(name="Dal")) == {"id": "playground", "name": "Dal", "kind": "menu_item"}
    full = Draft(
        name="Bar", claims="vegan\n\nhigh protein", allergens="milk, soy", nutrition="fat: 8 g", serving="30 g",
        basis="per_serving", label_text="Bar 30 g", brand="Slim",
    )  # fmt: skip
    assert record_of(full) == {
        "id": "playground",
        "name": "Bar",
        "kind": "menu_item",
        "brand": "Slim",
        "claims": ["vegan", "high protein"],
        "ocr_text": "Bar 30 g",
        "allergens_declared": "milk, soy",
        "nutrition": {"basis": "per_serving", "serving_size": "30 g", "fat": "8 g"},
    }
