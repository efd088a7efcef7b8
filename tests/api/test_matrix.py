"""No role and no tenant reaches what it may not: every route, every role, two tenants.

The table is made from the routes themselves. A route that is new is in it; one whose path names something that this
page does not know how to make, or whose query names a tenant without saying so here, fails.
"""

import json
import re
import uuid
from typing import Any, NamedTuple

import pytest

from claimlens.domain.tenant import Role
from claimlens.domain.webhook import Delivery, DeliveryState
from claimlens.entry.api.app import ROUTES, check_routes
from claimlens.entry.api.spec import KEY, Spec, Takes, route
from claimlens.usecases.access_log import access_line
from claimlens.usecases.authentication import operator, scope_of
from claimlens.usecases.permissions import ACTIONS
from claimlens.usecases.users import NewUser
from claimlens.usecases.webhooks import NewWebhook
from tests.api.house import ASK, CURRY, OURS, THEIRS, House

_PARAMETER = re.compile(r"\{(\w+):\w+\}")
#: What a path may name that belongs to nobody.
PUBLIC_NAMES = {
    "service": "ocr.label",
    "incident_id": "0192f3a4-5b6c-7d8e-9f01-23456789abcd",
    "profile_id": "menushield_us",
}


class Route(NamedTuple):
    method: str
    path: str
    spec: Spec

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def named(self) -> list[str]:
        """What the path names."""
        return _PARAMETER.findall(self.path)

    def at(self, names: dict[str, str]) -> str:
        return _PARAMETER.sub(lambda found: names[found[1]], self.path)


SERVED = [
    Route(method, path, handler.opt[KEY])
    for handler in ROUTES
    for path in sorted(handler.paths)
    for method in sorted(str(each) for each in handler.http_methods)
]
KEPT = [each for each in SERVED if not each.spec.public]
OWNED = [each for each in KEPT if set(each.named) - PUBLIC_NAMES.keys()]
#: A tenant can be named in the query, or in the body.
BY_QUERY = [each for each in KEPT if "tenant_id" in [parameter.name for parameter in each.spec.query]]
BY_BODY = [
    each
    for each in KEPT
    if "tenant_id" in getattr(each.spec.shape, "__struct_fields__", ())
    or "tenant_id" in json.dumps(each.spec.shape if isinstance(each.spec.shape, dict) else {})
]

every_route = pytest.mark.parametrize("one", KEPT, ids=str)
every_role = pytest.mark.parametrize("role", list(Role), ids=str)


@pytest.fixture(scope="module")
async def theirs(house: House) -> dict[str, str]:
    """Something of the other tenant for each name that a path may have."""
    service, nobody = house.service, operator("test")
    verdict = (await house.ask("POST", "/v1/menu/validate", ASK, tenant=THEIRS)).json()
    job = (await house.ask("POST", "/v1/menu/jobs?locale=en-GB", content=json.dumps(CURRY), tenant=THEIRS)).json()
    user = await service.users.create(nobody, NewUser(tenant_id=THEIRS, email="theirs@kitchen.example"))
    webhook = await service.webhooks.create(nobody, NewWebhook(url="https://93.184.215.14/in"), tenant_id=THEIRS)
    delivery = Delivery(
        id=service.clock.new_id(),
        tenant_id=THEIRS,
        webhook_id=webhook.id,
        event_id=service.clock.new_id(),
        event_type="verdict.generated",
        payload=b"{}",
        created_at=service.clock.now(),
        state=DeliveryState.DELIVERED,
    )
    assert nobody.platform is not None
    line = access_line(nobody, service.clock, "webhook:redeliver", delivery.id)
    await service.webhook_store.add_deliveries(scope_of(nobody.platform, THEIRS), [delivery], line)
    return {
        "tenant_id": THEIRS,
        "audit_id": verdict["audit_id"],
        "job_id": job["job_id"],
        "key_id": house.key_ids[THEIRS, Role.PUBLISHER],
        "user_id": user.id,
        "webhook_id": webhook.id,
        "delivery_id": delivery.id,
        **PUBLIC_NAMES,
    }


def nowhere(one: Route) -> dict[str, str]:
    """Names that nothing has."""
    made = {name: str(uuid.uuid4()) for name in one.named}
    return {**made, **({"tenant_id": "tenant-nobody"} if "tenant_id" in one.named else {}), **PUBLIC_NAMES}


def body_of(one: Route) -> dict[str, Any]:
    """Something to send: well-formed, wrong in shape, so that what is let in changes nothing."""
    return {"content": b"[]"} if one.spec.takes in (Takes.JSON, Takes.STREAM) else {}


async def test_every_name_in_a_path_is_known(theirs):
    assert {name for one in SERVED for name in one.named} <= theirs.keys()


@every_route
async def test_nobody_gets_in_without_a_key(house, one):
    answer = await house.ask(one.method, one.at(nowhere(one)), role=None, client="203.0.113.9", **body_of(one))
    assert answer.status_code == 401


