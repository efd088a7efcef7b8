"""The journal: answers become durable, many of them in one commit.

An entry that arrives while nothing is being written is written at once. While something is, others gather, and are
written together as soon as the writer is free; on PostgreSQL a second writer takes over when many have gathered or the
first of them has waited a while.
"""

import asyncio
from collections import deque
from contextvars import Context

import asyncpg
import sqlalchemy as sa
import structlog

from claimlens.adapters.sql import partitions, tables
from claimlens.adapters.sql.engine import Database, LostError
from claimlens.adapters.sql.entries import Rows, advance, insert, rows_of, weight
from claimlens.domain.audit import JobChunk, JournalEntry
from claimlens.domain.errors import OverloadedError, RequestError
from claimlens.domain.tenant import TenantScope

_log = structlog.get_logger()

#: So many rows, or an entry that has waited so long, call for a further writer.
_ROWS, _WAIT_S = 128, 0.002
#: No batch is larger than this unless one entry alone is.
_MOST_ROWS = 512
_TRIES = 3
#: Compressing more than this is not done on the event loop.
_MUCH = 64 * 1024


class SqlJournal:
    """The journal over a database; see `ports/journal.py`.

    `most_waiting`: rows that may wait to be written. `within_s`: how long one commit may take.
    """

    def __init__(self, database: Database, *, most_waiting: int = 8_192, within_s: float = 5.0) -> None:
        self._database = database
        self._within_s = within_s
        self._most_waiting = most_waiting
        self._writers = 1 if database.dialect == "sqlite" else 2
        self._waiting: deque[_Waiting] = deque()
        self._rows_waiting = 0
        self._writing: set[asyncio.Task[None]] = set()
        self._wake: asyncio.TimerHandle | None = None
        self._called = False
        self._closed = False

    @property
    def waiting(self) -> int:
        """Rows that wait to be written, for the metrics."""
        return self._rows_waiting

    async def write(self, scope: TenantScope, entry: JournalEntry) -> None:
        """Return when everything of the entry is committed.

        Raises OverloadedError if it could not be written, at once if too much waits already; ConflictError if it
        finishes a chunk of a job that is no longer ours.
        """
        self._refuse_if_full()
        if weight(entry) > _MUCH:
            rows = await asyncio.to_thread(rows_of, scope, entry)
            self._refuse_if_full()
        else:
            rows = rows_of(scope, entry)
        loop = asyncio.get_running_loop()
        waiting = _Waiting(scope, rows, entry.job_chunk, loop.time(), loop.create_future())
        self._waiting.append(waiting)
        self._rows_waiting += len(rows)
        if not self._called:
            # Once this turn of the loop is over: what else it brings forth goes along.
            self._called = True
            loop.call_soon(self._begin)
        await waiting.written

    async def close(self) -> None:
        """Write what waits, refuse what comes."""
        self._closed = True
        while self._waiting or self._writing:
            self._begin()
            await asyncio.gather(*self._writing)

    def _refuse_if_full(self) -> None:
        if self._closed:
            raise OverloadedError("the service is stopping", retry_after_s=1)
        if self._rows_waiting > self._most_waiting:
            raise OverloadedError("too much waits to be written", retry_after_s=1)

    def _begin(self) -> None:
        """Start to write if there is reason to."""
        self._called = False
        if not self._waiting or len(self._writing) >= self._writers:
            return
        loop = asyncio.get_running_loop()
        if self._writing and self._rows_waiting < _ROWS:
            due = self._waiting[0].since + _WAIT_S
            if loop.time() < due:
                if self._wake is None:
                    self._wake = loop.call_at(due, self._woken)
                return
        # A batch is of many requests: none of them is the one that its log lines are about.
        task = loop.create_task(self._write(self._batch()), context=Context())
        self._writing.add(task)
        task.add_done_callback(self._ended)

    def _woken(self) -> None:
        self._wake = None
        self._begin()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._writing.discard(task)
        self._begin()

    def _batch(self) -> "list[_Waiting]":
        """Take what is written together. The chunk of a job goes alone: if it is refused, only it shall fail."""
        batch, rows = [self._waiting.popleft()], 0
        while batch[0].chunk is None and self._waiting and self._waiting[0].chunk is None:
            rows += len(batch[-1].rows)
            if rows + len(self._waiting[0].rows) > _MOST_ROWS:
                break
            batch.append(self._waiting.popleft())
        self._rows_waiting -= sum(len(waiting.rows) for waiting in batch)
        return batch

    async def _write(self, batch: "list[_Waiting]") -> None:
        """Write a batch and tell those who wait. Raises nothing but the loop's own cancellation."""
        try:
            await self._commit_surely(batch)
        except asyncio.CancelledError:
            _fail(batch, OverloadedError("the journal was stopped", retry_after_s=1))
            raise
        except OverloadedError as error:
            _fail(batch, error)
        except Exception:
            await self._one_by_one(batch)
        else:
            for waiting in batch:
                waiting.tell(None)

    async def _commit_surely(self, batch: "list[_Waiting]") -> None:
        """Commit, on another connection if one is lost in the middle (a fail-over, a terminated backend)."""
        for attempt in range(_TRIES - 1):
            try:
                return await self._commit(batch, again=attempt > 0)
            except LostError:
                continue
        await self._commit(batch, again=True)

    async def _one_by_one(self, batch: "list[_Waiting]") -> None:
        """Write each entry by itself: the bad one fails alone."""
        for place, waiting in enumerate(batch):
            try:
                await self._commit_surely([waiting])
            except OverloadedError as error:
                _fail(batch[place:], error)
                return
            except RequestError as error:
                waiting.tell(error)
            except Exception as error:
                refused = OverloadedError("the entry could not be written", retry_after_s=1)
                refused.__cause__ = error
                # Its kind only: the text of the error may hold what the entry holds.
                _log.error("journal_entry_refused", tenant=waiting.scope.tenant_id, error=type(error).__name__)
                waiting.tell(refused)
            else:
                waiting.tell(None)

    async def _commit(self, batch: "list[_Waiting]", *, again: bool) -> None:
        """One transaction. `again`: it may be committed already, by an attempt whose end nobody saw."""
        rows = Rows()
        for waiting in batch:
            rows.add(waiting.rows)
        try:
            await self._transaction(batch, rows, again=again)
        except (asyncpg.CheckViolationError, asyncpg.UniqueViolationError, sa.exc.IntegrityError) as error:
            if again and await self._is_there(rows):
                return
            if not isinstance(error, asyncpg.CheckViolationError):
                raise
            # No partition for a month: the only thing that is checked here.
            for moment in rows.months():
                await partitions.ensure(self._database, moment, months_ahead=0)
            await self._transaction(batch, rows, again=again)

    async def _is_there(self, rows: Rows) -> bool:
        """Whether the audits and decision logs of a batch are all there: then the rest of its transaction is too."""
        async with self._database.read(fresh=True) as connection:
            for table, made in ((tables.audits, rows.audits), (tables.decision_logs, rows.decision_logs)):
                keys = [sa.tuple_(sa.literal(row[0], tables.Moment), sa.literal(row[1], tables.Id)) for row in made]
                found = sa.select(sa.func.count()).where(sa.tuple_(table.c.ts, table.c.id).in_(keys))
                if keys and (await connection.execute(found)).scalar_one() != len(keys):
                    return False
        return bool(rows.audits or rows.decision_logs)

    async def _transaction(self, batch: "list[_Waiting]", rows: Rows, *, again: bool) -> None:
        if self._database.dialect == "postgresql" and batch[0].chunk is None:
            async with self._database.single(within_s=self._within_s) as connection:
                await insert(connection, rows)
            return
        async with self._database.write(within_s=self._within_s) as connection:
            for waiting in batch:
                if waiting.chunk and not await advance(connection, waiting.scope, waiting.chunk, again=again):
                    return
            await insert(connection, rows)


class _Waiting:
    """An entry on its way, and the one who waits for it."""

    __slots__ = ("chunk", "rows", "scope", "since", "written")

    def __init__(
        self, scope: TenantScope, rows: Rows, chunk: JobChunk | None, since: float, written: "asyncio.Future[None]"
    ) -> None:
        self.scope = scope
        self.rows = rows
        self.chunk = chunk
        self.since = since
        self.written = written

    def tell(self, error: Exception | None) -> None:
        """Let the waiting one go on, unless it has gone."""
        if self.written.done():
            return
        if error is None:
            self.written.set_result(None)
        else:
            self.written.set_exception(error)


def _fail(batch: list[_Waiting], error: OverloadedError) -> None:
    for waiting in batch:
        told = OverloadedError(error.detail, retry_after_s=error.retry_after_s)
        told.__cause__ = error
        waiting.tell(told)
