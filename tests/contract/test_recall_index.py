"""What every RecallIndex promises; the one there is, is a file."""

import functools
import sqlite3
import threading
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimlens.adapters.recalls.index import SqliteRecallIndex
from claimlens.adapters.recalls.spelling import distance, nearness
from claimlens.domain.errors import ClaimLensError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.recall import Recall, RecallQuery, RecallStatus, SourceState
from tests.clock import NOON

LOAF = Recall(
    source="openfda",
    id="F-1",
    title="Harvest Hill Quince Babka",
    products=("Harvest Hill Quince Babka",),
    brands=("Harvest Hill", "Hillside Bakers"),
    market=Jurisdiction.US,
    published=date(2026, 11, 4),
    gtins=("00036000291452",),
    lots=("HH2301",),
)
CUSTARD = Recall(
    source="fsa",
    id="A-1",
    title="Dale Dairy recalls custard",
    products=("Dale Dairy Custard", "Dale Dairy Rhubarb Trifle"),
    brands=("Dale Dairy",),
    market=Jurisdiction.GB,
    published=date(2026, 11, 2),
)
SOUP = Recall(
    source="fsa",
    id="A-2",
    title="Corner Kitchen recalls chicken soup",
    products=("Chicken Soup",),
    brands=("Corner Kitchen",),
    market=Jurisdiction.GB,
    published=date(2026, 11, 3),
)


def state(source="openfda", **fields):
    whole: dict[str, Any] = {
        "rows": 0,
        "open_rows": 0,
        "markets": (),
        "data_as_of": NOON.date(),
        "imported_at": NOON,
    } | fields
    return SourceState(source=source, **whole)


@pytest.fixture
def index(tmp_path):
    index = SqliteRecallIndex(tmp_path / "data" / "recalls.db")
    yield index
    index.close()


def ids(index, limit=10, least=0.5, **query):
    return [match.recall.id for match in index.search([RecallQuery(**query)], least=least, limit=limit)[0]]


