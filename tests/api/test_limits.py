"""Rate limits and what answers say about them."""

import json
import re

import pytest

from claimlens.domain.tenant import Role
from claimlens.usecases.authentication import operator
from claimlens.usecases.tenants import TenantChange
from tests.api.house import ASK, CURRY, OURS, THEIRS
from tests.api.test_hostile import is_problem

FEED = "/v1/menu/feed"
#: RFC 9651 as far as these fields use it.
ITEM = r'"[a-z]+";[a-z]=\d+;[a-z]=\d+'
FIELD = re.compile(rf"{ITEM}(?:, {ITEM})*")


def left(answer):
    """Limit → (what is left, seconds)."""
    assert FIELD.fullmatch(answer.headers["ratelimit"]), answer.headers["ratelimit"]
    assert FIELD.fullmatch(answer.headers["ratelimit-policy"]), answer.headers["ratelimit-policy"]
    found = re.findall(r'"(\w+)";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
    return {name: (int(rest), int(reset)) for name, rest, reset in found}


async def test_every_limited_answer_says_what_is_left(open_own):
    house = await open_own({"CLAIMLENS_REQUESTS_PER_MINUTE": "5"})
    first, second = [await house.ask("GET", "/v1/audits") for _ in range(2)]
    assert '"key";q=5;w=60' in first.headers["ratelimit-policy"]
    assert left(first)["key"][0] == 4
    assert left(second)["key"][0] == 3
    assert "retry-after" not in second.headers


async def test_the_request_over_the_limit_is_429_and_says_when_to_come_back(open_own):
    house = await open_own({"CLAIMLENS_REQUESTS_PER_MINUTE": "3"})
    answers = [await house.ask("POST", "/v1/menu/validate", ASK) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    refused = answers[-1]
    is_problem(refused, 429, "RATE_LIMIT_EXCEEDED")
    assert 1 <= int(refused.headers["retry-after"]) <= 120
    assert left(refused)["key"][0] == 0


async def test_each_key_has_its_own(open_own):
    house = await open_own({"CLAIMLENS_REQUESTS_PER_MINUTE": "1"})
    for role in (Role.ADMIN, Role.VIEWER):
        assert (await house.ask("GET", "/v1/audits", role=role)).status_code == 200
        assert (await house.ask("GET", "/v1/audits", role=role)).status_code == 429
    assert (await house.ask("GET", "/v1/audits", tenant=THEIRS)).status_code == 200


async def test_a_tenant_may_have_another_number(open_own):
    house = await open_own({"CLAIMLENS_REQUESTS_PER_MINUTE": "1"})
    await house.service.tenants.update(operator("test"), OURS, TenantChange(requests_per_minute=3))
    answers = [await house.ask("GET", "/v1/audits") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]


async def test_items_are_counted_for_the_tenant(open_own):
    house = await open_own({"CLAIMLENS_ITEMS_PER_MINUTE": "5"})
    body = {"locale": "en-GB", "items": [{**CURRY, "id": f"{n}"} for n in range(3)]}
    first = await house.ask("POST", FEED, body)
    assert left(first)["items"][0] == 2
    second = await house.ask("POST", FEED, body, role=Role.PUBLISHER)
    is_problem(second, 429, "RATE_LIMIT_EXCEEDED")
    assert (await house.ask("POST", "/v1/menu/validate", ASK)).status_code == 200
    assert (await house.ask("POST", FEED, body, tenant=THEIRS)).status_code == 200


async def test_what_was_refused_may_be_sent_again_under_its_key(open_own):
    house = await open_own({"CLAIMLENS_ITEMS_PER_MINUTE": "1"})
    headers = {"Idempotency-Key": "later"}
    assert (await house.ask("POST", "/v1/menu/validate", ASK)).status_code == 200
    assert (await house.ask("POST", "/v1/menu/validate", ASK, headers=headers)).status_code == 429
    await house.service.tenants.update(operator("test"), OURS, TenantChange(items_per_minute=100))
    again = await house.ask("POST", "/v1/menu/validate", ASK, headers=headers)
    assert again.status_code == 200
    assert "idempotency-replayed" not in again.headers


class TestAddresses:
    async def test_an_address_has_so_many_a_second_before_anybody_looks_at_its_key(self, open_own):
        house = await open_own({"CLAIMLENS_REQUESTS_PER_SECOND_PER_IP": "4"})
        answers = [await house.ask("GET", "/v1/audits", role=None, client="203.0.113.9") for _ in range(8)]
        assert [answer.status_code for answer in answers[:4]] == [401] * 4
        assert answers[-1].status_code == 429
        assert left(answers[-1])["ip"][0] == 0
        assert (await house.ask("GET", "/v1/audits", client="203.0.113.10")).status_code == 200

    async def test_one_line_with_many_addresses_is_one(self, open_own):
        house = await open_own({"CLAIMLENS_REQUESTS_PER_SECOND_PER_IP": "4"})
        answers = [await house.ask("GET", "/v1/audits", client=f"2001:db8::{n}") for n in range(1, 9)]
        assert answers[-1].status_code == 429

    async def test_a_made_up_forwarding_header_gives_nobody_more(self, open_own):
        house = await open_own({"CLAIMLENS_REQUESTS_PER_SECOND_PER_IP": "4"})
        answers = [
            await house.ask("GET", "/v1/audits", client="203.0.113.9", headers={"X-Forwarded-For": f"198.51.100.{n}"})
            for n in range(8)
        ]
        assert answers[-1].status_code == 429

    async def test_behind_a_trusted_proxy_each_client_counts(self, open_own):
        house = await open_own({"CLAIMLENS_REQUESTS_PER_SECOND_PER_IP": "4", "CLAIMLENS_TRUSTED_PROXIES": "10.0.0.0/8"})
        answers = [
            await house.ask("GET", "/v1/audits", client="10.1.2.3", headers={"X-Forwarded-For": f"198.51.100.{n}"})
            for n in range(8)
        ]
        assert {answer.status_code for answer in answers} == {200}

    @pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/health/mcp/ocr.label", "/metrics"])
    async def test_health_and_metrics_are_exempt(self, open_own, path):
        house = await open_own({"CLAIMLENS_REQUESTS_PER_SECOND_PER_IP": "1", "CLAIMLENS_REQUESTS_PER_MINUTE": "1"})
        answers = [await house.ask("GET", path, role=None) for _ in range(5)]
        assert {answer.status_code for answer in answers} == {200}
        assert "ratelimit" not in answers[-1].headers


async def test_a_full_desk_answers_503(open_own):
    """More items in flight than there is room for are refused at once, with word when to come back."""
    house = await open_own({"CLAIMLENS_ITEMS_WAITING": "1"})
    house.service.desk.items_in_flight = 1
    answer = await house.ask("POST", FEED, content=json.dumps({"items": [CURRY], "locale": "en-GB"}))
    is_problem(answer, 503, "OVERLOADED")
    assert answer.headers["retry-after"] == "1"
