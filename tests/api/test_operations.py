"""Health, metrics, status page, maintenance."""

import json
import re

import pytest

from claimlens.domain.errors import OverloadedError
from claimlens.domain.tenant import Role
from claimlens.entry.api.app import ROUTES
from claimlens.entry.api.spec import KEY
from claimlens.ports.cache import CacheHealth
from tests.api.house import ASK, CURRY, OURS
from tests.api.test_hostile import is_problem

OUTSIDE = "203.0.113.9"


class TestHealth:
    async def test_well(self, house):
        answer = await house.ask("GET", "/health", role=None)
        assert answer.status_code == 200
        health = answer.json()
        assert health["status"] == "healthy"
        assert [(check["name"], check["status"]) for check in health["checks"]] == [
            ("database", "ok"),
            ("redis", "ok"),
            ("mcp_services", "ok"),
        ]
        assert health["checks"][1]["mode"] == "in-process"
        assert health["timestamp"].endswith("Z")

    async def test_unhealthy_only_without_a_database(self, house, monkeypatch):
        async def out():
            raise OverloadedError("the database cannot be reached")

        monkeypatch.setattr(house.service.database, "ping", out)
        answer = await house.ask("GET", "/health", role=None)
        assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
        assert (await house.ask("GET", "/health/ready", role=None)).status_code == 503
        assert (await house.ask("GET", "/health/live", role=None)).status_code == 200
        assert "ClaimLens is out" in (await house.ask("GET", "/status", role=None)).text

    async def test_degraded_when_the_cache_is_out(self, house, monkeypatch):
        async def out():
            return CacheHealth("redis", "degraded", "connection refused")

        monkeypatch.setattr(house.service.cache, "health", out)
        answer = await house.ask("GET", "/health", role=None)
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert (await house.ask("GET", "/health/ready", role=None)).status_code == 200
        assert "claimlens_cache_up 0.0" in (await house.ask("GET", "/metrics", role=None)).text

    @pytest.mark.parametrize("service", ["ocr.label", "unit.convert", "recall.lookup", "alt.suggester"])
    async def test_each_service(self, house, service):
        answer = await house.ask("GET", f"/health/mcp/{service}", role=None)
        assert answer.status_code == 200
        assert answer.json()["service"] == service
        assert answer.json()["breaker"] == "closed"

    @pytest.mark.parametrize("service", ["nope", "ocr", "OCR.LABEL", "constructor", "..%2f"])
    async def test_no_other_service(self, house, service):
        is_problem(await house.ask("GET", f"/health/mcp/{service}", role=None), 404, "NOT_FOUND")


class TestMetrics:
    NAMES = (
        "claimlens_requests_total",
        "claimlens_requests_failed",
        "claimlens_request_duration_ms",
        "claimlens_transform_duration_ms",
        "claimlens_error_budget_remaining",
        "claimlens_degraded_services",
        "claimlens_circuit_breaker_state",
        "claimlens_db_connections",
        "claimlens_db_connections_max",
        "claimlens_cache_memory_bytes",
        "claimlens_db_replica_lag_seconds",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
    )

    async def test_the_names_are_the_runbooks(self, house, monkeypatch):
        async def broken(*_, **__):
            raise RuntimeError("x")

        with monkeypatch.context() as patched:
            patched.setattr(house.service.authentication, "authenticate", broken)
            await house.ask("GET", "/v1/audits")
        text = (await house.ask("GET", "/metrics", role=None)).text
        announced = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
        assert set(self.NAMES) <= announced
        assert "claimlens_requests_failed_total" not in text
        assert re.search(r'^claimlens_requests_failed\{route="/v1/audits"\} 1\.0$', text, re.MULTILINE)
        assert re.search(r'^claimlens_circuit_breaker_state\{service="ocr.label"\} 0\.0$', text, re.MULTILINE)

    async def test_what_was_asked_is_counted(self, open_own):
        house = await open_own()
        for _ in range(3):
            await house.ask("POST", "/v1/menu/validate", ASK)
        await house.ask("POST", "/v1/menu/feed", content=b"{")
        await house.ask("GET", "/nowhere")
        text = (await house.ask("GET", "/metrics", role=None)).text
        for line in (
            'claimlens_requests_total{method="POST",route="/v1/menu/validate",status="200"} 3.0',
            'claimlens_requests_total{method="POST",route="/v1/menu/feed",status="400"} 1.0',
            'claimlens_requests_total{method="GET",route="unknown",status="404"} 1.0',
            'claimlens_request_duration_ms_count{route="/v1/menu/validate"} 3.0',
            'claimlens_verdicts_total{verdict="allow"} 3.0',
            "claimlens_error_budget_remaining 1.0",
        ):
            assert line in text.splitlines()

    @pytest.mark.parametrize(
        ("client", "headers", "status"),
        [
            ("127.0.0.1", {}, 200),
            ("10.1.2.3", {}, 200),
            ("::1", {}, 200),
            (OUTSIDE, {}, 401),
            ("127.0.0.1", {"X-Forwarded-For": OUTSIDE}, 401),
            ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 401),
            ("127.0.0.1", {"Forwarded": f"for={OUTSIDE}"}, 401),
        ],
    )
    async def test_who_needs_no_key(self, house, client, headers, status):
        answer = await house.ask("GET", "/metrics", role=None, client=client, headers=headers)
        assert answer.status_code == status

    async def test_elsewhere_it_takes_a_platform_administrator(self, house):
        assert (await house.ask("GET", "/metrics", role=Role.PLATFORM_ADMIN, client=OUTSIDE)).status_code == 200
        is_problem(await house.ask("GET", "/metrics", role=Role.ADMIN, client=OUTSIDE), 403, "INSUFFICIENT_PERMISSIONS")


