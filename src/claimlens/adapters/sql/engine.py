"""The database: one place that opens connections, and says so when there are none to be had.

PostgreSQL: one pool for everything, a second one for reads where there is a replica. SQLite: one connection writes, so
that writers queue here and never meet "database is locked"; others read beside it (WAL).

Whatever means "not now" (no connection, no answer, no space, a lock that is not given up) is OverloadedError. What is
wrong with a statement or a value stays SQLAlchemy's own error.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import asyncpg
import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool, QueuePool

from claimlens.domain.errors import OverloadedError

#: Replicas that are further behind than this are not read, in seconds.
MOST_LAG_S = 10.0

_POOL_WAIT_S = 1.0
_SQLITE_WAIT_S = 5.0
_CONNECT_S = 3.0
_STATEMENT_S = 10
_SLOWEST_S = 90.0
_LOCK_S = 5
#: After a refused connection nobody else tries for this long: a database that is out costs its callers nothing.
_REST_S = 0.5
_REPLICA_LOOK_S = 1.0
_READERS = 5

# SQLSTATE classes and codes, and SQLite's primary result codes, that say "not now".
_OUT_CLASSES = ("08", "28", "53", "57", "58")
_OUT_CODES = ("25006", "3D000", "40001", "40P01", "55P03", "XX000")
_SQLITE_OUT = (5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26)

# A replica that has replayed all that it was sent is not behind, however long ago that was; one that is sent nothing
# is as old as its last transaction.
_LAG = sa.text(
    "SELECT CASE WHEN NOT pg_is_in_recovery() THEN 0"
    " WHEN EXISTS (SELECT FROM pg_stat_wal_receiver) AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0"
    " ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END"
)


class Usage(msgspec.Struct, frozen=True):
    """Connections to the primary: in use now, and how many there may be."""

    in_use: int
    most: int


class Database:
    """Connections for the stores.

    `url` is `postgresql://…` (any form that libpq reads) or `sqlite:///path`. A write is one transaction; do not open
    one inside another: with SQLite it would wait for itself.
    """

    def __init__(self, url: str, read_url: str = "", *, max_connections: int = 10) -> None:
        scheme, _, rest = url.partition("://")
        self.dialect = "sqlite" if scheme == "sqlite" else "postgresql"
        if self.dialect == "sqlite":
            path = _sqlite_path(rest)
            self._writes = _sqlite(path, connections=1, begin="BEGIN IMMEDIATE")
            self._reads = _sqlite(path, connections=_READERS, begin="BEGIN", query_only=True)
            self._alone = self._reads
        else:
            self._writes = self._reads = _postgres(url, max_connections)
            self._alone = _postgres(url, 0)
        self._replica = _postgres(read_url, max_connections) if read_url and self.dialect == "postgresql" else None
        self._resting_until = 0.0
        self._replica_looked = float("-inf")
        self._replica_lag: float | None = None

    @asynccontextmanager
    async def write(self, *, statement_s: int | None = None) -> AsyncIterator[AsyncConnection]:
        """A connection inside a transaction: committed at the end, rolled back if anything is raised.

        Raises OverloadedError if there is no connection or the database does not answer.
        """
        async with self._open(self._writes, statement_s) as connection:
            yield connection

    @asynccontextmanager
    async def read(self, *, fresh: bool = False, statement_s: int | None = None) -> AsyncIterator[AsyncConnection]:
        """A connection for reading, from the replica if there is one that keeps up; `fresh` asks for the primary.

        `statement_s`: how long one statement may take instead of the usual 10 s. Raises OverloadedError as `write`.
        """
        if self._replica is not None and not fresh and await self._keeps_up(self._replica):
            try:
                async with self._open(self._replica, statement_s, read=True) as connection:
                    yield connection
            except OverloadedError:
                self._replica_lag = None
                raise
        else:
            async with self._open(self._reads, statement_s, read=True) as connection:
                yield connection

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[AsyncConnection]:
        """PostgreSQL only: a connection outside the pool, with no transaction begun; its settings end with it."""
        assert self.dialect == "postgresql"
        async with self._open(self._alone, None, begin=False) as connection:
            yield connection

    async def ping(self) -> None:
        """Raises OverloadedError if the primary does not answer; a full pool is no reason."""
        engine = self._alone if self.usage().in_use >= self.usage().most else self._reads
        async with self._open(engine, None, read=True, tries=True) as connection:
            await connection.execute(sa.text("SELECT 1"))

    def usage(self) -> Usage:
        """Connections in use and at most, for the metrics."""
        pools = {self._writes.pool, self._reads.pool}
        queues = [pool for pool in pools if isinstance(pool, QueuePool)]
        return Usage(sum(pool.checkedout() for pool in queues), sum(pool.size() for pool in queues))

    @property
    def replica_lag_s(self) -> float | None:
        """How far the replica is behind, as last seen; None without one that answers."""
        return self._replica_lag

    async def close(self) -> None:
        """Close every connection."""
        for engine in {self._writes, self._reads, self._alone, self._replica} - {None}:
            assert engine is not None
            await engine.dispose()

    @asynccontextmanager
    async def _open(
        self,
        engine: AsyncEngine,
        statement_s: int | None,
        *,
        read: bool = False,
        tries: bool = False,
        begin: bool = True,
    ) -> AsyncIterator[AsyncConnection]:
        now = asyncio.get_running_loop().time()
        if now < self._resting_until and engine is not self._replica and not tries:
            raise OverloadedError("the database cannot be reached", retry_after_s=1)
        connection = engine.connect()
        try:
            await connection.start()
        except sa.exc.TimeoutError as error:
            raise OverloadedError("every connection to the database is in use", retry_after_s=1) from error
        except (sa.exc.DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            if engine is not self._replica:
                self._resting_until = asyncio.get_running_loop().time() + _REST_S
            raise OverloadedError("the database cannot be reached", retry_after_s=1) from error
        try:
            if read and statement_s is None and self.dialect == "postgresql":
                # One statement needs no transaction around it; only a time limit of its own does.
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                yield connection
            elif not begin:
                yield connection
            else:
                async with connection.begin():
                    if statement_s is not None and self.dialect == "postgresql":
                        await connection.execute(sa.text(f"SET LOCAL statement_timeout = '{statement_s}s'"))
                    yield connection
        except (sa.exc.DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            if not says_not_now(error):
                raise
            raise OverloadedError("the database did not answer", retry_after_s=1) from error
        finally:
            # A caller that is cancelled here still gives its connection back.
            await asyncio.shield(asyncio.ensure_future(connection.close()))

    async def _keeps_up(self, replica: AsyncEngine) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._replica_looked >= _REPLICA_LOOK_S:
            self._replica_looked = now
            try:
                async with self._open(replica, None, read=True) as connection:
                    lag = (await connection.execute(_LAG)).scalar_one()
                    self._replica_lag = None if lag is None else float(lag)
            except OverloadedError:
                self._replica_lag = None
        return self._replica_lag is not None and self._replica_lag <= MOST_LAG_S


def says_not_now(error: BaseException) -> bool:
    """Whether an error of a driver means that the database cannot serve at the moment, whatever the statement."""
    if isinstance(error, sa.exc.DBAPIError):
        return error.connection_invalidated or (error.orig is not None and says_not_now(error.orig))
    if (sqlite_code := getattr(error, "sqlite_errorcode", None)) is not None:
        return sqlite_code & 0xFF in _SQLITE_OUT
    if (state := getattr(error, "sqlstate", None)) is not None:
        return str(state).startswith(_OUT_CLASSES) or state in _OUT_CODES
    # What is left without a code: lost sockets, driver calls on a closed connection, time limits of the driver.
    cause = error.__cause__
    return isinstance(error, OSError | asyncpg.InterfaceError) or (cause is not None and says_not_now(cause))


def _postgres(url: str, connections: int) -> AsyncEngine:
    """An engine; without a pool if there are to be no connections kept."""

    async def connect() -> Any:
        return await asyncpg.connect(
            url,
            timeout=_CONNECT_S,
            command_timeout=_SLOWEST_S,
            server_settings={
                "application_name": "claimlens",
                "statement_timeout": f"{_STATEMENT_S}s",
                "lock_timeout": f"{_LOCK_S}s",
                "idle_in_transaction_session_timeout": "60s",
                "timezone": "UTC",
            },
        )

    pool: dict[str, Any] = {"poolclass": NullPool}
    if connections:
        pool = {"pool_size": connections, "max_overflow": 0, "pool_timeout": _POOL_WAIT_S, "pool_pre_ping": True}
    return create_async_engine("postgresql+asyncpg://", async_creator=connect, **pool)


def _sqlite(path: Path, *, connections: int, begin: str, query_only: bool = False) -> AsyncEngine:
    engine = create_async_engine(
        sa.URL.create("sqlite+aiosqlite", database=str(path)),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_SQLITE_WAIT_S,
        # The driver shall not begin by itself: it would take the write lock only at the first write, too late to wait.
        connect_args={"isolation_level": None, "timeout": _SQLITE_WAIT_S},
    )

    @sa.event.listens_for(engine.sync_engine, "connect")
    def settle(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {int(_SQLITE_WAIT_S * 1000)}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            f"query_only = {'ON' if query_only else 'OFF'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _sqlite_path(rest: str) -> Path:
    """The file of `sqlite:///path` (after the scheme). Raises ValueError: a store in memory has one connection only."""
    path = unquote(rest.removeprefix("/"))
    if not path or path == ":memory:":
        raise ValueError(
            "DATABASE_URL names no file; a SQLite URL looks like sqlite:////var/lib/claimlens/claimlens.db"
        )
    return Path(path)
