"""Every row of a publisher's file becomes a recall, joins one, or is reported."""

import contextlib
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimlens.domain.errors import InputError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.recall import RecallStatus, gtin14, normal_lot
from claimlens.gate.ingest.recalls import read_recalls, sniff
from claimlens.gate.ingest.recalls.openfda import product_of
from claimlens.gate.ingest.recalls.rasff import product_of as food_of
from claimlens.gate.ingest.recalls.rows import gtins_in, lots_in
from claimlens.wiring.recalls import starting_set

OPENFDA = {
    "recall_number": "F-1-2026",
    "status": "Ongoing",
    "product_description": "Harvest Hill brand Pumpkin Loaf, NET WT 16 oz, UPC 0 36000 29145 2. Ingredients: flour",
    "reason_for_recall": "Undeclared walnuts",
    "recalling_firm": "Harvest Hill Bakers, Inc.",
    "report_date": "20261104",
    "code_info": "Lot #: HH2301, HH2302 and HH2303; Best by 12/01/2026",
    "classification": "Class I",
    "event_id": "90001",
}
FSA = {
    "notation": "FSA-AA-1-2026",
    "title": "Update 1: Dale Dairy and Corner Shop recall Dale Dairy Custard because of undeclared egg",
    "created": "2026-11-02",
    "modified": "2026-11-03T10:00:00Z",
    "type": ["http://data.food.gov.uk/food-alerts/def/Alert", "http://data.food.gov.uk/food-alerts/def/AA"],
    "reportingBusiness": {"commonName": "Dale Dairy"},
    "alertURL": "https://alerts.food.gov.uk/news-alerts/alert/fsa-aa-1-2026",
    "problem": [{"allergen": [{"label": "Egg"}]}],
    "productDetails": [
        {"productName": "Dale Dairy Custard", "batchDescription": [{"batchCode": "B 17/4, B 17/5"}]},
        {"productName": "Dale Dairy Trifle", "productCode": "5000128104517"},
    ],
    "status": {"label": "Published"},
}
HEADING = "reference,date,notifying_country,subject,product_category,product_type,classification,risk_decision,origin"


def fda(*rows, **meta):
    return json.dumps({"meta": meta, "results": rows}).encode()


def fsa(*rows):
    return json.dumps({"items": rows}).encode()


class TestOpenFda:
    def test_a_record(self):
        form, found = read_recalls(fda(OPENFDA, last_updated="2026-11-11"))
        (recall,) = found.recalls
        assert (form, found.data_as_of) == ("openfda", date(2026, 11, 11))
        assert (recall.id, recall.market, recall.status) == ("F-1-2026", Jurisdiction.US, RecallStatus.OPEN)
        assert recall.products == ("Harvest Hill brand Pumpkin Loaf",)
        assert recall.brands == ("Harvest Hill", "Harvest Hill Bakers")
        assert recall.gtins == ("00036000291452",)
        assert recall.lots == ("HH2301", "HH2302", "HH2303")
        assert (recall.allergens, recall.hazard) == (("walnuts",), "Undeclared walnuts")
        assert recall.url.endswith("Event=90001")

    @pytest.mark.parametrize(("status", "is_open"), [("Ongoing", True), ("Terminated", False), ("Completed", False)])
    def test_what_has_ended_is_closed(self, status, is_open):
        (recall,) = read_recalls(fda(OPENFDA | {"status": status}))[1].recalls
        assert (recall.status is RecallStatus.OPEN) == is_open
        assert bool(recall.closed_as) != is_open

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"recall_number": ""}, "no recall_number"),
            ({"status": "Paused"}, "status is 'paused'; it is one of ongoing, pending, completed, terminated"),
            ({"report_date": "soon", "recall_initiation_date": ""}, "report_date is no date: 'soon'"),
            ({"product_description": None}, "no product_description"),
            ({"product_description": "half \ud800"}, "product_description holds bytes that are no text"),
        ],
    )
    def test_a_bad_row_is_named_and_the_others_are_kept(self, change, reason):
        found = read_recalls(fda(OPENFDA, OPENFDA | {"recall_number": "F-2-2026"} | change))[1]
        assert [recall.id for recall in found.recalls] == ["F-1-2026"]
        assert [(bad.row, bad.reason) for bad in found.bad] == [(2, reason)]

    @pytest.mark.parametrize(
        ("description", "name"),
        [
            ("***Hondashi 0.25oz*** seasoning packed", "Hondashi"),
            ("Tops GOLD Pickle NET QTY.: 31oz UPC: 8904288612837", "Tops GOLD Pickle"),
            ("Lava Bun with Green Tea Flavor", "Lava Bun with Green Tea Flavor"),
            ("12 oz", "12 oz"),
        ],
    )
    def test_the_name_stands_at_the_head_of_the_label(self, description, name):
        assert product_of(description) == name


