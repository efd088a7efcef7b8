"""Requests that broke a public system of this kind, and their relatives: refused in the one shape, never with a 5xx."""

import json

import pytest

from claimlens.domain.tenant import Role
from tests.api.house import ASK, CURRY, OURS, THEIRS

GATE = ("/v1/menu/feed", "/v1/menu/validate", "/v1/web/ingest")
ITEMS = {"locale": "en-GB", "items": [CURRY]}


@pytest.fixture(scope="module")
def house(house_on_each):
    return house_on_each


def is_problem(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == "/docs/problems#" + code.lower().replace("_", "-")
    assert problem["title"]
    assert problem["detail"]
    assert problem["correlation_id"] == answer.headers["x-correlation-id"]
    assert "Traceback" not in answer.text
    assert "/src/" not in answer.text
    return problem


KEYS = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer constructor",
    "Bearer __proto__",
    "Bearer undefined",
    "Bearer null",
    "Bearer ../../etc/passwd",
    "Bearer ' OR 1=1 --",
    "Bearer cl_live_" + "A" * 38,
    "Bearer cl_live_" + "A" * 10_000,
    "Basic YWRtaW46YWRtaW4=",
    "bearer\tcl_live_x",
]


class TestKeys:
    @pytest.mark.parametrize("header", KEYS)
    async def test_what_opens_nothing_is_401(self, house, header):
        answer = await house.ask("POST", "/v1/menu/validate", ASK, role=None, headers={"Authorization": header})
        is_problem(answer, 401, "INVALID_API_KEY")
        assert answer.headers["www-authenticate"] == "Bearer"

    async def test_no_key_is_401(self, house):
        is_problem(await house.ask("GET", "/v1/audits", role=None), 401, "INVALID_API_KEY")

    async def test_a_key_is_no_query_parameter(self, house):
        path = f"/v1/audits?api_key={house.keys[OURS, Role.ADMIN]}"
        is_problem(await house.ask("GET", path, role=None), 401, "INVALID_API_KEY")

    async def test_one_letter_changed_opens_nothing(self, house):
        key = house.keys[OURS, Role.ADMIN]
        wrong = key[:20] + ("a" if key[20] != "a" else "b") + key[21:]
        answer = await house.ask("GET", "/v1/audits", role=None, headers={"Authorization": f"Bearer {wrong}"})
        is_problem(answer, 401, "INVALID_API_KEY")


BODIES = [
    ("nothing", b"", 400),
    ("no JSON", b"hello", 400),
    ("half of it", b'{"items": [', 400),
    ("two values", b"{} {}", 400),
    ("null", b"null", 400),
    ("a number", b"42", 400),
    ("a text", b'"item"', 400),
    ("an empty object", b"{}", 400),
    ("an empty list", b"[]", 400),
    ("items null", b'{"items": null, "locale": "en-GB"}', 400),
    ("items: [null]", b'{"items": [null], "locale": "en-GB"}', 400),
    ("items: [[]]", b'{"items": [[]], "locale": "en-GB"}', 400),
    ("items: {}", b'{"items": {}, "locale": "en-GB"}', 400),
    ("item without a name", b'{"items": [{"id": "a"}], "locale": "en-GB"}', 400),
    ("a name of spaces", b'{"items": [{"name": "   "}], "locale": "en-GB"}', 400),
    ("a name that is a list", b'{"items": [{"name": ["a"]}], "locale": "en-GB"}', 400),
    ("a key twice", b'{"items": [{"name": "a", "name": "b"}], "locale": "en-GB"}', 400),
    ("NaN", b'{"items": [{"name": "a", "nutrition": {"fat": NaN}}], "locale": "en-GB"}', 400),
    ("a number beyond doubles", b'{"items": [{"name": "a", "nutrition": {"fat": 1e400}}], "locale": "en-GB"}', 400),
    ("5,000 digits", b'{"items": [{"name": "a", "n": ' + b"9" * 5_000 + b"}]}", 400),
    ("half a surrogate pair", b'{"items": [{"name": "a\\ud800"}], "locale": "en-GB"}', 400),
    ("not UTF-8", b'{"items": [{"name": "\xff"}], "locale": "en-GB"}', 400),
    ("UTF-16", json.dumps(ITEMS).encode("utf-16"), 400),
    ("100,000 levels", b"[" * 100_000, 400),
    ("deep inside an item", b'{"items": [{"name": "a", "options": ' + b"[" * 90 + b"]" * 90 + b"}]}", 400),
    ("__proto__", b'{"items": [{"name": 1, "__proto__": {"admin": true}}], "locale": "en-GB"}', 400),
    ("duplicate ids", json.dumps({**ITEMS, "items": [CURRY, CURRY]}).encode(), 400),
    ("5,000 items", json.dumps({**ITEMS, "items": [{"name": "a", "id": f"{n}"} for n in range(5_000)]}).encode(), 400),
    ("no locale", json.dumps({"items": [CURRY]}).encode(), 400),
    ("an unknown locale", json.dumps({"items": [CURRY], "locale": "xx-XX"}).encode(), 400),
    ("a locale that climbs", json.dumps({"items": [CURRY], "locale": "../../etc"}).encode(), 400),
    ("a locale that is a list", json.dumps({"items": [CURRY], "locale": ["en-GB"]}).encode(), 400),
    ("1.2 MB", json.dumps({**ITEMS, "items": [{**CURRY, "description": "a" * 1_200_000}]}).encode(), 413),
    ("1.2 MB of nothing", b" " * 1_200_000, 413),
]


