"""The migrations make the tables that `tables.py` describes; the partitions come on time."""

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from claimlens.adapters.sql import migrate, partitions, tables
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.migrate import status, upgrade
from claimlens.domain.errors import OverloadedError

NOVEMBER = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)


class TestMigrations:
    async def test_they_make_the_tables_as_described(self, database):
        def difference(connection: sa.Connection):
            def ours(name, kind, parents):
                return kind != "table" or not re.search(r"_\d{4}_\d\d$", name)

            options = {"compare_type": True, "compare_server_default": True, "include_name": ours}
            return compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata)

        async with database.write() as connection:
            assert await connection.run_sync(difference) == []

    async def test_a_second_upgrade_finds_nothing_to_do(self, database):
        before = await status(database)
        assert before.state == "current"
        assert await upgrade(database, NOVEMBER) == before

    async def test_an_empty_database_says_so_and_names_what_is_pending(self, tmp_path):
        database = Database(f"sqlite:///{tmp_path}/new.db")
        schema = await status(database)
        await database.close()
        assert (schema.state, schema.current) == ("empty", "")
        assert schema.pending[0] == "0001"

    async def test_a_schema_from_a_later_version_is_left_alone(self, database):
        async with database.write() as connection:
            await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        assert (await upgrade(database, NOVEMBER)).state == "ahead"


STEP = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9000", {newest!r}


def upgrade() -> None:
    op.add_column("switches", sa.Column("note", sa.Text))
"""

NOT_IN_A_TRANSACTION = """
    if op.get_context().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.execute("CREATE INDEX CONCURRENTLY ix_switches_note ON switches (note)")
"""


class TestTheNextStep:
    @pytest.fixture
    def add_step(self, tmp_path, monkeypatch):
        """Let there be a second step."""
        folder = tmp_path / "migrations"
        shutil.copytree(Path(migrate.__file__).parent / "migrations", folder)
        monkeypatch.setattr(migrate, "_script", lambda: ScriptDirectory(folder))

        def add(text):
            newest = ScriptDirectory(folder).get_current_head()
            (folder / "versions" / "v9000_next.py").write_text(text.replace("{newest!r}", repr(newest)))

        return add

    async def columns(self, database):
        async with database.read(fresh=True) as connection:
            return list((await connection.execute(sa.text("SELECT * FROM switches"))).keys())

    async def test_it_is_pending_until_it_is_run(self, database, add_step):
        add_step(STEP + NOT_IN_A_TRANSACTION)
        schema = await status(database)
        assert (schema.state, schema.pending) == ("behind", ("9000",))
        assert (await upgrade(database, NOVEMBER)).state == "current"
        assert "note" in await self.columns(database)

    async def test_one_that_fails_leaves_everything_as_it_was(self, database, add_step):
        before = (await status(database)).current
        add_step(STEP + '    op.execute("SELECT nonsense FROM nowhere")\n')
        with pytest.raises(sa.exc.DBAPIError):
            await upgrade(database, NOVEMBER)
        assert (await status(database)).current == before
        assert "note" not in await self.columns(database)

    async def test_one_that_gets_no_lock_gives_up_and_may_be_run_again(self, postgres_url, add_step, monkeypatch):
        add_step(STEP)
        monkeypatch.setattr(migrate, "_TABLE_LOCK_S", 1)
        database, other = Database(postgres_url), await asyncpg.connect(postgres_url)
        await other.execute("BEGIN; LOCK TABLE switches IN ACCESS SHARE MODE")
        with pytest.raises(OverloadedError):
            await upgrade(database, NOVEMBER)
        await other.close()
        assert (await upgrade(database, NOVEMBER)).state == "current"
        await database.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_the_second_step_takes_over_what_tenants_have_set(kind, tmp_path, monkeypatch, request):
    url = f"sqlite:///{tmp_path}/old.db" if kind == "sqlite" else request.getfixturevalue("empty_postgres_url")
    folder = tmp_path / "migrations"
    shutil.copytree(Path(migrate.__file__).parent / "migrations", folder)
    for step in (folder / "versions").glob("v*.py"):
        if step.name > "v0002":
            step.unlink()
    database = Database(url)
    with monkeypatch.context() as old:
        old.setattr(migrate, "_script", lambda: ScriptDirectory(folder))
        await upgrade(database, NOVEMBER)
    async with database.write() as connection:
        for name, settings in (("a", '{"retention_days":90,"legal_hold":true}'), ("b", "{}")):
            row = {"id": name, "name": name, "settings": settings, "isolated": False, "created_at": NOVEMBER}
            columns = [sa.column(column, tables.tenants.c[column].type) for column in row]
            await connection.execute(sa.insert(sa.table("tenants", *columns)).values(row))
    await upgrade(database, NOVEMBER)
    async with database.read() as connection:
        query = sa.select(tables.tenants.c.retention_days, tables.tenants.c.legal_hold).order_by(tables.tenants.c.id)
        found = (await connection.execute(query)).all()
    await database.close()
    assert [tuple(row) for row in found] == [(90, True), (365, False)]


class TestPartitions:
    async def _names(self, database):
        async with database.read() as connection:
            rows = await connection.execute(
                sa.text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audits'::regclass")
            )
            return set(rows.scalars())

    @pytest.fixture
    async def postgres(self, postgres_url):
        database = Database(postgres_url)
        yield database
        await database.close()

    async def test_this_month_and_the_next_three_across_the_end_of_the_year(self, postgres):
        await partitions.ensure(postgres, datetime(2030, 11, 30, 23, 59, tzinfo=UTC))
        assert {f"audits_{month}" for month in ("2030_11", "2030_12", "2031_01", "2031_02")} <= await self._names(
            postgres
        )

    async def test_what_is_there_is_not_made_again(self, postgres):
        moment = datetime(2031, 5, 1, tzinfo=UTC)
        assert await partitions.ensure(postgres, moment, 1) == 4
        assert await partitions.ensure(postgres, moment, 1) == 0
        assert await partitions.ensure(postgres, moment, 2) == 2

    async def test_a_month_ends_at_midnight_utc(self, postgres):
        await partitions.ensure(postgres, datetime(2031, 5, 1, tzinfo=UTC), 1)
        async with postgres.read() as connection:
            bound = sa.text("SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'audits_2031_05'")
            assert (await connection.execute(bound)).scalar_one() == (
                "FOR VALUES FROM ('2031-05-01 00:00:00+00') TO ('2031-06-01 00:00:00+00')"
            )

    async def test_sqlite_has_none(self, sqlite_url):
        database = Database(sqlite_url)
        assert await partitions.ensure(database, NOVEMBER) == 0
        await database.close()
