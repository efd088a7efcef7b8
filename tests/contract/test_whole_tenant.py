"""A tenant taken out and erased: every table that holds rows of tenants, on both stores."""

import zlib
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from claimlens.adapters.crypto.secret_box import InstallationSecretBox
from claimlens.adapters.sql.tables import (
    access_log,
    audit_hours,
    audits,
    decision_logs,
    deliveries,
    job_chunks,
    jobs,
    metadata,
    outbox,
    reviews,
    seals,
    tenants,
    webhooks,
)
from claimlens.adapters.sql.tenants import SECRET, SHOWN, SqlTenants
from claimlens.adapters.sql.webhooks import PURPOSE
from claimlens.domain.access import Access
from claimlens.domain.tenant import PlatformScope, TenantScope, TenantSettings
from tests.clock import HandClock

ALL = PlatformScope()
OWNED = [table for table in metadata.sorted_tables if "tenant_id" in table.c]
BOX = InstallationSecretBox(b"s" * 32)
SETTINGS = msgspec.json.encode(TenantSettings(brand_names=("Slim",))).decode()
#: What must not be a plain number of bytes: each column as the program writes it.
CONTENT: dict[sa.Column[Any], Any] = {
    audits.c.record: zlib.compress(b'{"item":{"name":"Dal"}}'),
    decision_logs.c.lines: zlib.compress(b'{"t":1}\n{"t":2}\n'),
    job_chunks.c.lines: zlib.compress(b'{"name":"Dal"}\n'),
    job_chunks.c.results: zlib.compress(b'{"verdict":"allow"}\n'),
    outbox.c.payload: b'{"type":"verdict.generated"}',
    deliveries.c.payload: b'{"type":"verdict.generated"}',
    webhooks.c.events: '["verdict.generated"]',
    webhooks.c.secrets: BOX.seal(PURPOSE, '["whsec_very-secret"]'),
    access_log.c.delta: '{"role":[null,"admin"]}',
    audit_hours.c.counts: '{"block":1}',
    reviews.c.texts: '{"/name":"Dal"}',
    tenants.c.settings: SETTINGS,
    seals.c.statement: b'{"number":1}',
}
SECRETS = (b"digest-of-", b"whsec_", b"hash-of-", b"argon2")


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def fill(database, clock):
    """Rows of a tenant in every table."""

    def value(column, number):
        if column in CONTENT:
            return CONTENT[column]
        if isinstance(column.type, sa.Uuid):
            return clock.new_id()
        if isinstance(column.type, sa.DateTime):
            return clock.now() + timedelta(seconds=number)
        if isinstance(column.type, sa.Boolean):
            return False
        if isinstance(column.type, sa.Integer):
            return number
        text = f"{'hash' if column.name == 'password_hash' else column.name}-of-{clock.new_id()}"
        return text.encode() if isinstance(column.type, sa.LargeBinary) else text

    async def fill(tenant_id, rows=2):
        async with database.write() as connection:
            await connection.execute(
                sa.insert(tenants).values(
                    id=tenant_id, name=tenant_id, settings=SETTINGS, isolated=False, created_at=clock.now()
                )
            )
            for table in OWNED:
                for number in range(rows):
                    row = {column.name: value(column, number) for column in table.c}
                    await connection.execute(sa.insert(table).values(row | {"tenant_id": tenant_id}))

    return fill


async def counts(database, tenant_id):
    found = {}
    async with database.read() as connection:
        for table in OWNED:
            query = sa.select(sa.func.count()).select_from(table).where(table.c.tenant_id == tenant_id)
            found[table.name] = (await connection.execute(query)).scalar_one()
    return found


async def export(database, tenant_id):
    batches = SqlTenants(database).rows(TenantScope(tenant_id))
    return [pair async for batch in batches for pair in batch]


