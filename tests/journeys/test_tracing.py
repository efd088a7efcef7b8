"""A request, what it asked of a service in another process, and what is told when nobody takes traces."""

import json
import os
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from claimlens.adapters.otel.tracer import OtelTracer
from claimlens.config import SettingsError, read_settings
from claimlens.ports.tracing import Tracer
from tests.collector import Collector, Seen, collecting
from tests.mcp_serving import McpServer, environ_for, mcp_serving
from tests.serving import Server, serving
from tests.valkey import eventually

SECRETS = ("asha.rao@example.com", "+91 98765 43210", "4111 1111 1111 1111")
FEED = {
    "items": [{"id": "c-1", "name": "Butter chicken", "description": f"Ask Asha: {' '.join(SECRETS)}"}],
    "locale": "en-IN",
}


class World:
    """A server, the recalls as a server of their own, and a collector for both."""

    def __init__(self, collector: Collector, recalls: McpServer, server: Server) -> None:
        self.collector = collector
        self.recalls = recalls
        self.server = server

    def feed(self, trace_id: str, *, sampled: str = "01") -> list[str]:
        """Ask for a verdict within a trace; the services that did not answer in time."""
        headers = {"traceparent": f"00-{trace_id}-{'cd' * 8}-{sampled}", "X-Correlation-ID": f"order-{trace_id[:8]}"}
        answer = self.server.ask("POST", "/v1/menu/feed", FEED, headers=headers)
        assert answer.status == 200, answer.body
        degraded: list[str] = answer.json()["degraded_services"]
        return degraded

    def feed_with_recalls(self) -> str:
        """The trace of a request for which the server of recalls had its time, however busy the machine is."""
        found = ""

        def asked() -> bool:
            nonlocal found
            found = uuid.uuid4().hex
            return not self.feed(found)

        eventually(asked, "recalls are looked up in time", 30)
        return found

    def lines(self, source: Server | McpServer, **fields: Any) -> list[dict[str, Any]]:
        """The log lines that hold these fields."""
        lines = [json.loads(line) for line in source.log.splitlines()]
        return [line for line in lines if fields.items() <= line.items()]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with collecting() as collector:
        environ = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        }
        recalls_folder, server_folder = tmp_path_factory.mktemp("recalls"), tmp_path_factory.mktemp("server")
        with mcp_serving(recalls_folder, "recall.lookup", environ=environ) as recalls:
            environ["CLAIMLENS_MCP_RECALL_LOOKUP_URL"] = recalls.url
            environ["CLAIMLENS_BREAKER_FAILURES"] = "1000"
            environ["CLAIMLENS_WEBHOOKS_TO_PRIVATE"] = "1"
            with serving(server_folder, environ=environ) as server:
                yield World(collector, recalls, server)


def test_one_trace_spans_both_processes(world: World) -> None:
    trace_id = world.feed_with_recalls()
    eventually(lambda: {"mcp recall.lookup", "POST /v1/menu/feed"} <= names(world, trace_id), "both have sent", 30)
    spans = {span.name: span for span in world.collector.trace(trace_id)}
    request, gate, commit = spans["POST /v1/menu/feed"], spans["gate"], spans["store.commit"]
    call = next(
        span
        for span in world.collector.trace(trace_id)
        if span.name == "service.call" and span.facts["claimlens.service"] == "recall.lookup"
    )
    asked = spans["mcp recall.lookup"]
    assert [span.process for span in (request, call, asked)] == ["claimlens-api", "claimlens-api", "mcp-recall-lookup"]
    assert request.parent == "cd" * 8
    assert (gate.parent, commit.parent) == (request.span_id, request.span_id)
    assert (call.parent, asked.parent) == (gate.span_id, call.span_id)
    assert request.facts == {
        "http.request.method": "POST",
        "http.route": "/v1/menu/feed",
        "http.response.status_code": 200,
        "claimlens.correlation_id": f"order-{trace_id[:8]}",
        "claimlens.tenant": "tenant-001",
        "claimlens.profile": request.facts["claimlens.profile"],
        "claimlens.decision": request.facts["claimlens.decision"],
    }
    assert gate.facts["claimlens.items"] == 1
    assert {"redact.pii", "detect.claims", "detect.allergens"} <= gate.events.keys()
    assert gate.events["detect.claims"]["items"] == 1
    assert not any(span.failed for span in spans.values())
    said = str(world.collector.trace(trace_id))
    assert not [secret for secret in (*SECRETS, "Butter", "Asha") if secret in said]


