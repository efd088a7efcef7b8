"""Found, none or unknown: what is stale, failed or missing never says none."""

import json
from datetime import date

import pytest

from claimlens.adapters.recalls.index import SqliteRecallIndex
from claimlens.domain.errors import ClaimLensError, InputError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.usecases.recalls import Recalls
from claimlens.wiring.recalls import starting_set
from tests.clock import HandClock

CUSTARD = {
    "notation": "FSA-AA-1-2026",
    "title": "Dale Dairy recalls Custard because of undeclared egg",
    "created": "2026-11-20",
    "reportingBusiness": {"commonName": "Dale Dairy"},
    "productDetails": [{"productName": "Dale Dairy Rhubarb Custard"}],
    "status": {"label": "Published"},
}
OF_GB = {"name": "Dale Dairy Rhubarb Custard", "locale": "en-GB"}
NOT_RECALLED = {"name": "Porridge", "market": "GB"}


def alerts(*rows):
    return json.dumps({"items": rows or [CUSTARD]}).encode()


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def recalls(tmp_path, clock):
    return Recalls(SqliteRecallIndex(tmp_path / "recalls.db"), clock)


@pytest.fixture
def started(recalls):
    for path in starting_set():
        recalls.take_in([path.read_bytes()], form=path.stem, starting=True)
    return recalls


def ask(recalls, payload):
    (answer,) = recalls.answer([payload])
    return answer


class TestOutcome:
    def test_fresh_data_say_found_and_none(self, recalls):
        recalls.take_in([alerts()])
        found = ask(recalls, OF_GB)
        assert (found["outcome"], found["data_as_of"], found["failed_sources"]) == ("found", "2026-11-20", [])
        (match,) = found["matches"]
        assert (match["id"], match["market"], match["fields"]) == ("FSA-AA-1-2026", "GB", ["brand", "product"])
        assert 0.5 <= match["score"] <= 1
        assert "Open Government Licence v3.0" in found["sources"][0]["attribution"]
        assert ask(recalls, NOT_RECALLED)["outcome"] == "none"

    def test_from_the_day_the_data_are_stale_nothing_found_means_nothing(self, recalls, clock):
        recalls.take_in([alerts()])
        clock.forward(days=11)
        assert ask(recalls, NOT_RECALLED)["outcome"] == "none"
        clock.forward(days=1)
        answer = ask(recalls, NOT_RECALLED)
        assert answer["outcome"] == "unknown"
        assert answer["failed_sources"] == [
            {"source": "fsa", "reason": "stale", "detail": "data of 2026-11-20, 15 days old; stale after 14"}
        ]
        assert [status.state for status in recalls.status()] == ["stale"]

    def test_stale_data_still_show_what_they_hold(self, recalls, clock):
        recalls.take_in([alerts()])
        clock.forward(days=30)
        answer = ask(recalls, OF_GB)
        assert answer["outcome"] == "unknown"
        assert [match["id"] for match in answer["matches"]] == ["FSA-AA-1-2026"]

    def test_a_failed_import_is_unknown_until_one_succeeds(self, recalls):
        recalls.take_in([alerts()])
        with pytest.raises(InputError):
            recalls.take_in([b"<html>gateway timeout</html>"], form="fsa")
        answer = ask(recalls, NOT_RECALLED)
        assert (answer["outcome"], answer["failed_sources"][0]["reason"]) == ("unknown", "failed")
        recalls.take_in([alerts()])
        assert ask(recalls, NOT_RECALLED)["outcome"] == "none"

    def test_a_market_without_a_source_is_unknown(self, recalls):
        recalls.take_in([alerts()])
        answer = ask(recalls, NOT_RECALLED | {"market": "IN"})
        assert (answer["outcome"], answer["sources"]) == ("unknown", [])
        assert answer["failed_sources"][0]["detail"] == "no source of recalls for IN was imported"

    def test_no_index_is_unknown(self, recalls):
        assert ask(recalls, NOT_RECALLED)["outcome"] == "unknown"

    def test_a_broken_index_is_unknown(self, recalls, tmp_path):
        (tmp_path / "recalls.db").write_bytes(b"x" * 5000)
        answer = ask(recalls, NOT_RECALLED)
        assert (answer["outcome"], answer["failed_sources"][0]["source"]) == ("unknown", "index")

    def test_an_import_mends_a_broken_index_or_says_why_not(self, recalls, tmp_path):
        (tmp_path / "recalls.db").write_bytes(b"x" * 5000)
        with pytest.raises(ClaimLensError, match="cannot be written: file is not a database"):
            recalls.take_in([alerts()])

    def test_the_stale_source_of_another_market_does_not_matter(self, recalls, clock):
        recalls.take_in([b"reference,date,subject\n2026.1,2026-10-01,Listeria in smoked trout\n"])
        recalls.take_in([alerts()])
        assert ask(recalls, NOT_RECALLED)["outcome"] == "none"
        assert ask(recalls, {"name": "Porridge", "market": "EU"})["outcome"] == "unknown"
        assert ask(recalls, {"name": "Porridge"})["outcome"] == "unknown"


class TestOpenAndClosed:
    def test_only_open_recalls_are_matches(self, recalls):
        recalls.take_in([alerts(CUSTARD | {"status": {"label": "Withdrawn"}})])
        answer = ask(recalls, OF_GB)
        assert (answer["outcome"], answer["matches"]) == ("none", [])
        assert [(one["id"], one["closed_as"]) for one in answer["closed"]] == [("FSA-AA-1-2026", "withdrawn")]

    def test_a_source_that_never_closes_a_recall_does_not_keep_it_open_for_ever(self, recalls):
        recalls.take_in([alerts(CUSTARD | {"created": "2024-11-01"})], as_of=date(2026, 11, 22))
        answer = ask(recalls, OF_GB)
        assert answer["outcome"] == "none"
        assert answer["closed"][0]["closed_as"].startswith("older than 730 days")