class TestFsa:
    def test_an_alert(self):
        form, found = read_recalls(fsa(FSA))
        (recall,) = found.recalls
        assert (form, found.data_as_of, recall.market) == ("fsa", date(2026, 11, 3), Jurisdiction.GB)
        assert recall.title == "Dale Dairy and Corner Shop recall Dale Dairy Custard because of undeclared egg"
        assert recall.products == ("Dale Dairy Custard", "Dale Dairy Trifle")
        assert recall.brands == ("Dale Dairy", "Corner Shop")
        assert (recall.lots, recall.gtins) == (("B174", "B175"), ("05000128104517",))
        assert (recall.allergens, recall.hazard) == (("Egg",), "undeclared allergen: Egg")
        assert recall.classification == "allergy alert"

    def test_an_alert_that_another_replaces_is_closed(self):
        url = "http://data.food.gov.uk/food-alerts/id/FSA-AA-1-2026"
        found = read_recalls(fsa(FSA, FSA | {"notation": "FSA-AA-1-2026-update-1", "previousAlert": url}))[1]
        assert [(recall.status.value, recall.closed_as) for recall in found.recalls] == [
            ("closed", "replaced by FSA-AA-1-2026-update-1"),
            ("open", ""),
        ]

    def test_a_withdrawn_alert_is_closed(self):
        (recall,) = read_recalls(fsa(FSA | {"status": {"label": "Withdrawn"}}))[1].recalls
        assert recall.closed_as == "withdrawn"


class TestRasff:
    def test_an_export(self):
        row = (
            "2026.1,2026-10-30,Italy,Undeclared milk in pistachio spread from Turkey,confectionery,food,"
            "alert notification,serious,Turkey"
        )
        form, found = read_recalls(f"{HEADING}\n{row}\n".encode())
        (recall,) = found.recalls
        assert (form, recall.id, recall.market) == ("rasff", "2026.1", Jurisdiction.EU)
        assert (recall.products, recall.countries) == (("pistachio spread",), ("Italy",))
        assert recall.classification == "alert notification; serious"

    def test_an_export_with_semicolons_and_headings_in_words(self):
        text = (
            "Reference;Date;Notifying country;Subject;Hazards\n2026.2;30-10-2026;Spain;Salmonella in tahini;salmonella"
        )
        (recall,) = read_recalls(text.encode("utf-8-sig"))[1].recalls
        assert (recall.published, recall.hazard, recall.products) == (date(2026, 10, 30), "salmonella", ("tahini",))

    def test_the_search_of_rasff_window(self):
        notification = {
            "notifId": 7001,
            "reference": "2026.3",
            "ecValidationDate": "02-11-2026 09:30:00",
            "subject": "Listeria in smoked trout from Denmark",
            "notificationClassification": {"id": 1, "description": "alert notification"},
            "notifyingCountry": {"organizationName": "Germany", "isoCode": "DE"},
            "riskDecision": {"description": "serious"},
        }
        form, found = read_recalls(json.dumps({"notifications": [notification], "totalPages": 1}).encode())
        (recall,) = found.recalls
        assert (form, recall.published, recall.countries) == ("rasff", date(2026, 11, 2), ("Germany",))
        assert recall.url.endswith("/notification/7001")

    def test_the_open_data_api_gives_a_row_for_each_hazard(self):
        row = {
            "NOTIF_ID": 7002,
            "NOTIFICATION_REFERENCE": "2026.4",
            "NOTIF_DATE": "2026-11-01T00:00:00",
            "PRODUCT_NAME": "Saint-Gilles cheese",
            "NOTIF_SUBJECT": "labelling issue",
            "NOTIFYNG_COUNTRY_DESC": "France",
            "DISTRIBUTION_COUNTRY_DESC": "Belgium *** Spain",
            "HAZARD_CATEGORY_NAME": "labelling absent",
        }
        found = read_recalls(json.dumps({"value": [row, row | {"HAZARD_CATEGORY_NAME": "mould"}]}).encode())[1]
        (recall,) = found.recalls
        assert (found.rows, found.joined, found.bad) == (2, 1, ())
        assert (recall.products, recall.hazard) == (("Saint-Gilles cheese",), "labelling absent; mould")
        assert recall.countries == ("France", "Belgium", "Spain")

    def test_what_was_refused_at_the_border_never_was_on_the_market(self):
        row = "2026.5,2026-10-30,Italy,Aflatoxins in figs,fruit,food,border rejection notification,serious,Turkey"
        (recall,) = read_recalls(f"{HEADING}\n{row}\n".encode())[1].recalls
        assert recall.closed_as == "refused at the border"

    @pytest.mark.parametrize(
        ("subject", "food"),
        [
            ("Cashew nuts undeclared in pasta salad with pesto", "pasta salad with pesto"),
            ("high content of morphine alkaloids in poppy seeds from Czech Republic, via Slovakia", "poppy seeds"),
            ("fish allergen not declared", ""),
            ("Allergen milk not mentioned on the label of soup", "soup"),
        ],
    )
    def test_the_food_of_a_subject(self, subject, food):
        assert food_of(subject) == food


