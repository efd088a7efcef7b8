"""The status page, on both stores: what it says of parts and days, and what it never says."""

import contextlib
import json
import shutil
from datetime import timedelta

import pytest

from claimlens.domain.errors import OverloadedError
from claimlens.domain.performance import Figures, Kind, Span
from claimlens.domain.tenant import Role
from claimlens.ports.performance import Stretch
from tests.api.house import ASK, OURS, open_house
from tests.api.test_hostile import is_problem
from tests.clock import HandClock

BOSS = Role.PLATFORM_ADMIN
SLOW = {"title": "Answers are slow", "severity": "P2", "components": ["api"], "public": True, "text": "They take long"}


@pytest.fixture(scope="module")
def clock():
    return HandClock()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
async def house(request, tmp_path_factory, checker, clock):
    """A house on each store whose clock is in the tests' hand; each test leaves it without open incidents."""
    folder = tmp_path_factory.mktemp("house")
    with contextlib.ExitStack() as held:
        if request.param == "sqlite":
            shutil.copy(request.getfixturevalue("sqlite_template"), folder / "claimlens.db")
            url = f"sqlite:///{folder / 'claimlens.db'}"
        else:
            url = held.enter_context(request.getfixturevalue("postgres_databases").fresh())
        opened = await open_house(url, folder, checker, clock=clock)
        yield opened
        await opened.service.stop()


@pytest.fixture
def look(house, clock):
    """The page as JSON, minutes later: nothing is remembered from the test before."""

    async def look(**later):
        clock.forward(**later or {"minutes": 2})
        answer = await house.ask("GET", "/status.json", role=None)
        assert answer.status_code == 200
        return answer.json()

    return look


async def opened(house, body):
    answer = await house.ask("POST", "/v1/admin/incidents", body, role=BOSS)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def changed(house, incident_id, **change):
    answer = await house.ask("PATCH", f"/v1/admin/incidents/{incident_id}", change, role=BOSS)
    assert answer.status_code == 200, answer.text
    return answer.json()


def state_of(page, name):
    return next(part["state"] for part in page["components"] if part["name"] == name)


def day(page, name, back=0):
    part = next(part for part in page["components"] if part["name"] == name)
    return part["days"][-1 - back]


async def write(house, ts, name, count, failed, kind=Kind.COMPONENT):
    stretches = [Stretch(ts, kind, name, Figures(count=count, failed=failed))]
    await house.service.slo._store.write(house.service.clock.new_id(), [], stretches)


async def test_nothing_recorded_is_not_a_hundred_per_cent(look):
    page = await look()
    part = next(part for part in page["components"] if part["name"] == "console")
    assert part["uptime"] is None
    assert {(each["state"], each["share"]) for each in part["days"]} == {("no_data", None)}
    assert len(part["days"]) == 30


async def test_parts_that_nobody_heard_of_are_not_said_to_work(look, house):
    page = await look()
    assert (page["status"], state_of(page, "webhooks"), state_of(page, "api")) == ("unknown", "unknown", "operational")
    assert "not every part could be looked at" in (await house.ask("GET", "/status", role=None)).text


async def test_a_part_is_heard_of_from_the_process_that_keeps_it(look, house):
    working = {"webhooks": True, "jobs": False}
    house.service.watch.also(lambda: working)
    page = await look()
    assert (state_of(page, "webhooks"), state_of(page, "jobs")) == ("operational", "degraded")
    working["jobs"] = True
    house.service.watch.look()
    assert state_of(await look(), "jobs") == "operational"


async def test_days_are_what_was_recorded(look, house, clock):
    now = Span.HOUR.start_of(clock.now())
    await write(house, now - timedelta(days=2), "ocr.label", 1000, 100)
    await write(house, now - timedelta(days=3), "ocr.label", 1000, 20)
    await write(house, now - timedelta(days=4), "ocr.label", 1000, 5)
    await write(house, now - timedelta(days=4), "all", 1000, 10, Kind.REQUESTS)
    page = await look()
    seen = [(day(page, "ocr.label", back)["state"], day(page, "ocr.label", back)["share"]) for back in (1, 2, 3, 4)]
    assert seen == [("no_data", None), ("bad", 0.9), ("some", 0.98), ("good", 0.995)]
    assert (day(page, "api", 4)["state"], day(page, "api", 4)["share"]) == ("some", 0.99)
    text = (await house.ask("GET", "/status", role=None)).text
    assert "90.00 %" in text
    assert 'class="d-no_data"' in text


async def test_an_incident_is_shown_as_long_as_it_concerns_anybody(look, house):
    name = await opened(house, SLOW)
    page = await look()
    assert state_of(page, "api") == "degraded"
    (one,) = page["incidents"]
    assert (one["title"], one["impact"], one["updates"][0]["text"]) == (
        "Answers are slow",
        "degraded",
        "They take long",
    )
    await changed(house, name, severity="P0", text="Nothing is answered")
    page = await look()
    assert (page["status"], state_of(page, "api"), state_of(page, "console")) == ("outage", "outage", "operational")
    await changed(house, name, state="resolved", text="All is answered again")
    page = await look()
    assert page["incidents"] == []
    assert [one["updates"][0]["text"] for one in page["recent"]] == ["All is answered again"]
    text = (await house.ask("GET", "/status", role=None)).text
    assert text.index("All is answered again") < text.index("Nothing is answered") < text.index("They take long")
    assert (await look(days=15))["recent"] == []


