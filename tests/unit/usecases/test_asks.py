"""What a request asks: its items, each with its locale; and where exactly a request is wrong."""

from typing import Any

import pytest

from claimlens.domain.errors import InvalidError
from claimlens.domain.jurisdiction import LOCALES
from claimlens.domain.tenant import Tenant, TenantSettings
from claimlens.usecases.asks import MOST_PROBLEMS, Ask, read_feed, read_label, read_line, read_validate
from tests.clock import NOON


def tenant(**settings: Any) -> Tenant:
    return Tenant(id="t-1", name="Kitchen", settings=TenantSettings(**settings), created_at=NOON)


GB = tenant(default_locale="en-GB")
SOUP = {"id": "1", "name": "Soup"}


def said(ask: Ask) -> list[tuple[str, str]]:
    return [(one.item.id, one.locale) for one in ask.asked]


def problems(document: Any, of: Tenant = GB, read: Any = read_feed) -> list[str]:
    with pytest.raises(InvalidError) as refused:
        read(document, of)
    return [pointer for pointer, _ in refused.value.problems]


class TestShapes:
    @pytest.mark.parametrize(
        "document",
        [SOUP, [SOUP], {"items": [SOUP]}, {"item": SOUP}, {"items": [SOUP], "menu": "Lunch", "version": 3}],
    )
    def test_one_item_may_come_in_any_wrapping(self, document):
        assert said(read_feed(document, GB)) == [("1", "en-GB")]

    @pytest.mark.parametrize("document", [SOUP, {"item": SOUP}, [SOUP]])
    def test_validate_takes_one_item(self, document):
        ask = read_validate(document, GB)
        assert ask.single
        assert said(ask) == [("1", "en-GB")]

    @pytest.mark.parametrize(
        "document", [{"items": [SOUP]}, [SOUP, {"name": "Stew"}], {"item": SOUP, "locales": ["en-GB"]}, []]
    )
    def test_validate_takes_nothing_more(self, document):
        assert problems(document, read=read_validate)

    def test_two_hundred_items_and_not_one_more(self):
        items = [{"name": f"Soup {i}"} for i in range(201)]
        assert read_feed({"items": items[:200]}, GB).size == 200
        assert problems({"items": items}) == ["/items"]
        assert problems(items) == [""]
        assert problems({"items": []}) == ["/items"]

    @pytest.mark.parametrize("document", [None, "Soup", 3, True, [[]], {"items": SOUP}, {"items": None}, {}])
    def test_what_is_no_menu_is_refused(self, document):
        assert problems(document)

    @pytest.mark.parametrize("given", ["x" * 257, 10**256, 1.5, True, {}, ["a"], "a\0b"])
    def test_an_id_that_could_not_name_the_item_again_is_refused(self, given):
        assert problems({"items": [{"id": given, "name": "Soup"}]}) == ["/items/0/id"]

    @pytest.mark.parametrize("given", ["x" * 256, 17, "a/b", "../x", "ünï 💥", " 7"])
    def test_an_id_comes_back_as_it_was_sent(self, given):
        assert said(read_feed({"id": given, "name": "Soup"}, GB)) == [(str(given), "en-GB")]

    def test_the_items_carry_the_tenants_marks(self):
        ask = read_feed(SOUP, tenant(default_locale="en-GB", brand_names=("Pure Joy",)))
        assert ask.asked[0].item.marks == ("Pure Joy",)


