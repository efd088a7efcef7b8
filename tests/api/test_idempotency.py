"""`Idempotency-Key`: sent again, answered again, done once."""

import asyncio
import json

import pytest

from claimlens.domain.tenant import Role
from tests.api.house import ASK, CURRY, OURS
from tests.api.test_hostile import is_problem

FEED = "/v1/menu/feed"
VALIDATE = "/v1/menu/validate"
ITEMS = {"items": [CURRY], "locale": "en-GB"}


def named(name):
    return {"Idempotency-Key": name}


async def audits(house):
    return len((await house.ask("GET", "/v1/audits?limit=200")).json()["audits"])


@pytest.mark.parametrize("path", [FEED, VALIDATE, "/v1/menu/validate/", "/api/v1/menu/feed"])
async def test_the_same_again_is_the_same_bytes(house, path):
    body = ITEMS if "feed" in path else ASK
    first = await house.ask("POST", path, body, headers=named(f"same {path}".replace(" ", "-")))
    before = await audits(house)
    again = await house.ask("POST", path, body, headers=named(f"same {path}".replace(" ", "-")))
    assert first.status_code == again.status_code == 200
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["x-correlation-id"] != first.headers["x-correlation-id"]
    assert await audits(house) == before


async def test_the_alias_names_the_same_route(house):
    first = await house.ask("POST", FEED, ITEMS, headers=named("alias"))
    again = await house.ask("POST", "/api/v1/menu/feed", ITEMS, headers=named("alias"))
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"


async def test_another_body_is_422(house):
    await house.ask("POST", FEED, ITEMS, headers=named("other-body"))
    answer = await house.ask("POST", FEED, {**ITEMS, "locale": "en-US"}, headers=named("other-body"))
    is_problem(answer, 422, "IDEMPOTENCY_CONFLICT")


async def test_the_body_is_compared_byte_for_byte(house):
    await house.ask("POST", FEED, content=json.dumps(ITEMS), headers=named("bytes"))
    answer = await house.ask("POST", FEED, content=json.dumps(ITEMS, indent=1), headers=named("bytes"))
    is_problem(answer, 422, "IDEMPOTENCY_CONFLICT")


async def test_another_route_is_another_request(house):
    await house.ask("POST", FEED, ITEMS, headers=named("routes"))
    answer = await house.ask("POST", "/v1/web/ingest", ITEMS, headers=named("routes"))
    assert answer.status_code == 200
    assert "idempotency-replayed" not in answer.headers


async def test_two_at_once_are_one_answer_and_a_409(house):
    """The second is told to wait, or given the first's answer: never is it done twice."""
    before = await audits(house)
    both = await asyncio.gather(
        *[house.ask("POST", FEED, ITEMS, headers=named("at-once")) for _ in range(8)],
    )
    answered = [each for each in both if each.status_code == 200]
    assert len({each.content for each in answered}) == 1
    for each in both:
        if each.status_code != 200:
            is_problem(each, 409, "IDEMPOTENCY_CONFLICT")
    assert await audits(house) == before + 1


async def test_a_mistake_is_kept(house):
    wrong = {"items": [None], "locale": "en-GB"}
    first = await house.ask("POST", FEED, wrong, headers=named("mistake"))
    again = await house.ask("POST", FEED, wrong, headers=named("mistake"))
    assert first.status_code == again.status_code == 400
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    is_problem(await house.ask("POST", FEED, ITEMS, headers=named("mistake")), 422, "IDEMPOTENCY_CONFLICT")


@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "a" * 256, "a\tb"])
async def test_a_key_that_is_none_is_400(house, key):
    answer = await house.ask("POST", FEED, ITEMS, headers={"Idempotency-Key": key.encode()})
    is_problem(answer, 400, "INVALID_SCHEMA")


@pytest.mark.parametrize("key", ["a", "a" * 255, "!~", "../../x"])
async def test_any_visible_token_is_a_key(house, key):
    assert (await house.ask("POST", FEED, ITEMS, headers=named(key))).status_code == 200


async def test_it_means_nothing_on_a_read(house):
    for _ in range(2):
        answer = await house.ask("GET", "/v1/audits", headers=named("read"))
        assert answer.status_code == 200
        assert "idempotency-replayed" not in answer.headers


async def test_a_secret_is_not_kept(house):
    body = {"tenant_id": OURS}
    first = await house.ask("POST", "/v1/api-keys", body, headers=named("secret"))
    assert first.status_code == 201
    is_problem(await house.ask("POST", "/v1/api-keys", body, headers=named("secret")), 409, "IDEMPOTENCY_CONFLICT")
    listed = (await house.ask("GET", "/v1/api-keys?limit=200")).json()["api_keys"]
    assert len([each for each in listed if each["id"] == first.json()["id"]]) == 1