class TestExport:
    async def test_every_table_is_there_and_nothing_of_others(self, database, fill):
        await fill("kitchen-a", rows=3)
        await fill("kitchen-b")
        lines = await export(database, "kitchen-a")
        found: dict[str, int] = {}
        for table, line in lines:
            found[table] = found.get(table, 0) + 1
            row = msgspec.json.decode(line)
            assert row["table"] == table
            assert row["id" if table == "tenants" else "tenant_id"] == "kitchen-a"
        assert found == {table.name: 3 for table in OWNED} | {"tenants": 1}

    async def test_no_secret_is_in_it(self, database, fill):
        await fill("kitchen-a")
        whole = b"\n".join([line for _, line in await export(database, "kitchen-a")])
        for secret in SECRETS:
            assert secret not in whole

    async def test_what_is_packed_is_readable(self, database, fill):
        await fill("kitchen-a", rows=1)
        rows = {table: msgspec.json.decode(line) for table, line in await export(database, "kitchen-a")}
        assert rows["audits"]["record"] == {"item": {"name": "Dal"}}
        assert rows["decision_logs"]["lines"] == '{"t":1}\n{"t":2}\n'
        assert rows["deliveries"]["payload"] == {"type": "verdict.generated"}
        assert rows["webhooks"]["events"] == ["verdict.generated"]
        assert rows["access_log"]["delta"] == {"role": [None, "admin"]}
        assert rows["tenants"]["settings"]["brand_names"] == ["Slim"]
        assert rows["job_chunks"]["results"] == '{"verdict":"allow"}\n'

    async def test_it_crosses_batches(self, database, fill, monkeypatch):
        monkeypatch.setattr("claimlens.adapters.sql.tenants._BATCH", 2)
        await fill("kitchen-a", rows=5)
        lines = await export(database, "kitchen-a")
        assert len(set(lines)) == len(lines) == 5 * len(OWNED) + 1

    def test_every_column_of_bytes_is_decided_about(self):
        """A new column of bytes is either secret or shown in a form that people can read."""
        packed = {column for table in OWNED for column in table.c if isinstance(column.type, sa.LargeBinary)}
        assert packed <= SECRET | set(SHOWN)


class TestErasure:
    @pytest.fixture
    def line(self, clock):
        return Access(
            id=clock.new_id(), ts=clock.now(), tenant_id="", actor="cli:test", action="tenant:erase", target="kitchen-a"
        )

    async def test_no_row_is_left_and_others_keep_theirs(self, database, fill, line, monkeypatch):
        monkeypatch.setattr("claimlens.adapters.sql.tenants._REMOVED_AT_ONCE", 2)
        await fill("kitchen-a", rows=5)
        await fill("kitchen-b")
        removed = await SqlTenants(database).erase(ALL, "kitchen-a", line)
        assert removed == {table.name: 5 for table in OWNED} | {"tenants": 1}
        assert set((await counts(database, "kitchen-a")).values()) == {0}
        assert set((await counts(database, "kitchen-b")).values()) == {2}
        assert await SqlTenants(database).find("kitchen-a") is None
        assert await SqlTenants(database).find("kitchen-b") is not None

    async def test_one_line_says_what_was_removed(self, database, fill, line):
        await fill("kitchen-a", rows=1)
        await SqlTenants(database).erase(ALL, "kitchen-a", line)
        async with database.read() as connection:
            kept = (await connection.execute(sa.select(access_log))).one()
        assert kept.target == "kitchen-a"
        assert msgspec.json.decode(kept.delta)["removed"]["audits"] == 1

    async def test_what_broke_off_is_finished_by_the_next(self, database, fill, line):
        await fill("kitchen-a")
        async with database.write() as connection:
            await connection.execute(sa.delete(jobs))
        removed = await SqlTenants(database).erase(ALL, "kitchen-a", line)
        assert removed["jobs"] == 0
        assert removed["tenants"] == 1
        assert set((await counts(database, "kitchen-a")).values()) == {0}
