"""The services as an operator runs them: processes of their own, asked by the SDK's own client and by plain HTTP."""

import http.client
import json
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
from mcp.client import Client

from claimlens.domain.service import SERVICES, TERMS
from tests.mcp_serving import environ_for, mcp_serving, text_of, told
from tests.valkey import eventually

TODAY = datetime.now(UTC).date()
TERMS_OF_RECALLS = TERMS["recall.lookup"]


def import_recalls(folder, rows=1):
    """A fresh source of the FSA, so that answers are more than `unknown`."""
    day = (TODAY - timedelta(days=2)).isoformat()
    alerts = [
        {
            "notation": f"FSA-PRIN-{number}-2026",
            "title": f"Dale Dairy recalls Rhubarb Trifle {number}",
            "created": day,
            "reportingBusiness": {"commonName": "Dale Dairy"},
            "productDetails": [{"productName": f"Dale Dairy Rhubarb Trifle {number}"}],
        }
        for number in range(1, rows + 1)
    ]
    command = [sys.executable, "-m", "claimlens", "recalls", "import", "--format", "fsa", "-"]
    subprocess.run(
        command, input=json.dumps({"items": alerts}).encode(), env=environ_for(folder, {}), check=True, timeout=60
    )


@pytest.fixture(scope="module")
def recalls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recalls")
    import_recalls(folder)
    with mcp_serving(folder, "recall.lookup") as server:
        yield server


def get(url, **headers):
    """(status, body, content type), whatever it is answered."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, answer.read(), answer.headers["content-type"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers["content-type"]


def post(server, body, **headers):
    """(status, body) of a POST to the protocol's path, by hand."""
    host, _, port = server.root.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    asked = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    try:
        connection.request("POST", "/mcp", body, asked | headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def call_of(arguments, tool="lookup_recalls"):
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


class TestTool:
    @pytest.mark.parametrize("mode", ["2026-07-28", "auto", "legacy"])
    async def test_many_items_in_a_call_by_every_version_of_the_protocol(self, recalls, mode):
        async with Client(recalls.url, mode=mode) as client:
            (tool,) = (await client.list_tools()).tools
            assert tool.name == "lookup_recalls"
            payloads = [
                {"name": "Dale Dairy rhubarb trifle 1", "locale": "en-GB"},
                {"name": "dry bread", "locale": "en-GB"},
                {"locale": "en-GB"},
                {"name": "dosa", "locale": "en-IN"},
            ]
            result = await client.call_tool("lookup_recalls", {"payloads": payloads})
        assert tool.output_schema is not None
        jsonschema.validate({"payloads": payloads}, tool.input_schema)
        jsonschema.validate(told(result), tool.output_schema)
        found, none, cannot, unknown = told(result)["answers"]
        assert found["outcome"] == "found"
        assert found["matches"][0]["id"] == "FSA-PRIN-1-2026"
        assert none["outcome"] == "none"
        assert cannot == {"cannot": "nothing to look up: no name, brand, gtin or ingredients"}
        assert unknown["failed_sources"][0]["reason"] == "missing"
        assert json.loads(text_of(result)) == told(result)

    async def test_a_thousand_items_come_back_in_order_and_only_as_structure(self, recalls):
        payloads = [{"name": f"Dale Dairy rhubarb trifle {n % 2}", "market": "GB"} for n in range(1_000)]
        async with Client(recalls.url) as client:
            result = await client.call_tool("lookup_recalls", {"payloads": payloads})
        answers = told(result)["answers"]
        assert len(answers) == 1_000
        assert text_of(result).startswith("1000 answers, 0 of them `cannot`; too long for text")

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            ({}, "`payloads` is missing; it is a list of objects, one for each item"),
            ({"payloads": []}, "0 payloads; a call has 1 to 1000"),
            ({"payloads": [{}] * 10_000}, "10000 payloads; a call has 1 to 1000"),
            ({"payloads": {"name": "soup"}}, "`payloads` is missing; it is a list of objects, one for each item"),
            ({"payloads": ["soup"]}, "payloads[0] is no object"),
            ({"payloads": [{"name": "soup"}, None]}, "payloads[1] is no object"),
        ],
    )
    async def test_what_is_no_call_is_refused_in_a_line(self, recalls, arguments, says):
        async with Client(recalls.url) as client:
            result = await client.call_tool("lookup_recalls", arguments)
        assert result.is_error
        assert text_of(result) == says

    async def test_wrong_types_inside_a_payload_concern_that_payload_alone(self, recalls):
        async with Client(recalls.url) as client:
            payloads = [{"name": 7}, {"name": "soup", "lots": "L1"}, {"name": "dry bread", "market": "GB"}]
            result = await client.call_tool("lookup_recalls", {"payloads": payloads})
        one, two, three = told(result)["answers"]
        assert (set(one), set(two)) == ({"cannot"}, {"cannot"})
        assert three["outcome"] == "none"

    async def test_another_tool_is_refused_by_name(self, recalls):
        async with Client(recalls.url) as client:
            result = await client.call_tool("rm", {"payloads": [{}]})
        assert result.is_error
        assert text_of(result) == "there is no tool 'rm'; there is lookup_recalls"


