"""The database: one place that opens connections, and says so when there are none to be had.

PostgreSQL: one pool for everything, a second one for reads where there is a replica. SQLite: one connection writes, so
that writers queue here and never meet "database is locked"; others read beside it (WAL).

Whatever means "not now" (no connection, no answer, no space, a lock that is not given up) is OverloadedError. What is
wrong with a statement or a value stays SQLAlchemy's own error.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import asyncpg
import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, QueuePool

from claimlens.domain.errors import OverloadedError

_log = structlog.get_logger()

#: Replicas that are further behind than this are not read, in seconds.
MOST_LAG_S = 10.0

_POOL_WAIT_S = 1.0
_SQLITE_WAIT_S = 5.0
_CONNECT_S = 3.0
_PING_S = 1.0
_STATEMENT_S = 10
_LOCK_S = 5
#: A connection that lay unused for so long is asked whether it still works.
_UNSEEN_S = 1.0
#: What a block may take beyond its statements: a server that hangs says nothing, not even that it timed out.
_GRACE_S = 2
#: After a refused connection nobody else tries for this long: a database that is out costs its callers nothing.
_REST_S = 0.5
_REPLICA_LOOK_S = 1.0
_READERS = 5

# SQLSTATE classes and codes, and SQLite's primary result codes, that say "not now".
_OUT_CLASSES = ("08", "28", "53", "57", "58")
_OUT_CODES = ("25006", "3D000", "40001", "40P01", "55P03", "XX000")
_TOO_MANY = "53300"
_SQLITE_OUT = (5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26)
# asyncpg's InternalClientError: what it says when a connection is cut at certain moments.
_LOST = (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.InvalidCachedStatementError)
_DRIVER_ERRORS = (sa.exc.DBAPIError, asyncpg.PostgresError, *_LOST)

# A replica that has replayed all that it was sent is not behind, however long ago that was; one that is sent nothing
# is as old as its last transaction.
_LAG = sa.text(
    "SELECT CASE WHEN NOT pg_is_in_recovery() THEN 0"
    " WHEN EXISTS (SELECT FROM pg_stat_wal_receiver) AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0"
    " ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END"
)


class LostError(OverloadedError):
    """The database stopped answering in the middle: whether a transaction was committed is not known."""


class Usage(msgspec.Struct, frozen=True):
    """Connections to the primary: in use now, open but unused, and how many there may be."""

    in_use: int
    idle: int
    most: int


class Database:
    """Connections for the stores.

    `url` is `postgresql://…` (any form that libpq reads) or `sqlite:///path`. A write is one transaction; do not open
    one inside another: with SQLite it would wait for itself.
    """

    def __init__(self, url: str, read_url: str = "", *, max_connections: int = 10) -> None:
        self._loss = _Loss()
        scheme, _, rest = url.partition("://")
        self.dialect = "sqlite" if scheme == "sqlite" else "postgresql"
        if self.dialect == "sqlite":
            path = _sqlite_path(rest)
            self._writes = _sqlite(path, connections=1, begin="BEGIN IMMEDIATE")
            self._reads = _sqlite(path, connections=_READERS, begin="BEGIN", query_only=True)
            self._alone = self._reads
        else:
            self._writes = self._reads = _postgres(url, max_connections, self._loss)
            self._alone = _postgres(url, 0, self._loss)
        self._replica = (
            _postgres(read_url, max_connections, self._loss) if read_url and self.dialect == "postgresql" else None
        )
        self._start_s = _CONNECT_S + (_SQLITE_WAIT_S if self.dialect == "sqlite" else _POOL_WAIT_S)
        self._closing: set[asyncio.Task[None]] = set()
        self._resting_until = 0.0
        self._replica_looked = float("-inf")
        self._replica_lag: float | None = None

    @asynccontextmanager
    async def write(self, *, within_s: float = _STATEMENT_S + _GRACE_S) -> AsyncIterator[AsyncConnection]:
        """A connection inside a transaction: committed at the end, rolled back if anything is raised.

        Raises OverloadedError if there is no connection; LostError, one of its kind, if the database stops answering or
        the block takes longer than `within_s`.
        """
        connection = await self._connect(self._writes)
        async with self._use(connection, within_s):
            await self._in_transactions(connection)
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def single(self, *, within_s: float) -> AsyncIterator[AsyncConnection]:
        """PostgreSQL only: a connection to write by one statement, which is a transaction by itself. Raises as `write`.

        Opening and closing a transaction around it costs more of this process than a short statement does.
        """
        assert self.dialect == "postgresql"
        connection = await self._connect(self._writes)
        async with self._use(connection, within_s):
            yield connection

    @asynccontextmanager
    async def read(self, *, fresh: bool = False, statement_s: int | None = None) -> AsyncIterator[AsyncConnection]:
        """A connection for reading, from the replica if there is one that keeps up; `fresh` asks for the primary.

        `statement_s`: how long a statement may take instead of the usual 10 s. Raises as `write`.
        """
        replica = self._replica
        if replica is not None and not fresh and await self._keeps_up(replica):
            try:
                connection = await self._connect(replica)
            except OverloadedError:
                self._replica_lag = None  # not read again before it was looked at again
                connection = await self._connect(self._reads)
        else:
            connection = await self._connect(self._reads)
        async with self._reading(connection, statement_s):
            yield connection

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[AsyncConnection]:
        """PostgreSQL only: a connection outside the pool, with no transaction begun; its settings end with it."""
        assert self.dialect == "postgresql"
        connection = await self._connect(self._alone)
        async with self._use(connection, None):
            await self._in_transactions(connection)
            yield connection

    async def ping(self) -> None:
        """Raises OverloadedError if the primary does not answer; a full pool is no reason."""
        engine = self._alone if self.usage().in_use >= self.usage().most else self._reads
        self._resting_until = 0.0
        connection = await self._connect(engine)
        async with self._reading(connection, None, within_s=_PING_S):
            await connection.execute(sa.text("SELECT 1"))

    def usage(self) -> Usage:
        """The connections, for the metrics."""
        pools = [pool for pool in {self._writes.pool, self._reads.pool} if isinstance(pool, QueuePool)]
        return Usage(
            in_use=sum(pool.checkedout() for pool in pools),
            idle=sum(pool.checkedin() for pool in pools),
            most=sum(pool.size() for pool in pools),
        )

    async def replica_lag(self) -> float | None:
        """How far the replica is behind in seconds, looked at once a second; None without one that answers."""
        if self._replica is not None:
            await self._keeps_up(self._replica)
        return self._replica_lag

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*self._closing)
        for engine in {self._writes, self._reads, self._alone, self._replica or self._alone}:
            await engine.dispose()

    async def _connect(self, engine: AsyncEngine) -> AsyncConnection:
        now = asyncio.get_running_loop().time
        if now() < self._resting_until and engine is not self._replica:
            raise OverloadedError("the database cannot be reached", retry_after_s=1)
        connection = engine.connect()
        try:
            async with asyncio.timeout(self._start_s):
                return await connection.start()
        except sa.exc.TimeoutError as error:
            raise OverloadedError("every connection to the database is in use", retry_after_s=1) from error
        except _DRIVER_ERRORS as error:
            # Where the server has no connection left, those that are open still work: nobody need rest.
            if engine is not self._replica and _sqlstate(error) != _TOO_MANY:
                self._resting_until = now() + _REST_S
            _log.warning("database_unreachable", replica=engine is self._replica, **_named(error))
            raise OverloadedError("the database cannot be reached", retry_after_s=1) from error

    async def _in_transactions(self, connection: AsyncConnection) -> None:
        """PostgreSQL connections begin none by themselves: a single read, and the pool's ping, are one trip each."""
        if self.dialect == "postgresql":
            await connection.execution_options(isolation_level="READ COMMITTED")

    @asynccontextmanager
    async def _reading(
        self, connection: AsyncConnection, statement_s: int | None, *, within_s: float | None = None
    ) -> AsyncIterator[None]:
        async with self._use(connection, within_s or (statement_s or _STATEMENT_S) + _GRACE_S):
            if self.dialect == "postgresql" and statement_s is not None:
                await self._in_transactions(connection)
                await connection.execute(sa.text(f"SET LOCAL statement_timeout = '{statement_s}s'"))
            yield

    @asynccontextmanager
    async def _use(self, connection: AsyncConnection, within_s: float | None) -> AsyncIterator[None]:
        """The block's errors as ours, and the connection given back at its end. No limit of time if it is None."""
        spoilt = True
        try:
            async with asyncio.timeout(within_s):
                yield
            spoilt = False
        except _DRIVER_ERRORS as error:
            if says_not_now(error):
                self._loss.at = time.monotonic()
                _log.warning("database_lost", **_named(error))
                raise LostError("the database did not answer", retry_after_s=1) from error
            spoilt = False
            raise
        except Exception:
            spoilt = False
            raise
        finally:
            if spoilt:
                # Broken, or cancelled in the middle of something: thrown away, and nobody waits for its farewell.
                task = asyncio.create_task(_throw_away(connection))
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)
            else:
                await connection.close()

    async def _keeps_up(self, replica: AsyncEngine) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._replica_looked >= _REPLICA_LOOK_S:
            self._replica_looked = now
            try:
                connection = await self._connect(replica)
                async with self._reading(connection, None, within_s=_PING_S):
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
    state = _sqlstate(error)
    if state.startswith(_OUT_CLASSES) or state in _OUT_CODES:
        return True
    # Without a code: lost sockets, calls on a closed connection, a plan from before a migration. Values that cannot be
    # encoded are ValueErrors too, and somebody's mistake.
    if isinstance(error, _LOST):
        return not isinstance(error, ValueError)
    return error.__cause__ is not None and says_not_now(error.__cause__)


