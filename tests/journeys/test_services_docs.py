"""The pages on services say what the program does: limits, tools, client configurations, a server of one's own."""

import json
import subprocess
import sys
import urllib.error
import urllib.request

import jsonschema
import pytest
from mcp.client import Client

from claimlens.domain.service import SERVICES, TERMS
from claimlens.entry.cli import run
from claimlens.usecases.writing_wire import Abstention
from tests.journeys.documented import code_blocks, page, tables
from tests.mcp_serving import environ_for, told
from tests.serving import serving
from tests.valkey import eventually, free_port

OURS = {"gtin": "5012345678900", "name": "Oat bar", "ingredients": ["oats"], "metadata": {"lot": "L2301"}}


def test_the_terms_of_the_services_are_those_of_the_page():
    rows = tables(
        page("reference/services.md"), "service", "tool", "port", "payloads in a call", "a request has at most"
    )
    assert rows == [
        [
            service,
            TERMS[service].tool,
            str(TERMS[service].port),
            f"1 to {TERMS[service].most_payloads}",
            f"{TERMS[service].most_bytes // 1024**2} MiB",
        ]
        for service in SERVICES
    ]


@pytest.mark.parametrize("service", ["unit.convert", "recall.lookup", "alt.suggester", "gate"])
def test_the_shapes_can_be_read(service, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path))
    assert run(["mcp", "schema", service]) == 0
    shown = json.loads(capsys.readouterr().out)
    for tool in shown:
        jsonschema.Draft202012Validator.check_schema(tool["inputSchema"])
        jsonschema.Draft202012Validator.check_schema(tool["outputSchema"])
    if service in TERMS:
        assert [tool["name"] for tool in shown] == [TERMS[service].tool]


def test_every_reason_to_abstain_is_named():
    reasons = Abstention.__annotations__["reason"].__args__
    text = page("how-to/ask-from-an-agent.md")
    assert all(f"`{reason}`" in text for reason in reasons)


def test_the_client_configurations_are_json_and_call_a_command_there_is():
    stdio, http = (json.loads(block) for block in code_blocks(page("how-to/ask-from-an-agent.md"), "json"))
    server = stdio["mcpServers"]["claimlens"]
    assert run([*server["args"], "--help"]) == 0
    assert http["mcpServers"]["claimlens"]["url"].endswith(":7000/mcp")


@pytest.fixture
def own_server(tmp_path):
    """The server of the page, as a process; its URL."""
    (program,) = code_blocks(page("how-to/replace-a-service.md"), "python")
    assert len([line for line in program.splitlines() if line.strip()]) <= 35
    path = tmp_path / "our_recalls.py"
    path.write_text(program)
    port = free_port()
    with (tmp_path / "own.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(path), str(port)], env=environ_for(tmp_path, {}), stdout=log, stderr=log
        )
    try:
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: listens(url), "the server of the page listens", 30)
        yield f"{url}/mcp"
    finally:
        process.kill()
        process.wait()


def listens(url):
    try:
        urllib.request.urlopen(url, timeout=1).close()
    except urllib.error.HTTPError as error:
        error.close()
    except OSError:
        return False
    return True


async def test_the_server_of_the_page_gives_what_our_own_gives(own_server, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("CLAIMLENS_DATA_DIR", str(tmp_path / "data"))
    run(["mcp", "schema", "recall.lookup"])
    (tool,) = json.loads(capsys.readouterr().out)
    async with Client(own_server) as client:
        answers = told(await client.call_tool(tool["name"], {"payloads": [{"gtin": "5012345678900"}, {"name": "x"}]}))
    jsonschema.validate(answers, tool["outputSchema"])
    assert [answer["outcome"] for answer in answers["answers"]] == ["found", "none"]


def test_verdicts_go_by_the_server_of_the_page(own_server, tmp_path):
    environ = {"CLAIMLENS_MCP_RECALL_LOOKUP_URL": own_server}
    with serving(tmp_path, environ=environ) as server:
        body = {
            "locale": "en-GB",
            "items": [{"id": "1", **OURS}, {"id": "2", "name": "Oat bar", "ingredients": ["oats"]}],
        }

        def verdicts():
            answer = server.ask("POST", "/v1/menu/feed", body).json()
            assert "verdicts" in answer, answer
            return answer["verdicts"]

        eventually(lambda: "recall.lookup" not in verdicts()[1]["not_checked"], "the service is asked", 20)
        ours, other = verdicts()
        assert ours["verdict"] == "block"
        assert any("Oat bar withdrawn: may hold metal" in reason["why"] for reason in ours["reasons"])
        assert other["verdict"] == "allow"
