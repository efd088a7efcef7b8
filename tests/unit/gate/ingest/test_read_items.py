"""What becomes of good and bad files, whatever their form."""

import contextlib
import json
import re
from typing import Any, ClassVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from claimlens.domain.errors import InputError
from claimlens.domain.item import Item, Kind
from claimlens.gate.ingest import Defaults, Format, Read, Unread, read_items


def read(data: bytes, source_format: Format | None = None, piece: int = 65_536, **defaults) -> list[Read | Unread]:
    pieces = [data[i : i + piece] for i in range(0, len(data), piece)]
    return list(read_items(pieces, source_format, Defaults(**defaults)))


def items(data: bytes, source_format: Format | None = None, **defaults) -> list[Item]:
    entries = read(data, source_format, **defaults)
    assert [entry for entry in entries if isinstance(entry, Unread)] == []
    return [entry.item for entry in entries if isinstance(entry, Read)]


def unread(data: bytes, source_format: Format | None = None) -> Unread:
    (entry,) = [entry for entry in read(data, source_format) if isinstance(entry, Unread)]
    return entry


class TestEncodings:
    text = json.dumps([{"name": "Crème brûlée", "description": "दाल मखनी 🍛"}], ensure_ascii=False)

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
    @pytest.mark.parametrize("piece", [1, 3, 65_536])
    def test_utf_with_a_mark_is_read(self, encoding, piece):
        (entry,) = read(self.text.encode(encoding), piece=piece)
        assert isinstance(entry, Read)
        assert entry.item.description == "दाल मखनी 🍛"

    def test_big_endian_utf_16_is_read(self):
        assert items(b"\xfe\xff" + self.text.encode("utf-16-be"))[0].name == "Crème brûlée"

    def test_utf_16_without_a_mark_says_what_to_do(self):
        with pytest.raises(InputError, match="save it as UTF-8"):
            read(self.text.encode("utf-16-le"))

    def test_a_damaged_utf_16_file_is_refused(self):
        with pytest.raises(InputError, match="UTF-16"):
            read(self.text.encode("utf-16")[:-1])

    @pytest.mark.parametrize(
        ("data", "source_format"),
        [
            (b'[{"id": "bad", "name": "Cr\xe8me"}, {"name": "Tea"}]', None),
            (b'{"id": "bad", "name": "Cr\xe8me"}\n{"name": "Tea"}', None),
            (b"id,name\nbad,Cr\xe8me\n,Tea\n", None),
            (b"Cr\xe8me\nTea\n", None),
        ],
        ids=["json", "ndjson", "csv", "text"],
    )
    def test_bytes_of_another_encoding_cost_one_item_only(self, data, source_format):
        bad, good = read(data, source_format)
        assert isinstance(bad, Unread)
        assert bad.detail == "bytes that are not UTF-8"
        assert isinstance(good, Read)
        assert good.item.name == "Tea"


