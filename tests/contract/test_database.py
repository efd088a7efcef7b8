"""Connections: found, refused, given back; the replica, and the primary in its place."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import asyncpg
import pytest
import sqlalchemy as sa

from claimlens.adapters.sql import engine
from claimlens.adapters.sql.engine import Database, LostError
from claimlens.adapters.sql.tables import switches
from claimlens.domain.errors import OverloadedError
from tests.clock import NOON
from tests.postgres import PostgresServer, migrate


async def put(database, name, moment=NOON):
    async with database.write() as connection:
        await connection.execute(sa.insert(switches).values(name=name, value="{}", updated_at=moment))


async def names(database, **how):
    async with database.read(**how) as connection:
        return sorted((await connection.execute(sa.select(switches.c.name))).scalars())


@pytest.fixture
async def postgres(postgres_url):
    opened = Database(postgres_url, max_connections=2)
    yield opened
    await opened.close()


class TestTransactions:
    async def test_a_block_that_raises_leaves_nothing(self, database):
        async def fail():
            async with database.write() as connection:
                await connection.execute(sa.insert(switches).values(name="a", value="{}", updated_at=NOON))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await fail()
        assert await names(database, fresh=True) == []

    async def test_a_mistake_stays_a_mistake(self, database):
        await put(database, "a")
        with pytest.raises(sa.exc.IntegrityError):
            await put(database, "a")
        with pytest.raises(sa.exc.DBAPIError):
            async with database.read() as connection:
                await connection.execute(sa.text("SELECT nonsense FROM nowhere"))
        assert await names(database) == ["a"]

    async def test_a_cancelled_block_gives_its_connection_back(self, database):
        async def hold():
            async with database.write() as connection:
                await connection.execute(sa.insert(switches).values(name="a", value="{}", updated_at=NOON))
                await asyncio.sleep(60)

        held = asyncio.ensure_future(hold())
        while not database.usage().in_use:
            await asyncio.sleep(0.01)
        held.cancel()
        with pytest.raises(asyncio.CancelledError):
            await held
        await put(database, "b")
        assert await names(database, fresh=True) == ["b"]
        assert database.usage().in_use == 0

    async def test_many_writers_in_two_processes_wait_for_each_other(self, database_url):
        replicas = [Database(database_url), Database(database_url)]
        await asyncio.gather(*(put(replicas[number % 2], f"{number:03}") for number in range(100)))
        assert len(await names(replicas[0], fresh=True)) == 100
        for replica in replicas:
            await replica.close()


class TestMoments:
    async def test_they_come_back_in_utc_to_the_microsecond_and_sort(self, database):
        east = timezone(timedelta(hours=5, minutes=30))
        moments = [datetime(2026, 11, 23, 5, 29, 59, 999_999, tzinfo=east), datetime(2026, 11, 23, tzinfo=UTC)]
        for number, moment in enumerate(moments):
            await put(database, str(number), moment)
        async with database.read(fresh=True) as connection:
            query = sa.select(switches.c.updated_at).order_by(switches.c.updated_at)
            found = (await connection.execute(query)).scalars().all()
        assert found == moments
        assert [moment.tzinfo for moment in found] == [UTC, UTC]


class TestRefusals:
    async def test_a_full_pool_is_refused_within_two_seconds_and_still_healthy(self, postgres):
        async with postgres.write(), postgres.write():
            assert (postgres.usage().in_use, postgres.usage().most) == (2, 2)
            async with asyncio.timeout(2):
                with pytest.raises(OverloadedError, match="in use"):
                    await put(postgres, "a")
            await postgres.ping()
        await put(postgres, "b")
        assert postgres.usage().in_use == 0

    async def test_a_database_that_is_not_there(self):
        database = Database("postgresql://claimlens@127.0.0.1:1/claimlens")
        for act in (database.ping(), put(database, "a"), names(database)):
            with pytest.raises(OverloadedError, match="cannot be reached"):
                await act
        await database.close()

    async def test_a_statement_that_takes_too_long(self, postgres):
        with pytest.raises(LostError):
            async with postgres.read(statement_s=1) as connection:
                await connection.execute(sa.text("SELECT pg_sleep(30)"))
        await put(postgres, "a")

    async def test_a_block_that_takes_too_long(self, database):
        with pytest.raises(LostError):
            async with database.write(within_s=0.1):
                await asyncio.sleep(60)
        await put(database, "a")

    async def test_a_lock_that_is_not_given_up(self, postgres, postgres_url):
        await put(postgres, "a")
        other = await asyncpg.connect(postgres_url)
        await other.execute("BEGIN; LOCK TABLE switches")

        async def empty():
            async with postgres.write() as connection:
                await connection.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
                await connection.execute(sa.delete(switches))

        with pytest.raises(LostError):
            await empty()
        await other.close()
        assert await names(postgres) == ["a"]

    async def test_reading_writes_nothing(self, sqlite_url):
        database = Database(sqlite_url)
        with pytest.raises(OverloadedError):
            async with database.read() as connection:
                await connection.execute(sa.insert(switches).values(name="a", value="{}", updated_at=NOON))
        await database.close()

    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
    def test_a_store_in_memory_is_refused_with_a_hint(self, url):
        with pytest.raises(ValueError, match="sqlite:////"):
            Database(url)


@pytest.fixture(scope="module")
def primary():
    started = PostgresServer()
    migrate(started.url)
    yield started
    started.remove()


@pytest.fixture(scope="module")
def replica(primary):
    started = PostgresServer(replica_of=primary.port)
    yield started
    started.remove()


class TestReplica:
    @pytest.fixture
    async def both(self, primary, replica, monkeypatch):
        monkeypatch.setattr(engine, "_REPLICA_LOOK_S", 0.0)
        database = Database(primary.url, replica.url)
        async with database.write() as connection:
            await connection.execute(sa.delete(switches))
        yield database
        await database.close()

    async def read_from_replica(self, database, **how):
        async with database.read(**how) as connection:
            return (await connection.execute(sa.text("SELECT pg_is_in_recovery()"))).scalar_one()

    async def until_read_from(self, database, replica):
        async with asyncio.timeout(20):
            while await self.read_from_replica(database) is not replica:
                await asyncio.sleep(0.02)

    async def test_reads_go_to_it_unless_they_must_be_fresh(self, both):
        await self.until_read_from(both, True)
        assert await self.read_from_replica(both, fresh=True) is False
        assert await both.replica_lag() is not None

    async def test_one_that_falls_behind_is_not_read(self, both, replica, monkeypatch):
        await self.until_read_from(both, True)
        monkeypatch.setattr(engine, "MOST_LAG_S", 0.2)
        other = await asyncpg.connect(replica.url)
        await other.execute("SELECT pg_wal_replay_pause()")
        await put(both, "a")
        await self.until_read_from(both, False)
        assert await names(both) == ["a"]
        await other.execute("SELECT pg_wal_replay_resume()")
        await other.close()
        await self.until_read_from(both, True)

    async def test_one_that_is_out_is_not_missed(self, both, replica):
        await self.until_read_from(both, True)
        replica.stop()
        assert await self.read_from_replica(both) is False
        assert await both.replica_lag() is None
        replica.start()
        await self.until_read_from(both, True)