async def test_what_is_internal_stays_inside(look, house):
    name = await opened(house, {**SLOW, "public": False, "text": f"{OURS} sends too much"})
    hidden = await opened(house, {**SLOW, "title": "db-1.internal swaps", "public": False})
    page = json.dumps(await look())
    assert "swaps" not in page
    assert state_of(json.loads(page), "api") == "operational"
    await changed(house, name, public=True, text="Some answers are slow")
    await changed(house, name, text="db-1 again", internal=True)
    await house.ask("POST", "/v1/menu/feed", ASK)
    await look()
    both = [(await house.ask("GET", path, role=None)).text for path in ("/status", "/status.json")]
    for text in both:
        assert "Some answers are slow" in text
        for inside in (OURS, "db-1", "swaps", "platform_admin", "key:", "cli:", "P2", "sqlite", "postgres"):
            assert inside not in text
    for each in (name, hidden):
        await changed(house, each, state="resolved")


async def test_maintenance_ahead_under_way_and_closed(look, house, clock):
    now = clock.now()
    span = {"starts_at": (now + timedelta(hours=1)).isoformat(), "ends_at": (now + timedelta(hours=2)).isoformat()}
    body = {"title": "Index rebuild", "components": ["database"], "text": "Half an hour", **span}
    name = await opened(house, body)
    page = await look()
    assert [one["title"] for one in page["scheduled"]] == ["Index rebuild"]
    assert state_of(page, "database") == "operational"
    page = await look(hours=1)
    assert state_of(page, "database") == "maintenance"
    assert "under way" in (await house.ask("GET", "/status", role=None)).text
    await house.ask("POST", "/v1/admin/maintenance", {"enabled": True, "message": "Back at four"}, role=BOSS)
    page = await look()
    assert (page["status"], page["maintenance"]["message"]) == ("maintenance", "Back at four")
    assert state_of(page, "api") == "maintenance"
    # The record of an incident is kept whatever is closed.
    await changed(house, name, text="It goes on")
    await house.ask("POST", "/v1/admin/maintenance", {"enabled": False}, role=BOSS)
    page = await look(hours=1)
    assert (page["scheduled"], page["maintenance"]) == ([], None)
    assert page["recent"][0]["title"] == "Index rebuild"
    await changed(house, name, state="resolved")


async def test_it_survives_the_store(look, house, clock, monkeypatch):
    name = await opened(house, SLOW)
    await look()

    tried = []

    async def out(*_, **__):
        tried.append(1)
        raise OverloadedError("the database cannot be reached")

    with monkeypatch.context() as broken:
        broken.setattr(house.service.database, "ping", out)
        broken.setattr(house.service.status._store, "public_since", out)
        broken.setattr(house.service.slo._store, "tallies_by_name", out)
        page = await look()
        assert (page["status"], state_of(page, "database"), state_of(page, "api")) == ("outage", "outage", "outage")
        assert [one["title"] for one in page["incidents"]] == ["Answers are slow"]
        assert page["incidents_as_of"] < page["timestamp"]
        answer = await house.ask("GET", "/status", role=None)
        assert answer.status_code == 200
        assert "Incidents are shown as they were at" in answer.text
        # However many look, the store is not asked more often than while it was there; only health asks each time.
        before = len(tried)
        for _ in range(3):
            await house.ask("GET", "/status", role=None)
        assert len(tried) - before == 3
    await changed(house, name, state="resolved")
    assert (await look())["incidents"] == []


async def test_a_process_that_never_reached_the_store_says_so(house, checker, tmp_path, monkeypatch, sqlite_url):
    other = await open_house(sqlite_url, tmp_path, checker)

    async def out(*_, **__):
        raise OverloadedError("the database cannot be reached")

    monkeypatch.setattr(other.service.database, "ping", out)
    monkeypatch.setattr(other.service.status._store, "public_since", out)
    page = (await other.ask("GET", "/status", role=None)).text
    assert "Incidents cannot be shown at this moment" in page
    assert "Not known at this moment" in page
    await other.service.stop()


async def test_texts_are_texts_and_the_page_may_be_kept_a_moment(look, house):
    name = await opened(house, {**SLOW, "title": "<b>x</b>", "text": '"><script>alert(1)</script>'})
    await look()
    answer = await house.ask("GET", "/status", role=None)
    assert "<script" not in answer.text
    assert "&lt;b&gt;x&lt;/b&gt;" in answer.text
    assert answer.headers["cache-control"] == "public, max-age=5"
    assert "Accept" in answer.headers["vary"]
    assert (await house.ask("GET", "/status", role=None, headers={"Accept": "application/json"})).json()["components"]
    await changed(house, name, state="resolved")


async def test_wrong_changes_are_problems(house):
    path = "/v1/admin/incidents"
    is_problem(await house.ask("POST", path, {"title": "x"}, role=BOSS), 400, "INVALID_SCHEMA")
    is_problem(await house.ask("POST", path, {**SLOW, "severity": "P7"}, role=BOSS), 400, "INVALID_SCHEMA")
    is_problem(await house.ask("GET", f"{path}/0192f3a4-5b6c", role=BOSS), 404, "NOT_FOUND")
    name = await opened(house, SLOW)
    await changed(house, name[:13], state="resolved")
    answer = await house.ask("PATCH", f"{path}/{name}", {"state": "acknowledged"}, role=BOSS)
    is_problem(answer, 409, "IDEMPOTENCY_CONFLICT")
    listed = (await house.ask("GET", path, role=BOSS)).json()["incidents"]
    assert listed == []
    assert (await house.ask("GET", f"{path}?show=all&limit=1", role=BOSS)).json()["next_cursor"]
