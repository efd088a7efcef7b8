"""The review queue: what waits, deciding, undoing, what the export makes of it; on both stores."""

import pytest

from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError, RefusedError
from claimlens.domain.review import Decision
from claimlens.domain.tenant import Role
from claimlens.usecases.reviews import ManyDecisions, NewDecision, Reviews
from tests.journeys.desk_world import World, lines_of

#: "Gluten free" that nothing contradicts: evidence is needed. "Diabetic-friendly" goes, and a change is offered.
HALWA = {"id": "h-1", "name": "Halwa", "description": "Diabetic-friendly. Gluten free.", "ingredients": "carrot, sugar"}
PLAIN = {"id": "p-1", "name": "Tomato soup", "ingredients": "tomatoes, water, salt"}
ACCEPT = NewDecision(decision=Decision.ACCEPT)
OVERRIDE = NewDecision(decision=Decision.OVERRIDE, reason="tested, see report 12")


@pytest.fixture
async def world(database):
    return await World(database, default_locale="en-IN").opened()


@pytest.fixture
def reviews(world):
    return Reviews(world.menu._reviews, world.store, world.log, world.desk, world.clock)


async def waiting(reviews, world):
    return [(row.item_id, row.locale) for row in (await reviews.waiting(world.who())).rows]


class TestTheQueue:
    async def test_what_needs_a_person_waits_the_newest_first(self, world, reviews):
        await world.feed(HALWA, PLAIN)
        world.clock.forward(seconds=1)
        await world.feed({**HALWA, "id": "h-2"})
        assert await waiting(reviews, world) == [("h-2", "en-IN"), ("h-1", "en-IN")]
        assert await reviews.count_waiting(world.who()) == 2

    async def test_of_an_item_and_market_only_the_newest(self, world, reviews):
        await world.feed(HALWA)
        world.clock.forward(seconds=1)
        await world.feed(HALWA)
        world.clock.forward(seconds=1)
        await world.feed(HALWA, locale="en-GB")
        assert await waiting(reviews, world) == [("h-1", "en-GB"), ("h-1", "en-IN")]

    async def test_a_mended_item_waits_no_longer(self, world, reviews):
        await world.feed(HALWA)
        world.clock.forward(seconds=1)
        await world.feed({**PLAIN, "id": "h-1"})
        assert await waiting(reviews, world) == []

    async def test_test_audits_wait_for_nobody(self, world, reviews):
        await world.feed(HALWA, principal=world.who(Role.PUBLISHER, test=True))
        assert await waiting(reviews, world) == []

    async def test_it_is_read_page_by_page(self, world, reviews):
        for number in range(5):
            world.clock.forward(seconds=1)
            await world.feed({**HALWA, "id": f"h-{number}"})
        first = await reviews.waiting(world.who(), limit=3)
        second = await reviews.waiting(world.who(), cursor=first.next_cursor, limit=3)
        assert [row.item_id for row in (*first.rows, *second.rows)] == ["h-4", "h-3", "h-2", "h-1", "h-0"]
        assert second.next_cursor is None

    async def test_of_another_tenant_nothing_is_seen(self, database, world, reviews):
        audit_id = (await world.feed(HALWA))["verdicts"][0]["audit_id"]
        other = await World(database, tenant_id="kitchen-b", clock=world.clock).opened()
        assert (await reviews.waiting(other.who())).rows == []
        with pytest.raises(NotFoundError):
            await reviews.decide(other.who(), audit_id, ACCEPT)


