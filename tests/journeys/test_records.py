"""Audits are found, shown, taken out, and every look is noted; the menu comes back as it may be published."""

import json

import pytest

from claimlens.domain.errors import InvalidError, NotFoundError, RefusedError
from claimlens.domain.tenant import Role
from claimlens.kit.canonical_json import canonical_json
from tests.journeys.desk_world import JUICE, PHONE, SOUP, World, lines_of

CURE = {"id": "c-1", "name": "Stew", "description": "Cures diabetes"}


@pytest.fixture
async def world(database):
    return await World(database).opened()


async def listed(world, **query):
    return json.loads(await world.audits.page(world.who(), query))


class TestList:
    async def test_newest_first_page_by_page_while_more_is_judged(self, world):
        for number in range(7):
            await world.feed(SOUP | {"id": f"s-{number}"})
            world.clock.forward(seconds=1)
        page = await listed(world, limit="3")
        seen = [row["item_id"] for row in page["audits"]]
        await world.feed(CURE)
        while page["next_cursor"]:
            page = await listed(world, limit="3", cursor=page["next_cursor"])
            seen += [row["item_id"] for row in page["audits"]]
        assert seen == [f"s-{number}" for number in reversed(range(7))]

    async def test_filters_hold_together(self, world):
        await world.feed(SOUP, JUICE, CURE)
        world.clock.forward(days=1)
        await world.feed(SOUP, principal=world.who(Role.PUBLISHER, correlation_id="c-2"))
        asked = {
            (("verdict", "block"),): ["c-1"],
            (("item_id", "s-1"),): ["s-1", "s-1"],
            (("rule_id", "PII-PHONE"),): ["j-1"],
            (("correlation_id", "c-2"),): ["s-1"],
            (("needs_review", "true"),): ["c-1"],
            (("needs_review", "false"), ("correlation_id", "c-1")): ["j-1", "s-1"],
            (("start_date", "2026-11-24"),): ["s-1"],
            (("end_date", "2026-11-23"),): ["c-1", "j-1", "s-1"],
            (("start_date", "2026-11-23T12:00:00Z"), ("end_date", "2026-11-23T12:00:01Z")): ["c-1", "j-1", "s-1"],
            (("item_id", "s-1"), ("verdict", "block")): [],
        }
        for query, items in asked.items():
            found = await listed(world, **dict(query))
            assert sorted(row["item_id"] for row in found["audits"]) == items, query

    @pytest.mark.parametrize(
        "query",
        [
            {"verdict": "maybe"},
            {"needs_review": "perhaps"},
            {"limit": "0"},
            {"limit": "201"},
            {"limit": "ten"},
            {"cursor": "nonsense"},
            {"start_date": "yesterday"},
            {"start_date": "2026-11-02", "end_date": "2026-11-01"},
        ],
    )
    async def test_a_question_that_cannot_be_read_is_refused(self, world, query):
        with pytest.raises(InvalidError):
            await listed(world, **query)

    async def test_each_look_is_noted_with_what_it_showed(self, world):
        await world.feed(SOUP, JUICE)
        await listed(world, verdict="allow")
        assert await world.accesses("audit:read") == [{"count": 1, "filter": {"verdict": "allow"}}]


class TestOne:
    async def test_another_tenant_is_told_nothing(self, world, database):
        answer = await world.feed(SOUP)
        other = await World(database, tenant_id="kitchen-b", clock=world.clock).opened()
        audit_id = answer["verdicts"][0]["audit_id"]
        for look in (other.audits.one, other.audits.markdown, other.proofs.one):
            with pytest.raises(NotFoundError):
                await look(other.who(), audit_id)
        assert json.loads(await other.audits.page(other.who(), {}))["audits"] == []
        assert await lines_of(await other.audits.export(other.who(), {})) == [_summary_of(0, other)]

    @pytest.mark.parametrize("audit_id", ["", "nothing", "01a20846-fe00-7000-8000-000000000099", "a\0b"])
    async def test_what_is_not_there_is_not_found(self, world, audit_id):
        with pytest.raises(NotFoundError):
            await world.audits.one(world.who(), audit_id)

    async def test_who_publishes_does_not_read(self, world):
        answer = await world.feed(SOUP)
        with pytest.raises(RefusedError):
            await world.audits.one(world.who(Role.PUBLISHER), answer["verdicts"][0]["audit_id"])

    async def test_the_look_is_noted(self, world):
        answer = await world.feed(SOUP)
        await world.audits.one(world.who(), answer["verdicts"][0]["audit_id"])
        assert await world.accesses("audit:read") == [{"count": 1}]

    async def test_no_seal_stands_over_it_yet(self, world):
        audit_id = (await world.feed(SOUP))["verdicts"][0]["audit_id"]
        assert json.loads(await world.proofs.one(world.who(), audit_id)) == {"audit_id": audit_id, "sealed": False}

    async def test_as_markdown_it_names_words_law_and_change(self, world):
        hostile = JUICE | {"name": "Immunity Boost <script>|Juice|</script> [x](javascript:1)"}
        answer = await world.feed(hostile)
        text = await world.audits.markdown(world.who(), answer["verdicts"][0]["audit_id"])
        assert text.startswith("# j\\-1: modify\n")
        for part in ("Immunity Boost", "Article 10", "https://www.legislation.gov.uk", "may be written", "## Changes"):
            assert part in text
        assert "<script>" not in text
        assert "[x](" not in text
        assert "0777" not in text
        rows = [line for line in text.splitlines() if line.startswith("| Field") or line.startswith("| /name")]
        assert all(row.replace("\\|", "").count("|") == 4 for row in rows)