class TestHttp:
    def test_health_says_what_the_service_rests_on(self, recalls):
        status, body, kind = get(f"{recalls.root}/health")
        health = json.loads(body)
        assert (status, kind) == (200, "application/json")
        assert health["service"] == "recall.lookup"
        assert health["status"] == "degraded"  # openFDA and RASFF hold the starting set only
        assert {check["name"]: check["status"] for check in health["checks"]} == {
            "fsa": "ok",
            "openfda": "degraded",
            "rasff": "degraded",
        }

    async def test_metrics_count_calls_and_payloads(self, recalls):
        def counted(name):
            text = get(f"{recalls.root}/metrics")[1].decode()
            return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))

        calls = 'claimlens_mcp_calls_total{outcome="answered",service="recall.lookup"'
        cannot = 'claimlens_mcp_payloads_total{outcome="cannot",service="recall.lookup"'
        before = counted(calls), counted(cannot)
        async with Client(recalls.url) as client:
            await client.call_tool("lookup_recalls", {"payloads": [{"name": "soup"}, {}, {}]})
        assert (counted(calls), counted(cannot)) == (before[0] + 1, before[1] + 2)

    @pytest.mark.parametrize("path", ["/", "/mcp/", "/docs"])
    def test_there_is_nothing_else(self, recalls, path):
        status, body, kind = get(f"{recalls.root}{path}")
        assert (status, kind) == (404, "application/problem+json")
        assert json.loads(body)["detail"] == "there is /mcp, /health and /metrics"

    def test_another_host_name_is_turned_away(self, recalls):
        for path in ("/metrics", "/mcp"):
            status, body, _ = get(f"{recalls.root}{path}", Host="evil.example")
            assert status == 421
            assert "CLAIMLENS_MCP_HOSTS" in json.loads(body)["detail"]
        assert get(f"{recalls.root}/metrics", Origin="https://evil.example")[0] == 421
        assert get(f"{recalls.root}/health", Host="balancer.example")[0] == 200

    def test_a_huge_body_is_refused_unread(self, recalls):
        assert post(recalls, b"", **{"content-length": "5000000"})[0] == 413
        assert post(recalls, b'{"x": "' + b"a" * TERMS_OF_RECALLS.most_bytes + b'"}')[0] == 413

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'"x"', b"[" * 100_000, b'{"id": 1}', b"\xff\xfe"])
    @pytest.mark.parametrize("version", ["2026-07-28", "2025-11-25", "1999-01-01", ""])
    def test_what_is_no_message_is_a_4xx(self, recalls, body, version):
        status, _ = post(recalls, body, **{"mcp-protocol-version": version})
        assert 400 <= status < 500

    def test_the_log_holds_no_part_of_a_payload(self, recalls):
        secret = "Asha-Rao-9876543210"
        message = call_of({"payloads": [{"name": secret}, {"brand": {"x": secret}}]})
        status, _ = post(recalls, json.dumps(message).encode(), traceparent=f"00-{'ab' * 16}-{'cd' * 8}-01")
        assert status == 200
        eventually(lambda: "abababab" in recalls.log, "the call is logged with its trace")
        lines = [json.loads(line) for line in recalls.log.splitlines()]
        assert secret not in recalls.log
        logged = next(line for line in lines if line.get("trace_id") == "ab" * 16)
        assert (logged["event"], logged["count"], logged["cannot"]) == ("mcp_call", 2, 1)

    def test_more_requests_than_the_memory_holds_are_turned_away(self, tmp_path):
        with mcp_serving(tmp_path, "recall.lookup") as server, ExitStack() as held:
            host, _, port = server.root.removeprefix("http://").partition(":")
            head = (
                b"POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n"
            )
            for _ in range(64):
                held.enter_context(socket.create_connection((host, int(port)))).sendall(head)
            eventually(lambda: post(server, b"{}")[0] == 503, "there is no room left")
            status, body = post(server, b"{}")
            assert (status, json.loads(body)["detail"]) == (
                503,
                "busy: 64 requests are here already; try again in a second",
            )
            held.close()
            eventually(lambda: post(server, b"{}")[0] == 400, "there is room again")


