"""The page on records says what records are."""

import json

import pytest

from claimlens.adapters.sql.engine import Database
from claimlens.gate.record import _Decision, _Record
from claimlens.usecases.audits import audit_filter
from tests.journeys.desk_world import PHONE, SOUP, World, lines_of
from tests.journeys.documented import code_blocks, page, tables
from tests.journeys.test_jobs import ndjson, pieces

PAGE = page("reference/records.md")
KEYS = [name.strip("` ") for row in tables(PAGE, "key", "meaning") for name in row[0].split(",")]


@pytest.fixture
async def sqlite_database(sqlite_url):
    opened = Database(sqlite_url)
    yield opened
    await opened.close()


def test_every_member_of_a_record_and_a_decision_is_named():
    assert sorted(set(KEYS)) == sorted({*_Record.__struct_fields__, *_Decision.__struct_fields__})


def test_every_filter_is_named():
    named = [name.strip("` ") for row in tables(PAGE, "parameter", "meaning") for name in row[0].split(",")]
    assert named[-2:] == ["cursor", "limit"]
    values = {"verdict": "block", "needs_review": "true", "start_date": "2026-11-23", "end_date": "2026-11-23"}
    for name in named[:-2]:
        assert audit_filter({name: values.get(name, "x")}) != audit_filter({}), name


async def test_a_line_that_cannot_be_judged_is_reported_as_shown(sqlite_database):
    world = await World(sqlite_database).opened()
    (shown,) = code_blocks(PAGE, "json")
    data = ndjson(SOUP, SOUP) + b'{"id": 5.5, "name": " "}\n'
    job = await world.jobs.receive(world.who(), "", pieces(data))
    await world.worker().work_one()
    *_, unread, last = await lines_of(await world.jobs.results(world.who(), job.id))
    assert unread == json.loads(shown)
    assert last["_summary"]["results"] == 3


async def test_what_stays_and_what_is_masked(sqlite_database):
    world = await World(sqlite_database).opened()
    told = {"sku": PHONE, "shop_id": PHONE, "image_url": "https://a.example/1.png", "at": "SW1A 1AA", "owner": PHONE}
    answer = await world.feed(SOUP | told)
    stored = json.loads(await world.audits.one(world.who(), answer["verdicts"][0]["audit_id"]))["item"]
    assert {name for name, value in told.items() if stored[name] != value} == {"owner"}
