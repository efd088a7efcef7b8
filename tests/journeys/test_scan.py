"""`claimlens scan` as a person meets it: every row judged once, as `check` judges it, whatever happens in between."""

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.menus import items
from claimlens.entry.cli import run
from tests.stricter_packs import RULE, SUPERFOOD, stricter_packs

ROOT = Path(__file__).parents[2]
MENU = [msgspec.to_builtins(item) for item in items(1_800, seed=5)]
BAD = ['{"id": "cut", "name": "Sou', '{"id": "nameless"}', '{"id": "far", "name": "Soup", "locale": "xx-XX"}', "[1]"]


def write_lines(path, records, more=()):
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    path.write_text("\n".join([*more, *lines]) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CLAIMLENS_")}
    own = tmp_path_factory.mktemp("home")
    return kept | {
        "PYTHONPATH": str(ROOT / "src"),
        "XDG_CACHE_HOME": str(own / "cache"),
        "CLAIMLENS_DATA_DIR": str(own / "data"),
    }


@pytest.fixture(scope="module")
def claimlens(environment):
    """Run `claimlens`; exit code, output, errors."""

    def call(*arguments):
        command = [sys.executable, "-m", "claimlens", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, env=environment, text=True, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout, done.stderr

    return call


@pytest.fixture(scope="module")
def scanned(claimlens, tmp_path_factory):
    """A folder of one file of each form, scanned; the folder of the scan, and what the command said."""
    folder = tmp_path_factory.mktemp("scan")
    source = folder / "source"
    source.mkdir()
    write_lines(source / "1.ndjson", [SUPERFOOD, *MENU[:60]], BAD)
    with gzip.open(source / "2.jsonl.gz", "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(record) + "\n" for record in MENU[60:120])
    table = [record | {"nutrition": record.get("nutrition") and dict(record["nutrition"])} for record in MENU[120:180]]
    columns = ("id", "name", "description", "ingredients")
    pq.write_table(
        pa.table({name: [record.get(name) for record in table] for name in columns}), source / "3.parquet",
        row_group_size=25,
    )  # fmt: skip
    with (source / "4.csv").open("w", encoding="utf-8", newline="") as out:
        rows = csv.DictWriter(out, columns, extrasaction="ignore")
        rows.writeheader()
        rows.writerows(MENU[180:240])
    code, said, err = claimlens("scan", source, "--out", folder / "out", "--locale", "en-GB", "--json")
    return folder, code, json.loads(said), err


def rows_of(place):
    return pq.read_table(place / "results").to_pylist()


class TestScan:
    def test_every_row_is_judged_once_and_bad_ones_are_set_apart(self, scanned):
        folder, code, summary, err = scanned
        found = rows_of(folder / "out")
        assert sorted(row["item_id"] for row in found) == sorted(["super", *[f"item-{i}" for i in range(240)]])
        assert code == 3
        assert (summary["counts"]["rows"], summary["counts"]["items"], summary["failed"]) == (245, 241, [])
        assert "rows/s" in err

    def test_the_answer_is_that_of_check_to_the_byte(self, scanned, claimlens):
        folder, *_ = scanned
        _, out, _ = claimlens("check", folder / "source" / "1.ndjson", "--locale", "en-GB", "--format", "ndjson")
        checked = {line for line in out.splitlines() if line.startswith('{"item_id"')}
        written = {row["document"] for row in rows_of(folder / "out") if row["source"].endswith("1.ndjson")}
        assert len(checked) == 61
        assert written == checked

    def test_a_row_is_found_again_in_its_source(self, scanned):
        folder, *_ = scanned
        content = (folder / "source" / "1.ndjson").read_bytes()
        for row in rows_of(folder / "out"):
            if row["source"].endswith("1.ndjson"):
                assert json.loads(content[row["position"] :].splitlines()[0])["id"] == row["item_id"]
            if row["source"].endswith("3.parquet"):
                assert row["item_id"] == f"item-{120 + row['position']}"

    def test_columns_say_what_the_answer_says(self, scanned):
        folder, *_ = scanned
        for row in rows_of(folder / "out"):
            told = json.loads(row["document"])
            assert (row["verdict"], row["needs_review"]) == (told["verdict"], told["needs_review"])
            assert [one["rule_id"] for one in row["reasons"]] == [one["rule_id"] for one in told["reasons"]]
            assert row["changes"] == told["changes"]
            assert row["contains"] == [one["allergen"] for one in told["allergens"]["contains"]]
            assert len(row["pack_digest"]) == 64

    def test_a_bad_row_stands_aside_with_its_reason_and_its_place(self, scanned):
        folder, *_ = scanned
        files = list((folder / "out" / "bad-rows").iterdir())
        bad = [json.loads(line) for path in files for line in path.read_text().splitlines()]
        assert [row["row"] for row in bad] == BAD
        assert [row["position"] for row in bad] == [len("".join(BAD[:i])) + i for i in range(4)]
        assert [row["code"] for row in bad] == ["INVALID_SCHEMA", "INVALID_SCHEMA", "UNKNOWN_LOCALE", "INVALID_SCHEMA"]
        assert "not JSON" in bad[0]["detail"]
        assert bad[1]["pointer"] == "/name"

    def test_the_summary_counts_items_by_rule_market_and_category(self, scanned):
        folder, _, summary, _ = scanned
        found = rows_of(folder / "out")
        counts = summary["counts"]
        for rule in (RULE, "GB-NUTR-FAT-LOW"):
            assert counts["rules"][rule]["modify"] == sum(rule in row["rules"] for row in found)
        assert counts["verdicts"] == {
            "GB": {name: sum(row["verdict"] == name for row in found) for name in counts["verdicts"]["GB"]}
        }
        assert counts["categories"]["general_wellness"] >= counts["rules"][RULE]["modify"]
        assert counts["bad"] == {"INVALID_SCHEMA": 3, "UNKNOWN_LOCALE": 1}
        assert json.loads((folder / "out" / "summary.json").read_text())["counts"] == counts

    def test_what_was_unpacked_is_gone(self, scanned):
        folder, *_ = scanned
        assert not [path for path in (folder / "out").rglob("*") if "unpacked" in str(path) and path.is_file()]


class TestAgain:
    def test_another_law_beside_it_says_what_has_changed(self, scanned, claimlens, tmp_path):
        folder, *_ = scanned
        code, out, _ = claimlens(
            "scan", folder / "source" / "1.ndjson", "--out", tmp_path / "new", "--locale", "en-GB", "--packs",
            stricter_packs(tmp_path / "packs"), "--against", folder / "out", "--fail-on", "block", "--json",
            "--without-services", "--processes", "1",
        )  # fmt: skip
        assert code == 2
        told = json.loads(out)["transitions"]
        assert (told["compared"], told["only_before"], told["only_now"]) == (61, 180, 0)
        changed = [one for one in told["verdicts"] if one["before"] != one["after"]]
        before = {row["item_id"]: row["verdict"] for row in rows_of(folder / "out")}
        rows = [row for row in rows_of(tmp_path / "new") if RULE in row["rules"]]
        assert all("recall.lookup" in row["not_checked"] for row in rows)
        assert {(one["before"], one["after"], one["same_item"]) for one in changed} == {("modify", "block", True)}
        assert sum(one["items"] for one in changed) == sum(before[row["item_id"]] == "modify" for row in rows)

    def test_a_scan_is_replayed_from_its_source(self, scanned, claimlens):
        folder, *_ = scanned
        code, out, err = claimlens("replay", "--scan", folder / "out", "--processes", "1", "--json")
        told = json.loads(out)
        assert (code, told["same_law"], told["identical"], told["changed"]) == (0, 241, 241, 0), err

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((), "holds a scan already"),
            (("--resume", "--date", "2020-01-01"), "begun with another day"),
            (("--resume", "--locale", "en-IE"), "begun with another locale"),
            (("--resume", "--without-services"), "begun with another choice of services"),
        ],
    )
    def test_a_folder_is_of_one_scan(self, scanned, monkeypatch, environment, capsys, arguments, message):
        folder, *_ = scanned
        for name in ("XDG_CACHE_HOME", "CLAIMLENS_DATA_DIR"):
            monkeypatch.setenv(name, environment[name])
        command = ["scan", str(folder / "source"), "--out", str(folder / "out"), "--locale", "en-GB", *arguments]
        assert run(command) == 1
        assert message in capsys.readouterr().err

    def test_a_source_that_has_changed_is_refused(self, scanned, monkeypatch, environment, capsys):
        folder, *_ = scanned
        for name in ("XDG_CACHE_HOME", "CLAIMLENS_DATA_DIR"):
            monkeypatch.setenv(name, environment[name])
        os.utime(folder / "source" / "4.csv", (1, 1))
        command = ["scan", str(folder / "source"), "--out", str(folder / "out"), "--locale", "en-GB", "--resume"]
        assert run(command) == 1
        assert "4.csv is not what it was when the scan was begun" in capsys.readouterr().err


def test_without_the_extra_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "daft", None)
    assert run(["scan", "x.ndjson", "--out", "y"]) == 1
    assert capsys.readouterr().err == "claimlens: scanning needs the extra `batch`: pip install 'claimlens[batch]'\n"


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    for number in range(12):
        write_lines(folder / f"{number:02}.ndjson", MENU[number * 150 : (number + 1) * 150])
    return folder


