"""The services over real servers, with a real store behind the switches and the news."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from claimlens.adapters.mcp.transport import McpTransport
from claimlens.adapters.memory.cache import MemoryCache
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.service_news import SqlServiceNews
from claimlens.adapters.sql.switches import SqlSwitches
from claimlens.adapters.system.clock import SystemClock
from claimlens.domain.breaker import BreakerSettings
from claimlens.domain.question import Answer, Question
from claimlens.domain.service import RECALL_LOOKUP, TERMS, BreakerState, ServiceState
from claimlens.ports.cache import Invalidations
from claimlens.usecases.service_guard import CallOutcome, Way
from claimlens.usecases.service_news import ServiceNewsroom
from claimlens.usecases.service_replies import AGREED
from claimlens.usecases.service_switches import ServiceSwitches
from claimlens.usecases.services import GuardedServices

#: Small enough for a test, in the proportions of the real ones.
REST_S, LIMIT_S = 0.4, 1.5


class Asking:
    """One process that asks `recall.lookup` at a URL."""

    def __init__(self, database: Database, url: str, words: Invalidations) -> None:
        self.clock = SystemClock()
        self.calls: list[CallOutcome] = []
        self.events = 0
        self.switches = ServiceSwitches(SqlSwitches(database), self.clock, words)
        terms = TERMS[RECALL_LOOKUP]
        way = Way(
            service=RECALL_LOOKUP,
            transport=McpTransport(url, terms.tool, most_bytes=terms.most_bytes),
            agreed=AGREED[RECALL_LOOKUP],
            limit_s=LIMIT_S,
            shared=True,
        )
        self.news = SqlServiceNews(database, self.clock)
        self.services = GuardedServices(
            [way],
            BreakerSettings(rest_s=REST_S),
            self.clock,
            words,
            self.switches,
            ServiceNewsroom(self.news, self.clock, written=self._told, every_s=0.2),
        )
        self.services.on_call.append(lambda _, outcome, __: self.calls.append(outcome))

    async def ask(self, payloads: int = 1, *, within_ms: float = 2_000, retries: int = 0) -> Answer:
        question = Question(RECALL_LOOKUP, tuple({"name": f"dal {number}"} for number in range(payloads)))
        # Nothing may take longer than it was given, with room for a busy machine.
        async with asyncio.timeout(within_ms / 1000 + 3):
            return await self.services.ask(question, within_ms=within_ms, retries=retries)

    @property
    def state(self) -> ServiceState:
        return next(state for state in self.services.states() if state.service == RECALL_LOOKUP)

    @property
    def breaker(self) -> BreakerState:
        return self.state.breaker

    async def until(self, holds: Callable[[], bool], what: str, within_s: float = 60) -> None:
        deadline = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < deadline, f"not within {within_s} s: {what}; {self.state}"
            await asyncio.sleep(0.01)

    async def until_warm(self) -> None:
        """Until the service was tried and is taken to be well."""
        await self.until_answered()
        await self.until_closed()

    async def until_answered(self) -> None:
        """Ask until there is an answer: on a busy machine a call may take longer than the limit."""
        deadline = time.monotonic() + 60
        while await self.ask() is None:
            assert time.monotonic() < deadline, f"the service does not answer; {self.state}"
            await asyncio.sleep(0.05)

    async def until_closed(self) -> None:
        await self.until(lambda: self.breaker is BreakerState.CLOSED, "the breaker is closed")

    def _told(self) -> None:
        self.events += 1


@asynccontextmanager
async def asking(database: Database, url: str, words: Invalidations | None = None) -> AsyncIterator[Asking]:
    """One process's view of the service, for the length of a block."""
    one = Asking(database, url, words or MemoryCache())
    await one.services.start()
    try:
        yield one
    finally:
        await one.services.stop()