class TestLocales:
    @pytest.mark.parametrize(
        ("document", "expected"),
        [
            ({"items": [SOUP, {"name": "Stew"}], "locale": "en-US"}, [("1", "en-US"), ("item-2", "en-US")]),
            ({"items": [SOUP | {"locale": "de_de"}], "locale": "en-US"}, [("1", "de-DE")]),
            ({"items": [SOUP], "locales": ["en-US", "EN-gb", "en-US"]}, [("1", "en-US"), ("1", "en-GB")]),
            ({"items": [SOUP | {"locale": "fr-FR"}], "locales": ["en-US", "en-GB"]}, [("1", "fr-FR")]),
            (SOUP | {"locales": ["en-US", "en-IN"]}, [("1", "en-US"), ("1", "en-IN")]),
            ({"item": SOUP, "locale": "hi-IN"}, [("1", "hi-IN")]),
            ([SOUP | {"locale": ""}], [("1", "en-GB")]),
        ],
    )
    def test_an_items_own_goes_before_the_requests_before_the_tenants(self, document, expected):
        assert said(read_feed(document, GB)) == expected

    @pytest.mark.parametrize(
        ("document", "pointer"),
        [
            ({"items": [SOUP], "locale": "en-XX"}, "/locale"),
            ({"items": [SOUP, SOUP | {"id": "2", "locale": "pt-BR"}]}, "/items/1/locale"),
            ({"items": [SOUP], "locales": ["en-GB", "xx"]}, "/locales/1"),
            (SOUP | {"locale": "klingon"}, "/locale"),
        ],
    )
    def test_an_unknown_one_is_refused_with_the_known_ones(self, document, pointer):
        with pytest.raises(InvalidError) as refused:
            read_feed(document, GB)
        assert refused.value.code == "UNKNOWN_LOCALE"
        assert refused.value.problems[0][0] == pointer
        assert all(locale in refused.value.detail for locale in LOCALES)

    def test_no_market_is_ever_guessed(self):
        with pytest.raises(InvalidError) as refused:
            read_feed({"items": [SOUP | {"locale": "en-GB"}, {"name": "Stew"}]}, tenant())
        assert refused.value.code == "UNKNOWN_LOCALE"
        assert [pointer for pointer, _ in refused.value.problems] == ["/items/1/locale"]

    @pytest.mark.parametrize(
        ("document", "pointer"),
        [({"items": [SOUP], "locale": "en-US"}, "/locale"), ([SOUP | {"locale": "en-US"}], "/0/locale")],
    )
    def test_another_market_than_the_tenants_is_refused(self, document, pointer):
        with pytest.raises(InvalidError) as refused:
            read_feed(document, tenant(default_locale="en-GB", allowed_locales=("en-GB", "en-IE")))
        assert refused.value.code == "UNKNOWN_LOCALE"
        assert refused.value.problems == ((pointer, "'en-US' is none of this tenant's locales: en-GB, en-IE"),)

    @pytest.mark.parametrize(
        ("document", "pointer"),
        [
            ({"items": [SOUP], "locale": 5}, "/locale"),
            ({"items": [SOUP], "locales": "en-GB"}, "/locales"),
            ({"items": [SOUP], "locales": []}, "/locales"),
            ({"items": [SOUP], "locales": [None]}, "/locales/0"),
            ({"items": [SOUP], "locales": ["en-GB"] * 10}, "/locales"),
            ({"items": [SOUP], "locales": ["en-GB"], "locale": "en-GB"}, "/locale"),
            ([SOUP | {"locales": {}}], "/0/locales"),
        ],
    )
    def test_what_is_no_locale_is_refused(self, document, pointer):
        assert problems(document) == [pointer]

    def test_items_times_locales_are_bounded(self):
        items = [{"name": f"Soup {i}"} for i in range(101)]
        assert problems({"items": items, "locales": ["en-GB", "en-US"]}) == ["/locales"]
        assert read_feed({"items": items[:100], "locales": ["en-GB", "en-US"]}, GB).size == 200


class TestMistakes:
    @pytest.mark.parametrize(
        ("document", "pointers"),
        [
            ({"items": [SOUP, None, SOUP | {"id": 2}, 7]}, ["/items/1", "/items/3"]),
            ({"items": [SOUP, SOUP]}, ["/items/1/id"]),
            ({"items": [{"id": 1, "name": "Soup"}, SOUP]}, ["/items/1/id"]),
            ({"items": [{"id": "1"}, {"id": "2", "name": 3}]}, ["/items/0/name", "/items/1/name"]),
            ({"item": {"name": "Soup", "nutrition": {"fat": 1e99}}}, ["/item/nutrition/fat"]),
            ({"name": "Soup", "claims": ["ok", 5]}, ["/claims/1"]),
            ({"items": [SOUP], "kind": "spaceship"}, ["/kind"]),
            ({"id": "a\0b", "name": "Soup"}, ["/id"]),
        ],
    )
    def test_each_is_named_by_its_place_in_the_body(self, document, pointers):
        assert problems(document) == pointers

    def test_a_long_list_of_them_is_cut(self):
        assert len(problems({"items": [None] * 150})) == MOST_PROBLEMS

    def test_a_refusal_repeats_nothing_personal(self):
        with pytest.raises(InvalidError) as refused:
            read_feed([SOUP | {"kind": "call 020 7946 0777"}], GB)
        assert "0777" not in refused.value.detail
        assert "no kind of item" in refused.value.detail


class TestOthers:
    def test_a_label_is_one_item_of_one_market(self):
        ask = read_label(SOUP, tenant(), locale="en-GB", image="sha256:0")
        assert (ask.single, ask.missing, ask.asked[0].image) == (True, (), "sha256:0")
        assert said(ask) == [("1", "en-GB")]

    @pytest.mark.parametrize("document", [[SOUP], "Soup", SOUP | {"locales": ["en-GB", "en-US"]}])
    def test_what_is_no_item_beside_a_label_is_refused(self, document):
        with pytest.raises(InvalidError):
            read_label(document, GB, locale="", image="sha256:0")

    def test_a_line_of_a_job_has_its_own_locale_or_the_jobs(self):
        assert said(read_line({"name": "Soup"}, GB, locale="en-US", number=7)) == [("item-7", "en-US")]
        assert said(read_line(SOUP | {"locale": "en-IN"}, GB, locale="en-US", number=7)) == [("1", "en-IN")]
        assert said(read_line(SOUP, GB, locale="", number=7)) == [("1", "en-GB")]
        with pytest.raises(InvalidError):
            read_line(SOUP, tenant(), locale="", number=7)