class TestBodies:
    @pytest.mark.parametrize("path", GATE)
    @pytest.mark.parametrize(
        ("body", "status"), [(body, status) for _, body, status in BODIES], ids=[n for n, _, _ in BODIES]
    )
    async def test_is_refused(self, house, path, body, status):
        answer = await house.ask("POST", path, content=body)
        problem = is_problem(answer, status, answer.json()["code"] if status == 400 else "PAYLOAD_TOO_LARGE")
        assert problem["code"] in ("INVALID_SCHEMA", "UNKNOWN_LOCALE", "PAYLOAD_TOO_LARGE")
        assert status != 400 or problem["errors"]

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"items": [CURRY, {"name": "b", "id": "x"}, None], "locale": "en-GB"}, "/items/2"),
            ({"items": [CURRY, {"id": "x"}], "locale": "en-GB"}, "/items/1/name"),
            ({"items": [CURRY, {**CURRY, "name": "b"}], "locale": "en-GB"}, "/items/1/id"),
            ({"items": [{**CURRY, "locale": "xx"}], "locale": "en-GB"}, "/items/0/locale"),
            ({"items": [CURRY], "locale": "xx"}, "/locale"),
            ({"items": [{**CURRY, "nutrition": {"a/b": 1e300}}], "locale": "en-GB"}, "/items/0/nutrition/a~1b"),
        ],
    )
    async def test_the_place_is_named(self, house, body, pointer):
        problem = (await house.ask("POST", "/v1/menu/feed", body)).json()
        assert pointer in [error["pointer"] for error in problem["errors"]]

    async def test_a_body_that_comes_in_pieces_is_bounded_too(self, house):
        def pieces():
            for _ in range(30):
                yield b" " * 50_000

        answer = await house.ask("POST", "/v1/menu/feed", content=_later(pieces()))
        is_problem(answer, 413, "PAYLOAD_TOO_LARGE")

    @pytest.mark.parametrize(
        "media_type", ["text/plain", "application/x-www-form-urlencoded", "image/png", "nonsense", ""]
    )
    async def test_json_is_json_whatever_its_type_says(self, house, media_type):
        answer = await house.ask(
            "POST", "/v1/menu/feed", content=json.dumps(ITEMS), headers={"Content-Type": media_type}
        )
        assert answer.status_code == 200, answer.text

    async def test_a_byte_order_mark_is_no_mistake(self, house):
        answer = await house.ask("POST", "/v1/menu/feed", content=b"\xef\xbb\xbf" + json.dumps(ITEMS).encode())
        assert answer.status_code == 200, answer.text


async def _later(pieces):
    for piece in pieces:
        yield piece


