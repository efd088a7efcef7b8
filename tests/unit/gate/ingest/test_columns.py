"""Columns of known tables, and of any table by a mapping, become the same items."""

import pytest

from claimlens.domain.errors import InputError
from claimlens.domain.item import Kind
from claimlens.domain.scan import Columns
from claimlens.gate.ingest.columns import check_mapping, read_cells, read_row, recognised, wanted_columns
from claimlens.gate.ingest.entry import Defaults, Read, Unread
from claimlens.kit.json_text import JsonReader

BRITISH = Defaults(locale="en-GB")
PRODUCT = {
    "code": "5000000000017", "lang": "en", "product_name": "Oat drink", "product_name_fr": "Boisson d'avoine",
    "generic_name": "Drink of oats", "ingredients_text": "water, oats 10%, salt", "brands": "Mill, Other",
    "labels": "Vegan, High fibre", "categories_tags": ["en:foods", "en:beverages"], "quantity": "1 l",
    "nutriments": {"fat_100g": 1.5, "energy-kcal_100g": 46, "fiber_100g": 0.8, "fat_serving": 3},
}  # fmt: skip
OF_PARQUET = {
    **PRODUCT,
    "product_name": [{"lang": "main", "text": "Oat drink"}, {"lang": "fr", "text": "Boisson d'avoine"}],
    "product_name_fr": None,
    "generic_name": [{"lang": "main", "text": "Drink of oats"}],
    "ingredients_text": [{"lang": "main", "text": "water, oats 10%, salt"}, {"lang": "en", "text": None}],
    "nutriments": [
        {"name": "fat", "100g": 1.5, "serving": 3.0, "unit": "g"},
        {"name": "energy-kcal", "100g": 46.0, "serving": None, "unit": "kcal"},
        {"name": "fiber", "100g": 0.800000011920929, "serving": None, "unit": "g"},
    ],
}
OF_CSV = {
    "code": "5000000000017", "product_name": "Oat drink", "generic_name": "Drink of oats", "brands": "Mill, Other",
    "ingredients_text": "water, oats 10%, salt", "labels": "Vegan, High fibre", "quantity": "1 l",
    "categories_tags": "en:foods,en:beverages", "fat_100g": "1.5", "energy-kcal_100g": "46", "fiber_100g": "0.8",
}  # fmt: skip
FOOD = {
    "fdcId": 534358, "description": "NUT MIX", "brandOwner": "Kar", "gtinUpc": "077034085228", "servingSize": 28,
    "servingSizeUnit": "g", "ingredients": "PEANUTS, RAISINS", "brandedFoodCategory": "Snacks",
    "foodNutrients": [
        {"nutrient": {"number": "203", "unitName": "g"}, "amount": 14.3},
        {"nutrient": {"number": "307", "unitName": "mg"}, "amount": 120},
        {"number": "999", "unitName": "G", "amount": 1},
    ],
    "labelNutrients": {"protein": {"value": 4}},
}  # fmt: skip


def item(row, schema, **mapping):
    read = read_row(row, 4, Columns(schema=schema, mapping=mapping), BRITISH, tabular=True)
    assert isinstance(read, Read), read
    return read.item


class TestOpenFoodFacts:
    @pytest.mark.parametrize("row", [PRODUCT, OF_PARQUET, OF_CSV], ids=["json", "parquet", "csv"])
    def test_every_form_of_it_is_the_same_item(self, row):
        found = item(row, recognised(row))
        assert (found.id, found.gtin, found.name, found.brand) == ("5000000000017",) * 2 + ("Oat drink", "Mill")
        assert (found.description, found.ingredients) == ("Drink of oats", "water, oats 10%, salt")
        assert (found.claims, found.kind) == (("Vegan", "High fibre"), Kind.BEVERAGE)
        assert isinstance(found.nutrition, dict)
        assert {key: str(value).replace(".0 ", " ") for key, value in found.nutrition.items()} == {
            "basis": "per_100ml", "energy_kcal": "46 kcal", "fat": "1.5 g", "fibre": "0.8 g",
        }  # fmt: skip

    def test_texts_are_those_of_the_locale(self):
        read = read_row(OF_PARQUET, 0, Columns(schema="openfoodfacts"), Defaults(locale="fr-FR"))
        assert isinstance(read, Read)
        assert read.item.name == "Boisson d'avoine"