@every_role
@every_route
async def test_a_role_does_what_the_table_says(house, one, role):
    answer = await house.ask(one.method, one.at(nowhere(one)), role=role, client="203.0.113.9", **body_of(one))
    if role in ACTIONS[one.spec.action]:
        assert answer.status_code not in (401, 403), answer.text
        assert answer.status_code < 500
    else:
        assert answer.status_code == 403
        assert answer.json()["code"] == "INSUFFICIENT_PERMISSIONS"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PLATFORM_ADMIN], ids=str)
@pytest.mark.parametrize("one", OWNED, ids=str)
async def test_what_is_theirs_is_not_there(house, theirs, one, role):
    """Also for roles that may do it at home. Their things are as they were afterwards."""
    before = await everything(house)
    for body in ({}, {"content": json.dumps(next(iter(one.spec.examples.values()), {}))}):
        answer = await house.ask(one.method, one.at(theirs), role=role, **body)
        if role in ACTIONS[one.spec.action]:
            assert answer.status_code in (404, 400), answer.text
            assert theirs["tenant_id"] not in answer.text.replace("there is no tenant 'tenant-002'", "")
        else:
            assert answer.status_code == 403
    assert await everything(house) == before


@pytest.mark.parametrize("one", BY_QUERY, ids=str)
async def test_their_tenant_cannot_be_named_in_the_query(house, theirs, one):
    path = one.at({**nowhere(one), **theirs})
    for role in ACTIONS[one.spec.action] - {Role.PLATFORM_ADMIN}:
        body = {"content": json.dumps(next(iter(one.spec.examples.values()), {}))}
        answer = await house.ask(one.method, f"{path}?tenant_id={THEIRS}", role=role, **body)
        assert answer.status_code == 403, answer.text
        assert answer.json()["code"] == "INSUFFICIENT_PERMISSIONS"


@pytest.mark.parametrize("one", BY_BODY, ids=str)
async def test_their_tenant_cannot_be_named_in_the_body(house, one):
    for role in ACTIONS[one.spec.action] - {Role.PLATFORM_ADMIN}:
        for example in one.spec.examples.values():
            answer = await house.ask(one.method, one.path, {**example, "tenant_id": THEIRS}, role=role)
            assert answer.status_code == 403, answer.text


@pytest.mark.parametrize("one", [one for one in KEPT if one.method == "GET" and not one.named], ids=str)
async def test_a_list_holds_nothing_of_theirs(house, theirs, one):
    ids = {value for name, value in theirs.items() if name not in PUBLIC_NAMES}
    for role in ACTIONS[one.spec.action] - {Role.PLATFORM_ADMIN}:
        answer = await house.ask(one.method, one.path, role=role)
        assert answer.status_code == 200
        assert not [each for each in ids if each in answer.text]


async def test_a_platform_administrator_sees_both(house, theirs):
    listed = (await house.ask("GET", "/v1/api-keys?limit=200", role=Role.PLATFORM_ADMIN)).json()["api_keys"]
    assert {each["tenant_id"] for each in listed} == {OURS, THEIRS}


async def test_nobody_hands_on_more_than_they_have(house):
    for role in (Role.PLATFORM_ADMIN,):
        for path, body in (("/v1/api-keys", {}), ("/v1/users", {"email": f"{role}@kitchen.example"})):
            answer = await house.ask("POST", path, {"tenant_id": OURS, "role": role, **body}, role=Role.ADMIN)
            assert answer.status_code == 403, answer.text


async def test_a_publisher_sees_its_own_jobs_only(house):
    job = (await house.ask("POST", "/v1/menu/jobs?locale=en-GB", content=json.dumps(CURRY), role=Role.EDITOR)).json()
    path = f"/v1/menu/jobs/{job['job_id']}"
    assert (await house.ask("GET", path, role=Role.PUBLISHER)).status_code == 404
    assert (await house.ask("GET", path, role=Role.VIEWER)).status_code == 200


@pytest.mark.parametrize(
    "spec",
    [
        Spec(name="x", tag="Gate", summary="No mark at all"),
        Spec(name="x", tag="Gate", summary="Both marks", public=True, action="gate.judge"),
        Spec(name="x", tag="Gate", summary="An action that is none", action="gate.juggle"),
    ],
    ids=lambda spec: spec.summary,
)
def test_a_route_that_does_not_say_who_may_is_not_served(spec):
    @route("GET", "/x", spec)
    async def handler() -> Any: ...

    with pytest.raises(ValueError, match="x"):
        check_routes([handler])


async def everything(house: House) -> list[str]:
    """What the other tenant has, as its administrator sees it; when keys were last used changes by asking."""
    seen = []
    for path in ("api-keys", "users", "webhooks", "tenants"):
        rows = (await house.ask("GET", f"/v1/{path}", tenant=THEIRS)).json()
        for row in next(iter(rows.values())):
            row.pop("last_used_at", None)
            seen.append(json.dumps(row, sort_keys=True))
    return seen