class TestBadValues:
    @pytest.mark.parametrize(
        ("record", "pointer", "detail"),
        [
            (b'{"name": "a", "nutrition": {"fat": NaN}}', "/nutrition/fat", "not a finite number"),
            (b'{"name": "a", "nutrition": {"fat": -Infinity}}', "/nutrition/fat", "sensible size"),
            (b'{"name": "a", "nutrition": {"fat": 1e999}}', "/nutrition/fat", "sensible size"),
            (b'{"name": "a", "nutrition": {"fat": ' + b"9" * 9000 + b"}}", "/nutrition/fat", "sensible size"),
            (b'{"name": "a", "nutrition": {"a/b": 1e200}}', "/nutrition/a~1b", "not a number that a label can mean"),
            (b'{"name": "a\\ud800"}', "/name", "surrogate"),
            (b'{"name": "a", "x": {"y\\udc00": 1}}', "/x", "surrogate"),
            (b'{"name": "a", "name": "b"}', "/name", "twice"),
            (b'{"name": "a", "nutrition": {"fat": 1, "fat": 9}}', "/nutrition/fat", "twice"),
            (b'{"name": 5}', "/name", "a text is expected, this is a number"),
            (b'{"name": "  "}', "/name", "no name"),
            (b'{"description": "x", "id": "x"}', "/name", "no name"),
            (b'{"name": "a", "description": ["x"]}', "/description", "a text is expected, this is a list"),
            (b'{"name": "a", "ingredients": ["salt", 7]}', "/ingredients/1", "a text or an object with a name"),
            (b'{"name": "a", "ingredients": true}', "/ingredients", "a text or a list"),
            (b'{"name": "a", "claims": {"x": 1}}', "/claims", "a list of texts"),
            (b'{"name": "a", "nutrition": "fat 8 g"}', "/nutrition", "an object of nutrients"),
            (b'{"name": "a", "kind": "soup"}', "/kind", "menu_item, packaged_food, supplement"),
            (b'{"name": "a", "locale": "xx-YY"}', "/locale", "known locales: en-IN"),
            (b'{"name": "a", "locale": 5}', "/locale", "a text is expected"),
            (b'{"name": "a", "metadata": []}', "/metadata", "an object is expected"),
            (b'{"name": "a", "image": {}}', "/image", "base64"),
            (b'{"name": "a", "modifiers": 5}', "/modifiers", "a list of options"),
            (b'{"name": "a", "addons": false}', "/addons", "a list of options"),
            (b'{"name": "a", "options": 0}', "/options", "a list of options"),
            (b'{"name": "' + b"x" * 1_100_000 + b'"}', "/name", "1,100,000 characters; a text may have 1,048,576"),
            (b'{"name": "a", "modifiers": ' + b"[" * 300 + b"]" * 300 + b"}", "/modifiers/0/0/0/0", "64 levels deep"),
        ],
    )
    def test_one_line_with_a_pointer_and_the_others_are_read(self, record, pointer, detail):
        for data, source_format in (
            (b"[" + record + b', {"name": "Tea"}]', None),
            (record + b'\n{"name": "Tea"}', Format.NDJSON),
        ):
            bad, good = read(data, source_format)
            assert isinstance(bad, Unread)
            assert bad.pointer == pointer
            assert re.search(detail, bad.detail)
            assert "\n" not in bad.detail
            assert isinstance(good, Read)

    def test_an_entry_that_is_no_object(self):
        assert unread(b'[7, {"name": "Tea"}]').detail == "an item is an object, this is a number"

    def test_what_the_limits_must_let_through(self):
        data = json.dumps({"name": "n" * 1_000_000, "ingredients": ["salt"] * 10_000}).encode()
        (item,) = items(data)
        assert len(item.name) == 1_000_000
        assert len(item.ingredients or ()) == 10_000

    def test_a_surrogate_pair_is_a_character(self):
        assert items(b'{"name": "\\ud83c\\udf5b"}')[0].name == "🍛"


class TestFilesThatCannotBeRead:
    @pytest.mark.parametrize(
        ("data", "detail"),
        [
            (b"", "empty"),
            (b" \n\t\n", "empty"),
            (b"\xef\xbb\xbf", "empty"),
            (b'{"items": []}', "no item"),
            (b'{"items": 5}', "no menu"),
            (b'{"foods": [{"name": "x"}]}', "no menu"),
            (b'{"items": [{"name": "a"}, {"name" "b"}]}', "line 1, column 35, in item 2"),
            (b'[{"name": "a"},]', "trailing comma"),
            (b'{"items": [{"name": "a"}', "not JSON"),
            (b'{"items": [{"name": "a"}]} {"name": "b"}', "ndjson"),
            (b'{"items": [{"name": "a"}], "items": [{"name": "b"}]}', "'items' stands twice"),
            (b"[" * 1000 + b"]" * 1000, "nested too deep"),
            (b'{"a":' * 100_000, "nested too deep"),
            (b'{"locale": "xx-YY", "items": [{"name": "a"}]}', "known locales"),
            (b'{"kind": "soup", "items": [{"name": "a"}]}', "menu_item"),
            (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "zero bytes"),
            (b'id,name\n1,"never closed\n', "not CSV"),
        ],
    )
    def test_one_clear_line(self, data, detail):
        with pytest.raises(InputError, match=detail) as caught:
            read(data)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("source_format", list(Format))
    @given(data=st.binary(max_size=300))
    @example(data=b"\xff\xfe\x00")
    @example(data=b"[[]")
    @example(data=b'{"items":[{"@type":"Product"')
    @example(data=b'name\n"')
    @example(data=b";")
    def test_any_bytes_end_in_items_or_an_input_error(self, source_format, data):
        for chosen in (source_format, None):
            with contextlib.suppress(InputError):
                read(data, chosen)

    @given(
        value=st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [*Item.__struct_fields__, "items", "options", "@type", "@graph", "hasMenuItem", "nutriments"]
                    ),
                    inner,
                    max_size=5,
                )
            ),
            max_leaves=20,
        ),
        source_format=st.sampled_from([Format.JSON, Format.NDJSON, Format.JSONLD, Format.OFF, None]),
    )
    def test_any_json_ends_in_items_or_an_input_error(self, value, source_format):
        try:
            entries = read(json.dumps(value).encode(), source_format)
        except InputError:
            return
        for entry in entries:
            if isinstance(entry, Read):
                assert entry.item.name.strip()
                entry.item.texts()


