"""From a request to what is kept of it: judged, written down, and only then answered."""

import asyncio
import json
import threading
import zlib
from datetime import date

import msgspec
import pytest

from claimlens.domain.audit import IdempotencyKey
from claimlens.domain.errors import OverloadedError, RefusedError
from claimlens.domain.question import Outside
from claimlens.domain.suppression import Suppression
from claimlens.domain.tenant import Role
from claimlens.gate.ingest.entry import Defaults
from claimlens.gate.ingest.record import item_of
from claimlens.kit.canonical_json import canonical_json
from claimlens.usecases.asks import read_feed, read_label, read_validate
from tests.journeys.desk_world import JUICE, PHONE, SOUP, World, checker

BESIDE = ("locale", "profile", "audit_id", "correlation_id")


@pytest.fixture
async def world(database):
    return await World(database).opened()


def unzipped(row):
    """All values of a row, its compressed ones as what is in them."""
    return [
        zlib.decompress(value) if name in ("record", "lines", "body") else value for name, value in row._mapping.items()
    ]


def judged(steps):
    """The verdicts of a gate that nobody answers."""
    try:
        while True:
            next(steps)
    except StopIteration as done:
        return [one.verdict for one in done.value]


class TestAnswer:
    async def test_a_feed_is_answered_in_its_order_with_an_audit_for_each(self, world):
        answer = await world.feed(SOUP, JUICE)
        assert [(v["item_id"], v["verdict"]) for v in answer["verdicts"]] == [("s-1", "allow"), ("j-1", "modify")]
        assert answer["correlation_id"] == "c-1"
        assert answer["degraded_services"] == []
        for verdict in answer["verdicts"]:
            stored = json.loads(await world.audits.one(world.who(), verdict["audit_id"]))
            assert stored["verdict"] == {key: value for key, value in verdict.items() if key not in BESIDE}
            assert canonical_json(stored) == await world.audits.one(world.who(), verdict["audit_id"])

    async def test_the_verdict_is_the_gates_byte_for_byte(self, world):
        reply = await world.desk.answer(world.who(), read_validate({"item": SOUP}, world.tenant))
        item = item_of(SOUP, 0, Defaults())
        on = world.clock.now().date()
        (plain,) = judged(checker().steps([item], locale="en-GB", on_date=on, outside=Outside.UNASKED))
        encoded = msgspec.json.encode(plain)
        assert reply.body.startswith(encoded[:-1] + b',"locale":"en-GB"')
        assert canonical_json(plain) in await world.audits.one(world.who(), json.loads(reply.body)["audit_id"])

    async def test_the_same_item_gets_the_same_bytes_at_another_time_in_another_company(self, world):
        first = await world.feed(JUICE)
        world.clock.forward(hours=5)
        again = await world.feed(SOUP, {"id": "x", "name": "Stew"}, JUICE)
        verdicts = [first["verdicts"][0], again["verdicts"][2]]
        assert verdicts[0]["audit_id"] != verdicts[1]["audit_id"]
        cut = [json.dumps({k: v for k, v in verdict.items() if k not in BESIDE}) for verdict in verdicts]
        assert cut[0] == cut[1]

    async def test_one_item_for_several_markets(self, world):
        answer = await world.feed(JUICE, locales=["en-GB", "en-US", "en-IN"])
        assert [v["locale"] for v in answer["verdicts"]] == ["en-GB", "en-US", "en-IN"]
        assert len({v["audit_id"] for v in answer["verdicts"]}) == 3
        alone = await world.feed(JUICE, locale="en-US")
        assert alone["verdicts"][0]["reasons"] == answer["verdicts"][1]["reasons"]

    async def test_two_hundred_items_with_long_ones_between_come_in_order(self, world):
        items = [
            {"id": f"i-{i}", "name": "Soup", "description": "x " * (9_000 if i % 40 == 7 else 5)} for i in range(200)
        ]
        answer = await world.feed(*items)
        assert [v["item_id"] for v in answer["verdicts"]] == [f"i-{i}" for i in range(200)]
        assert len(await world.rows("audits")) == 200

    async def test_the_loop_goes_on_while_a_long_text_is_judged(self, world):
        ask = read_feed(
            {"id": "long", "name": "Soup", "description": "Rich in fibre and natural. " * 7_000}, world.tenant
        )
        turns = 0
        task = asyncio.ensure_future(world.desk.answer(world.who(), ask))
        while not task.done():
            turns += 1
            await asyncio.sleep(0.001)
        assert turns > 5
        assert json.loads((await task).body)["verdicts"][0]["item_id"] == "long"

    async def test_a_text_as_long_as_a_page_is_judged_beside_the_loop(self, world):
        beside = {}

        class Watched:
            examiner = checker().examiner

            def steps(self, items, **how):
                questions = checker().steps(items, **how)
                answers = yield next(questions)
                beside.update({item.id: threading.current_thread() is not threading.main_thread() for item in items})
                yield questions.send(answers)
                return (yield from questions)

        ask = read_feed(
            {"items": [{"id": str(n), "name": "Soup", "description": "x" * n} for n in (400, 4_000)]}, world.tenant
        )
        await world.a_desk(judge=Watched()).answer(world.who(), ask)
        assert beside == {"400": False, "4000": True}

    async def test_who_only_reads_is_not_answered(self, world):
        with pytest.raises(RefusedError):
            await world.feed(SOUP, principal=world.who(Role.VIEWER))
        assert await world.rows("audits") == []

    async def test_a_label_is_judged_by_its_text_and_says_what_was_not_read(self, world):
        read = read_label(SOUP, world.tenant, locale="en-GB", image="sha256:12")
        ask = msgspec.structs.replace(read, missing=("ocr.label",))
        verdict = json.loads((await world.desk.answer(world.who(), ask)).body)
        assert verdict["degraded_services"] == ["ocr.label"]
        assert "ocr.label" in verdict["not_checked"]
        stored = json.loads(await world.audits.one(world.who(), verdict["audit_id"]))
        assert (stored["services"], stored["item"]["image"]) == ({"ocr.label": None}, {"digest": "sha256:12"})

    async def test_a_test_key_leaves_flagged_audits_and_tells_nobody(self, world):
        await world.endpoint("verdict.generated")
        await world.feed(SOUP, principal=world.who(Role.PUBLISHER, test=True))
        (audit,) = await world.rows("audits")
        assert audit.test
        assert await world.rows("outbox") == []


