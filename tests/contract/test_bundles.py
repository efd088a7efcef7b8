"""A bundle holds exactly what was sealed; whatever was done to it, or to the store before, is found and named."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from claimlens.adapters.sql import deleting
from claimlens.adapters.sql.tables import audit_purges, audits, seals
from claimlens.domain.errors import InvalidError
from claimlens.kit.canonical_json import canonical_json
from claimlens.usecases.bundle_check import MOST_LISTED, check_bundle
from claimlens.usecases.bundles import SEAL_START
from tests import mutations
from tests.clock import NOON, HandClock
from tests.contract.rows import OURS, THEIRS
from tests.contract.sealed import KEY, OTHER_KEY, World

KEYS = [KEY.public_key]


@pytest.fixture
async def world(database):
    made = World(database, HandClock())
    yield made
    await made.close()


@pytest.fixture
async def told(world):
    """Twelve audits under three seals."""
    return [audit for number in (5, 3, 4) for audit in await world.interval(number)]


async def check(world, scope=OURS, **options):
    return check_bundle(await world.bundle(scope), KEYS, **options)


async def tamper(world, *statements):
    """What somebody does who may do everything in the store."""
    async with world.database.write() as connection:
        await deleting.erasing(connection, OURS.tenant_id)
        for statement in statements:
            await connection.execute(statement)
        await deleting.ended(connection)


class TestWhole:
    async def test_it_holds_and_says_what_is_in_it(self, world, told):
        await world.some(2)
        checked = await check(world, tenant_id=OURS.tenant_id)
        assert checked.holds, checked.broken
        assert (checked.first_seal, checked.last_seal, checked.records, checked.unsealed) == (1, 3, 12, 2)
        assert checked.exported_at == world.clock.now()

    async def test_the_records_stand_in_it_byte_for_byte(self, world, told):
        lines = [line for line in await world.bundle() if mutations.is_record(line)]
        assert lines == [audit.record + b"\n" for audit in told]

    async def test_a_tenant_without_seals_has_a_bundle_too(self, world):
        checked = await check(world)
        assert checked.holds
        assert (checked.first_seal, checked.records) == (0, 0)

    async def test_a_period_brings_whole_seals(self, world, told):
        lines = await world.bundle(start=NOON + timedelta(minutes=5), end=NOON + timedelta(minutes=7))
        checked = check_bundle(lines, KEYS)
        assert checked.holds
        assert (checked.first_seal, checked.last_seal, checked.records) == (2, 2, 3)

    async def test_a_period_that_ends_before_it_begins(self, world):
        with pytest.raises(InvalidError):
            await world.bundle(start=NOON, end=NOON)

    async def test_another_key_after_a_rotation_is_one_more_to_trust(self, world, told):
        later = World(world.database, world.clock, OTHER_KEY)
        await later.interval(2)
        lines = await later.bundle()
        await later.close()
        assert check_bundle(lines, [*KEYS, OTHER_KEY.public_key]).holds
        assert "replaced_seal" in check_bundle(lines, KEYS).counts
        assert not check_bundle(lines, []).holds


class TestTheStoreTamperedWith:
    async def test_an_audit_edited(self, world, told):
        forged = told[2].record.replace(b"Dal", b"Daal")
        await tamper(world, sa.update(audits).where(audits.c.id == told[2].id).values(record=forged))
        checked = await check(world)
        assert checked.counts == {"edited": 1}
        assert told[2].id in checked.broken[0].detail

    async def test_audits_deleted(self, world, told):
        gone = [told[0], told[6], told[11]]
        await tamper(world, sa.delete(audits).where(audits.c.id.in_([audit.id for audit in gone])))
        checked = await check(world)
        assert checked.counts == {"deleted": 3}
        assert all(audit.id in broken.detail for audit, broken in zip(gone, checked.broken, strict=True))

    async def test_deleted_and_passed_off_as_purged_within_retention(self, world, told):
        row = {"tenant_id": OURS.tenant_id, "day": "2026-11-23", "removed": 12, "kept": 0, "latest": world.clock.now()}
        await tamper(world, sa.delete(audits), sa.insert(audit_purges).values(row))
        assert (await check(world)).counts == {"deleted": 13}  # each of them, and what was said

    async def test_records_of_two_audits_swapped(self, world, told):
        one, other = told[1], told[8]
        await tamper(
            world,
            sa.update(audits).where(audits.c.id == one.id).values(record=other.record),
            sa.update(audits).where(audits.c.id == other.id).values(record=one.record),
        )
        assert not (await check(world)).holds

    async def test_an_audit_swapped_with_another_tenants(self, world, told):
        (theirs,) = await world.interval(1, THEIRS)
        await tamper(
            world,
            sa.update(audits).where(audits.c.id == theirs.id).values(record=told[0].record),
            sa.update(audits).where(audits.c.id == told[0].id).values(record=theirs.record),
        )
        assert set((await check(world)).counts) == {"foreign", "deleted"}
        assert set((await check(world, THEIRS)).counts) == {"foreign", "deleted"}

    async def test_a_seal_replaced_by_another_tenants(self, world, told):
        await world.interval(5, THEIRS)
        (kept,) = [kept async for kept in world.store.seals(THEIRS, 1, 1)]
        await tamper(
            world,
            sa.update(seals)
            .where(seals.c.tenant_id == OURS.tenant_id, seals.c.number == 2)
            .values(statement=kept.signed.statement, signature=kept.signed.signature, members=kept.members),
        )
        assert {"foreign", "deleted"} <= set((await check(world)).counts)

    async def test_a_seal_in_the_middle_removed_with_its_audits(self, world, told):
        ids = [audit.id for audit in told[5:8]]
        await tamper(
            world,
            sa.delete(audits).where(audits.c.id.in_(ids)),
            sa.delete(seals).where(seals.c.number == 2),
        )
        assert (await check(world)).counts == {"cut": 1}

    async def test_the_tail_cut_with_its_seals_shows_by_a_head_from_elsewhere(self, world, told):
        head = (await check(world)).head
        ids = [audit.id for audit in told[8:]]
        await tamper(
            world,
            sa.delete(audits).where(audits.c.id.in_(ids)),
            sa.delete(seals).where(seals.c.number == 3),
        )
        checked = await check(world, head=head)
        assert checked.counts == {"cut": 1}
        assert head in checked.broken[0].detail

    @pytest.mark.parametrize("members", [b"", b"x", b"\xff" * 56])
    async def test_a_list_of_members_overwritten(self, world, told, members):
        await tamper(world, sa.update(seals).where(seals.c.number == 2).values(members=members))
        assert not (await check(world)).holds


class TestTheFileTamperedWith:
    async def test_two_audits_in_another_order(self, world, told):
        lines = await world.bundle()
        lines[1], lines[2] = lines[2], lines[1]
        assert check_bundle(lines, KEYS).counts == {"reordered": 1}

    async def test_the_end_missing(self, world, told):
        assert "cut" in check_bundle((await world.bundle())[:-1], KEYS).counts

    async def test_the_last_seal_missing(self, world, told):
        lines = await world.bundle()
        place = max(number for number, line in enumerate(lines) if line.startswith(SEAL_START))
        checked = check_bundle([*lines[:place], lines[-1]], KEYS)
        assert "cut" in checked.counts

    async def test_an_audit_twice(self, world, told):
        lines = await world.bundle()
        assert check_bundle([*lines[:3], lines[2], *lines[3:]], KEYS).counts == {"inserted": 2}

    async def test_a_space_that_changes_no_meaning(self, world, told):
        lines = await world.bundle()
        lines[-1] = lines[-1].replace(b'"bundle":', b'"bundle": ', 1)
        assert not check_bundle(lines, KEYS).holds

    @pytest.mark.parametrize("lines", [[], [b""], [b"\n"], [b"\xff\xfe\n"], [b'{"bundle":{}}\n'], [b'{"members":1}\n']])
    async def test_what_is_no_bundle_at_all(self, lines):
        assert not check_bundle(lines, KEYS).holds

    async def test_moments_without_a_zone_are_no_statement(self, world, told):
        lines = await world.bundle()
        value = msgspec.json.decode(lines[0])
        value["seal"]["sealed_at"] = "2026-11-23T12:00:00"
        lines[0] = canonical_json(value) + b"\n"
        assert "replaced_seal" in check_bundle(lines, KEYS).counts

    async def test_no_end_of_findings_is_listed_but_all_are_counted(self, world):
        await world.interval(MOST_LISTED + 20)
        lines = [line for line in await world.bundle() if not mutations.is_record(line)]
        checked = check_bundle(lines, KEYS)
        assert len(checked.broken) == MOST_LISTED
        assert checked.counts["deleted"] == MOST_LISTED + 21  # and the end, which says how many there were


def test_random_mutations_are_all_found():
    """Some of what `make mutations` does ten thousand times."""
    made, unseen = mutations.missed(asyncio.run(mutations.histories()), 420, seed=1)
    assert made.total() == 420
    assert unseen == []
