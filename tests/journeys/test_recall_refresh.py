"""The index keeps itself fresh from its publishers, and says so when it cannot."""

import io
import json
import urllib.request
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from claimlens.entry.cli import run
from tests.mcp_serving import mcp_serving
from tests.publisher import publishing
from tests.serving import serving
from tests.valkey import eventually

TODAY = datetime.now(UTC).date()


def alerts(*products, days_ago=2):
    day = (TODAY - timedelta(days=days_ago)).isoformat()
    rows = [
        {
            "notation": f"FSA-PRIN-{number}-{product}",
            "title": f"Dale Dairy recalls {product}",
            "created": day,
            "reportingBusiness": {"commonName": "Dale Dairy"},
            "productDetails": [{"productName": f"Dale Dairy {product}"}],
        }
        for number, product in enumerate(products)
    ]
    return json.dumps({"items": rows}).encode()


def enforcement(product="Ridge Farm Granola"):
    row = {
        "recall_number": "F-0001-2027",
        "product_description": product,
        "recalling_firm": "Ridge Farm",
        "report_date": TODAY.strftime("%Y%m%d"),
        "recall_initiation_date": TODAY.strftime("%Y%m%d"),
        "status": "Ongoing",
        "reason_for_recall": "undeclared milk",
        "classification": "Class I",
    }
    return json.dumps({"meta": {"last_updated": TODAY.isoformat()}, "results": [row]}).encode()