class TestDefaults:
    def test_an_item_says_most_then_the_caller_then_the_file(self):
        data = b'{"locale": "en-US", "kind": "advert", "items": [{"name": "a", "locale": "de_de"}, {"name": "b"}]}'
        assert [item.locale for item in items(data)] == ["de-DE", "en-US"]
        assert [item.locale for item in items(data, locale="en-GB")] == ["de-DE", "en-GB"]
        assert items(data)[1].kind is Kind.ADVERT
        assert items(data, kind=Kind.SUPPLEMENT)[1].kind is Kind.SUPPLEMENT

    def test_a_missing_id_is_made_from_the_place(self):
        assert [item.id for item in items(b'[{"name": "a"}, {"id": 12, "name": "b"}, {"id": "", "name": "c"}]')] == [
            "item-1",
            "12",
            "item-3",
        ]


class TestFormats:
    @pytest.mark.parametrize(
        ("data", "count"),
        [
            (b'{"name": "a"}', 1),
            (b'[{"name": "a"}, {"name": "b"}]', 2),
            (b'{"name": "a"}\n{"name": "b"}\n', 2),
            (b'{"items": [{"name": "a"}, {"name": "b"}]}', 2),
            (b'{"item": {"name": "a"}, "locale": "en-GB"}', 1),
            (b"id;name\n1;a\n2;b\n", 2),
            (b"id\tItem Name\n1\ta\n", 1),
            (b"id,name\r1,a\r2,b\r", 2),
            (b"Low fat dip\nPure ghee laddoo\nTea", 3),
            (b"Dip\nLow fat.\n\nLaddoo\nPure ghee.\n", 2),
            (b'{"@type": "MenuItem", "name": "a"}', 1),
            (b'{"product": {"code": "1", "product_name": "a"}}', 1),
            (b'{"code": "1", "product_name": "a"}\n{"code": "2", "product_name": "b"}', 2),
        ],
    )
    def test_the_form_is_guessed(self, data, count):
        assert len(items(data)) == count

    def test_a_broken_line_of_ndjson_costs_one_item(self):
        entries = read(b'{"name": "a"}\n\n{"name": "b"\n{"name": "c"} 5\n{"name": "d"}\n', Format.NDJSON)
        assert [type(entry) for entry in entries] == [Read, Unread, Unread, Read]
        assert [entry.line for entry in entries] == [1, 3, 4, 5]

    def test_the_closing_summary_of_an_export_is_no_item(self):
        assert len(items(b'{"name": "a"}\n{"_summary": {"items": 1}}\n')) == 1

    def test_unknown_fields_travel_with_the_item(self):
        (item,) = items(b'{"name": "a", "price": 5, "spice": {"level": 3}}')
        assert item.extra == {"price": 5, "spice": {"level": 3}}

    def test_options_under_any_name_are_published_text(self):
        (item,) = items(b'{"name": "a", "options": [{"name": "Sugar free"}], "toppings": "Pure ghee"}')
        assert [text for _, text in item.texts()] == ["a", "Sugar free", "Pure ghee"]

    def test_ingredients_may_be_objects_and_have_parts(self):
        (item,) = items(
            b'{"name": "a", "ingredients": [{"name": "mayonnaise", "ingredients": ["egg", "oil"]}, "salt"]}'
        )
        assert item.ingredients == ("mayonnaise (egg, oil)", "salt")

    def test_a_place_in_a_json_file(self):
        entries = read(b'{"items": [\n  {"name": "a"},\n\n  {"name": "b"}]}')
        assert [(entry.line, entry.column) for entry in entries] == [(2, 3), (4, 3)]


class TestCsv:
    def test_columns_by_their_usual_names(self):
        (item,) = items(
            b"Item ID,Item Name,Item Description,Ingredients,Nutrition Fat,nutrition.basis,Claims,Allergens,Price\n"
            b'd-1,"Dal, tadka","Says ""hi""","lentil, ghee",8 g,per_100g,Low fat | Natural,"milk, nuts",120\n'
        )
        assert (item.id, item.name, item.description) == ("d-1", "Dal, tadka", 'Says "hi"')
        assert item.nutrition == {"fat": "8 g", "basis": "per_100g"}
        assert item.claims == ("Low fat", "Natural")
        assert item.allergens_declared == ("milk", "nuts")
        assert item.extra == {"price": "120"}

    def test_a_cell_may_hold_json(self):
        (item,) = items(b'name,nutrition,ingredients\na,"{""fat"": 3}","[""salt"", ""oil""]"\n')
        assert item.nutrition == {"fat": 3}
        assert item.ingredients == ("salt", "oil")

    def test_a_row_with_too_many_cells_is_not_guessed_at(self):
        bad = unread(b"name,description\nDal,hot, spicy\nTea,hot\n")
        assert "3 cells, the heading has 2" in bad.detail
        assert bad.line == 2

    def test_a_heading_without_a_name_is_refused(self):
        with pytest.raises(InputError, match="no column 'name'; it has id, price"):
            read(b"id,price\n1,2\n", Format.CSV)

    def test_two_columns_of_one_field_are_refused(self):
        with pytest.raises(InputError, match="same field: name"):
            read(b"name,title\na,b\n", Format.CSV)