class TestLoad:
    def test_before_the_first_import_there_is_nothing(self, index):
        assert index.status() == []
        with pytest.raises(ClaimLensError, match="cannot be read"):
            index.search([RecallQuery(name="x")], least=0.5, limit=1)

    def test_sources_stand_beside_each_other(self, index):
        index.load([LOAF], state(), keep=False)
        held = index.load([CUSTARD, SOUP], state("fsa"), keep=False)
        assert (held.rows, held.open_rows, held.markets) == (2, 2, (Jurisdiction.GB,))
        assert [(one.source, one.rows) for one in index.status()] == [("fsa", 2), ("openfda", 1)]

    def test_the_new_row_of_a_number_goes_before_the_old(self, index):
        index.load([LOAF], state(), keep=False)
        ended = msgspec.structs.replace(LOAF, status=RecallStatus.CLOSED, closed_as="terminated")
        held = index.load([ended], state(), keep=True)
        assert (held.rows, held.open_rows) == (1, 0)
        (found,) = index.search([RecallQuery(gtin="036000291452")], least=0.5, limit=5)[0]
        assert found.recall == ended

    def test_without_keep_the_rest_goes(self, index):
        index.load([CUSTARD, SOUP], state("fsa"), keep=False)
        assert index.load([SOUP], state("fsa"), keep=False).rows == 1
        assert ids(index, name="Dale Dairy custard") == []

    def test_what_cannot_be_written_leaves_everything_as_it_was(self, index):
        index.load([LOAF], state(), keep=False)

        def broken():
            yield CUSTARD
            raise sqlite3.OperationalError("disk full")

        with pytest.raises(ClaimLensError, match="cannot be written: disk full"):
            index.load(broken(), state("fsa"), keep=False)
        assert [one.source for one in index.status()] == ["openfda"]
        assert {path.name for path in index.path.parent.iterdir()} == {"recalls.db", "recalls.lock"}

    def test_readers_see_a_source_before_an_import_or_after_it(self, index):
        """Each import has a size of its own; a reader never meets another number."""
        sizes = [1, 40, 3, 25, 7]
        index.load([_loaf(0)], state(), keep=False)
        seen: set[int] = set()
        problems: list[str] = []
        ended = threading.Event()

        def read():
            reader = SqliteRecallIndex(index.path)
            while not ended.is_set():
                try:
                    held = reader.status()[0].rows
                    found = len(ids(reader, name="Harvest Hill Quince Babka", limit=100))
                except ClaimLensError as error:
                    problems.append(str(error))
                    break
                seen.update((held, found))
            reader.close()

        threads = [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        for size in sizes:
            index.load([_loaf(number) for number in range(size)], state(), keep=False)
        ended.set()
        for thread in threads:
            thread.join()
        assert not problems
        assert seen <= set(sizes)

    def test_a_file_that_is_no_index_is_said_in_words(self, index):
        index.path.parent.mkdir()
        index.path.write_bytes(b"not a database, whatever its name" * 50)
        with pytest.raises(ClaimLensError, match="the index of recalls cannot be read"):
            index.status()

    def test_an_index_of_another_version_is_made_anew_by_an_import(self, index):
        index.load([LOAF], state(), keep=False)
        connection = sqlite3.connect(index.path)
        connection.execute("PRAGMA user_version=99")
        connection.close()
        index.close()
        with pytest.raises(ClaimLensError, match="import a source anew"):
            index.status()
        index.load([SOUP], state("fsa"), keep=True)
        assert [one.source for one in index.status()] == ["fsa", "openfda"]

    def test_a_starting_set_gives_way_and_takes_the_place_of_nothing(self, index):
        index.load([CUSTARD], state("fsa", starting=True), keep=False)
        assert index.load([SOUP], state("fsa"), keep=True).rows == 1
        held = index.load([CUSTARD], state("fsa", starting=True), keep=True)
        assert (held.rows, held.starting) == (1, False)
        assert ids(index, name="Dale Dairy Custard") == []

    def test_an_older_page_does_not_make_the_data_older(self, index):
        index.load([SOUP], state("fsa"), keep=True)
        held = index.load([CUSTARD], state("fsa", data_as_of=date(2026, 1, 5)), keep=True)
        assert (held.rows, held.data_as_of) == (2, NOON.date())
        assert index.load([SOUP], state("fsa", data_as_of=date(2026, 1, 5)), keep=False).data_as_of == date(2026, 1, 5)

    def test_a_failure_is_remembered_until_an_import_succeeds(self, index):
        index.load([LOAF], state(), keep=False)
        index.note_failure("openfda", NOON, "no JSON")
        index.note_failure("nobody", NOON, "no JSON")
        assert [(one.failure, one.failed_at) for one in index.status()] == [("no JSON", NOON)]
        index.load([LOAF], state(), keep=True)
        assert index.status()[0].failure == ""


def _loaf(number):
    return msgspec.structs.replace(LOAF, id=f"F-{number}")


class TestSearch:
    @pytest.fixture(autouse=True)
    def filled(self, index):
        index.load([LOAF], state(), keep=False)
        index.load([CUSTARD, SOUP], state("fsa"), keep=False)

    def test_in_order_of_what_agrees(self, index):
        asked: list[dict[str, Any]] = [
            {"gtin": "0 36000 29145 2"},
            {"name": "Quince Babka", "brand": "Harvest Hill"},
            {"name": "Quince Babka"},
            {"name": "Tea plate", "ingredients": ("quince babka",)},
        ]
        found = [index.search([RecallQuery(**one)], least=0.1, limit=1)[0][0] for one in asked]
        assert [match.fields for match in found] == [("gtin",), ("brand", "product"), ("product",), ("ingredient",)]
        scores = [match.score for match in found]
        assert scores == sorted(scores, reverse=True)
        assert scores[0] == 1
        assert found[0].reason == "the GTIN 00036000291452 is the recalled one"
        assert found[1].reason == "the brand harvest hill and the product (quince, babka) agree"

    @pytest.mark.parametrize(
        "name",
        [
            "Dale Dairy Custard",
            "dale dairy custards",
            "DALE-DAIRY custard 500 g",
            "Dale Diary custard",
            "Dale Dairy Cutsard",
            "Dale Dairy Custrad",
            "Dale Dairy rubarb trifle",
        ],
    )
    def test_spelled_nearly_alike(self, index, name):
        assert ids(index, name=name) == ["A-1"]

    @pytest.mark.parametrize(
        "name", ["Dale Dairy butter", "custard tart", "Dale cheese", "mustard", "chicken soup", "Tomato soup", "Dairy"]
    )
    def test_another_food_is_no_match(self, index, name):
        assert ids(index, name=name) == []

    def test_common_words_need_the_brand(self, index):
        assert ids(index, name="Chicken Soup") == []
        assert ids(index, name="Chicken Soup", brand="Corner Kitchen") == ["A-2"]
        assert ids(index, name="Chicken Soup", brand="Grandma Ines") == []

    def test_a_recall_is_of_its_market(self, index):
        assert ids(index, name="Dale Dairy Custard", market=Jurisdiction.US) == []
        assert ids(index, name="Dale Dairy Custard", market=Jurisdiction.GB) == ["A-1"]
        assert ids(index, gtin="036000291452", market=Jurisdiction.GB) == []

    def test_a_lot_says_more_and_another_lot_less(self, index):
        def score(*lots):
            query = RecallQuery(name="Harvest Hill Quince Babka", lots=lots)
            return index.search([query], least=0.1, limit=1)[0][0]

        same, none, other = score("hh-2301"), score(), score("ZZ9999")
        assert same.score > none.score > other.score
        assert "lot HH2301 is among the recalled" in same.reason
        assert "lot ZZ9999 is not among those it lists" in other.reason
        assert ids(index, name="Brown bread", lots=("HH2301",)) == []

    def test_open_and_closed_have_room_of_their_own(self, index):
        closed = [
            msgspec.structs.replace(_loaf(n), status=RecallStatus.CLOSED, closed_as="terminated") for n in range(10, 30)
        ]
        index.load(closed, state(), keep=True)
        found = index.search([RecallQuery(name="Harvest Hill Quince Babka")], least=0.5, limit=3)[0]
        assert [match.recall.status.value for match in found].count("open") == 1
        assert len(found) == 4

    @pytest.mark.parametrize(
        "name",
        ["", '"', "AND OR NOT", "NEAR(custard)", "custard*", "हिंदी दाल", "x" * 100_000, "\x00", "\ud800", "%", "-"],
    )
    def test_hostile_names_are_only_names(self, index, name):
        assert ids(index, name=name, brand=name, ingredients=(name,), lots=(name,), gtin=name) == []


@pytest.mark.parametrize(
    ("asked", "held", "alike"),
    [
        ("doritoes", "dorito", False),  # two slips, and too short for them
        ("philadelfia", "philadelphia", True),
        ("hellman", "hellmann", True),
        ("chedar", "cheddar", True),
        ("chiken", "chicken", True),
        ("mustard", "custard", True),  # as words; a match needs more than one
        ("bread", "tread", False),
        ("mozarela", "mozzarella", True),
        ("salmon", "salami", False),
    ],
)
def test_words_alike(asked, held, alike):
    assert bool(nearness(asked, held)) == alike


@pytest.mark.parametrize(
    ("one", "other", "slips"), [("", "", 0), ("ab", "ba", 1), ("abc", "abc", 0), ("abcd", "acbd", 1), ("ab", "abcd", 2)]
)
def test_a_slip_is_a_letter_more_less_another_or_two_that_changed_places(one, other, slips):
    assert distance(one, other, 2) == slips


WORDS = st.text("abc", max_size=6)


@given(WORDS, WORDS, WORDS, WORDS)
def test_what_two_words_have_in_common_at_their_ends_is_no_slip(start, one, other, end):
    assert distance(start + one + end, start + other + end, 20) <= distance(one, other, 20)
    assert distance(one, other, 20) == reference(one, other)


@functools.cache
def reference(one, other):
    """The distance with adjacent transpositions (optimal string alignment), as its definition has it."""
    if not one or not other:
        return len(one) + len(other)
    least = min(
        reference(one[:-1], other) + 1,
        reference(one, other[:-1]) + 1,
        reference(one[:-1], other[:-1]) + (one[-1] != other[-1]),
    )
    if len(one) > 1 and len(other) > 1 and one[-2:] == other[-2:][::-1]:
        least = min(least, reference(one[:-2], other[:-2]) + 1)
    return least


def test_what_was_found_is_found_again_until_another_index_comes(index):
    index.load([LOAF], state(), keep=False)
    asked = {"name": LOAF.products[0], "brand": LOAF.brands[0]}
    assert ids(index, **asked) == ids(index, **asked) == [LOAF.id]
    index.load([SOUP], state(), keep=False)
    assert ids(index, **asked) == []


@settings(max_examples=60)
@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=40), min_size=1, max_size=4),
    st.text(st.characters(codec="utf-8"), max_size=30),
)
def test_any_texts_are_taken_in_and_looked_up(tmp_path_factory, products, brand):
    index = SqliteRecallIndex(tmp_path_factory.mktemp("any") / "recalls.db")
    recall = msgspec.structs.replace(LOAF, products=tuple(products), brands=(brand,))
    index.load([recall], state(), keep=False)
    for product in products:
        query = RecallQuery(name=product, brand=brand, ingredients=(product,), lots=(product,), gtin=product)
        assert all(0 <= match.score <= 1 for match in index.search([query], least=0, limit=5)[0])
    index.close()