async def test_a_mistake_on_a_secret_route_is_kept(house):
    body = {"tenant_id": OURS, "role": "emperor"}
    first = await house.ask("POST", "/v1/api-keys", body, headers=named("no-secret"))
    again = await house.ask("POST", "/v1/api-keys", body, headers=named("no-secret"))
    assert first.status_code == again.status_code == 400
    assert again.content == first.content


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/api-keys", '{"tenant_id": "tenant-001", "jane.doe@example.com": 1}'),
        ("/v1/api-keys", '{"tenant_id": "tenant-001", "role": "jane.doe@example.com"}'),
        ("/v1/menu/validate", '{"item": {"name": "x", "jane.doe@example.com": 1, "jane.doe@example.com": 2}}'),
    ],
    ids=["a field", "a value", "a key twice"],
)
async def test_nobody_is_named_in_a_mistake_that_is_kept(house, path, body):
    answer = await house.ask("POST", path, content=body.encode(), headers=named(f"who-{len(body)}"))
    is_problem(answer, 400, "INVALID_SCHEMA")
    assert "jane.doe" not in answer.text


async def test_what_was_refused_may_be_sent_again(house):
    """403 and 404 give the key back."""
    asked = {"tenant_id": "nobody"}
    for _ in range(2):
        answer = await house.ask("POST", "/v1/users", {**asked, "email": "a@b.example"}, headers=named("refused"))
        assert answer.status_code == 403
        assert "idempotency-replayed" not in answer.headers


async def test_a_created_thing_is_answered_again(house):
    body = {"tenant_id": OURS, "email": "quality@kitchen.example"}
    first = await house.ask("POST", "/v1/users", body, headers=named("user"))
    again = await house.ask("POST", "/v1/users", body, headers=named("user"))
    assert first.status_code == again.status_code == 201
    assert again.content == first.content


async def test_a_photo(house):
    # Byte for byte the same: clients that draw a new boundary each time send another body.
    boundary = "x1"
    form = _form(boundary, _png(8, 8), json.dumps(CURRY))
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", **named("photo")}
    first = await house.ask("POST", "/v1/labels/scan", content=form, headers=headers)
    again = await house.ask("POST", "/v1/labels/scan", content=form, headers=headers)
    assert first.status_code == 200, first.text
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"


class TestJobs:
    """An upload is compared by its bytes once the last of them is there."""

    PATH = "/v1/menu/jobs?locale=en-GB"

    async def test_the_same_again_is_the_same_job(self, house):
        lines = b"".join([json.dumps({**CURRY, "id": f"{n}"}).encode() + b"\n" for n in range(50)])
        first = await house.ask("POST", self.PATH, content=lines, headers=named("job"))
        again = await house.ask("POST", self.PATH, content=lines, headers=named("job"))
        assert first.status_code == again.status_code == 202
        assert again.content == first.content
        assert again.headers["idempotency-replayed"] == "true"
        where = f"/v1/menu/jobs/{first.json()['job_id']}"
        assert first.headers["location"] == again.headers["location"] == where

    async def test_other_lines_are_422(self, house):
        line = json.dumps(CURRY).encode() + b"\n"
        await house.ask("POST", self.PATH, content=line, headers=named("job-2"))
        is_problem(
            await house.ask("POST", self.PATH, content=line * 2, headers=named("job-2")), 422, "IDEMPOTENCY_CONFLICT"
        )

    async def test_a_mistake_leaves_the_key(self, house):
        is_problem(await house.ask("POST", self.PATH, content=b"", headers=named("job-3")), 400, "INVALID_SCHEMA")
        line = json.dumps(CURRY).encode() + b"\n"
        assert (await house.ask("POST", self.PATH, content=line, headers=named("job-3"))).status_code in (202, 422)


def _png(width, height):
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"


def _form(boundary, image, item):
    part = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'.encode()
    rest = f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="item"\r\n\r\n{item}\r\n'
    locale = f'--{boundary}\r\nContent-Disposition: form-data; name="locale"\r\n\r\nen-GB\r\n--{boundary}--\r\n'
    return part + image + rest.encode() + locale.encode()


async def test_a_publisher_may_use_it_too(house):
    for _ in range(2):
        assert (
            await house.ask("POST", FEED, ITEMS, role=Role.PUBLISHER, headers=named("publisher"))
        ).status_code == 200