def names(world: World, trace_id: str) -> set[str]:
    return {span.name for span in world.collector.trace(trace_id)}


def test_the_logs_of_both_name_the_trace_and_the_request(world: World) -> None:
    trace_id = world.feed_with_recalls()
    of_both: list[Server | McpServer] = [world.server, world.recalls]
    eventually(lambda: all(world.lines(source, trace_id=trace_id) for source in of_both), "both have a line", 30)
    for source in of_both:
        (line,) = world.lines(source, trace_id=trace_id)
        assert line["correlation_id"] == f"order-{trace_id[:8]}"


def test_a_request_without_a_trace_begins_one(world: World) -> None:
    correlation = f"order-{uuid.uuid4().hex}"
    world.server.ask("POST", "/v1/menu/validate", {"item": {"name": "Soup"}, "locale": "en-GB"}, key="nobody",
                     headers={"X-Correlation-ID": correlation})  # fmt: skip
    (line,) = world.lines(world.server, correlation_id=correlation)
    eventually(lambda: bool(world.collector.trace(line["trace_id"])), "it is sent", 30)
    (span,) = world.collector.trace(line["trace_id"])
    assert (span.name, span.parent, span.facts["http.response.status_code"]) == ("POST /v1/menu/validate", "", 401)
    assert line["reason"] == "INVALID_API_KEY"


def test_probes_are_no_traces(world: World) -> None:
    for path in ("/health", "/health/ready", "/metrics"):
        assert world.server.ask("GET", path).status == 200
    world.feed(marker := uuid.uuid4().hex)
    eventually(lambda: bool(world.collector.trace(marker)), "what came later is there", 30)
    assert not [span.name for span in world.collector.spans if "/health" in span.name or "/metrics" in span.name]


def test_whoever_says_so_is_not_traced(world: World) -> None:
    silent, marker = uuid.uuid4().hex, uuid.uuid4().hex
    world.feed(silent, sampled="00")
    world.feed(marker)
    eventually(lambda: bool(world.collector.trace(marker)), "what came later is there", 30)
    assert not world.collector.trace(silent)
    assert world.lines(world.server, trace_id=silent)


def test_jobs_and_deliveries_are_traces_of_their_own(world: World) -> None:
    hook = {"url": f"{world.collector.url}/hook", "events": ["verdict.generated"]}
    made = world.server.ask("POST", "/v1/webhooks", hook)
    assert made.status == 201, made.body
    item = json.dumps({"name": "Detox soup", "locale": "en-GB"}).encode()
    headers = {"Content-Type": "application/x-ndjson", "X-Correlation-ID": f"job-{uuid.uuid4().hex}"}
    job = world.server.ask("POST", "/v1/menu/jobs", item, headers=headers)
    assert job.status == 202, job.body

    def spans(name: str) -> list[Seen]:
        correlation = headers["X-Correlation-ID"]
        return [
            span
            for span in list(world.collector.spans)
            if span.name == name and span.facts.get("claimlens.correlation_id") == correlation
        ]

    eventually(lambda: bool(spans("job.chunk")) and bool(spans("webhook.attempt")), "both are sent", 30)
    (chunk,), (attempt,) = spans("job.chunk"), spans("webhook.attempt")
    assert (chunk.parent, chunk.facts["claimlens.job"]) == ("", job.json()["job_id"])
    within = {span.name for span in world.collector.trace(chunk.trace_id) if span.parent == chunk.span_id}
    assert within == {"gate", "store.commit"}
    assert attempt.facts["http.response.status_code"] == 200
    assert world.collector.others[-1]["traceparent"].startswith(f"00-{attempt.trace_id}-{attempt.span_id}-")
    assert not attempt.failed
    assert world.server.ask("DELETE", f"/v1/webhooks/{made.json()['id']}").status == 204


