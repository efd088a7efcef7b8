"""The OpenAPI document: whole, true, and its examples run against the application."""

import json
import re
import struct
import zlib

import jsonschema
import pytest

from claimlens.domain.incident import Severity
from claimlens.domain.tenant import Role
from claimlens.entry.web.problems import KINDS, anchor_of, type_of
from claimlens.usecases.authentication import operator
from claimlens.usecases.incidents import NewIncident
from claimlens.usecases.tenants import NewTenant
from claimlens.usecases.users import NewUser
from claimlens.usecases.webhooks import NewWebhook
from tests.api.house import CONTRACT, CURRY, OURS

DOCUMENT = CONTRACT.document
OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
NAMES = [f"{method} {path}" for method, path, _ in OPERATIONS]


def examples():
    for method, path, operation in OPERATIONS:
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            for name, example in content.get("examples", {}).items():
                yield pytest.param(method, path, media_type, example["value"], id=f"{method} {path} {name}")


@pytest.fixture(scope="module")
async def names(house):
    """Something for each name that a path may have."""
    service, nobody = house.service, operator("test")
    await service.tenants.create(nobody, NewTenant(id="tenant-to-change"))
    doubtful = {"item": {**CURRY, "name": "Gluten free curry"}, "locale": "en-GB"}
    verdict = (await house.ask("POST", "/v1/menu/validate", doubtful)).json()
    job = (await house.ask("POST", "/v1/menu/jobs?locale=en-GB", content=json.dumps(CURRY))).json()
    user = await service.users.create(nobody, NewUser(tenant_id=OURS, email="ours@kitchen.example"))
    webhook = await service.webhooks.create(nobody, NewWebhook(url="https://93.184.215.14/in"), tenant_id=OURS)
    slow = NewIncident(title="Answers are slow", severity=Severity.P2)
    return {
        "tenant_id": "tenant-to-change",
        "audit_id": verdict["audit_id"],
        "job_id": job["job_id"],
        "key_id": house.key_ids[OURS, Role.VIEWER],
        "user_id": user.id,
        "webhook_id": webhook.id,
        "delivery_id": "0192f3a4-5b6c-7d8e-9f01-23456789abcd",
        "service": "ocr.label",
        "incident_id": (await service.accounts.incidents.open(nobody, slow)).id,
        "profile_id": "menushield_us",
    }


@pytest.mark.parametrize(("method", "path", "media_type", "value"), list(examples()))
async def test_every_example_of_a_body_is_taken(house, names, method, path, media_type, value):
    content = value if isinstance(value, str) else json.dumps(value)
    where = re.sub(r"\{(\w+)\}", lambda found: names[found[1]], path)
    if media_type == "application/x-ndjson":
        where += "?locale=en-GB"
    scope = f"?tenant_id={OURS}" if "webhook" in path else ""
    answer = await house.ask(
        method, where + scope, content=content, role=Role.PLATFORM_ADMIN, headers={"Content-Type": media_type}
    )
    assert answer.status_code < 300, answer.text
    if path == "/v1/admin/maintenance":
        await house.ask("POST", path, {"enabled": False}, role=Role.PLATFORM_ADMIN)


