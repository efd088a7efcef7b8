"""Changes of policies and profiles: what they would do, what they do, and what is left of them in the access log."""

import asyncio
import uuid
import zlib
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from claimlens.adapters.sql.tables import access_log, audits
from claimlens.domain.errors import ConflictError, InvalidError, RefusedError
from claimlens.domain.tenant import Role
from claimlens.domain.user import User
from claimlens.ports.audits import AuditFilter
from claimlens.usecases.authentication import operator, principal_of
from claimlens.usecases.policies import Edit, PolicyEdit
from claimlens.usecases.profiles import ProfileChange
from claimlens.usecases.rejudging import Conditions, kept_in, rejudged
from claimlens.usecases.tenants import TenantChange
from claimlens.usecases.users import NewUser
from tests.api.house import OURS, open_house
from tests.journeys.desk_world import checker

SALAD = {"id": "salad-1", "name": "Superfood salad", "ingredients": "quinoa, kale"}
TEA = {"id": "tea-1", "name": "Slimming tea", "description": "Melts belly fat. Call 020 7946 0777."}
JUICE = {"id": "j-1", "kind": "beverage", "name": "Immunity Boost Juice", "ingredients": "orange juice"}
RULE = "GB-GENERAL-SUPERFOOD-001"
LATER = date(2099, 1, 1)
ANSWERED = {
    "rule": RULE,
    "scope": {"item": "salad-*"},
    "reason": "an iron claim stands beside it",
    "author": "a.rao@kitchen.example",
    "expires": LATER.isoformat(),
}


@pytest.fixture(scope="module")
async def house(tmp_path_factory, sqlite_template):
    """Shared: each test looks at its own items, the newest."""
    folder = tmp_path_factory.mktemp("dry")
    path = folder / "claimlens.db"
    path.write_bytes(sqlite_template.read_bytes())
    made = await open_house(f"sqlite:///{path}", folder, checker())
    yield made
    await made.service.stop()


@pytest.fixture
async def any_house(database_url, tmp_path):
    """Over each of the two stores."""
    made = await open_house(database_url, tmp_path, checker())
    yield made
    await made.service.stop()


async def judged(house, *items, locale="en-GB"):
    answer = await house.ask("POST", "/v1/menu/feed", {"items": list(items), "locale": locale})
    return [verdict["verdict"] for verdict in answer.json()["verdicts"]]


async def tried(house, change, audits=200):
    answer = await house.ask("POST", f"/v1/tenants/{OURS}/dry-run?audits={audits}", change, role=Role.EDITOR)
    assert answer.status_code == 200, answer.text
    return answer.json()["dry_run"]


async def logged(house, action):
    rows = (await house.ask("GET", f"/v1/access-log?action={action}")).json()["access_log"]
    return [row["delta"] for row in rows]


async def editor(house):
    service = house.service
    email = f"{uuid.uuid4()}@kitchen.example"
    view = await service.users.create(operator("test"), NewUser(tenant_id=OURS, email=email, role=Role.EDITOR))
    user = User(id=view.id, tenant_id=OURS, email=email, role=Role.EDITOR, created_at=view.created_at)
    return principal_of(user, await service.accounts.tenant_store.find(OURS))


async def test_the_dry_run_says_what_saving_does(any_house):
    house = any_house
    assert await judged(house, SALAD, TEA, JUICE) == ["modify", "block", "block"]
    found = await tried(house, {"suppressions": [ANSWERED]})
    assert (found["audits"], found["unread"], found["changed"]) == (3, 0, 1)
    assert found["transitions"] == [{"before": "modify", "after": "allow", "count": 1}]
    assert found["counting"][0] - found["counting"][1] == 1
    assert [(each["item_id"], each["after"]) for each in found["verdicts"]] == [("salad-1", "allow")]
    # Nothing was saved, and the look is in the log.
    assert await judged(house, SALAD) == ["modify"]
    assert [delta["filter"] for delta in await logged(house, "audit:read")] == [{"dry_run": 200}]

    change = {"suppressions": [ANSWERED], "reason": "legal read it"}
    await house.ask("PATCH", f"/v1/tenants/{OURS}", change, role=Role.EDITOR)
    assert await judged(house, SALAD, TEA) == ["allow", "block"]
    (delta,) = await logged(house, "tenant:update")
    assert delta["reason"] == "legal read it"
    assert delta["suppressions"][1][0]["reason"] == "an iron claim stands beside it"
    ended = await tried(house, {"suppressions": []})
    # Both audits of the salad count again: the one that was judged before and the one since.
    assert ended["transitions"] == [{"before": "allow", "after": "modify", "count": 3}]


