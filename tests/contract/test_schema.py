"""The migrations make the tables that `tables.py` describes; the partitions come on time."""

import re
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from claimlens.adapters.sql import partitions, tables
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.migrate import status, upgrade

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
