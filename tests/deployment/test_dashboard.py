"""The Grafana dashboard: its structure, and each query run by a real Prometheus that scraped a real service."""

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import serving
from tests.tools import program
from tests.valkey import eventually, free_port

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "ops/grafana/claimlens.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
QUERIES += [(each["name"], each["expr"]) for each in DASHBOARD["annotations"]["list"]]
#: What has no series here: nothing was called, nothing has started anew.
MAY_BE_EMPTY = {"Calls by outcome", "p95 of a call", "Starts of processes"}
ITEM = {"id": "1", "name": "Herbal tea", "description": "Cures diabetes."}


class Prometheus:
    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, expression: str) -> Any:
        try:
            return self._told(expression)
        except urllib.error.HTTPError as error:
            with error:
                pytest.fail(f"{expression}: {error.read().decode()}")

    def has(self, expression: str) -> bool:
        try:
            return bool(self._told(expression))
        except OSError:  # not up yet
            return False

    def _told(self, expression: str) -> Any:
        query = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{query}", timeout=10) as answer:
            return json.load(answer)["data"]["result"]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """One that has scraped a service with a few requests at least twice, with requests between."""
    binary, folder, port = program("prometheus", "prometheus"), tmp_path_factory.mktemp("prometheus"), free_port()
    (folder / "data").mkdir()
    with serving(folder / "data") as server:
        for _ in range(20):  # one batch of 16 is timed
            server.ask("POST", "/v1/menu/feed", {"locale": "en-IN", "items": [ITEM]})
        target = server.url.removeprefix("http://")
        job = f"- job_name: claimlens-api\n  static_configs: [{{targets: ['{target}']}}]\n"
        (folder / "prometheus.yml").write_text(f"global: {{scrape_interval: 500ms}}\nscrape_configs:\n{job}")
        command = [str(binary), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb"]
        command.append(f"--web.listen-address=127.0.0.1:{port}")
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            found = Prometheus(f"http://127.0.0.1:{port}")
            eventually(lambda: found.has("claimlens_verdicts_total"), "it has scraped", 30)
            for _ in range(20):
                server.ask("POST", "/v1/menu/feed", {"locale": "en-IN", "items": [ITEM]})
            eventually(lambda: found.has("increase(claimlens_verdicts_total[1m]) > 15"), "it has scraped again", 30)
            eventually(lambda: found.has("claimlens_error_budget_remaining >= 0"), "the budget is there", 30)
            yield found
        finally:
            process.terminate()
            process.wait()


def variables_filled_in(expression: str) -> str:
    """The expression as Grafana sends it for all processes."""
    return expression.replace("$__rate_interval", "1m").replace("$instance", ".*")


@pytest.mark.parametrize(("title", "expression"), QUERIES, ids=[title for title, _ in QUERIES])
def test_each_query_is_answered(prometheus, title, expression):
    found = prometheus.ask(variables_filled_in(expression))
    assert found or title in MAY_BE_EMPTY


def test_it_shows_what_operators_are_promised():
    everything = " ".join(expression for _, expression in QUERIES)
    for name in (
        *("claimlens_requests_total", "claimlens_requests_failed", "claimlens_request_duration_ms_bucket"),
        *("claimlens_transform_duration_ms_bucket", "claimlens_verdicts_total", "claimlens_error_budget_remaining"),
        *("claimlens_degraded_services", "claimlens_circuit_breaker_state", "claimlens_db_connections"),
        "claimlens_coverage_ratio",
        *("claimlens_db_connections_max", "claimlens_cache_memory_bytes", "process_resident_memory_bytes"),
        "process_cpu_seconds_total",
    ):
        assert name in everything
    assert {"p50 by route", "p95 by route", "p99 by route"} <= {panel["title"] for panel in PANELS}


def test_its_structure_is_what_grafana_takes():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    assert DASHBOARD["uid"] == "claimlens"
    assert {each["name"] for each in DASHBOARD["templating"]["list"]} == {"datasource", "instance"}
    for panel in PANELS:
        assert panel["type"] in ("timeseries", "stat", "gauge")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert all(each["datasource"]["uid"] == "${datasource}" for each in (panel, *panel["targets"]))


def test_no_panel_lies_on_another():
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
