"""What a server process says of itself: metrics beside a known load, and logs that hold nobody's data."""

import json
import math
import re
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from claimlens.domain.performance import BOUNDS_MS
from claimlens.entry.mcp.metrics import CallMetrics
from tests.journeys.documented import page, tables
from tests.serving import Server, serving
from tests.tools import program
from tests.valkey import eventually

SOUP = {"id": "s-1", "name": "Detox soup"}
MAIL, PHONE, CARD, NAME = "asha.rao@example.com", "+91 98765 43210", "4111 1111 1111 1111", "Zanzibar"
SECRETS = (MAIL, PHONE, PHONE.replace(" ", ""), CARD, CARD.replace(" ", ""), NAME)
PERSONAL = {"id": "p-1", "name": f"{NAME} soup", "description": f"Write to {MAIL}, call {PHONE}, card {CARD}"}

#: What promtool finds wrong with names that the runbook gives.
ACCEPTED = {
    "claimlens_request_duration_ms metric names should not contain abbreviated units",
    "claimlens_transform_duration_ms metric names should not contain abbreviated units",
    'claimlens_requests_failed counter metrics should have "_total" suffix',
}
#: Samples that are promised by name.
PROMISED = {
    *("claimlens_requests_total", "claimlens_requests_failed", "claimlens_request_duration_ms_bucket"),
    *("claimlens_transform_duration_ms_bucket", "claimlens_error_budget_remaining", "claimlens_degraded_services"),
    *("claimlens_circuit_breaker_state", "claimlens_db_connections", "claimlens_db_connections_max"),
    *("claimlens_cache_memory_bytes", "claimlens_db_replica_lag_seconds"),
    *("process_cpu_seconds_total", "process_resident_memory_bytes"),
}


class Scrape:
    """What `/metrics` said at one moment."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self.samples = [
            # The parser thinks that it knows how a counter ends.
            sample if f"\n{sample.name}" in text else sample._replace(name=sample.name.removesuffix("_total"))
            for family in self.families.values()
            for sample in family.samples
        ]

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name that have these labels; 0 if there are none."""
        return sum(
            sample.value for sample in self.samples if sample.name == name and labels.items() <= sample.labels.items()
        )

    def quantile(self, name: str, share: float, **labels: str) -> float:
        """As `histogram_quantile`: the upper bound of the bucket is near enough."""
        wanted = share * self.value(f"{name}_count", **labels)
        return min(
            float(sample.labels["le"])
            for sample in self.samples
            if sample.name == f"{name}_bucket" and labels.items() <= sample.labels.items() and sample.value >= wanted
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("telemetry")) as running:
        yield running


def scrape(server: Server) -> Scrape:
    answer = server.ask("GET", "/metrics", key="")
    assert answer.status == 200
    return Scrape(answer.body.decode())


@pytest.fixture(scope="module")
def longest_ms(server: Server) -> dict[str, float]:
    """A known load; route → the longest time that a client of it waited."""
    longest: dict[str, float] = {}

    def ask(path: str, body: Any, status: int, times: int, *, key: str | None = None) -> None:
        for _ in range(times):
            began = time.perf_counter()
            assert server.ask("POST", path, body, key=key).status == status
            longest[path] = max(longest.get(path, 0.0), 1000 * (time.perf_counter() - began))

    ask("/v1/menu/validate", {"item": SOUP, "locale": "en-GB"}, 200, 7)
    ask("/v1/menu/validate", b"{", 400, 2)
    ask("/v1/menu/validate", {"item": SOUP, "locale": "en-GB"}, 401, 1, key="nobody")
    items = [{**SOUP, "id": f"s-{number}"} for number in range(3)]
    ask("/v1/menu/feed", {"items": items, "locale": "en-GB"}, 200, 40)
    ask("/v1/menu/nowhere", {}, 404, 3)
    # What was answered is counted behind its answer.
    eventually(lambda: scrape(server).value("claimlens_requests_total", status="404") == 3, "all is counted", 30)
    return longest