class TestFoodDataCentral:
    def test_nutrients_are_per_100_grams(self):
        found = item(FOOD, recognised(FOOD))
        assert (found.id, found.name, found.brand, found.kind) == ("534358", "NUT MIX", "Kar", Kind.PACKAGED_FOOD)
        assert found.nutrition == {"basis": "per_100g", "protein": "14.3 g", "sodium": "120 mg"}

    def test_without_them_the_label_counts(self):
        label = {"basis": "per_serving", "serving_size": "28 g", "protein": "4 g"}
        assert item({**FOOD, "foodNutrients": []}, "fdc").nutrition == label

    def test_its_tables(self):
        row = {"fdc_id": "1", "description": "COLA", "brand_owner": "A", "branded_food_category": "Soda"}
        found = item(row, recognised(row))
        assert (found.id, found.name, found.kind) == ("1", "COLA", Kind.BEVERAGE)

    def test_a_row_without_a_name_is_no_item(self):
        read = read_row({"fdc_id": "1", "ingredients": "SUGAR"}, 0, Columns(schema="fdc"), BRITISH)
        assert isinstance(read, Unread)
        assert (read.item_id, read.pointer) == ("1", "/name")


class TestMapping:
    def test_columns_are_taken_by_path_and_go_before_those_of_the_name(self):
        row = {"name": "SKU 7", "copy": {"title": "Soup", "text": "Hot"}, "fat_g": 3, "ingredients": "water"}
        mapping = {"name": "copy.title", "description": "copy.text", "nutrition.fat": "fat_g"}
        found = item(row, "items", **mapping)
        assert (found.name, found.description, found.ingredients) == ("Soup", "Hot", "water")
        assert found.nutrition == {"fat": 3}

    def test_of_csv(self):
        columns = Columns(mapping={"name": "Titel", "nutrition.fat": "Fett"})
        read = read_cells(["Titel", "Fett", "tags"], ["Soup", "3 g", "new|hot"], 0, columns, BRITISH, JsonReader())
        assert isinstance(read, Read)
        assert (read.item.name, read.item.nutrition, read.item.tags) == ("Soup", {"fat": "3 g"}, ("new", "hot"))

    def test_other_names_of_a_field_hold_in_parquet_as_in_csv(self):
        found = item({"product_id": 7, "title": "Soup", "nutrition.fat": 2.5, "ean": None}, "items")
        assert (found.id, found.name, found.nutrition) == ("7", "Soup", {"fat": 2.5})

    @pytest.mark.parametrize(
        ("mapping", "message"),
        [
            ({"colour": "a"}, "no field 'colour'"),
            ({"name": "title"}, "no column 'title'; there are a, b"),
            ({}, "--map name=COLUMN"),
        ],
    )
    def test_what_does_not_fit_is_said_before_anything_is_judged(self, mapping, message):
        with pytest.raises(InputError, match=message):
            check_mapping(mapping, "items", ["a", "b"])

    def test_only_what_is_judged_is_read(self):
        names = ["code", "product_name", "image_url", "fat_100g", "nova_group", "shelf"]
        columns = Columns(schema="openfoodfacts", mapping={"metadata": "shelf"})
        assert wanted_columns(columns, names) == ["code", "product_name", "fat_100g", "shelf"]
        assert wanted_columns(Columns(), ["id", "title", "nutrition.fat", "price"]) == ["id", "title", "nutrition.fat"]


@pytest.mark.parametrize(
    ("names", "schema"),
    [
        (["id", "name"], "items"),
        (["product_name", "price"], "items"),
        (["code", "product_name", "ingredients_text"], "openfoodfacts"),
        (["fdc_id", "description"], "fdc"),
    ],
)
def test_recognised(names, schema):
    assert recognised(names) == schema