class TestTenantsOwnWords:
    async def test_a_brand_name_excuses_every_item_without_a_brand(self, database):
        plain = await World(database).opened()
        marked = World(database, tenant_id="kitchen-b", clock=plain.clock, brand_names=("100% Natural",))
        await marked.opened()
        crisps = {"id": "c", "name": "100% Natural crisps"}
        note = "GB-RECALL-NOTE"
        assert len((await plain.feed(crisps))["verdicts"][0]["reasons"]) == 2
        assert [reason["rule_id"] for reason in (await marked.feed(crisps))["verdicts"][0]["reasons"]] == [note]
        assert (await plain.feed(SOUP))["verdicts"][0]["reasons"] == (await marked.feed(SOUP))["verdicts"][0]["reasons"]

    async def test_a_suppression_holds_until_its_day(self, database):
        suppression = Suppression(
            rule="*",
            item="c",
            text="100% natural",
            reason="registered",
            author="a@b.example",
            expires=date(2026, 11, 30),
        )
        world = await World(database, suppressions=(suppression,)).opened()
        crisps = {"id": "c", "name": "100% natural crisps"}
        (held,) = (await world.feed(crisps))["verdicts"]
        assert held["verdict"] == "allow"
        assert held["reasons"][0]["suppressed"]["author"] == "a@b.example"
        assert (await world.rows("audits"))[0].rules.split() == []
        world.clock.forward(days=10)
        (expired,) = (await world.feed(crisps))["verdicts"]
        assert expired["verdict"] != "allow"
        assert "suppression_expired" in expired["reasons"][0]