class TestMetrics:
    def test_requests_are_counted_as_they_came_out(self, server: Server, longest_ms: dict[str, float]) -> None:
        found = scrape(server)
        validate, feed = {"route": "/v1/menu/validate"}, {"route": "/v1/menu/feed"}
        assert [found.value("claimlens_requests_total", **validate, status=s) for s in ("200", "400", "401")] == [
            7,
            2,
            1,
        ]
        assert found.value("claimlens_requests_total", **feed) == 40
        assert found.value("claimlens_requests_total", route="unknown", status="404") == 3
        assert found.value("claimlens_requests_failed") == 0
        assert found.value("claimlens_verdicts_total") == found.value("claimlens_verdicts_recorded_total") == 127

    def test_times_are_those_that_clients_saw(self, server: Server, longest_ms: dict[str, float]) -> None:
        found, name = scrape(server), "claimlens_request_duration_ms"
        for route, count in (("/v1/menu/validate", 10), ("/v1/menu/feed", 40)):
            assert found.value(f"{name}_count", route=route) == found.value(f"{name}_bucket", route=route, le="+Inf")
            assert found.value(f"{name}_count", route=route) == count
            assert 0 < found.value(f"{name}_sum", route=route) / count < longest_ms[route]
            above = next((bound for bound in BOUNDS_MS if bound >= longest_ms[route]), math.inf)
            assert found.quantile(name, 0.5, route=route) <= found.quantile(name, 0.95, route=route) <= above

    def test_transforms_are_timed_in_samples_and_services_at_each_call(
        self, server: Server, longest_ms: dict[str, float]
    ) -> None:
        found = scrape(server)
        assert found.value("claimlens_transform_duration_ms_count", transform="detect.claims") >= 3
        calls = found.value("claimlens_service_calls_total", service="recall.lookup")
        assert found.value("claimlens_service_call_duration_seconds_count", service="recall.lookup") == calls
        assert found.value("claimlens_transform_duration_ms_count", transform="detect.recalls") == 40

    def test_the_promises_say_the_same(self, server: Server, longest_ms: dict[str, float]) -> None:
        # Of what met no route only failures count.
        wanted = sum(count for route, count in requests(server).items() if route != "unknown")
        slo = server.ask("GET", "/api/v1/slo/status").json()
        assert slo["availability"]["requests"] == wanted
        assert (slo["availability"]["failed"], slo["availability"]["ratio"]) == (0, 1.0)
        assert (slo["coverage"]["verdicts"], slo["coverage"]["ratio"]) == (127, 1.0)
        by_route = {each["route"]: each for each in slo["latency"]}
        assert by_route["/v1/menu/feed"]["state"] == "no_data", "fewer than 100 requests say nothing"
        assert [each["rate"] for each in slo["burn_rates"]] == [None] * 5
        eventually(lambda: scrape(server).value("claimlens_coverage_ratio") == 1, "the gauge is read again", 30)
        assert scrape(server).value("claimlens_error_budget_remaining") == 1

    def test_promtool_finds_nothing_wrong(self, server: Server) -> None:
        command = [str(program("promtool", "prometheus")), "check", "metrics"]
        for text in (scrape(server).text, CallMetrics().text().decode()):
            done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
            assert set(done.stderr.splitlines()) - ACCEPTED == set()

    def test_every_promised_name_is_there(self, server: Server) -> None:
        found = scrape(server)
        assert {sample.name for sample in found.samples} >= PROMISED
        assert {sample.labels["state"] for sample in found.families["claimlens_db_connections"].samples} == {
            "in_use",
            "idle",
        }
        assert found.value("process_resident_memory_bytes") > 50_000_000
        assert not math.isnan(found.value("claimlens_db_replica_lag_seconds"))

    def test_the_page_describes_every_metric_and_no_other(self, server: Server) -> None:
        heads = ("metric", "type", "labels", "meaning")
        api, mcp = (list(table) for table in split(tables(page("reference/metrics.md"), *heads), "claimlens_mcp_"))
        assert described(api) == shown(scrape(server).families)
        assert described(mcp) <= shown(Scrape(CallMetrics().text().decode()).families)
        assert {name for name, _ in shown(Scrape(CallMetrics().text().decode()).families)} <= {
            name for name, _ in described(api) | described(mcp)
        }


def requests(server: Server) -> dict[str, float]:
    """Requests by route, but for probes."""
    found: dict[str, float] = {}
    for sample in scrape(server).samples:
        if sample.name == "claimlens_requests_total" and not sample.labels["route"].startswith(("/health", "/metrics")):
            found[sample.labels["route"]] = found.get(sample.labels["route"], 0) + sample.value
    return found


def split(rows: list[list[str]], prefix: str) -> tuple[list[list[str]], list[list[str]]]:
    return [row for row in rows if not row[0].startswith(prefix)], [row for row in rows if row[0].startswith(prefix)]


def described(rows: list[list[str]]) -> set[tuple[str, str]]:
    return {(row[0], row[1]) for row in rows}


def shown(families: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (name + "_total" if family.type == "counter" and name != "claimlens_requests_failed" else name, family.type)
        for name, family in families.items()
    }