PAYLOADS: dict[str, dict[str, Any]] = {
    "ocr.label": {"image": "bm8gcGljdHVyZQ=="},
    "unit.convert": {"convert": {"value": "1 cup", "to": "g", "ingredient": "rice flour", "market": "US"}},
    "recall.lookup": {"name": "soup", "locale": "en-US"},
    "alt.suggester": {
        "item": {"id": "1", "name": "Boosts immunity", "nutrition": {"vitamin_c": "30 mg", "basis": "per 100 g"}},
        "locale": "en-GB",
        "on": "2026-11-24",
        "findings": [{"rule_id": "GB-HEALTH-IMMUNITY-001", "field": "/name", "span": [0, 15]}],
    },
}


async def test_all_four_in_one_process_answer_as_they_say(tmp_path):
    with mcp_serving(tmp_path, "--all") as server:
        assert set(server.urls) >= set(SERVICES) - {"ocr.label"}  # which needs its extra
        for service, url in server.urls.items():
            async with Client(url) as client:
                (tool,) = (await client.list_tools()).tools
                assert tool.output_schema is not None
                asked = {"payloads": [PAYLOADS[service], {"nothing": "known"}]}
                reply = told(await client.call_tool(TERMS[service].tool, asked))
            jsonschema.validate(asked["payloads"][:1], {**tool.input_schema["properties"]["payloads"], **defs(tool)})
            jsonschema.validate(reply, tool.output_schema)
            first, second = reply["answers"]
            assert ("cannot" in first) == (service == "ocr.label")
            assert "cannot" in second
        assert server.stop() == 0


def defs(tool):
    return {"$defs": tool.input_schema["$defs"]}


class TestProcess:
    async def test_names_that_it_was_told_are_answered_to(self, tmp_path):
        with mcp_serving(tmp_path, "recall.lookup", environ={"CLAIMLENS_MCP_HOSTS": "mcp-recall-lookup"}) as server:
            assert get(f"{server.root}/metrics", Host="mcp-recall-lookup:7003")[0] == 200
            assert server.stop() == 0

    def test_a_stop_finishes_what_is_in_flight(self, tmp_path):
        import_recalls(tmp_path, rows=300)
        with mcp_serving(tmp_path, "recall.lookup") as server:
            payloads = [{"name": f"Dale Dairy rhubarb trifle {n} with cream", "market": "GB"} for n in range(1_000)]
            body = json.dumps(call_of({"payloads": payloads})).encode()
            answers = []
            calls = [threading.Thread(target=lambda: answers.append(post(server, body))) for _ in range(3)]
            for call in calls:
                call.start()
            eventually(lambda: b"in_flight 3.0" in get(f"{server.root}/metrics")[1], "three calls are in flight")
            server.ask_to_stop()
            for call in calls:
                call.join(40)
            assert server.wait() == 0
        assert [status for status, _ in answers] == [200, 200, 200]
        assert all(len(json.loads(text)["result"]["structuredContent"]["answers"]) == 1_000 for _, text in answers)

    async def test_a_client_goes_on_after_a_restart(self, tmp_path):
        with mcp_serving(tmp_path, "recall.lookup") as server:
            async with Client(server.url, mode="2026-07-28") as client:
                arguments = {"payloads": [{"name": "soup"}]}
                await client.call_tool("lookup_recalls", arguments)
                server.kill()
                server.start()
                assert not (await client.call_tool("lookup_recalls", arguments)).is_error

    def test_what_cannot_start_is_one_line(self, recalls, tmp_path):
        def serve(*arguments):
            command = [sys.executable, "-m", "claimlens", "mcp", "serve", *arguments]
            done = subprocess.run(
                command, env=environ_for(tmp_path, {}), capture_output=True, text=True, timeout=60, check=False
            )
            return done.returncode, done.stderr

        taken = recalls.root.rpartition(":")[2]
        code, said = serve("recall.lookup", "--port", taken)
        assert (code, len(said.splitlines())) == (1, 1)
        assert f"port {taken} on 127.0.0.1 is taken" in said
        assert serve("recall.lookup", "--all")[0] == 1
        assert serve()[0] == 1
        code, said = serve("recall")
        assert code == 1
        assert "'recall.lookup'" in said