CLOSED = [
    (str(method), path, handler.opt[KEY])
    for handler in ROUTES
    for method in handler.http_methods
    for path in handler.paths
    if handler.opt[KEY].closes
]
#: Open during maintenance although they are no GET: they change what must be changed just then, or nothing.
OPEN = {
    "POST /v1/tenants/{tenant_id:str}/dry-run",
    "POST /v1/api-keys",
    "POST /v1/api-keys/{key_id:uuid}/rotate",
    "DELETE /v1/api-keys/{key_id:uuid}",
    "POST /v1/tenants/{tenant_id:str}/isolate",
    "POST /v1/tenants/{tenant_id:str}/release",
    "POST /v1/admin/maintenance",
    "POST /v1/admin/incidents",
    "PATCH /v1/admin/incidents/{incident_id:str}",
}


SWITCH = {"enabled": True, "until": "2999-01-01T00:00:00Z", "message": "Back at four"}


class TestMaintenance:
    async def test_gate_and_writes_close_reads_and_keys_stay(self, open_own):
        house = await open_own()
        put = await house.ask("POST", "/v1/admin/maintenance", SWITCH, role=Role.PLATFORM_ADMIN)
        assert put.status_code == 200
        closed = await house.ask("POST", "/v1/menu/validate", ASK)
        is_problem(closed, 503, "MAINTENANCE")
        assert closed.json()["detail"] == "Back at four"
        assert closed.headers["retry-after"] == "3600"
        for method, path, _ in CLOSED:
            names = {"uuid": "0192f3a4-5b6c-7d8e-9f01-23456789abcd", "str": OURS}
            where = re.sub(r"\{\w+:(\w+)\}", lambda found: names[found[1]], path)  # noqa: B023
            is_problem(await house.ask(method, where, role=Role.PLATFORM_ADMIN), 503, "MAINTENANCE")
        assert (await house.ask("GET", "/v1/audits")).status_code == 200
        assert (await house.ask("POST", "/v1/api-keys", {"tenant_id": OURS})).status_code == 201
        key_id = house.key_ids[OURS, Role.VIEWER]
        assert (await house.ask("DELETE", f"/v1/api-keys/{key_id}")).status_code == 204
        health = await house.ask("GET", "/health", role=None)
        assert (health.status_code, health.json()["status"]) == (200, "maintenance")
        assert health.json()["message"] == "Back at four"
        assert (await house.ask("GET", "/health/ready", role=None)).status_code == 200
        assert "Back at four" in (await house.ask("GET", "/status", role=None)).text
        text = (await house.ask("GET", "/metrics", role=None)).text
        assert "claimlens_error_budget_remaining 1.0" in text

        off = await house.ask("POST", "/v1/admin/maintenance", {"enabled": False}, role=Role.PLATFORM_ADMIN)
        assert off.status_code == 200
        assert (await house.ask("POST", "/v1/menu/validate", ASK)).status_code == 200

    def test_every_write_is_closed_or_listed_here(self):
        changing = {
            f"{method} {path}"
            for handler in ROUTES
            for method in handler.http_methods
            for path in handler.paths
            if str(method) != "GET"
        }
        assert changing - OPEN == {f"{method} {path}" for method, path, _ in CLOSED}

    async def test_a_message_is_shown_as_text(self, open_own):
        house = await open_own()
        switch = {"enabled": True, "message": "<script>alert(1)</script>"}
        await house.ask("POST", "/v1/admin/maintenance", switch, role=Role.PLATFORM_ADMIN)
        page = (await house.ask("GET", "/status", role=None)).text
        assert "<script>" not in page
        assert "&lt;script&gt;" in page


class TestRecords:
    async def test_an_export_ends_with_its_summary(self, open_own):
        house = await open_own()
        for n in range(3):
            await house.ask("POST", "/v1/menu/validate", {"item": {**CURRY, "id": f"{n}"}, "locale": "en-GB"})
        lines = (
            await house.ask("GET", "/v1/export/audits?start_date=2020-01-01&end_date=2999-01-01")
        ).text.splitlines()
        records = [json.loads(line) for line in lines]
        assert [record["item"]["id"] for record in records[:-1]] == ["0", "1", "2"]
        assert records[-1]["_summary"]["count"] == 3
        none = (await house.ask("GET", "/v1/export/audits?end_date=2020-01-01")).text.splitlines()
        assert [json.loads(line)["_summary"]["count"] for line in none] == [0]

    async def test_the_menu_comes_in_parts(self, open_own):
        house = await open_own()
        for n in range(3):
            await house.ask("POST", "/v1/menu/validate", {"item": {**CURRY, "id": f"{n}"}, "locale": "en-GB"})
        first = await house.ask("GET", "/v1/export/menu.ndjson?limit=2")
        second = await house.ask("GET", f"/v1/export/menu.ndjson?limit=2&cursor={first.headers['x-next-cursor']}")
        assert "x-next-cursor" not in second.headers
        ids = [json.loads(line).get("id") for answer in (first, second) for line in answer.text.splitlines()]
        assert [each for each in ids if each is not None] == ["0", "1", "2"]

    async def test_every_page_of_a_list_is_reached_once(self, open_own):
        house = await open_own()
        for n in range(5):
            await house.ask("POST", "/v1/menu/validate", {"item": {**CURRY, "id": f"{n}"}, "locale": "en-GB"})
        seen, cursor = [], ""
        while True:
            page = (await house.ask("GET", f"/v1/audits?limit=2&cursor={cursor}")).json()
            seen += [audit["item_id"] for audit in page["audits"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
        assert seen == ["4", "3", "2", "1", "0"]