class TestAnswers:
    def test_one_for_each_payload_in_order(self, recalls):
        recalls.take_in([alerts()])
        answers = recalls.answer([NOT_RECALLED, {"name": 7}, OF_GB, {}, {"name": "x", "market": "FR"}])
        assert [answer.get("outcome", "cannot") for answer in answers] == [
            "none",
            "cannot",
            "found",
            "cannot",
            "cannot",
        ]
        assert answers[3]["cannot"] == "nothing to look up: no name, brand, gtin or ingredients"
        assert json.dumps(answers)

    @pytest.mark.parametrize("payload", [{"name": "x", "brand": None, "gtin": None}, {"gtin": 36000291452}])
    def test_what_the_gate_does_not_know_may_be_null(self, recalls, payload):
        recalls.take_in([alerts()])
        assert ask(recalls, payload)["outcome"] == "none"


class TestTakingIn:
    def test_pages_of_a_feed_are_one_step(self, recalls):
        other = CUSTARD | {"notation": "FSA-AA-2-2026", "created": "2026-11-21"}
        done = recalls.take_in([alerts(), alerts(other, {"title": "no number"})])
        assert (done.read, done.rows, len(done.bad), done.data_as_of) == (3, 2, 1, date(2026, 11, 21))

    def test_a_page_that_cannot_be_read_leaves_all_out(self, recalls):
        recalls.take_in([alerts()])
        with pytest.raises(InputError):
            recalls.take_in([alerts(CUSTARD | {"notation": "FSA-AA-2-2026"}), b"{}"], form="fsa")
        assert recalls.status()[0].rows == 1

    def test_an_older_page_does_not_make_the_data_older(self, recalls):
        recalls.take_in([alerts()])
        done = recalls.take_in([alerts(CUSTARD | {"notation": "FSA-AA-0-2026", "created": "2026-01-05"})])
        assert (done.rows, done.data_as_of) == (2, date(2026, 11, 20))

    def test_data_of_tomorrow_are_refused(self, recalls):
        with pytest.raises(InputError, match="still to come"):
            recalls.take_in([alerts()], as_of=date(2026, 11, 30))

    def test_a_source_of_our_own(self, recalls):
        table = b"id,product,brand,date\n1,Mango pickle,Asha,2026-11-20\n"
        done = recalls.take_in([table], source="fssai", market=Jurisdiction.IN)
        assert (done.source, done.rows) == ("fssai", 1)
        assert ask(recalls, {"name": "Asha mango pickle", "locale": "hi-IN"})["outcome"] == "found"
        with pytest.raises(InputError, match="has a format of its own"):
            recalls.take_in([table], form="csv", source="fsa", market=Jurisdiction.GB)


class TestStartingSet:
    def test_it_finds_and_never_says_none(self, started):
        answer = ask(started, {"name": "Doritos Chilli Heatwave", "market": "GB"})
        assert (answer["outcome"], len(answer["matches"])) == ("unknown", 1)
        assert answer["failed_sources"][0]["reason"] == "starting"
        assert {status.state for status in started.status()} == {"starting"}

    def test_the_first_import_of_a_source_takes_its_place(self, started):
        assert started.take_in([alerts()]).rows == 1
        assert ask(started, NOT_RECALLED)["outcome"] == "none"


# Names of other foods, as menus and shops write them. None is in the starting set.
OTHER_FOODS = """
Chicken soup|Tomato soup|Caesar salad|Beef burger|Vegetable curry|Masala dosa|Paneer tikka masala|Butter chicken
Mango lassi|Chocolate cake|Banana bread|Garlic bread|Greek salad|Grilled salmon|Mushroom risotto|Apple pie
Peanut butter cookie|Falafel wrap|Lentil dal|Almond croissant|Potato salad|Miso soup|Lemon tart|Tiramisu
Chocolate ice cream|Roasted salted peanuts|Organic wheat flour|Dark chocolate with almonds|Semi-skimmed milk
Mixed leaf salad|Sesame crackers|Dried apricots|Smoked salmon slices|Cheddar cheese|Pistachio baklava|Green olives
Tesco tomato ketchup|Sainsbury's orange juice|Waitrose butter|Morrisons wholemeal bread|Wegmans mineral water
""".replace("\n", "|").strip("|").split("|")  # fmt: skip


class TestPrecisionAndRecall:
    """On the real records: each is found again by its brand and product, and other foods find next to nothing."""

    def test_other_foods(self, started):
        found = {
            answer["matches"][0]["title"]: name
            for name, answer in zip(OTHER_FOODS, started.answer([{"name": name} for name in OTHER_FOODS]), strict=True)
            if answer["matches"]
        }
        assert len(found) <= len(OTHER_FOODS) * 0.03, found

    @pytest.mark.parametrize("slips", [False, True], ids=["as published", "a letter lost"])
    def test_recalled_foods(self, started, slips):
        from claimlens.gate.ingest.recalls import read_recalls

        real = [recall for path in starting_set() for recall in read_recalls(path.read_bytes())[1].recalls]
        real = [recall for recall in real if recall.brands and recall.products]
        asked = []
        for recall in real:
            name = recall.products[0]
            if slips:
                word = max(name.split(), key=len)
                name = name.replace(word, word[:2] + word[3:]) if len(word) > 6 else name
            asked.append({"name": name, "brand": recall.brands[0], "market": recall.market.value})
        answers = started.answer(asked)
        hits = sum(
            recall.id in {match["id"] for match in (*answer["matches"], *answer["closed"])}
            for recall, answer in zip(real, answers, strict=True)
        )
        assert hits / len(real) >= 0.95
