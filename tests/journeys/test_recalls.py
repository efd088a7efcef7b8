"""An operator takes recalls in, asks how fresh they are, looks one up."""

import json
import multiprocessing
from datetime import UTC, datetime, timedelta

import pytest

from claimlens.domain.recall_source import SOURCES
from claimlens.entry.cli import run
from claimlens.gate.ingest.recalls.plain import ALSO, NEEDED
from tests.journeys.documented import page, tables

TODAY = datetime.now(UTC).date()


@pytest.fixture
def claimlens(tmp_path, monkeypatch, capsys):
    """Run `claimlens recalls`; gives exit code, output, errors."""
    monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path / "data"))

    def call(*arguments):
        code = run(["recalls", *map(str, arguments)])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return call


def alert(number, product, **fields):
    day = (TODAY - timedelta(days=2)).isoformat()
    return {
        "notation": f"FSA-PRIN-{number}-2026",
        "title": f"Dale Dairy recalls {product}",
        "created": day,
        "reportingBusiness": {"commonName": "Dale Dairy"},
        "productDetails": [{"productName": product}],
    } | fields


@pytest.fixture
def alerts(tmp_path):
    def write(*rows, name="alerts.json"):
        path = tmp_path / name
        path.write_text(json.dumps({"items": rows}), encoding="utf-8")
        return path

    return write


def import_elsewhere(folder, path):
    import os

    os.environ["CLAIMLENS_DATA_DIR"] = folder
    raise SystemExit(run(["recalls", "import", path]))


def test_from_the_first_day_to_fresh_data(claimlens, alerts):
    code, out, _ = claimlens("status")
    assert code == 3
    assert [line.split("\t")[:2] for line in out.splitlines()] == [
        ["fsa", "starting"],
        ["openfda", "starting"],
        ["rasff", "starting"],
    ]

    code, out, err = claimlens("search", "Doritos", "Chilli", "Heatwave", "--market", "gb")
    assert code == 3
    assert out.split("\t")[1] == "open"
    assert "not known: fsa: only the small set that came with the program" in err

    code, out, _ = claimlens("import", alerts(alert(1, "Dale Dairy Rhubarb Custard"), alert(2, "Dale Dairy Trifle")))
    assert code == 0
    assert out.startswith("fsa: 2 rows read, 0 joined another, 0 refused; 2 recalls in the index, 2 open, data of ")

    code, out, err = claimlens("search", "Dale Dairy rhubarb custards", "--market", "GB")
    assert (code, len(out.splitlines())) == (2, 1)
    assert out.split("\t")[4] == "FSA-PRIN-1-2026"
    code, out, err = claimlens("search", "porridge", "--market", "GB")
    assert (code, out, err) == (0, "", "no open recall\n")


def test_everything_as_json(claimlens, alerts):
    path = alerts(alert(1, "Dale Dairy Custard"), alert(2, "Dale Dairy Trifle", created="soon"))
    code, out, err = claimlens("import", path, "--json")
    done = json.loads(out)
    assert (code, done["read"], done["rows"]) == (3, 2, 1)
    assert done["bad"] == [{"row": 2, "id": "FSA-PRIN-2-2026", "reason": "created is no date: 'soon'"}]
    assert err == "row 2 (FSA-PRIN-2-2026): created is no date: 'soon'\n"
    states = {one["source"]: one["state"] for one in json.loads(claimlens("status", "--json")[1])}
    assert states == {"fsa": "fresh", "openfda": "starting", "rasff": "starting"}
    answer = json.loads(claimlens("search", "Dale Dairy Custard", "--market", "GB", "--json")[1])
    assert (answer["outcome"], answer["matches"][0]["score"]) == ("found", 0.95)


def test_a_table_of_our_own(claimlens, tmp_path):
    path = tmp_path / "fssai.csv"
    path.write_text(f"id,product,brand,date,gtin\n1,Mango pickle,Asha,{TODAY},8901030865275\n", encoding="utf-8")
    assert claimlens("import", path, "--source", "fssai", "--market", "IN")[0] == 0
    code, out, _ = claimlens("search", "--gtin", "8901030865275", "--market", "IN")
    assert (code, out.split("\t")[0]) == (2, "1.00")
    assert "needs the name of its source" in claimlens("import", path)[2]


def test_a_download_that_failed_is_one_line_and_shows_in_the_status(claimlens, alerts, tmp_path):
    claimlens("import", alerts(alert(1, "Dale Dairy Custard")))
    page = tmp_path / "page.html"
    page.write_text("<html>502 Bad Gateway</html>", encoding="utf-8")
    code, out, err = claimlens("import", page, "--format", "fsa")
    assert (code, out) == (1, "")
    assert err.startswith("claimlens: no JSON")
    code, out, _ = claimlens("status")
    assert code == 3
    assert "fsa\tfailed" in out
    assert claimlens("search", "porridge", "--market", "GB")[0] == 3
    assert claimlens("import", tmp_path / "nothing.json")[0] == 1


def test_replace_takes_out_what_is_not_in_the_file(claimlens, alerts):
    claimlens("import", alerts(alert(1, "Dale Dairy Custard"), alert(2, "Dale Dairy Trifle")))
    claimlens("import", alerts(alert(3, "Dale Dairy Butter")))
    assert "3 recalls in the index" in claimlens("import", alerts(alert(3, "Dale Dairy Butter")))[1]
    assert "1 recalls in the index" in claimlens("import", "--replace", alerts(alert(3, "Dale Dairy Butter")))[1]


def test_imports_of_several_processes_wait_for_one_another(claimlens, alerts, tmp_path):
    claimlens("status")
    spawned = multiprocessing.get_context("spawn")
    paths = [alerts(alert(n, f"Dale Dairy Custard {n}"), name=f"{n}.json") for n in range(3)]
    others = [spawned.Process(target=import_elsewhere, args=(str(tmp_path / "data"), str(path))) for path in paths]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert [other.exitcode for other in others] == [0, 0, 0]
    (fsa, *_) = json.loads(claimlens("status", "--json")[1])
    assert (fsa["source"], fsa["rows"]) == ("fsa", 3)


def test_nothing_to_look_up(claimlens):
    code, _, err = claimlens("search")
    assert (code, err) == (1, "claimlens: nothing to look up: no name, brand, gtin or ingredients\n")


def test_a_data_folder_that_cannot_be_written_is_unknown_not_none(claimlens, tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be", encoding="utf-8")
    code, _, err = claimlens("search", "porridge")
    assert code == 3
    assert "not known" in err


def test_the_reference_names_every_column_of_a_table():
    described = {
        name.strip("` "): {other.strip("` ") for other in others.split(",") if other.strip()}
        for names, others, _ in tables(page("reference/recalls.md"), "column", "also called", "form")
        for name in names.split(",")
    }
    assert {name: others for name, others in described.items() if others} == {
        name: set(others) for name, others in ALSO.items()
    }
    assert {name for name in described if name in NEEDED} == set(NEEDED)


def test_the_reference_names_every_source():
    rows = tables(page("reference/recalls.md"), "source", "market", "publisher", "says when a recall ends", "licence")
    assert {row[0]: row[1] for row in rows[:-1]} == {name: source.market.value for name, source in SOURCES.items()}
