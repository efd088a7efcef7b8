"""A writer's or an agent's client asks the gate, over standard streams and over HTTP, by the SDK's own client."""

import json
import subprocess
import sys
from contextlib import asynccontextmanager

import jsonschema
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from claimlens.entry.cli import run
from tests.mcp_serving import environ_for, mcp_serving, text_of, told

COMMAND = ["-m", "claimlens", "mcp", "serve", "gate"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("gate")


@pytest.fixture(scope="module")
def served(folder):
    with mcp_serving(folder, "gate") as server:
        yield server


@pytest.fixture(params=["stdio", "http"])
def connect(request, folder):
    """Opens a client; each way to the gate in turn."""

    @asynccontextmanager
    async def opened():
        if request.param == "http":
            async with Client(request.getfixturevalue("served").url) as client:
                yield client
        else:
            server = StdioServerParameters(command=sys.executable, args=COMMAND, env=environ_for(folder, {}))
            with (folder / "stdio.log").open("a") as log:
                async with Client(stdio_client(server, errlog=log)) as client:
                    yield client

    return opened


async def test_its_tools_say_what_they_take_and_give(connect):
    async with connect() as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == ["check_claims", "explain_rule", "suggest_wording", "list_jurisdictions"]
    for tool in tools:
        assert tool.input_schema["type"] == "object"
        assert tool.output_schema is not None
        assert tool.output_schema["type"] == "object"
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        jsonschema.Draft202012Validator.check_schema(tool.output_schema)


async def test_from_a_claim_to_words_that_may_be_used(connect):
    async with connect() as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}

        async def call(name, arguments):
            jsonschema.validate(arguments, tools[name].input_schema)
            reply = told(await client.call_tool(name, arguments))
            jsonschema.validate(reply, tools[name].output_schema)
            return reply

        asked = {"text": "Low fat yoghurt that boosts immunity", "locale": "en-GB"}
        (checked,) = (await call("check_claims", asked))["items"]
        assert (checked["verdict"], checked["jurisdiction"]) == ("block", "GB")
        finding = next(one for one in checked["findings"] if one["severity"] == "block")
        assert finding["matched_text"] == "boosts immunity"
        assert finding["citation"]["url"].startswith("https://www.legislation.gov.uk/")

        rule = await call("explain_rule", {"rule_id": finding["rule_id"].lower()})
        assert (rule["rule_id"], rule["jurisdiction"]) == (finding["rule_id"], "GB")
        assert rule["page"].startswith(f"# {finding['rule_id']}: ")
        assert rule["found"]
        assert rule["not_found"]

        reply = await call("suggest_wording", {"text": "Melts belly fat, milk with oats", "locale": "en-GB"})
        assert reply["verdict"] == "block"
        again = [reply["wording"], *(option["text"] for option in reply["options"])]
        for text in filter(None, again):
            (judged,) = (await call("check_claims", {"text": text, "locale": "en-GB"}))["items"]
            assert judged["verdict"] == "allow"
        assert all(option["citation"]["url"] for option in reply["options"])

        markets = (await call("list_jurisdictions", {}))["jurisdictions"]
        assert {market["jurisdiction"] for market in markets} == {"IN", "US", "GB", "EU"}
        assert all(market["rules"] > 10 and market["pack_versions"] for market in markets)