async def test_a_brand_name_is_tried_by_judging_again(house):
    plain = {"id": "b-1", "name": "Natural Joy lemonade", "ingredients": "water, lemon juice, potassium sorbate"}
    before = await judged(house, plain)
    found = await tried(house, {"brand_names": ["Natural Joy"]}, audits=1)
    await house.ask("PATCH", f"/v1/tenants/{OURS}", {"brand_names": ["Natural Joy"]})
    after = await judged(house, plain)
    await house.ask("PATCH", f"/v1/tenants/{OURS}", {"brand_names": []})
    assert before != after
    assert found["transitions"] == [{"before": before[0], "after": after[0], "count": 1}]


async def test_what_cannot_be_judged_again_is_counted(house):
    await judged(house, SALAD, TEA | {"id": "tea-2"})
    broken = {"record": zlib.compress(b'{"locale":"en-GB","item":{}}')}
    async with house.service.database.write() as connection:
        await connection.execute(sa.update(audits).where(audits.c.item_id == "tea-2").values(broken))
    found = await tried(house, {"suppressions": [ANSWERED]}, audits=2)
    assert (found["audits"], found["unread"], found["changed"]) == (2, 1, 1)
    answer = await house.ask("POST", f"/v1/tenants/{OURS}/dry-run?audits=1001", {"suppressions": []})
    assert answer.status_code == 400


async def test_a_record_judged_again_under_the_same_conditions_says_the_same(house):
    menu = [
        SALAD,
        TEA,
        JUICE,
        {"id": "n-1", "name": "Low fat soup", "nutrition": {"fat": "0.1 oz", "basis": "per_100g"}},
    ]
    await judged(house, *menu)
    await judged(house, {"id": "h-1", "name": "Diabetic-friendly halwa. Gluten free."}, locale="en-IN")
    # What stands beside the items holds for them again.
    supplement = {
        "items": [{"id": "k-1", "name": "Omega 3 capsules", "claims": ["High protein"]}],
        "kind": "supplement",
    }
    await house.ask("POST", "/v1/menu/feed", supplement | {"locale": "en-GB"})
    scope = (await editor(house)).scope
    rows = await house.service.audit_store.page(scope, AuditFilter(), after=None, limit=6)
    assert len(rows) == 6
    kinds = {row.item_id: kept.item.kind for row in rows if (kept := kept_in(row.record))}
    assert kinds["k-1"] == "supplement"
    for row in rows:
        kept = kept_in(row.record)
        assert kept is not None
        again = rejudged(house.service.checker, kept, Conditions(on=row.ts.date()))
        assert (again.verdict, again.needs_review) == (row.verdict, row.needs_review), row.item_id


async def test_a_name_with_a_last_day_is_none_behind_it(house):
    plain = {"id": "b-1", "name": "Natural Joy lemonade", "ingredients": "water, lemon juice, potassium sorbate"}
    note = {"reason": "a mark of the spring", "author": "a.rao@kitchen.example", "expires": "2020-05-01"}
    before = await judged(house, plain)
    change = {"brand_names": ["Natural Joy"], "brand_notes": {"Natural Joy": note}}
    answer = await house.ask("PATCH", f"/v1/tenants/{OURS}", change)
    assert answer.json()["brand_notes"] == {"Natural Joy": note}
    assert await judged(house, plain) == before
    lasting = {"brand_notes": {"Natural Joy": note | {"expires": None}}}
    await house.ask("PATCH", f"/v1/tenants/{OURS}", lasting)
    assert await judged(house, plain) != before
    refused = await house.ask("PATCH", f"/v1/tenants/{OURS}", {"brand_notes": {"Another": note}})
    assert refused.json()["errors"] == [{"pointer": "/brand_notes", "detail": "'Another' is none of the brand names"}]
    # A note goes with its name.
    gone = await house.ask("PATCH", f"/v1/tenants/{OURS}", {"brand_names": []})
    assert gone.json()["brand_notes"] == {}


