"""What the store of audits promises, on both stores."""

from datetime import timedelta
from typing import Any

import pytest

from claimlens.adapters.sql.audits import SqlAudits
from claimlens.adapters.sql.journal import SqlJournal
from claimlens.domain.audit import JournalEntry
from claimlens.domain.tenant import PlatformScope
from claimlens.domain.verdict import Outcome
from claimlens.ports.audits import AuditFilter
from tests.clock import NOON, HandClock
from tests.contract.rows import OURS, THEIRS, an_audit

ANY = AuditFilter()


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def store(database):
    return SqlAudits(database)


@pytest.fixture
async def write(database):
    """Write audits, each its own fields; in order of their making."""
    journal = SqlJournal(database)

    async def write(*audits):
        owners = {audit.tenant_id for audit in audits}
        for scope in (OURS, THEIRS):
            if scope.tenant_id in owners:
                mine = tuple(audit for audit in audits if audit.tenant_id == scope.tenant_id)
                await journal.write(scope, JournalEntry(audits=mine))
        return list(audits)

    yield write
    await journal.close()


def later(clock, number, **fields):
    """Audits a minute apart."""
    made = []
    for _ in range(number):
        made.append(an_audit(clock, **fields))
        clock.forward(minutes=1)
    return made


class TestEverywhere:
    async def test_a_page_of_all_tenants_goes_by_the_same_filters(self, store, write, clock):
        ours = later(clock, 2, rules=("R-1",))
        theirs = later(clock, 1, tenant_id=THEIRS.tenant_id, rules=("R-1", "R-2"))
        await write(*ours, *theirs)
        found = await store.page(PlatformScope(), ANY, after=None, limit=2)
        assert [audit.id for audit in found] == [theirs[0].id, ours[1].id]
        after = (found[-1].ts, found[-1].id)
        assert [audit.id for audit in await store.page(PlatformScope(), ANY, after=after, limit=9)] == [ours[0].id]
        of_rule = await store.page(PlatformScope(), AuditFilter(rule_id="R-2"), after=None, limit=9)
        assert [audit.id for audit in of_rule] == [theirs[0].id]