def _summary_of(count, world, **chosen):
    exported_at = world.clock.now().isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"_summary": {"count": count, "filter": chosen, "exported_at": exported_at}}


class TestExport:
    async def test_whole_days_the_last_included_oldest_first_with_a_summary_behind(self, world):
        for number in range(4):
            await world.feed(SOUP | {"id": f"s-{number}"})
            world.clock.forward(days=1)
        query = {"start_date": "2026-11-24", "end_date": "2026-11-25"}
        *records, last = await lines_of(await world.audits.export(world.who(), query))
        assert [record["item"]["id"] for record in records] == ["s-1", "s-2"]
        chosen = {"start": "2026-11-24T00:00:00Z", "end": "2026-11-26T00:00:00Z"}
        assert last == _summary_of(2, world, **chosen)
        assert await world.accesses("audit:export") == [{"count": 2, "filter": chosen}]

    async def test_each_line_is_the_record_as_it_was_hashed(self, world):
        await world.feed(*[SOUP | {"id": f"s-{number}"} for number in range(150)])
        pieces = [piece async for piece in await world.audits.export(world.who(), {})]
        lines = b"".join(pieces).splitlines()
        assert len(lines) == 151
        assert all(canonical_json(json.loads(line)) == line for line in lines[:-1])

    async def test_it_is_noted_before_the_first_line_leaves(self, world):
        await world.feed(SOUP)
        await world.audits.export(world.who(), {"verdict": "allow"})
        assert await world.accesses("audit:export") == [{"count": 1, "filter": {"verdict": "allow"}}]

    async def test_a_viewer_takes_nothing_out(self, world):
        with pytest.raises(RefusedError):
            await world.audits.export(world.who(Role.VIEWER), {})


class TestMenu:
    async def page(self, world, **query):
        body, cursor = await world.menu.page(world.who(Role.EDITOR), query)
        *items, last = [json.loads(line) for line in body.splitlines()]
        assert last == {"_summary": {"count": len(items), "next_cursor": cursor or None}}
        return items, cursor

    async def test_the_latest_text_with_its_changes_made_and_the_rest_carried_along(self, world):
        await world.feed(JUICE | {"name": "Old name", "shelf": {"no": 1}})
        world.clock.forward(seconds=1)
        answer = await world.feed(JUICE | {"shelf": {"no": 2, "tags": ["a"]}, "price": 3.0})
        ((item,), _) = await self.page(world)
        assert item["name"] == "Orange Juice"
        assert item["description"].endswith("Order on [PHONE_REDACTED].")
        assert (item["shelf"], item["price"], item["nutrition"]) == ({"no": 2, "tags": ["a"]}, 3, JUICE["nutrition"])
        assert item["_claimlens"] == {
            "verdict": "modify",
            "needs_review": False,
            "locale": "en-GB",
            "judged_at": "2026-11-23T12:00:01.000000Z",
            "audit_id": answer["verdicts"][0]["audit_id"],
            "open": [],
        }

    async def test_pages_go_on_where_they_ended_whatever_is_judged_meanwhile(self, world):
        await world.feed(*[SOUP | {"id": f"i-{number:02}"} for number in range(10)])
        items, cursor = await self.page(world, limit="4")
        await world.feed(SOUP | {"id": "a-0"}, SOUP | {"id": "i-02"}, SOUP | {"id": "i-055"})
        seen = [item["id"] for item in items]
        while cursor:
            items, cursor = await self.page(world, limit="4", cursor=cursor)
            seen += [item["id"] for item in items]
        assert seen == [f"i-{n:02}" for n in range(6)] + ["i-055"] + [f"i-{n:02}" for n in range(6, 10)]

    async def test_a_change_that_cannot_be_made_is_named(self, world):
        parts = {"name": "Immunity boost mix", "ingredients": ["ginger", f"call {PHONE}"]}
        await world.feed({"id": "m", "name": "Immunity Boost Orange Juice", "ingredients": ["water", parts]})
        ((item,), _) = await self.page(world)
        assert item["_claimlens"]["open"] == ["/ingredients/1"]
        assert "0777" not in json.dumps(item)

    async def test_what_a_test_key_judged_is_not_in_it(self, world):
        await world.feed(SOUP)
        world.clock.forward(seconds=1)
        test = world.who(Role.PUBLISHER, test=True)
        await world.feed(SOUP | {"name": "Trial soup"}, SOUP | {"id": "t-1"}, principal=test)
        items, _ = await self.page(world)
        assert [(item["id"], item["name"]) for item in items] == [("s-1", "Tomato soup")]

    async def test_the_look_is_noted_and_bad_cursors_are_refused(self, world):
        await world.feed(SOUP)
        await self.page(world)
        assert await world.accesses("menu:export") == [{"count": 1, "filter": {}}]
        with pytest.raises(InvalidError):
            await self.page(world, cursor="%%%")
        with pytest.raises(InvalidError):
            await self.page(world, limit="1001")
