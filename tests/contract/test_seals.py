"""Audits come under seals once, in order, whoever seals and whatever comes late; on both stores."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.seals import SqlSeals
from claimlens.adapters.sql.tables import seals
from claimlens.domain.seal import NOTHING_BEFORE, SEAL_LINE, Seal, Signed, key_name, seal_of, statement_of
from claimlens.domain.tenant import TenantScope
from claimlens.kit.merkle import leaf_hash, root_of
from claimlens.usecases import sealing
from claimlens.usecases.bundle_check import check_bundle
from tests.clock import NOON, HandClock
from tests.contract.rows import ALL, OURS, THEIRS
from tests.contract.sealed import KEY, World, a_record


@pytest.fixture
async def world(database):
    made = World(database, HandClock())
    yield made
    await made.close()


async def seals_of(world, scope=OURS):
    return [kept async for kept in world.store.seals(scope, 1, 1_000)]


def said(kept):
    return msgspec.json.decode(kept.signed.statement, type=Seal)


def ids(kept):
    return [member.id for member in kept.listed()]


class TestSealing:
    async def test_a_finished_interval_gets_a_seal_with_sequence_numbers_from_1(self, world):
        made = await world.interval(5)
        (kept,) = await seals_of(world)
        seal = said(kept)
        assert (seal.tenant_id, seal.number, seal.first_seq, seal.count) == (OURS.tenant_id, 1, 1, 5)
        assert seal.previous == NOTHING_BEFORE
        assert seal.root == root_of([leaf_hash(audit.record) for audit in made]).hex()
        assert ids(kept) == [audit.id for audit in made]
        KEY._key.public_key().verify(kept.signed.signature, SEAL_LINE + kept.signed.statement)

    async def test_the_next_seal_goes_on_where_the_last_one_ended(self, world):
        await world.interval(5)
        await world.interval(3)
        first, second = await seals_of(world)
        assert (said(second).number, said(second).first_seq, said(second).count) == (2, 6, 3)
        assert said(second).previous == first.signed.digest()

    async def test_an_interval_that_is_not_over_waits_and_so_do_its_last_30_seconds(self, world):
        await world.some(3)
        world.clock.forward(minutes=5, seconds=20)
        await world.sealer.step(ALL)
        assert await seals_of(world) == []
        world.clock.forward(seconds=10)
        await world.sealer.step(ALL)
        assert [len(ids(kept)) for kept in await seals_of(world)] == [3]

    async def test_a_late_audit_goes_into_the_next_seal(self, world):
        late = a_record(world.clock)
        early = await world.interval(2)
        await world.write(late)
        following = await world.interval(2)
        first, second = await seals_of(world)
        assert ids(first) == [audit.id for audit in early]
        assert ids(second) == [late.id, *[audit.id for audit in following]]
        assert check_bundle(await world.bundle(), [KEY.public_key]).holds

    async def test_audits_of_one_moment_stand_in_the_order_of_their_ids(self, world):
        audits = [a_record(world.clock) for _ in range(9)]
        await world.write(*reversed(audits))
        await world.seal()
        (kept,) = await seals_of(world)
        assert ids(kept) == sorted(audit.id for audit in audits)

    async def test_each_tenant_has_its_own_chain(self, world):
        for number in range(3):
            await world.some(number + 1)
            await world.some(2, THEIRS)
            await world.seal()
        assert [said(kept).first_seq for kept in await seals_of(world)] == [1, 2, 4]
        assert [said(kept).first_seq for kept in await seals_of(world, THEIRS)] == [1, 3, 5]

    async def test_a_long_interval_has_several_seals(self, world, monkeypatch):
        monkeypatch.setattr(sealing, "MOST_MEMBERS", 4)
        await world.interval(10)
        assert [said(kept).count for kept in await seals_of(world)] == [4, 4, 2]
        assert await world.store.unsealed(OURS) == 0

    async def test_more_tenants_than_are_asked_for_at_once(self, world, monkeypatch):
        monkeypatch.setattr(sealing, "_TENANTS_AT_ONCE", 3)
        scopes = [TenantScope(f"tenant-{number:03}") for number in range(8)]
        for scope in scopes:
            await world.some(1, scope)
        await world.seal()
        assert [len(await seals_of(world, scope)) for scope in scopes] == [1] * 8

    async def test_an_idle_tenant_gets_no_empty_seals(self, world):
        await world.interval(1)
        for _ in range(3):
            await world.seal()
        assert len(await seals_of(world)) == 1

    async def test_what_was_changed_before_it_was_sealed_shows_too(self, world):
        await world.some(3)
        async with world.database.write() as connection:
            await connection.execute(sa.text("UPDATE audits SET record = :forged"), {"forged": b'{"schema":2}'})
        await world.seal()
        assert check_bundle(await world.bundle(), [KEY.public_key]).counts["edited"] == 3


class TestSeveralSealers:
    async def test_they_make_one_chain(self, world, database_url):
        """Each with connections of its own, as replicas have, and without keeping out of each other's way."""
        await world.some(60)
        world.clock.forward(minutes=6)
        others = [Database(database_url) for _ in range(3)]
        stores = [SqlSeals(other) for other in others]
        key = key_name(KEY.public_key)

        async def work(store):
            def make(members, last, standing):
                seal = seal_of("tenant-001", members, last, standing, world.clock.now(), key)
                statement = statement_of(seal)
                return Signed(statement, KEY.sign(SEAL_LINE + statement))

            while await store.seal_next(OURS, world.clock.now(), limit=7, make=make):
                await asyncio.sleep(0)

        await asyncio.gather(*[work(store) for store in stores])
        for other in others:
            await other.close()
        assert sum(said(kept).count for kept in await seals_of(world)) == 60
        assert check_bundle(await world.bundle(), [KEY.public_key]).holds

    async def test_one_at_a_time(self, postgres_url):
        first, second = Database(postgres_url), Database(postgres_url)
        async with SqlSeals(first).alone() as mine:
            assert mine
            async with SqlSeals(second).alone() as too:
                assert not too
        async with SqlSeals(second).alone() as mine:
            assert mine
        await first.close()
        await second.close()