class TestAbstentions:
    async def test_an_unknown_locale_is_never_judged_by_another_countrys_law(self, connect):
        async with connect() as client:
            reply = told(await client.call_tool("check_claims", {"text": "Detox tea", "locale": "en-AU"}))
            other = told(await client.call_tool("suggest_wording", {"text": "Detox tea", "locale": "en-AU"}))
        assert reply["items"] == [
            {
                "item_id": "text",
                "jurisdiction": None,
                "verdict": None,
                "needs_review": False,
                "findings": [],
                "changes": [],
                "abstained_because": [],
            }
        ]
        assert [one["reason"] for one in reply["abstained_because"]] == ["unknown_locale"]
        assert "en-IN" in reply["abstained_because"][0]["detail"]
        assert (other["verdict"], other["abstained_because"][0]["reason"]) == (None, "unknown_locale")

    async def test_missing_numbers_and_parts_that_were_not_checked(self, connect):
        async with connect() as client:
            reply = told(await client.call_tool("check_claims", {"text": "Low fat yoghurt", "locale": "en-GB"}))
        because = {(one["reason"], one["about"]) for one in reply["items"][0]["abstained_because"]}
        assert because >= {("missing_evidence", "GB-NUTR-FAT-LOW"), ("not_checked", "ingredients")}

    async def test_numbers_that_are_given_are_judged(self, connect):
        items = [
            {"id": "holds", "name": "Low fat yoghurt", "nutrition": {"fat": "1 g", "basis": "per 100 g"}},
            {"id": "fails", "name": "Low fat yoghurt", "nutrition": {"fat": "8 g", "basis": "per 100 g"}},
        ]
        async with connect() as client:
            reply = told(await client.call_tool("check_claims", {"items": items, "locale": "en-GB"}))
        assert [(one["item_id"], one["verdict"]) for one in reply["items"]] == [("holds", "allow"), ("fails", "modify")]

    async def test_an_item_that_cannot_be_read_keeps_the_others(self, connect):
        items = [{"name": "Soup"}, {"description": "no name"}, 7, {"name": "Soup", "locale": "xx-XX"}]
        async with connect() as client:
            reply = told(await client.call_tool("check_claims", {"items": items, "locale": "en-US"}))
        assert [one["verdict"] for one in reply["items"]] == ["allow", None, None, None]
        reasons = [one["abstained_because"][-1]["reason"] for one in reply["items"][1:]]
        assert reasons == ["unreadable", "unreadable", "unknown_locale"]

    async def test_a_rule_that_is_not_there(self, connect):
        async with connect() as client:
            reply = told(await client.call_tool("explain_rule", {"rule_id": "GB-WEIGHT-01"}))
        assert reply["abstained_because"][0]["reason"] == "unknown_rule"
        assert "GB-WEIGHT-001" in reply["abstained_because"][0]["detail"]

    @pytest.mark.parametrize(
        ("name", "arguments", "says"),
        [
            ("check_claims", {"locale": "en-GB"}, "give `text`, or `items`"),
            ("check_claims", {"locale": "en-GB", "text": "a", "items": [{}]}, "give `text`, or `items`"),
            ("check_claims", {"text": "a"}, "Object missing required field `locale`"),
            ("check_claims", {"text": "a", "locale": "en-GB", "x": 1}, "Object contains unknown field `x`"),
            ("check_claims", {"items": [], "locale": "en-GB"}, "Expected `array` of length >= 1 - at `$.items`"),
            (
                "check_claims",
                {"items": [{}] * 51, "locale": "en-GB"},
                "Expected `array` of length <= 50 - at `$.items`",
            ),
            ("suggest_wording", {"text": 7, "locale": "en-GB"}, "Expected `str`, got `int` - at `$.text`"),
            ("check", {}, "there is no tool 'check'; there is check_claims, explain_rule, suggest_wording, "),
        ],
    )
    async def test_what_is_no_question_is_refused_in_a_line(self, connect, name, arguments, says):
        async with connect() as client:
            result = await client.call_tool(name, arguments)
        assert result.is_error
        assert text_of(result).startswith(says)


async def test_the_gate_is_the_one_of_the_command_line(connect, folder, tmp_path, capsys, monkeypatch):
    items = [{"id": "1", "name": "Detox juice", "ingredients": ["apple"]}, {"id": "2", "name": "Gluten free bread"}]
    monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(folder))
    menu = tmp_path / "menu.json"
    menu.write_text(json.dumps(items))
    run(["check", str(menu), "--locale", "de-DE", "--json"])
    by_command = json.loads(capsys.readouterr().out)["verdicts"]
    async with connect() as client:
        reply = told(await client.call_tool("check_claims", {"items": items, "locale": "de-DE"}))
    for one, other in zip(reply["items"], by_command, strict=True):
        assert (one["verdict"], one["needs_review"]) == (other["verdict"], other["needs_review"])
        assert [found["rule_id"] for found in one["findings"]] == [found["rule_id"] for found in other["reasons"]]
        assert one["changes"] == other["changes"]


def test_standard_output_holds_the_protocol_and_nothing_else(folder):
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    asked = {"name": "check_claims", "arguments": {"text": "Detox tea", "locale": "en-GB"}, "_meta": meta}
    lines = [
        "this is no message",
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": asked}),
        json.dumps({"jsonrpc": "2.0", "id": 2, "method": "nothing/like/it", "params": {"_meta": meta}}),
    ]
    process = subprocess.Popen(
        [sys.executable, *COMMAND],
        env=environ_for(folder, {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write("\n".join(lines) + "\n")
        process.stdin.flush()
        said = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.stdin.close()
        assert process.stdout.read() == ""
        assert process.wait(timeout=20) == 0
    assert all(message["jsonrpc"] == "2.0" for message in said)
    assert {message["id"] for message in said if "result" in message} == {1}