class TestDeciding:
    @pytest.fixture
    async def audit_id(self, world):
        return (await world.feed(HALWA))["verdicts"][0]["audit_id"]

    @pytest.mark.parametrize("wanted", [ACCEPT, OVERRIDE])
    async def test_it_leaves_the_queue_and_stands_in_the_log(self, world, reviews, audit_id, wanted):
        made = await reviews.decide(world.who(Role.EDITOR), audit_id, wanted)
        assert (made.item_id, made.decision, made.decided_by) == ("h-1", wanted.decision, "key:1")
        assert await waiting(reviews, world) == []
        assert (await reviews.decided(world.who())).rows == [made]
        (line,) = await world.accesses("review:decide")
        assert (line["decision"], line["item"], line["reason"]) == ([None, wanted.decision], "h-1", wanted.reason)

    async def test_it_is_decided_once(self, world, reviews, audit_id):
        await reviews.decide(world.who(), audit_id, ACCEPT)
        with pytest.raises(ConflictError, match="undo"):
            await reviews.decide(world.who(), audit_id, OVERRIDE)

    async def test_undone_it_waits_again(self, world, reviews, audit_id):
        await reviews.decide(world.who(), audit_id, ACCEPT)
        await reviews.undo(world.who(), audit_id)
        assert await waiting(reviews, world) == [("h-1", "en-IN")]
        assert len(await world.accesses("review:undo")) == 1
        with pytest.raises(NotFoundError):
            await reviews.undo(world.who(), audit_id)

    async def test_an_override_needs_a_reason(self, world, reviews, audit_id):
        with pytest.raises(InvalidError, match="reason"):
            await reviews.decide(world.who(), audit_id, NewDecision(decision=Decision.OVERRIDE, reason=" "))

    async def test_an_edit_is_judged_anew(self, world, reviews, audit_id):
        texts = {"/description": "Slow-cooked carrots."}
        made = await reviews.decide(world.who(), audit_id, NewDecision(decision=Decision.EDIT, texts=texts))
        after = await world.store.find(world.who().scope, made.new_audit_id)
        assert (after.item_id, str(after.verdict), after.needs_review) == ("h-1", "allow", False)
        assert await waiting(reviews, world) == []

    async def test_an_edit_that_is_no_better_waits_itself(self, world, reviews, audit_id):
        world.clock.forward(seconds=1)
        texts = {"/description": "Gluten free, says my aunt."}
        made = await reviews.decide(world.who(), audit_id, NewDecision(decision=Decision.EDIT, texts=texts))
        assert [row.id for row in (await reviews.waiting(world.who())).rows] == [made.new_audit_id]

    @pytest.mark.parametrize("texts", [{}, {"/nowhere": "x"}, {"/name": "\ud800"}, {"/name": "x" * 100_001}])
    async def test_an_edit_fits_the_item(self, world, reviews, audit_id, texts):
        with pytest.raises(InvalidError):
            await reviews.decide(world.who(), audit_id, NewDecision(decision=Decision.EDIT, texts=texts))
        assert await waiting(reviews, world) == [("h-1", "en-IN")]

    async def test_what_needs_nobody_is_not_decided(self, world, reviews):
        audit_id = (await world.feed(PLAIN))["verdicts"][0]["audit_id"]
        with pytest.raises(ConflictError, match="nobody"):
            await reviews.decide(world.who(), audit_id, ACCEPT)

    async def test_a_viewer_looks_and_does_not_decide(self, world, reviews, audit_id):
        assert (await reviews.waiting(world.who(Role.VIEWER))).rows
        with pytest.raises(RefusedError):
            await reviews.decide(world.who(Role.VIEWER), audit_id, ACCEPT)
        with pytest.raises(RefusedError):
            await reviews.waiting(world.who(Role.PUBLISHER))


class TestMany:
    async def test_what_cannot_be_decided_is_named(self, world, reviews):
        answer = await world.feed(HALWA, {**HALWA, "id": "h-2"}, PLAIN)
        ids = tuple(verdict["audit_id"] for verdict in answer["verdicts"])
        made = await reviews.decide_many(world.who(), ManyDecisions(audit_ids=ids, decision=Decision.ACCEPT))
        assert made.decided == ids[:2]
        assert list(made.left) == [ids[2]]

    @pytest.mark.parametrize(
        "wanted",
        [
            ManyDecisions(audit_ids=(), decision=Decision.ACCEPT),
            ManyDecisions(audit_ids=("a",) * 201, decision=Decision.ACCEPT),
            ManyDecisions(audit_ids=("a",), decision=Decision.EDIT),
            ManyDecisions(audit_ids=("a",), decision=Decision.OVERRIDE),
        ],
    )
    async def test_it_is_bounded(self, world, reviews, wanted):
        with pytest.raises(InvalidError):
            await reviews.decide_many(world.who(), wanted)


class TestTheExport:
    async def exported(self, world):
        body, _ = await world.menu.page(world.who(), {})

        async def pieces():
            yield body

        return {line["id"]: line for line in await lines_of(pieces()) if "id" in line}

    async def test_an_overridden_item_stands_as_submitted(self, world, reviews):
        audit_id = (await world.feed(HALWA))["verdicts"][0]["audit_id"]
        assert "Diabetic" not in (await self.exported(world))["h-1"]["description"]
        await reviews.decide(world.who(), audit_id, OVERRIDE)
        line = (await self.exported(world))["h-1"]
        assert line["description"] == HALWA["description"]
        assert line["_claimlens"]["decision"] == "override"

    async def test_an_edited_item_stands_as_edited(self, world, reviews):
        audit_id = (await world.feed(HALWA))["verdicts"][0]["audit_id"]
        world.clock.forward(seconds=1)
        texts = {"/description": "Slow-cooked carrots."}
        await reviews.decide(world.who(), audit_id, NewDecision(decision=Decision.EDIT, texts=texts))
        assert (await self.exported(world))["h-1"]["description"] == "Slow-cooked carrots."
