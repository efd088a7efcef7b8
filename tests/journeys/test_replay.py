"""Audits of a served system judged once more: the same law gives the same bytes, another law shows what it changes."""

import contextlib
import io
import json
from datetime import date

import pytest

import claimlens
from claimlens.domain.replay import Comparison
from claimlens.entry.cli import run
from claimlens.usecases.replays import Replay
from claimlens.wiring import open_packs
from tests.journeys.desk_world import JUICE, PHONE, SOUP, World
from tests.serving import serving
from tests.stricter_packs import SUPERFOOD, stricter_packs

#: An address whose own words are a claim: once it is masked, nobody can tell.
TELLING = {"id": "telling", "name": "Tea", "description": "Mail to boosts.immunity@tea.example for more."}
MENU = [
    JUICE,
    SOUP,
    SUPERFOOD,
    {"id": "cups", "name": "Low fat protein soup", "description": "High in protein, low sodium.",
     "nutrition": {"basis": "per_serving", "serving_size": "1 cup", "fat": "2 g", "sodium": "1 oz", "protein": "20 g"}},
    {"id": "vitamins", "name": "Sunny drops", "nutrition": {"basis": "per_100g", "vitamin_d": "400 IU", "fat": 1}},
    {"id": "lean", "name": "Lean stew", "description": "Low fat. Boosts immunity.", "brand": "Superfood & Sons",
     "nutrition": {"basis": "per_100g", "fat": 8, "energy": "120 kcal", "protein": "14 g"}},
    {"name": "No id", "description": f"Detox in a cup! Ring {PHONE}, or write to chef@kitchen.example today."},
    {"id": "chain", "name": "Kitchen Detox Gold", "description": "Visit 12 High Street, London SW1A 1AA."},
    {"id": "flap", "name": "Flapjack", "ingredients": ["oats", {"name": "spread", "ingredients": ["milk"]}],
     "allergens_declared": ["gluten"], "image": "aGVsbG8=", "contact_phone": "02079460777"},
]  # fmt: skip
TENANT = {
    "brand_names": ["Kitchen Detox Gold"],
    "suppressions": [
        {"rule": "*-IMMUNITY-*", "scope": {"item": "le*"}, "reason": "on file", "author": "a@b.example",
         "expires": "2100-01-01"},
        {"rule": "*-GENERAL-*", "scope": {"field": "/description"}, "reason": "was", "author": "a@b.example",
         "expires": "2026-01-02"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A served system that has answered in every way it can, and how to run a command beside it."""
    folder = tmp_path_factory.mktemp("served")
    with serving(folder) as server:
        assert server.ask("PATCH", "/v1/tenants/tenant-001", TENANT).status == 200
        asked = [
            ("/v1/menu/feed", {"items": MENU, "locale": "en-GB"}),
            ("/v1/menu/feed", {"items": MENU, "locales": ["en-IN", "en-US", "de-DE"], "kind": "supplement"}),
            ("/v1/menu/validate", {"item": {**SUPERFOOD, "kind": "beverage"}, "locale": "en-GB"}),
            ("/v1/menu/feed", {"items": [TELLING], "locale": "en-GB"}),
        ]
        for path, body in asked:
            answer = server.ask("POST", path, body)
            assert answer.status == 200, answer.body

        def claimlens(*arguments):
            out, err = io.StringIO(), io.StringIO()
            with (
                pytest.MonkeyPatch.context() as patch,
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
            ):
                for name, value in server.surroundings().items():
                    patch.setenv(name, value)
                return run(list(map(str, arguments))), out.getvalue(), err.getvalue()

        yield claimlens


COUNT = 4 * len(MENU) + 2


def test_the_same_packs_give_the_same_bytes(served):
    code, out, err = served("replay", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert (found["verdicts_total"], found["same_law"], found["identical"]) == (COUNT, COUNT, COUNT - 1)
    assert (found["different"], found["unread"], found["changed"]) == ([], [], 0)
    # Only the item whose address spoke for itself cannot be told.
    assert found["unclear"] == 1
    assert found["masked"] > 8


def test_other_packs_show_what_they_would_change(served, tmp_path):
    code, out, _ = served("replay", "--pack", stricter_packs(tmp_path) / "gb", "--tenant", "tenant-001", "--json")
    assert code == 3, "there is no pack for the other markets in that folder"
    found = json.loads(out)
    assert found["unread_count"] == 3 * len(MENU)
    assert found["same_law"] == 0
    # Once in the feed, once validated; of two items the rule's finding stands beside others.
    assert found["tenants"]["tenant-001"]["modify > block"] == found["verdicts"]["modify > block"] == 2
    assert (found["appeared"], found["vanished"]) == ({}, {})


def test_for_people_and_for_a_period(served, tmp_path):
    code, out, _ = served("replay", "--pack", stricter_packs(tmp_path), "--since", date.today().isoformat())
    assert (code, "modify > block" in out, "tenant tenant-001" in out) == (3, True, True)
    code, out, _ = served("replay", "--until", "2026-01-01")
    assert (code, out.splitlines()[0].partition(",")[0]) == (0, "0 verdicts judged once more")
    code, _, err = served("replay", "--since", "yesterday")
    assert code == 1
    assert "start_date is a day such as" in err


async def test_on_both_stores(database):
    world = await World(database, brand_names=("Kitchen Detox Gold",)).opened()
    await world.feed(*MENU)
    await world.feed(*MENU[:3], locale="en-IN", kind="packaged_food")
    replay, found = Replay(open_packs().load, engine=claimlens.__version__), Comparison()
    exported = [piece async for piece in await world.audits.export(world.who(), {})]
    for line in b"".join(exported).splitlines()[:-1]:
        found.add(replay.again(line), replay.categories)
    assert (found.verdicts_total, found.identical, found.different) == (len(MENU) + 3, len(MENU) + 3, [])