class TestFind:
    async def test_an_audit_comes_back_as_it_was(self, store, write, clock):
        (audit,) = await write(
            an_audit(
                clock,
                item_id="Käsespätzle 🧀",
                verdict=Outcome.BLOCK,
                needs_review=True,
                rules=("GB-A-001", "GB-B-002"),
                degraded=True,
                test=True,
                job_id=clock.new_id(),
                record='{"é":"€"}'.encode(),
            )
        )
        assert await store.find(OURS, audit.id) == audit

    async def test_one_that_was_made_a_while_after_its_request(self, store, write, clock):
        ts = clock.now()
        clock.forward(minutes=40)
        (audit,) = await write(an_audit(clock, ts=ts))
        assert await store.find(OURS, audit.id) == audit

    async def test_another_tenants_is_not_there(self, store, write, clock):
        (audit,) = await write(an_audit(clock))
        assert await store.find(THEIRS, audit.id) is None

    @pytest.mark.parametrize(
        "nonsense",
        ["", "x", "\0", "\ud800", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-7fff-bfff-ffffffffffff"],
    )
    async def test_what_is_no_id_of_ours_is_not_there(self, store, nonsense):
        assert await store.find(OURS, nonsense) is None


class TestPage:
    async def test_newest_first_page_by_page_while_others_are_written(self, store, write, clock):
        first = await write(*later(clock, 10))
        page = list(await store.page(OURS, ANY, after=None, limit=4))
        seen = list(page)
        while page:
            await write(*later(clock, 3))
            page = list(await store.page(OURS, ANY, after=(page[-1].ts, page[-1].id), limit=4))
            seen += page
        assert seen == first[::-1]

    async def test_audits_of_one_moment_are_told_apart_by_their_ids(self, store, write, clock):
        made = await write(*(an_audit(clock) for _ in range(7)))
        page = await store.page(OURS, ANY, after=None, limit=3)
        rest = await store.page(OURS, ANY, after=(page[-1].ts, page[-1].id), limit=10)
        assert [audit.id for audit in (*page, *rest)] == sorted((audit.id for audit in made), reverse=True)

    async def test_each_tenant_sees_its_own(self, store, write, clock):
        ours, theirs = await write(an_audit(clock), an_audit(clock, THEIRS))
        assert await store.page(OURS, ANY, after=None, limit=10) == [ours]
        assert await store.page(THEIRS, ANY, after=None, limit=10) == [theirs]
        assert [await store.count(scope, ANY) for scope in (OURS, THEIRS)] == [1, 1]


class TestFilters:
    @pytest.fixture
    async def stored(self, write, clock):
        job = clock.new_id()
        fields: list[dict[str, Any]] = [
            {"item_id": "dish-1", "verdict": Outcome.ALLOW, "rules": (), "correlation_id": "c-1"},
            {"item_id": "dish-10", "verdict": Outcome.BLOCK, "rules": ("IN-A-001",), "needs_review": True},
            {"item_id": "dish-2", "verdict": Outcome.MODIFY, "rules": ("IN-A-0010", "IN_B-1"), "job_id": job},
            {"item_id": "dish-2", "verdict": Outcome.BLOCK, "rules": ("IN-A-001", "IN-B-1"), "correlation_id": "c-2"},
        ]
        audits = [later(clock, 1, **one)[0] for one in fields]
        return await write(*audits)

    @pytest.mark.parametrize(
        ("chosen", "found"),
        [
            ({}, [0, 1, 2, 3]),
            ({"verdict": Outcome.BLOCK}, [1, 3]),
            ({"item_id": "dish-1"}, [0]),
            ({"item_id": "dish-2", "verdict": Outcome.MODIFY}, [2]),
            ({"rule_id": "IN-A-001"}, [1, 3]),
            ({"rule_id": "IN-A-00"}, []),
            ({"rule_id": "IN_B-1"}, [2]),
            ({"rule_id": "IN-%-1"}, []),
            ({"rule_id": "IN-A-001 IN-B-1"}, [3]),
            ({"rule_id": " "}, []),
            ({"correlation_id": "c-2"}, [3]),
            ({"needs_review": True}, [1]),
            ({"needs_review": False}, [0, 2, 3]),
            ({"start": NOON + timedelta(minutes=1), "end": NOON + timedelta(minutes=3)}, [1, 2]),
            ({"job_id": "no id at all"}, []),
            ({"item_id": "\0"}, []),
            ({"rule_id": "\ud800"}, []),
            ({"correlation_id": "' OR 1=1 --"}, []),
        ],
    )
    async def test_which_are_found(self, store, stored, chosen, found):
        chosen = AuditFilter(**chosen)
        assert await store.page(OURS, chosen, after=None, limit=10) == [stored[place] for place in reversed(found)]
        assert await store.count(OURS, chosen) == len(found)
        assert await store.page(THEIRS, chosen, after=None, limit=10) == []

    async def test_by_job(self, store, stored):
        chosen = AuditFilter(job_id=stored[2].job_id)
        assert await store.page(OURS, chosen, after=None, limit=10) == [stored[2]]


class TestExport:
    async def test_every_record_once_oldest_first_in_batches(self, store, write, clock):
        for start in range(0, 2_500, 500):
            await write(*(an_audit(clock, record=b"%d" % number) for number in range(start, start + 500)))
            clock.forward(seconds=1)
        batches = [batch async for batch in store.export(OURS, ANY)]
        assert [int(record) for batch in batches for record in batch] == list(range(2_500))
        assert len(batches) > 1

    async def test_across_months_and_with_filters(self, store, write, clock):
        for number in range(6):
            verdict = Outcome.BLOCK if number % 2 else Outcome.ALLOW
            await write(an_audit(clock, record=b"%d" % number, verdict=verdict))
            clock.forward(days=20)
        chosen = AuditFilter(verdict=Outcome.BLOCK, start=NOON + timedelta(days=30))
        assert [record async for batch in store.export(OURS, chosen) for record in batch] == [b"3", b"5"]

    async def test_another_tenants_are_not_in_it(self, store, write, clock):
        await write(an_audit(clock))
        assert [batch async for batch in store.export(THEIRS, ANY)] == []


class TestLatestByItem:
    async def test_the_newest_of_each_in_order_of_the_ids_page_by_page(self, store, write, clock):
        names = ["a", "B", "é", "Z", "aa", "🍛", "b", "_"]
        await write(*(audit for _ in range(3) for name in names for audit in later(clock, 1, item_id=name)))
        newest = await write(*(audit for name in names for audit in later(clock, 1, item_id=name)))
        seen, page = [], await store.latest_by_item(OURS, after_item="", limit=3)
        while page:
            seen += page
            page = await store.latest_by_item(OURS, after_item=page[-1].item_id, limit=3)
        assert seen == sorted(newest, key=lambda audit: audit.item_id)

    async def test_of_one_moment_the_later_id(self, store, write, clock):
        _, newer = await write(an_audit(clock), an_audit(clock))
        assert await store.latest_by_item(OURS, after_item="", limit=10) == [newer]

    async def test_test_audits_and_other_tenants_are_left_out(self, store, write, clock):
        kept, *_ = await write(
            *later(clock, 1),
            *later(clock, 1, test=True),
            *later(clock, 1, item_id="only a test", test=True),
            *later(clock, 1, scope=THEIRS),
            *later(clock, 1, scope=THEIRS, item_id="theirs"),
        )
        assert await store.latest_by_item(OURS, after_item="", limit=10) == [kept]
