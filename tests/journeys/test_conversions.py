"""Numbers that only `unit.convert` reads: over the Model Context Protocol, in process, and while its server is out."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.mcp_serving import McpServer, mcp_serving
from tests.serving import Server, serving
from tests.valkey import eventually

ICE_CREAM = {
    "id": "ice",
    "name": "Vanilla ice cream",
    "description": "Low fat",
    "ingredients": ["milk", "sugar"],
    "nutrition": {"serving_size": "2/3 cup", "fat": "2 g"},
}
SOUP = {"id": "soup", "name": "Tomato soup", "description": "Low fat", "nutrition": {"per": "100 g", "fat": "1 g"}}
PARTS = ("verdict", "reasons", "changes", "allergens", "nutrition", "not_checked", "pack_versions")


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpServer]:
    with mcp_serving(tmp_path_factory.mktemp("units"), "unit.convert") as server:
        yield server


@pytest.fixture(scope="module")
def server(units: McpServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    environ = {"CLAIMLENS_MCP_UNIT_CONVERT_URL": units.url, "CLAIMLENS_BREAKER_REST_S": "1"}
    with serving(tmp_path_factory.mktemp("serve"), environ=environ) as started:
        yield started


def feed(server: Server, *items: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """(verdicts, degraded services)."""
    answer = server.ask("POST", "/v1/menu/feed", {"items": list(items), "locale": "en-US"})
    assert answer.status == 200, answer.body
    told = answer.json()
    return told["verdicts"], told["degraded_services"]


def test_a_cup_is_weighed_by_the_server(server: Server) -> None:
    (verdict,), degraded = feed(server, ICE_CREAM)
    assert "unit.convert" not in degraded
    assert verdict["nutrition"]["per"] == "100 g"
    assert "/nutrition/serving_size" not in verdict["not_checked"]
    assert any("2/3 cup = about 89.27 g" in reason["why"] for reason in verdict["reasons"])
    audit = server.ask("GET", f"/v1/audits/{verdict['audit_id']}").json()
    assert "USDA SR27 no. 19270" in str(audit)


def test_the_verdict_is_the_same_in_process(server: Server, tmp_path: Any) -> None:
    over_the_wire = feed(server, ICE_CREAM)[0][0]
    with serving(tmp_path) as embedded:
        in_process = feed(embedded, ICE_CREAM)[0][0]
    assert [in_process[part] for part in PARTS] == [over_the_wire[part] for part in PARTS]


def test_while_it_is_out_only_what_needs_it_stays_open(server: Server, units: McpServer) -> None:
    units.stop()
    try:
        (ice, soup), degraded = feed(server, ICE_CREAM, SOUP)
        assert "unit.convert" in degraded
        assert ice["nutrition"] == {"per": "serving", "fat_g": 2}
        assert {"/nutrition/serving_size", "unit.convert"} <= set(ice["not_checked"])
        assert soup["nutrition"]["per"] == "100 g"
        assert "unit.convert" not in soup["not_checked"]
        assert "unit.convert" not in feed(server, SOUP)[1]  # nobody is told of a service that was not needed
    finally:
        units.start()
    eventually(lambda: feed(server, ICE_CREAM)[0][0]["nutrition"]["per"] == "100 g", "it converts again", 35)