class TestWhatIsKept:
    async def test_nobody_is_found_in_any_byte_of_any_row(self, world):
        await world.endpoint("menu.item.modify", "job.finished")
        told = {**JUICE, "metadata": {"owner": PHONE}, "modifiers": [{"name": f"Call {PHONE}"}], "claims": [PHONE]}
        key = IdempotencyKey(tenant_id=world.tenant.id, method="POST", route="/v1/menu/feed", key="k-1")
        assert await world.idempotency.claim(world.who().scope, key, b"f") is None
        reply = await world.desk.answer(world.who(), read_feed(told, world.tenant), idempotency=key)
        assert b"0777" not in reply.body
        for table in ("audits", "decision_logs", "outbox", "idempotency_keys"):
            rows = await world.rows(table)
            assert rows, table
            for row in rows:
                assert "0777" not in str(unzipped(row)), table

    async def test_the_reply_is_kept_under_the_clients_own_name_for_it(self, world):
        key = IdempotencyKey(tenant_id=world.tenant.id, method="POST", route="/v1/menu/feed", key="k-1")
        assert await world.idempotency.claim(world.who().scope, key, b"f") is None
        reply = await world.desk.answer(world.who(), read_feed(SOUP, world.tenant), idempotency=key)
        kept = await world.idempotency.claim(world.who().scope, key, b"f")
        assert kept is not None
        assert (kept.status, kept.media_type, kept.body) == (200, "application/json", reply.body)

    async def test_the_digest_of_the_original_needs_the_secret(self, world):
        answer = await world.feed(JUICE)
        stored = json.loads(await world.audits.one(world.who(), answer["verdicts"][0]["audit_id"]))
        assert stored["item_digest"] == world.box.digest("item", canonical_json(JUICE)).hex()

    async def test_the_decision_log_says_what_each_transform_did(self, world):
        await world.feed(JUICE, SOUP)
        (row,) = await world.rows("decision_logs")
        did = {
            (line["item_id"], line["transform"]) for line in map(json.loads, zlib.decompress(row.lines).splitlines())
        }
        assert {("j-1", "detect.claims"), ("j-1", "redact.pii"), ("j-1", "rewrite.disclaimer")} <= did
        assert row.correlation_id == "c-1"


class TestEvents:
    @pytest.mark.parametrize(
        ("wanted", "told"),
        [
            ((), []),
            (("verdict.generated",), ["modify", "allow"]),
            (("menu.item.allow",), ["allow"]),
            (("menu.item.block", "job.finished"), []),
        ],
    )
    async def test_only_what_an_endpoint_waits_for_is_put_out(self, world, wanted, told):
        if wanted:
            await world.endpoint(*wanted)
        answer = await world.feed(JUICE, SOUP)
        events = sorted(await world.rows("outbox"), key=lambda row: row.id)
        assert [event.subject for event in events] == told
        assert world.rung == bool(told)
        by_id = {verdict["audit_id"]: verdict for verdict in answer["verdicts"]}
        for event in events:
            payload = json.loads(event.payload)
            assert payload["type"] == event.type == "verdict.generated"
            assert payload["data"] == by_id[payload["data"]["audit_id"]]


class TestBounds:
    async def test_what_does_not_fit_is_refused_and_nothing_of_it_is_written(self, world):
        desk = world.a_desk(items_waiting=3)
        two, many = (read_feed([{"id": str(i), "name": "Soup"} for i in range(n)], world.tenant) for n in (2, 5))
        first = asyncio.ensure_future(desk.answer(world.who(), two))
        await asyncio.sleep(0)
        assert desk.items_in_flight == 2
        with pytest.raises(OverloadedError) as refused:
            await desk.answer(world.who(), two)
        assert refused.value.retry_after_s == 1
        await first
        assert len(await world.rows("audits")) == 2
        await desk.answer(world.who(), many)  # alone, even more than the bound is judged: it would never fit
        assert desk.items_in_flight == 0

    async def test_without_a_durable_audit_there_is_no_verdict_and_the_room_is_free_again(self, world):
        await world.journal.close()
        with pytest.raises(OverloadedError):
            await world.feed(SOUP)
        assert world.desk.items_in_flight == 0


class TestBadges:
    async def test_a_page_gets_badges_and_nothing_is_stored(self, world):
        page = {"items": [JUICE, SOUP | {"ingredients": "tomatoes, milk"}], "locale": "en-GB"}
        reply = await world.desk.badges(world.who(), read_feed(page, world.tenant))
        badges = json.loads(reply.body)["badges"]
        assert {"item_id", "kind", "label", "explanation", "source"} == set(badges[0])
        found = {(badge["item_id"], badge["kind"], badge["label"]) for badge in badges}
        assert ("j-1", "holds", "Low fat") in found
        assert ("j-1", "needs_proof", "Boosts immunity") in found
        assert ("s-1", "allergen", "Contains milk") in found
        assert all(badge["source"] for badge in badges if badge["kind"] != "allergens_unknown")
        for table in ("audits", "decision_logs", "outbox"):
            assert await world.rows(table) == []