def _sqlstate(error: BaseException) -> str:
    origin = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    return str(getattr(origin, "sqlstate", None) or "")


def _named(error: BaseException) -> dict[str, str]:
    """An error for the log: its kind, for its text may hold values."""
    origin = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    cause = origin.__cause__ or origin
    return {"error": type(cause).__name__, "sqlstate": _sqlstate(error)}


async def _throw_away(connection: AsyncConnection) -> None:
    with contextlib.suppress(sa.exc.SQLAlchemyError, *_DRIVER_ERRORS):
        await connection.invalidate()
    with contextlib.suppress(sa.exc.SQLAlchemyError, *_DRIVER_ERRORS):
        await connection.close()


class _Loss:
    """When a connection was last lost: those that were used before are not trusted."""

    at = float("-inf")


def _postgres(url: str, connections: int, loss: _Loss) -> AsyncEngine:
    """An engine; without a pool if there are to be no connections kept."""

    async def connect() -> Any:
        return await asyncpg.connect(
            url,
            timeout=_CONNECT_S,
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
        pool = {"pool_size": connections, "max_overflow": 0, "pool_timeout": _POOL_WAIT_S}
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, isolation_level="AUTOCOMMIT", hide_parameters=True, **pool
    )

    @sa.event.listens_for(engine.sync_engine, "checkin")
    def note(connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["used"] = time.monotonic()

    @sa.event.listens_for(engine.sync_engine, "checkout")
    def see(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
        # The pool's own ping would ask every time; one that worked a moment ago mostly still does.
        gone = connection.driver_connection.is_closed()
        used = record.info.get("used", float("inf"))
        if not gone and (used <= loss.at or time.monotonic() - used > _UNSEEN_S):
            try:
                engine.dialect.do_ping(connection)
            except Exception:  # whatever it is, in the driver's words or SQLAlchemy's
                gone = True
        if gone:
            raise sa.exc.InvalidatePoolError  # the pool opens another one, and trusts none that is as old

    return engine


class _SqliteConnection(sqlite3.Connection):
    """Gives up its transaction when it is closed.

    SQLite alone keeps it, lock and all, as long as anything still refers to one of the connection's cursors, such as
    the traceback of a task that was cancelled.
    """

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self.rollback()
        super().close()


def _sqlite(path: Path, *, connections: int, begin: str, query_only: bool = False) -> AsyncEngine:
    engine = create_async_engine(
        sa.URL.create("sqlite+aiosqlite", database=str(path)),
        hide_parameters=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_SQLITE_WAIT_S,
        # The driver shall not begin by itself: it would take the write lock only at the first write, too late to wait.
        connect_args={"isolation_level": None, "timeout": _SQLITE_WAIT_S, "factory": _SqliteConnection},
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
