"""What holds for every answer: names, headers, methods, the alias, the one shape of errors."""

import re
from typing import Any

import pytest
from litestar.exceptions import LitestarException

from claimlens.domain.errors import OverloadedError
from claimlens.domain.tenant import Role
from claimlens.entry.api.app import ROUTES
from claimlens.entry.api.spec import KEY
from tests.api.house import ASK, OURS
from tests.api.test_hostile import is_problem

PATHS = sorted({re.sub(r"\{\w+:(\w+)\}", r"{\1}", path) for handler in ROUTES for path in handler.paths})
FILLED = {"{uuid}": "0192f3a4-5b6c-7d8e-9f01-23456789abcd", "{str}": "tenant-001"}
METHODS = {
    path: {
        str(method)
        for handler in ROUTES
        for method in handler.http_methods
        if path in [re.sub(r"\{\w+:(\w+)\}", r"{\1}", each) for each in handler.paths]
    }
    for path in PATHS
}


def filled(path):
    for name, value in FILLED.items():
        path = path.replace(name, value)
    return path


class TestCorrelation:
    async def test_a_sane_name_is_taken_echoed_and_found_in_the_audit(self, house):
        headers = {"X-Correlation-ID": "till-4711/line:3"}
        answer = await house.ask("POST", "/v1/menu/validate", ASK, headers=headers)
        assert answer.headers["x-correlation-id"] == "till-4711/line:3"
        assert answer.json()["correlation_id"] == "till-4711/line:3"
        audit = (await house.ask("GET", f"/v1/audits/{answer.json()['audit_id']}")).json()
        assert audit["correlation_id"] == "till-4711/line:3"
        listed = (await house.ask("GET", "/v1/audits?correlation_id=till-4711/line:3")).json()["audits"]
        assert [each["id"] for each in listed] == [audit["audit_id"]]

    @pytest.mark.parametrize("name", [b"", b"a b", b"a" * 129, "ä".encode(), b"a\tb"])
    async def test_another_is_replaced(self, house, name):
        answer = await house.ask("GET", "/v1/audits", headers={"X-Correlation-ID": name})
        assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-correlation-id"])

    async def test_a_trace_gives_the_name_if_nothing_else_does(self, house):
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        assert (await house.ask("GET", "/v1/audits", headers=headers)).headers["x-correlation-id"] == trace
        headers["X-Correlation-ID"] = "mine"
        assert (await house.ask("GET", "/v1/audits", headers=headers)).headers["x-correlation-id"] == "mine"

    async def test_refusals_have_it_too(self, house):
        for path, role in (("/v1/audits", None), ("/nowhere", Role.ADMIN)):
            answer = await house.ask("GET", path, role=role, headers={"X-Correlation-ID": "mine"})
            assert answer.json()["correlation_id"] == "mine"


class TestMethods:
    @pytest.mark.parametrize("path", PATHS)
    async def test_a_method_that_is_not_there_is_405_and_says_which_are(self, house, path):
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - METHODS[path]:
            answer = await house.ask(method, filled(path))
            is_problem(answer, 405, "METHOD_NOT_ALLOWED")
            allowed = set(answer.headers["allow"].split(", "))
            assert allowed == METHODS[path] | {"OPTIONS"} | ({"HEAD"} if "GET" in METHODS[path] else set())

    @pytest.mark.parametrize("path", PATHS)
    async def test_options_needs_no_key(self, house, path):
        answer = await house.ask("OPTIONS", filled(path), role=None)
        assert answer.status_code == 204
        assert set(answer.headers["allow"].split(", ")) >= METHODS[path]

    @pytest.mark.parametrize("path", [path for path in PATHS if "GET" in METHODS[path]])
    async def test_head_is_get_without_its_body(self, house, path):
        got, head = [await house.ask(method, filled(path), role=Role.PLATFORM_ADMIN) for method in ("GET", "HEAD")]
        assert head.status_code == got.status_code
        assert head.headers["content-type"] == got.headers["content-type"]
        assert head.content == b""


OPERATORS = ("/v1/slo/status", "/v1/admin/performance")


class TestAlias:
    @pytest.mark.parametrize("path", [path for path in PATHS if path.startswith("/v1/")])
    async def test_every_route_answers_under_api_too(self, house, path):
        for method in METHODS[path]:
            plain, alias = [await house.ask(method, each, role=None) for each in (filled(path), "/api" + filled(path))]
            # The operators' reads are open to their networks, and the test comes from there.
            expected = 200 if path in OPERATORS else 401
            assert alias.status_code == plain.status_code == expected

    async def test_a_verdict(self, house):
        assert (await house.ask("POST", "/api/v1/menu/validate", ASK)).json()["verdict"] == "allow"

    async def test_what_is_not_under_v1_has_none(self, house):
        assert (await house.ask("GET", "/api/health", role=None)).status_code == 404


class TestHeaders:
    @pytest.mark.parametrize("path", ["/health", "/nowhere", "/v1/audits", "/docs", "/openapi.json", "/metrics"])
    async def test_no_answer_is_sniffed_framed_or_kept(self, house, path):
        answer = await house.ask("GET", path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] in ("no-store", "no-cache")

    async def test_no_answer_names_what_it_runs_on(self, house):
        assert "server" not in (await house.ask("GET", "/health")).headers