class TestLogs:
    """Personal data goes in everywhere; the log holds none of it, whatever happens."""

    def lines(self, server: Server, **fields: Any) -> list[dict[str, Any]]:
        return [line for line in map(json.loads, server.log.splitlines()) if fields.items() <= line.items()]

    def test_the_line_of_a_request(self, server: Server) -> None:
        headers = {"X-Correlation-ID": "order-17"}
        assert server.ask("POST", "/v1/menu/validate", {"item": SOUP, "locale": "en-GB"}, headers=headers).status == 200
        eventually(lambda: bool(self.lines(server, correlation_id="order-17")), "it has its line", 30)
        (line,) = self.lines(server, correlation_id="order-17")
        assert line == {
            "ts": line["ts"],
            "level": "INFO",
            "event": "request",
            "method": "POST",
            "route": "/v1/menu/validate",
            "status": 200,
            "duration_ms": line["duration_ms"],
            "correlation_id": "order-17",
            "tenant": "tenant-001",
            "actor": line["actor"],
            "profile": "menushield_gb",
            "decision": line["decision"],
        }
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["ts"])
        assert re.fullmatch(r"(allow|modify|block):1", line["decision"])
        assert line["actor"].startswith("key:")

    def test_a_probe_has_a_line_only_if_it_fails(self, server: Server) -> None:
        for path in ("/health", "/health/ready", "/metrics", "/console/static/console.css"):
            server.ask("GET", path)
        server.ask("GET", "/version", headers={"X-Correlation-ID": "last"})
        eventually(lambda: bool(self.lines(server, correlation_id="last")), "what came later has its line", 30)
        assert not [line for line in self.lines(server) if line.get("route", "").startswith(("/health", "/metrics"))]

    def test_the_gate_logs_nothing_of_what_it_judges(self, server: Server) -> None:
        for path, body in (
            ("/v1/menu/validate", {"item": PERSONAL, "locale": "en-IN"}),
            ("/v1/menu/feed", {"items": [PERSONAL, {**PERSONAL, "id": "p-2"}], "locale": "en-IN"}),
            ("/v1/web/ingest", {"items": [PERSONAL], "locale": "en-IN"}),
        ):
            assert server.ask("POST", path, body).status == 200
        assert clean(server)

    def test_nor_what_it_refuses(self, server: Server) -> None:
        bad = [{MAIL: PHONE}, {"item": {"name": 7, MAIL: CARD}, "locale": MAIL}, f'{{"item": "{MAIL} {CARD}'.encode()]
        for body in bad:
            assert server.ask("POST", "/v1/menu/validate", body).status == 400
        assert server.ask("GET", f"/v1/audits?correlation_id={MAIL}&page={MAIL}").status in (200, 400)
        assert server.ask("GET", f"/v1/audits/{MAIL}").status in (400, 404)
        assert server.ask("GET", f"/v1/{MAIL}").status == 404
        assert server.ask("POST", "/v1/menu/validate", {}, key=f"cl_live_{MAIL}").status == 401
        eventually(lambda: bool(self.lines(server, reason="INVALID_API_KEY", status=401)), "the last has its line", 30)
        assert clean(server)

    def test_nor_the_worker_of_a_job(self, server: Server) -> None:
        lines = [{**PERSONAL, "locale": "en-IN"}, {"name": 7, MAIL: PHONE}, {**PERSONAL, "locale": MAIL}]
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines) + f"{MAIL} {CARD}\n".encode()
        job = server.ask("POST", "/v1/menu/jobs", body, headers={"Content-Type": "application/x-ndjson"})
        assert job.status == 202, job.body
        eventually(
            lambda: bool(self.lines(server, event="job_finished", job_id=job.json()["job_id"])), "the job is done", 30
        )
        (line,) = self.lines(server, event="job_finished", job_id=job.json()["job_id"])
        assert (line["tenant"], line["level"], line["unread"]) == ("tenant-001", "INFO", 3)
        assert clean(server)

    def test_nor_what_broke(self, server: Server) -> None:
        """Last: the store loses the table that verdicts are written to."""
        with sqlite3.connect(server.folder / "claimlens.db") as database:
            database.execute("DROP TABLE decision_logs")
        before = scrape(server)
        headers = {"X-Correlation-ID": "order-18"}
        for _ in range(5):
            asked = server.ask("POST", "/v1/menu/validate", {"item": PERSONAL, "locale": "en-IN"}, headers=headers)
            assert asked.status == 503
        failed, asked_in_vain = "claimlens_requests_failed", {"route": "/v1/menu/validate"}
        wanted = before.value(failed, **asked_in_vain) + 5
        eventually(lambda: scrape(server).value(failed, **asked_in_vain) == wanted, "all are counted as failed", 30)
        assert scrape(server).value("claimlens_requests_total", **asked_in_vain, status="503") == 5
        assert "ERROR" in server.log, "grep ERROR finds it"
        told = self.lines(server, level="ERROR", event="request failed", correlation_id="order-18")
        assert [(line["status"], line["reason"], line["tenant"]) for line in told] == [
            (503, "OVERLOADED", "tenant-001")
        ] * 5
        assert self.lines(server, level="ERROR", event="journal_entry_refused")
        assert clean(server)


def clean(server: Server) -> bool:
    found = [secret for secret in (*SECRETS, server.key) if secret in server.log]
    assert not found, f"the log holds {found}"
    return True