def zipped(*files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, data in enumerate(files):
            archive.writestr(f"part-{number}.json", data)
    return packed.getvalue()


@pytest.fixture
def publisher():
    with publishing() as one:
        yield one


@pytest.fixture
def environ(publisher):
    feeds = f"fsa={publisher.url}/fsa?since={{since}} openfda={publisher.url}/bulk.zip"
    return {"CLAIMLENS_RECALLS_FEEDS": feeds, "CLAIMLENS_RECALLS_FROM_PRIVATE": "1"}


@pytest.fixture
def claimlens(tmp_path, monkeypatch, capsys, environ):
    """Run `claimlens recalls`; gives exit code, output, errors."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path / "data"))

    def call(*arguments):
        code = run(["recalls", *arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


class TestRefresh:
    def test_every_source_is_fetched_and_taken_in(self, claimlens, publisher):
        publisher.offer("/fsa", alerts("Trifle", "Custard"))
        publisher.offer("/bulk.zip", zipped(enforcement()))
        code, out, err = claimlens("refresh")
        assert (code, err) == (0, "")
        assert out.splitlines() == [
            f"fsa: 2 recalls in the index, 2 open, data of {TODAY}",
            f"openfda: 1 recalls in the index, 1 open, data of {TODAY}",
        ]
        two_years = TODAY - timedelta(days=730)
        assert publisher.asked == [f"/fsa?since={two_years}", "/bulk.zip"]
        code, _, _ = claimlens("search", "Dale Dairy trifle", "--market", "GB")
        assert code == 2

    def test_the_next_time_only_what_may_have_changed_is_asked_for_and_joins(self, claimlens, publisher):
        publisher.offer("/fsa", alerts("Trifle"))
        claimlens("refresh", "fsa")
        publisher.offer("/fsa", alerts("Custard"))
        code, out, _ = claimlens("refresh", "fsa", "--json")
        assert code == 0
        assert json.loads(out)[0]["done"]["rows"] == 2
        assert publisher.asked[-1] == f"/fsa?since={TODAY - timedelta(days=60)}"

    def test_what_is_not_due_is_left_alone(self, claimlens, publisher, monkeypatch):
        monkeypatch.setenv("CLAIMLENS_RECALLS_REFRESH_HOURS", "24")
        publisher.offer("/fsa", alerts("Trifle"))
        publisher.offer("/bulk.zip", zipped(enforcement()))
        claimlens("refresh", "fsa")
        assert claimlens("refresh", "--due")[0] == 0
        assert claimlens("refresh", "--due")[1] == ""
        assert publisher.asked[1:] == ["/bulk.zip"]

    def test_a_publisher_silent_for_too_long_is_not_taken_for_fresh(self, claimlens, publisher):
        publisher.offer("/fsa", alerts("Trifle", days_ago=40))
        claimlens("refresh", "fsa")
        _, out, _ = claimlens("status", "--json")
        (fsa,) = [one for one in json.loads(out) if one["source"] == "fsa"]
        assert (fsa["state"], fsa["age_days"]) == ("stale", 40)

    def test_a_source_without_a_feed(self, claimlens):
        code, _, err = claimlens("refresh", "rasff")
        assert (code, err) == (1, "claimlens: no feed for rasff; there is one for fsa, openfda\n")

    @pytest.mark.parametrize(
        ("offer", "says"),
        [
            ((b"", 503, {}), "127.0.0.1: the answer is 503"),
            ((b"<html>maintenance</html>", 200, {}), "no JSON"),
            ((b'{"items": []}', 200, {}), "no row of it is a recall"),
            ((b'{"items": [', 200, {}), "no JSON"),
            ((b"{}", 200, {"content-length": "400"}), "the answer is no HTTP/1.1, or it broke off"),
            ((b"", 302, {"location": "/fsa"}), "more than 3 redirects"),
            ((b"", 302, {"location": "ftp://127.0.0.1/x"}), "the URL begins with https://"),
            ((b"", 302, {"location": "http://169.254.169.254/"}), "a link-local or metadata address"),
            ((zipped(b"{}", b"{}"), 200, {}), "a zip of 2 files; one is expected"),
            ((zipped(alerts("Trifle"))[:-30], 200, {}), "the zip cannot be unpacked"),
        ],
    )
    def test_what_fails_keeps_what_is_there_and_is_said(self, claimlens, publisher, offer, says):
        publisher.offer("/fsa", alerts("Trifle"))
        publisher.offer("/bulk.zip", zipped(enforcement()))
        assert claimlens("refresh")[0] == 0
        body, status, headers = offer
        publisher.offer("/fsa", body, status, **headers)
        code, out, err = claimlens("refresh")
        assert code == 3
        assert err.startswith("fsa: ")
        assert says in err
        assert out.startswith("openfda: 1 recalls")
        code, _, err = claimlens("search", "Dale Dairy trifle", "--market", "GB")
        assert code == 3
        assert "not known: fsa: the last import failed" in err

    def test_a_moved_file_is_followed(self, claimlens, publisher):
        publisher.offer("/fsa", b"", 301, location="/new")
        publisher.offer("/new", alerts("Trifle"))
        assert claimlens("refresh", "fsa")[0] == 0

    def test_outside_development_only_https_and_public_addresses(self, claimlens, monkeypatch):
        monkeypatch.delenv("CLAIMLENS_RECALLS_FROM_PRIVATE")
        code, _, err = claimlens("refresh", "fsa")
        assert code == 3
        assert "the URL begins with https://" in err

    @pytest.mark.parametrize(
        "feeds", ["fsa", "fsa=", "FSA=https://x", "fsa=x", "fsa=https://x/{other}", "fsa=https://x/{"]
    )
    def test_a_feed_that_cannot_be_one_stops_the_start(self, claimlens, monkeypatch, feeds):
        monkeypatch.setenv("CLAIMLENS_RECALLS_FEEDS", feeds)
        code, _, err = claimlens("refresh")
        assert code == 1
        assert "is no feed; one looks like" in err


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


class TestKeeper:
    def test_a_server_keeps_its_index_fresh_and_shows_its_age(self, publisher, environ, tmp_path):
        publisher.offer("/fsa", alerts("Trifle"))
        environ["CLAIMLENS_RECALLS_REFRESH_HOURS"] = "1"
        with mcp_serving(tmp_path, "recall.lookup", environ=environ) as server:
            fresh = 'claimlens_recalls_fresh{source="fsa",state="fresh"} 1.0'
            eventually(lambda: fresh in get(f"{server.root}/metrics"), "the FSA's recalls are fresh", 30)
            metrics = get(f"{server.root}/metrics")
            assert 'claimlens_recalls_age_seconds{source="fsa"} 0.0' in metrics
            assert 'claimlens_recalls_fresh{source="openfda",state="failed"} 0.0' in metrics
            checks = {check["name"]: check for check in json.loads(get(f"{server.root}/health"))["checks"]}
            assert checks["fsa"]["status"] == "ok"
            assert "the answer is 404" in checks["openfda"]["detail"]
            logged = [json.loads(line) for line in server.log.splitlines()]
            assert [line["source"] for line in logged if line["event"] == "recalls_not_fresh"] == ["openfda"]
            assert any("the answer is 404" in line.get("reason", "") for line in logged)
            assert server.stop() == 0

    def test_the_service_says_when_what_it_answers_from_is_too_old(self, publisher, environ, tmp_path, claimlens):
        publisher.offer("/fsa", alerts("Trifle", days_ago=40))
        claimlens("refresh", "fsa")
        with serving(tmp_path / "data", environ=environ) as server:
            eventually(lambda: "claimlens_recalls_age_seconds{" in get(f"{server.url}/metrics"), "it has looked", 30)
            assert 'claimlens_recalls_age_seconds{source="fsa"} 3.456e+06' in get(f"{server.url}/metrics")
            one = server.ask("GET", "/health/mcp/recall.lookup").json()
            assert (one["status"], one["detail"]) == ("ok", "fsa is stale, 40 days old")
            health = server.ask("GET", "/health").json()
            assert health["status"] == "degraded"
            (check,) = [check for check in health["checks"] if check["name"] == "mcp_services"]
            assert check["detail"] == "recall.lookup knows too little: fsa is stale, 40 days old"
        assert publisher.asked == [f"/fsa?since={TODAY - timedelta(days=730)}"]  # not by itself in development