class TestCovering:
    async def test_the_seal_over_an_audit(self, world):
        made = [audit for number in range(4) for audit in await world.interval(number + 1)]
        for audit in made:
            kept = await world.store.covering(OURS, audit.ts, audit.id)
            assert kept is not None
            assert audit.id in ids(kept)
            assert await world.store.covering(THEIRS, audit.ts, audit.id) is None

    async def test_none_before_it_is_sealed(self, world):
        await world.interval(1)
        (audit,) = await world.some(1)
        assert await world.store.covering(OURS, audit.ts, audit.id) is None

    async def test_of_one_that_came_very_late(self, world, monkeypatch):
        late = a_record(world.clock)
        for _ in range(12):
            await world.interval(2)
        await world.write(late)
        await world.interval(1)
        kept = await world.store.covering(OURS, late.ts, late.id)
        assert kept is not None
        assert kept.number == 13


class TestSpan:
    async def test_the_seals_of_a_period(self, world):
        for _ in range(4):
            await world.interval(2)  # the seals' audits stand at minutes 0, 6, 12, 18 and a few seconds
        assert await world.store.span(OURS, None, None) == (1, 4)
        assert await world.store.span(OURS, NOON + timedelta(minutes=5), NOON + timedelta(minutes=15)) == (2, 3)
        assert await world.store.span(OURS, NOON + timedelta(days=1), None) is None
        assert await world.store.span(THEIRS, None, None) is None


async def test_a_seal_that_somebody_wrote_into_stops_its_own_tenant_only(world):
    await world.interval(1)
    await world.interval(1, THEIRS)
    async with world.database.write() as connection:
        await connection.execute(
            sa.update(seals).where(seals.c.tenant_id == OURS.tenant_id).values(statement=b"\xff no statement")
        )
    await world.some(1)
    await world.interval(1, THEIRS)
    assert len(await seals_of(world)) == 1
    assert len(await seals_of(world, THEIRS)) == 2
    assert not check_bundle(await world.bundle(), [KEY.public_key]).holds