async def test_an_edit_is_saved_only_as_it_was_tried(house):
    policies, who = house.service.policies, await editor(house)
    edit = PolicyEdit(
        edit=Edit.SUPPRESS, rule=RULE, item="salad-*", reason="see sheet 12", author="ed@kitchen.example",
        expires=LATER.isoformat(),
    )  # fmt: skip
    attempt = await policies.attempt(who, edit)
    await house.service.tenants.update(operator("test"), OURS, TenantChange(brand_names=("Pure Joy",)))
    with pytest.raises(ConflictError, match="changed the policies since"):
        await policies.save(who, edit, attempt.state)
    kept = await policies.save(who, edit, (await policies.attempt(who, edit)).state)
    (suppression,) = kept.suppressions
    with pytest.raises(InvalidError, match="there already"):
        await policies.attempt(who, edit)
    end = PolicyEdit(edit=Edit.COUNT_AGAIN, key=suppression.key, reason="the menu changed")
    kept = await policies.save(who, end, kept.state)
    assert kept.suppressions == ()
    assert [delta.get("reason") for delta in await logged(house, "tenant:update")][:2] == [
        "the menu changed",
        "see sheet 12",
    ]
    for wrong in ({"expires": "2020-01-01"}, {"expires": "soon"}, {"reason": " "}, {"item": ""}):
        with pytest.raises(InvalidError):
            await policies.attempt(who, PolicyEdit(**{**_fields(edit), **wrong}))


def _fields(edit):
    return {name: getattr(edit, name) for name in edit.__struct_fields__}


async def test_a_profile_that_is_changed_judges_so_everywhere(any_house, database_url, tmp_path):
    house = any_house
    root, who = operator("root"), await editor(house)
    await judged(house, SALAD)
    change = ProfileChange(off=("detect.claims",), services_ms=20, reason="a dictionary is being replaced")
    run = await house.service.dry_runs.of_profile(who, "menushield_gb", frozenset(change.off))
    assert [(each.before, each.after, each.count) for each in run.transitions] == [("modify", "allow", 1)]
    with pytest.raises(RefusedError):
        await house.service.profiles.change(who, "menushield_gb", change)
    with pytest.raises(InvalidError, match="none of this profile's transforms"):
        await house.service.profiles.change(root, "claimlens_go", ProfileChange(off=("redact.pii",), reason="x"))
    with pytest.raises(InvalidError):
        await house.service.profiles.change(root, "menushield_gb", ProfileChange(off=(), services_ms=5, reason="x"))

    other = await open_house(database_url, tmp_path, checker(), settle=False)
    other.keys = house.keys
    try:
        assert await judged(other, SALAD) == ["modify"]
        view = await house.service.profiles.change(root, "menushield_gb", change)
        assert (view.services_ms, view.changed.reason) == (20, change.reason)
        async with asyncio.timeout(30):
            while await judged(other, SALAD) != ["allow"]:
                await asyncio.sleep(0.1)
        answer = await other.ask("POST", "/v1/menu/validate", {"item": SALAD, "locale": "en-GB"})
        assert "detect.claims" in answer.json()["not_checked"]
        # Another market's profile is another profile.
        indian = await other.ask("POST", "/v1/menu/validate", {"item": SALAD, "locale": "en-IN"})
        assert "detect.claims" not in indian.json()["not_checked"]
    finally:
        await other.service.stop()
    async with house.service.database.read() as connection:
        query = sa.select(access_log.c.delta).where(access_log.c.action == "profile:change")
        (delta,) = (await connection.execute(query)).scalars()
    assert change.reason in delta
    back = await house.service.profiles.change(root, "menushield_gb", ProfileChange(reason="it is replaced"))
    assert back.changed is None
    assert await judged(house, SALAD) == ["modify"]


async def test_where_nothing_was_judged_examples_of_rules_stand_in(house):
    run = await house.service.dry_runs.of_profile(await editor(house), "claimlens_go", frozenset({"detect.claims"}))
    assert run.of_samples
    assert run.audits > 100
    assert run.changed > 50
    assert all(shift.audit_id == "" for shift in run.verdicts)


async def test_a_pause_is_named_beside_what_is_off_for_good(house):
    root = operator("root")
    await house.service.transforms.disable(root, "detect.recalls", timedelta(hours=1), "floods")
    await house.service.profiles.change(root, "claimlens_go", ProfileChange(off=("detect.allergens",), reason="a try"))
    gaps = await house.service.profiles.gaps()
    assert gaps.off("claimlens_go") == {"detect.recalls", "detect.allergens"}
    assert gaps.off("menushield_us") == {"detect.recalls"}
    views = {view.id: view for view in await house.service.profiles.overview(root)}
    states = {each.transform: each.state for each in views["claimlens_go"].transforms}
    assert (states["detect.allergens"], states["detect.recalls"]) == ("off", "absent")
    await house.service.transforms.enable(root, "detect.recalls")
    await house.service.profiles.change(root, "claimlens_go", ProfileChange(reason="the try is over"))