class TestCors:
    ORIGIN = "https://shop.example"

    async def test_a_page_of_the_list_may_read(self, open_own):
        house = await open_own({"CLAIMLENS_CORS_ORIGINS": f"{self.ORIGIN},https://other.example"})
        answer = await house.ask("GET", "/v1/audits", headers={"Origin": self.ORIGIN})
        assert answer.headers["access-control-allow-origin"] == self.ORIGIN
        assert "RateLimit" in answer.headers["access-control-expose-headers"]
        assert answer.headers["vary"] == "Origin"
        refused = await house.ask("GET", "/v1/audits", role=None, headers={"Origin": self.ORIGIN})
        assert refused.headers["access-control-allow-origin"] == self.ORIGIN

    async def test_a_browser_that_asks_first_is_told(self, open_own):
        house = await open_own({"CLAIMLENS_CORS_ORIGINS": self.ORIGIN})
        headers = {"Origin": self.ORIGIN, "Access-Control-Request-Method": "POST"}
        answer = await house.ask("OPTIONS", "/v1/menu/validate", role=None, headers=headers)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == self.ORIGIN
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert "Authorization" in answer.headers["access-control-allow-headers"]
        assert "Idempotency-Key" in answer.headers["access-control-allow-headers"]

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://shop.example.evil.example", "*"])
    async def test_another_page_may_not(self, open_own, origin):
        house = await open_own({"CLAIMLENS_CORS_ORIGINS": self.ORIGIN})
        for method, more in (("GET", {}), ("OPTIONS", {"Access-Control-Request-Method": "POST"})):
            answer = await house.ask(method, "/v1/audits", headers={"Origin": origin, **more})
            assert "access-control-allow-origin" not in answer.headers

    async def test_unless_configured_there_is_none(self, house):
        answer = await house.ask("GET", "/v1/audits", headers={"Origin": self.ORIGIN})
        assert not [name for name in answer.headers if name.startswith("access-control")]


class TestOneShape:
    @pytest.mark.parametrize("handler", ROUTES, ids=lambda handler: handler.opt[KEY].name)
    async def test_a_failure_inside_tells_nothing(self, house, handler, monkeypatch):
        """Whatever breaks, wherever: 500, a correlation id, and nothing of the error."""
        spec = handler.opt[KEY]
        if spec.public:
            return

        async def broken(*_, **__):
            raise RuntimeError("SELECT secret FROM /src/claimlens/passwords.py")

        monkeypatch.setattr(house.service.authentication, "authenticate", broken)
        path = filled(re.sub(r"\{\w+:(\w+)\}", r"{\1}", sorted(handler.paths)[0]))
        (method,) = handler.http_methods
        answer = await house.ask(str(method), path, client="203.0.113.9")
        is_problem(answer, 500, "INTERNAL_ERROR")
        assert "SELECT" not in answer.text

    async def test_a_store_that_is_out_is_503_and_says_when_to_come_back(self, house, monkeypatch):
        async def out(*_, **__):
            raise OverloadedError("the database cannot be reached", retry_after_s=1)

        monkeypatch.setattr(house.service.journal, "write", out)
        for path in ("/v1/menu/validate", "/v1/menu/validate/"):
            answer = await house.ask("POST", path, ASK)
            is_problem(answer, 503, "OVERLOADED")
            assert answer.headers["retry-after"] == "1"
            assert "verdict" not in answer.json()

    async def test_half_an_export_is_no_export(self, house, monkeypatch):
        """What breaks behind the first line cuts the connection: no summary, and nothing that looks like one."""

        async def breaks(*_):
            yield [b'{"audit_id":"1"}']
            raise OverloadedError("the database did not answer")

        monkeypatch.setattr(house.service.audit_store, "export", breaks)
        sent: list[dict[str, Any]] = []
        with pytest.raises(LitestarException):
            await house.app(
                {
                    "type": "http",
                    "method": "GET",
                    "path": "/v1/export/audits",
                    "query_string": b"",
                    "headers": [(b"authorization", f"Bearer {house.keys[OURS, Role.ADMIN]}".encode())],
                    "client": ("127.0.0.1", 1),
                },
                None,
                lambda message: _kept(sent, message),
            )
        assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
        assert sent[1]["more_body"]
        assert b"_summary" not in sent[1]["body"]

    async def test_what_breaks_before_the_first_line_is_a_problem(self, house, monkeypatch):
        async def breaks(*what):
            if what:
                raise OverloadedError("the database did not answer")
            yield []

        monkeypatch.setattr(house.service.audit_store, "export", breaks)
        is_problem(await house.ask("GET", "/v1/export/audits"), 503, "OVERLOADED")

    async def test_a_key_is_given_back_when_nothing_was_written(self, house, monkeypatch):
        async def out(*_, **__):
            raise OverloadedError("the database cannot be reached", retry_after_s=1)

        headers = {"Idempotency-Key": "store-out"}
        with monkeypatch.context() as patched:
            patched.setattr(house.service.journal, "write", out)
            assert (await house.ask("POST", "/v1/menu/validate", ASK, headers=headers)).status_code == 503
        again = await house.ask("POST", "/v1/menu/validate", ASK, headers=headers)
        assert again.status_code == 200
        assert "idempotency-replayed" not in again.headers


async def test_isolation_and_revocation_are_refused_in_the_same_words(house):
    issued = (await house.ask("POST", "/v1/api-keys", {"tenant_id": OURS})).json()
    headers = {"Authorization": f"Bearer {issued['key']}"}
    assert (await house.ask("POST", "/v1/menu/validate", ASK, role=None, headers=headers)).status_code == 200
    assert (await house.ask("DELETE", f"/v1/api-keys/{issued['id']}")).status_code == 204
    answer = await house.ask("POST", "/v1/menu/validate", ASK, role=None, headers=headers)
    unknown = await house.ask("POST", "/v1/menu/validate", ASK, role=None, headers={"Authorization": "Bearer x"})
    assert answer.json()["detail"] == unknown.json()["detail"]
    is_problem(answer, 401, "INVALID_API_KEY")


async def _kept(sent, message):
    sent.append(message)