@pytest.fixture(scope="module")
def resumed(many, claimlens, environment, tmp_path_factory):
    place = tmp_path_factory.mktemp("killed")
    arguments = ["scan", str(many), "--out", str(place), "--locale", "en-GB", "--processes", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "claimlens", *arguments], env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    done = place / "done"
    deadline = time.monotonic() + 120
    while len(list(done.glob("*.json"))) < 3:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = {path.name: path.stat().st_mtime_ns for path in done.glob("*.json")}
    code, _, err = claimlens(*arguments, "--resume")
    assert code == 0, err
    return place, kept


class TestKilled:
    """Killed in the middle and taken up again; and the same on a Ray cluster of several processes."""

    def test_no_row_is_lost_or_doubled(self, resumed):
        place, _ = resumed
        assert sorted(row["item_id"] for row in rows_of(place)) == sorted(record["id"] for record in MENU)

    def test_what_was_done_is_not_done_again(self, resumed):
        place, kept = resumed
        assert len(kept) >= 3
        assert {name: (place / "done" / name).stat().st_mtime_ns for name in kept} == kept
        # A piece that a process was at when its parent died it still brings to its end.
        assert len(list((place / "done").glob("*.json"))) == 12

    def test_on_ray_the_rows_are_the_same(self, resumed, many, claimlens, tmp_path):
        place, _ = resumed
        code, _, err = claimlens(
            "scan", many, "--out", tmp_path / "ray", "--locale", "en-GB", "--engine", "ray", "--processes", "2"
        )
        assert code == 0, err
        here, there = (pq.read_table(folder / "results") for folder in (place, tmp_path / "ray"))
        assert there.equals(here)