class TestTexts:
    async def test_a_text_that_no_item_has_is_refused(self, house):
        item = {"name": "x", "description": "+44 20 7946 0777 " * 20_000}
        answer = await house.ask("POST", "/v1/menu/validate", {"item": item, "locale": "en-GB"})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == "/item"
        assert "200,000" in answer.json()["errors"][0]["detail"]

    @pytest.mark.parametrize(
        "text",
        ["a." * 80_000, "a" * 160_000, "cures " * 20_000, "+44 20 7946 0777 " * 9_000, "\u0000" * 500, "🍋" * 30_000],
        ids=["160 KB of a.a.a.", "160 KB of a", "cures cures", "telephone numbers", "null characters", "lemons"],
    )
    async def test_long_texts_are_judged(self, house, text):
        answer = await house.ask(
            "POST", "/v1/menu/validate", {"item": {"name": "x", "description": text}, "locale": "en-GB"}
        )
        assert answer.status_code == 200, answer.text[:400]

    @pytest.mark.parametrize(
        "name",
        [
            "../../../etc/passwd",
            "..\\..\\windows",
            "%2e%2e%2f",
            "'; DROP TABLE audits; --",
            "<script>alert(1)</script>",
            "${jndi:ldap://x}",
            "{{7*7}}",
            "\u202eevil",
            "a\u0000b",
            "constructor",
            "__proto__",
        ],
    )
    async def test_a_name_is_a_name(self, house, name):
        item = {"name": name, "id": name}
        answer = await house.ask("POST", "/v1/menu/validate", {"item": item, "locale": "en-GB"})
        assert answer.status_code in (200, 400), answer.text
        if answer.status_code == 200:
            assert answer.json()["item_id"] == name
            audit = await house.ask("GET", f"/v1/audits/{answer.json()['audit_id']}")
            assert audit.json()["item"]["name"] == name


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "/v1/audits/constructor",
            "/v1/audits/..%2F..%2Fetc%2Fpasswd",
            "/v1/audits/%00",
            "/v1/audits/" + "a" * 5_000,
            "/v1/audits/0192f3a4-5b6c-7d8e-9f01-23456789abcd",
            "/v1/menu/jobs/1",
            "/v1/menu/jobs/0192f3a4-5b6c-7d8e-9f01-23456789abcd/results",
            "/v1/tenants/__proto__",
            "/v1/tenants/%00",
            "/v1/tenants/" + "%F0%9F%8D%8B" * 3,
            "/v1/tenants/" + THEIRS,
            "/v1/webhooks/nope/deliveries",
            "/docs/../../etc/passwd",
            "/v1",
            "/v1/",
            "/",
            "/api/v1/nothing",
            "/.env",
        ],
    )
    async def test_what_is_not_there_is_404(self, house, path):
        is_problem(await house.ask("GET", path), 404, "NOT_FOUND")

    @pytest.mark.parametrize(
        "query",
        [
            "limit=0", "limit=-1", "limit=1e9", "limit=999999999999999999999", "limit=ten", "cursor=nonsense",
            "cursor=W10", "start_date=yesterday", "start_date=2026-13-01", "end_date=2026-02-30",
            "start_date=2026-11-02&end_date=2026-11-01", "start_date=99999-01-01", "verdict=maybe", "limit=1&limit=2",
            "needs_review=perhaps", "colour=red", "item_id=%00", "item_id=%FF", "start_date=", "limit=",
            "verdict[]=allow", "needs_review=0",
        ],
    )  # fmt: skip
    async def test_a_query_that_cannot_be_read_is_400(self, house, query):
        is_problem(await house.ask("GET", f"/v1/audits?{query}"), 400, "INVALID_SCHEMA")

    @pytest.mark.parametrize("name", ["0.5", "../x", "Tenant", "a", "-a", "a" * 64, "constructor\n"])
    @pytest.mark.parametrize("path", ["/v1/api-keys", "/v1/users", "/v1/access-log", "/v1/webhooks"])
    async def test_a_tenant_that_cannot_be_is_400(self, house, path, name):
        answer = await house.ask("GET", path, role=Role.PLATFORM_ADMIN, params={"tenant_id": name})
        is_problem(answer, 400, "INVALID_SCHEMA")


class TestOtherTenants:
    """Whatever belongs to another tenant is answered as if it were not there."""

    async def test_an_audit(self, house):
        audit_id = (await house.ask("POST", "/v1/menu/validate", ASK, tenant=THEIRS)).json()["audit_id"]
        for path in (
            f"/v1/audits/{audit_id}",
            f"/v1/audits/{audit_id}?format=markdown",
            f"/v1/audits/{audit_id}/proof",
        ):
            is_problem(await house.ask("GET", path), 404, "NOT_FOUND")
            assert (await house.ask("GET", path, tenant=THEIRS)).status_code == 200
        listed = (await house.ask("GET", "/v1/audits?limit=200")).json()["audits"]
        assert audit_id not in [audit["id"] for audit in listed]
        exported = await house.ask("GET", "/v1/export/audits")
        assert audit_id not in exported.text

    async def test_an_idempotency_key(self, house):
        """The same key of two tenants names two requests."""
        headers = {"Idempotency-Key": "order-4711"}
        ours = await house.ask("POST", "/v1/menu/validate", ASK, headers=headers)
        theirs = await house.ask("POST", "/v1/menu/validate", ASK, headers=headers, tenant=THEIRS)
        assert theirs.status_code == 200
        assert "idempotency-replayed" not in theirs.headers
        assert theirs.json()["audit_id"] != ours.json()["audit_id"]

    async def test_a_key(self, house):
        key_id = house.key_ids[THEIRS, Role.PUBLISHER]
        is_problem(await house.ask("DELETE", f"/v1/api-keys/{key_id}"), 404, "NOT_FOUND")
        is_problem(await house.ask("POST", f"/v1/api-keys/{key_id}/rotate", {}), 404, "NOT_FOUND")

    async def test_a_job(self, house):
        body = json.dumps(CURRY) + "\n"
        job = (await house.ask("POST", "/v1/menu/jobs?locale=en-GB", content=body, tenant=THEIRS)).json()
        for path in (f"/v1/menu/jobs/{job['job_id']}", f"/v1/menu/jobs/{job['job_id']}/results"):
            is_problem(await house.ask("GET", path), 404, "NOT_FOUND")
            assert (await house.ask("GET", path, tenant=THEIRS)).status_code == 200