class TestTable:
    TABLE = (
        "id;product;brand;date;gtin;lot;market;status\n1;Mango pickle;Asha|Asha Foods;2026-11-01;{};L-7, L-8;IN;open\n"
    )

    def read(self, text, market=None):
        return read_recalls(text.encode(), "csv", source="fssai", market=market)[1]

    def test_any_source(self):
        (recall,) = self.read(self.TABLE.format("8901030865275")).recalls
        assert (recall.source, recall.market, recall.brands) == ("fssai", Jurisdiction.IN, ("Asha", "Asha Foods"))
        assert (recall.gtins, recall.published) == (("08901030865275",), date(2026, 11, 1))

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("1,Dal,2026-11-01,FR,", "market is 'FR'; it is one of IN, US, GB, EU"),
            ("1,Dal,2026-13-01,IN,", "date is no date: '2026-13-01'"),
            ("1,Dal,2026-11-01,IN,8901030865274", "gtin is '8901030865274'; its check digit or length is wrong"),
            (",Dal,2026-11-01,IN,", "no id"),
            ("1,Dal,2026-11-01,,", "no market, in the row or given for the file"),
            ("1,Dal,2026-11-01,IN,,more", "6 cells under 5 columns"),
        ],
    )
    def test_a_bad_row_is_named(self, row, reason):
        found = self.read(f"id,product,date,market,gtin\n{row}\n2,Good,2026-11-02,IN,\n")
        assert [(bad.row, bad.reason) for bad in found.bad] == [(1, reason)]
        assert [recall.id for recall in found.recalls] == ["2"]

    def test_columns_that_are_needed(self):
        with pytest.raises(InputError, match="the heading has no column date"):
            self.read("id,product\n1,Dal\n")

    def test_a_table_needs_the_name_of_its_source(self):
        with pytest.raises(InputError, match="needs the name of its source"):
            read_recalls(b"id,product,date\n", "csv")


values = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.lists(st.text(max_size=5), max_size=2)


@given(st.lists(st.dictionaries(st.sampled_from([*OPENFDA, "x"]), values) | values, max_size=8), st.booleans())
def test_no_row_of_openfda_is_lost(rows, complete):
    if complete:
        rows = [OPENFDA | row if isinstance(row, dict) else row for row in rows]
    found = read_recalls(fda(*rows), "openfda")[1]
    assert found.rows == len(rows) == len(found.recalls) + found.joined + len(found.bad)
    assert all(bad.reason for bad in found.bad)


@given(st.lists(st.dictionaries(st.sampled_from([*FSA, "x"]), values) | values, max_size=8), st.booleans())
def test_no_row_of_the_fsa_is_lost(rows, complete):
    if complete:
        rows = [FSA | row if isinstance(row, dict) else row for row in rows]
    found = read_recalls(fsa(*rows), "fsa")[1]
    assert found.rows == len(rows) == len(found.recalls) + found.joined + len(found.bad)


cells = st.text(st.characters(exclude_characters='\r\n,"\x00', codec="utf-8"), min_size=1, max_size=12).filter(
    str.strip
)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=8))
def test_no_row_of_a_table_is_lost(rows):
    text = "id,product,date\n" + "".join(f"{','.join(row)}\n" for row in rows)
    found = read_recalls(text.encode(), "csv", source="own", market=Jurisdiction.IN)[1]
    assert found.rows == len(rows) == len(found.recalls) + found.joined + len(found.bad)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    with contextlib.suppress(InputError):
        read_recalls(data)


@pytest.mark.parametrize("path", starting_set(), ids=lambda path: path.stem)
def test_the_starting_set_is_read_whole(path):
    form, found = read_recalls(path.read_bytes())
    assert form == path.stem
    assert (found.bad, found.joined) == ((), 0)
    assert found.rows == len(found.recalls) > 30


def test_a_format_that_nobody_knows_is_refused():
    with pytest.raises(InputError, match="JSON, but not of openFDA"):
        sniff(b'{"items": [{"name": "Dal"}]}')


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("UPC 0 36000 29145 2", ("00036000291452",)),
        ("EAN 5-000128-104517; lot 12345678", ("05000128104517",)),
        ("Best by 12/01/2026, tel. 555 123 4567", ()),
        ("UPC 0 36000 29145 3", ()),
    ],
)
def test_gtins_in_free_text(text, codes):
    assert gtins_in(text) == codes


@pytest.mark.parametrize(
    ("text", "lots"),
    [
        ("Lot Codes:  #133/25  Best by", ("13325",)),
        ("Lots: 0062614, 3132500, 2162598.", ("0062614", "3132500", "2162598")),
        ("Batch No. A17-4 or A17-5", ("A174", "A175")),
        ("No lot codes.", ()),
    ],
)
def test_lots_in_free_text(text, lots):
    assert lots_in(text) == lots


def test_codes_are_compared_without_their_dress():
    assert gtin14("0 36000-29145 2") == gtin14("36000291452") == "00036000291452"
    assert gtin14("036000291453") == gtin14("00000000") == gtin14("abc") == ""
    assert normal_lot("l-2301 a") == "L2301A"