class TestJsonld:
    page: ClassVar[Any] = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "WebPage", "name": "Our menu"},
            {
                "@type": "Restaurant",
                "hasMenu": {
                    "@type": "Menu",
                    "hasMenuSection": {
                        "@type": "MenuSection",
                        "name": "Starters",
                        "hasMenuItem": [
                            {
                                "@type": "MenuItem",
                                "@id": "#soup",
                                "name": [{"@value": "Suppe", "@language": "de"}, {"@value": "Soup", "@language": "en"}],
                                "suitableForDiet": "https://schema.org/GlutenFreeDiet",
                                "offers": [{"@type": "Offer", "name": "Sugar free", "price": "4.00"}],
                                "nutrition": {
                                    "@type": "NutritionInformation",
                                    "calories": "120 kcal",
                                    "fatContent": "3 g",
                                },
                            },
                            {"@type": "MenuItem", "description": "no name"},
                        ],
                    },
                },
            },
            {"@type": "Product", "name": "Tea", "brand": {"name": "Own"}, "gtin13": "5012345678900"},
        ],
    }

    def test_sections_items_and_products_are_found_at_any_depth(self):
        soup, nameless, tea = read(json.dumps(self.page).encode(), locale="en-GB")
        assert isinstance(soup, Read)
        assert isinstance(nameless, Unread)
        assert isinstance(tea, Read)
        assert (soup.item.id, soup.item.name, soup.item.category) == ("#soup", "Soup", "Starters")
        assert soup.item.nutrition == {"basis": "per_serving", "energy": "120 kcal", "fat": "3 g"}
        assert ("/tags/0", "Gluten free") in soup.item.texts()
        assert ("/modifiers/0/name", "Sugar free") in soup.item.texts()
        assert (tea.item.kind, tea.item.brand, tea.item.gtin) == (Kind.PACKAGED_FOOD, "Own", "5012345678900")

    def test_the_language_is_that_of_the_locale(self):
        assert read(json.dumps(self.page).encode(), locale="de-DE")[0].item.name == "Suppe"  # type: ignore[union-attr]

    def test_a_page_without_items_is_refused(self):
        with pytest.raises(InputError, match="no MenuItem"):
            read(b'{"@type": "WebPage"}')


class TestOpenFoodFacts:
    product: ClassVar[Any] = {
        "code": "0001",
        "product_name": "Haferdrink",
        "product_name_en": "Oat drink",
        "ingredients_text_en": "water, oats 10%",
        "quantity": "1 l",
        "labels": "No added sugar,Vegan",
        "categories_tags": ["en:beverages"],
        "allergens_tags": ["en:milk"],
        "nutriments": {"energy-kcal_100g": 43, "fat_100g": 1.5, "vitamin-c_100g": 1e-5, "salt_100g": "0.1"},
    }

    def test_a_product_is_read_in_the_language_of_the_locale(self):
        (item,) = items(json.dumps(self.product).encode(), locale="en-GB")
        assert (item.name, item.ingredients, item.kind) == ("Oat drink", "water, oats 10%", Kind.BEVERAGE)
        assert item.claims == ("No added sugar", "Vegan")
        assert item.nutrition == {
            "basis": "per_100ml",
            "energy_kcal": "43 kcal",
            "fat": "1.5 g",
            "vitamin_c": "0.00001 g",
            "salt": "0.1 g",
        }

    def test_what_volunteers_typed_about_allergens_declares_nothing(self):
        (item,) = items(json.dumps(self.product).encode())
        assert item.allergens_declared is None
        assert item.extra["allergens_tags"] == ["en:milk"]


def test_a_stream_is_read_as_it_comes():
    seen = []

    def source():
        for n in range(1000):
            seen.append(n)
            yield b'{"name": "%d"}\n' % n

    entries = read_items(source(), Format.NDJSON)
    next(entries)
    assert len(seen) < 10


def test_a_line_of_any_length_is_skipped_in_constant_memory():
    def source():
        yield b'{"name": "a"}\n{"name": "'
        for _ in range(40):
            yield b"x" * 1_000_000
        yield b'"}\n{"name": "c"}\n'

    first, second, third = read_items(source(), Format.NDJSON)
    assert isinstance(first, Read)
    assert isinstance(second, Unread)
    assert "16,777,216" in second.detail
    assert isinstance(third, Read)
    assert third.item.name == "c"