async def test_the_example_of_a_body_is_of_its_schema():
    for method, path, operation in OPERATIONS:
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            for example in content.get("examples", {}).values():
                if media_type == "application/json":
                    CONTRACT.conforms(example["value"], content["schema"], f"{method} {path}")


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_the_example_of_an_answer_is_of_its_schema(method, path, operation):
    for status, answer in operation["responses"].items():
        for media_type, content in CONTRACT.resolved(answer).get("content", {}).items():
            if "json" in media_type and "example" in content:
                CONTRACT.conforms(content["example"], content["schema"], f"{method} {path} {status}")


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [each for each in OPERATIONS if each[0] == "GET"],
    ids=[name for name in NAMES if name.startswith("GET")],
)
async def test_every_read_answers_as_declared(house, names, method, path, operation):
    where = re.sub(r"\{(\w+)\}", lambda found: names[found[1]], path)
    scope = f"?tenant_id={OURS}" if "webhook_id" in path else ""
    answer = await house.ask("GET", where + scope, role=Role.PLATFORM_ADMIN)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("path", "headers", "media_type"),
    [
        ("/v1/audits/{audit_id}?format=markdown", {}, "text/markdown; charset=utf-8"),
        ("/v1/access-log?format=csv", {}, "text/csv; charset=utf-8"),
        ("/status", {}, "text/html; charset=utf-8"),
        ("/status", {"Accept": "application/json"}, "application/json"),
        ("/status.json", {"Accept": "text/html"}, "application/json"),
        ("/v1/export/audits", {}, "application/x-ndjson"),
        ("/v1/export/menu.ndjson", {}, "application/x-ndjson"),
        ("/docs", {}, "text/html; charset=utf-8"),
        ("/docs/style.css", {}, "text/css; charset=utf-8"),
        ("/metrics", {}, "text/plain; version=1.0.0; charset=utf-8"),
    ],
)
async def test_other_forms(house, names, path, headers, media_type):
    answer = await house.ask("GET", path.format(**names), headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type


async def test_a_photo_is_judged(house):
    files = {"image": ("label.png", _png(), "image/png"), "item": (None, json.dumps(CURRY)), "locale": (None, "en-GB")}
    answer = await house.ask("POST", "/v1/labels/scan", files=files)
    assert answer.status_code == 200, answer.text
    assert "ocr.label" in answer.json()["not_checked"]  # two pixels: whoever reads labels reads nothing in it


@pytest.mark.parametrize(
    ("parts", "status", "pointer"),
    [
        ({"item": "{}"}, 400, "/image"),
        ({"image": b"GIF89a"}, 400, "/image"),
        ({"image": b""}, 400, "/image"),
        ({"image": "png", "item": "{"}, 400, "/item"),
        ({"image": "png", "item": '{"name": 1}'}, 400, "/item/name"),
        ({"image": "png", "item": '{"name": "a"}', "locale": "xx"}, 400, "/locale"),
        ({"image": b"\x89PNG\r\n\x1a\n" + b"\0" * (15 * 1024 * 1024)}, 413, ""),
        ({"image": b"\0" * (16 * 1024 * 1024)}, 413, ""),
    ],
    ids=["no photo", "a GIF", "empty", "half an item", "no name", "no such locale", "15 MB", "16 MB"],
)
async def test_a_photo_that_is_none_is_refused(house, parts, status, pointer):
    files = {
        name: ("x", _png() if part == "png" else part) if name == "image" else (None, part)
        for name, part in parts.items()
    }
    answer = await house.ask("POST", "/v1/labels/scan", files=files)
    assert answer.status_code == status, answer.text
    if pointer:
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "application/json", "text/plain", "multipart/form-data; boundary=x"]
)
async def test_a_form_that_is_none_is_refused(house, content_type):
    answer = await house.ask("POST", "/v1/labels/scan", content=b"hello", headers={"Content-Type": content_type})
    assert answer.status_code == 400, answer.text


def test_every_reference_leads_somewhere():
    for reference in set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(DOCUMENT))):
        assert CONTRACT.resolved({"$ref": reference})


def test_every_schema_is_a_schema():
    for name, schema in DOCUMENT["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert name


def test_every_operation_is_named_once_and_described():
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(names)) == len(names)
    for _, _, operation in OPERATIONS:
        assert operation["summary"]
        assert operation["tags"][0] in [tag["name"] for tag in DOCUMENT["tags"]]


def test_every_name_in_a_path_is_a_parameter():
    for _, path, operation in OPERATIONS:
        declared = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", path))


def test_what_needs_a_key_says_so():
    for _, _, operation in OPERATIONS:
        assert ("security" in operation) == ("401" in operation["responses"])


@pytest.mark.parametrize("code", KINDS)
async def test_every_type_of_problem_is_explained(house, code):
    page = await house.ask("GET", type_of(code).partition("#")[0], role=None)
    assert f'id="{anchor_of(code)}"' in page.text
    assert code in page.text


async def test_pages_load_nothing_from_elsewhere_and_run_no_script(house):
    for path in ("/docs", "/docs/problems", "/status"):
        page = await house.ask("GET", path, role=None)
        assert "unsafe" not in page.headers["content-security-policy"]
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "<script" not in page.text
        assert "style=" not in page.text
        assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", page.text)


async def test_the_page_shows_every_route(house):
    page = await house.ask("GET", "/docs", role=None)
    for method, path, operation in OPERATIONS:
        assert f"{method} {path}" in page.text
        assert f'id="{operation["operationId"]}"' in page.text


def _png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 14)) + chunk(b"IEND", b"")