def test_a_dead_collector_stops_nobody_and_is_told_once(world: World) -> None:
    world.collector.close()
    for _ in range(3):
        world.feed(uuid.uuid4().hex)
        eventually(lambda: bool(world.lines(world.server, event="traces_not_sent")), "it is told", 30)
    assert len(world.lines(world.server, event="traces_not_sent", level="WARNING")) == 1
    world.collector.open()
    world.feed(marker := uuid.uuid4().hex)
    eventually(lambda: bool(world.collector.trace(marker)), "they are sent again", 30)
    eventually(lambda: bool(world.lines(world.server, event="traces_sent_again")), "and it says so", 30)
    (line,) = world.lines(world.server, event="traces_sent_again")
    assert line["lost"] > 0
    assert not world.lines(world.server, level="ERROR")


def test_a_stop_does_not_wait_for_a_dead_collector(world: World) -> None:
    world.collector.close()
    world.feed(uuid.uuid4().hex)
    assert world.server.stop(within_s=30) == 0
    assert world.recalls.stop(within_s=30) == 0


WITHOUT = """
import sys
import claimlens.entry.server.process
from claimlens.config import read_settings
from claimlens.wiring.service import Service
service = Service(read_settings())
service.tracer.request(b"")
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter", "google"))])
"""
#: As if the extra were not installed.
NOT_INSTALLED = """
import sys
sys.modules["opentelemetry.sdk"] = None
from claimlens.entry.cli import main
main()
"""


def python(folder: Path, program: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, env=environ_for(folder, environ)
    )


def test_nothing_of_it_is_loaded_where_nobody_asked(tmp_path: Path) -> None:
    done = python(tmp_path, WITHOUT)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


@pytest.mark.parametrize("arguments", [["serve", "--port", "0"], ["mcp", "serve", "recall.lookup", "--port", "0"]])
def test_without_the_extra_one_line_says_what_to_install(tmp_path: Path, arguments: list[str]) -> None:
    done = python(tmp_path, NOT_INSTALLED, *arguments, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "pip install 'claimlens[otel]'" in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("CLAIMLENS_TRACES_PER_SECOND", "0"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ],
)
def test_a_wrong_setting_is_one_line(name: str, value: str) -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", name: value}
    with pytest.raises(SettingsError, match=name):
        read_settings(environ)


def test_the_sdk_can_be_switched_off_by_its_own_name() -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}
    assert not read_settings(environ).otel_endpoint
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" not in os.environ


def test_so_many_requests_a_second_are_traced() -> None:
    now = 100.0
    with collecting() as collector:
        tracer = OtelTracer(collector.url, "claimlens-api", most_per_s=2, moment=lambda: now)
        ours = OtelTracer(collector.url, "mcp-recall-lookup", most_per_s=2, trusting=True, moment=lambda: now)
        try:
            for second in range(3):
                now = 100.0 + second
                assert [is_traced(tracer, b"") for _ in range(4)] == [True, True, False, False]
            parent = f"00-{'ab' * 16}-{'cd' * 8}-01".encode()
            assert not is_traced(tracer, parent)
            assert all(is_traced(ours, parent) for _ in range(5)), "what the service traces, its services do"
            assert not is_traced(ours, parent[:-1] + b"0")
        finally:
            tracer.close(10)
            ours.close(10)
        assert Counter(span.name for span in collector.spans) == {"request": 11, "gate": 11}


def is_traced(tracer: Tracer, traceparent: bytes) -> bool:
    with tracer.request(traceparent) as span, tracer.span("gate") as inner:
        assert (inner is None) == (span is None)
        return span is not None
