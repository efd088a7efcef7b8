"""The four services as a request holds them: each behind its guard, none of them needed for a verdict."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence

from claimlens.domain.breaker import BreakerSettings
from claimlens.domain.question import Answer, Question
from claimlens.domain.service import SERVICES, BreakerState, ServiceState
from claimlens.ports.cache import Invalidations
from claimlens.ports.clock import Clock
from claimlens.ports.tracing import Tracer
from claimlens.usecases.service_guard import CallOutcome, Guard, Observer, Way
from claimlens.usecases.service_news import ServiceNewsroom
from claimlens.usecases.service_switches import ServiceSwitches
from claimlens.usecases.untraced import Untraced

#: The topic on which processes tell one another what they found out: `<service> out|back <process>`.
TOPIC = "service"


class GuardedServices:
    """A Services (`ports/services.py`). `start` before the first question, `stop` behind the last.

    Breakers decide by what this process saw. What another process found out about a server that both use is a reason to
    look at once, no more: words may be lost, and a process that is cut off says nothing about the others.

    Everything in `on_call` is told of every call: service, outcome, milliseconds.
    """

    def __init__(
        self,
        ways: Sequence[Way],
        settings: BreakerSettings,
        clock: Clock,
        words: Invalidations,
        switches: ServiceSwitches,
        newsroom: ServiceNewsroom,
        *,
        moment: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        tracer: Tracer | None = None,
    ) -> None:
        self._clock = clock
        self._words = words
        self._switches = switches
        self._newsroom = newsroom
        self._me = clock.new_id()
        self.on_call: list[Callable[[str, CallOutcome, float], None]] = []
        observer = Observer(called=self._called, changed=self._changed, answered=self._answered)
        self._guards = {
            way.service: Guard(
                way, settings, clock, observer, moment=moment, chance=chance, tracer=tracer or Untraced()
            )
            for way in ways
        }
        self._telling: set[asyncio.Task[None]] = set()
        switches.on_change = self._switched
        words.on(TOPIC, self._heard)

    async def start(self) -> None:
        """See which services are switched off, go on watching, and try those that are on."""
        await self._switches.start()
        self._newsroom.start()
        for service, guard in self._guards.items():
            if self._switches.off(service) is None:
                guard.start()

    async def stop(self) -> None:
        """End what runs in the background, and let go of the transports."""
        await asyncio.gather(*[guard.stop() for guard in self._guards.values()])
        await asyncio.gather(*self._telling, return_exceptions=True)
        await self._switches.stop()
        await self._newsroom.stop()

    async def ask(self, question: Question, *, within_ms: float, retries: int = 0) -> Answer:
        """One answer for each payload of the question, or None when there was none in time. Never raises."""
        guard = self._guards.get(question.service)
        if guard is None or not guard.is_closed or self._switches.off(question.service) is not None:
            return None
        if not question.payload:
            return ()
        return await guard.ask(question.payload, within_s=within_ms / 1000, retries=retries)

    def states(self) -> list[ServiceState]:
        """Every service, in the order of `SERVICES`. Calls nobody."""
        return [self._state(service) for service in SERVICES]

    def _state(self, service: str) -> ServiceState:
        guard = self._guards.get(service)
        state = guard.state() if guard is not None else ServiceState(service=service, transport="none")
        off = self._switches.off(service)
        return state if off is None else off.shown_in(state)

    def _is_out(self, service: str) -> bool:
        guard = self._guards.get(service)
        return self._switches.off(service) is not None or (guard is not None and not guard.is_closed)

    def _called(self, service: str, outcome: CallOutcome, ms: float) -> None:
        for told in self.on_call:
            told(service, outcome, ms)

    def _answered(self, service: str) -> None:
        if not self._is_out(service):
            self._newsroom.tell(service, out=False)

    def _changed(self, service: str, before: BreakerState, after: BreakerState) -> None:
        if after is BreakerState.OPEN:
            self._newsroom.tell(service, out=True, cause="not answering")
            self._announce(service, "out")
        elif after is BreakerState.CLOSED:
            self._answered(service)
            self._announce(service, "back")

    def _switched(self, service: str) -> None:
        if self._switches.off(service) is not None:
            self._newsroom.tell(service, out=True, cause="switched off")
        elif not self._is_out(service):
            self._newsroom.tell(service, out=False)

    def _announce(self, service: str, what: str) -> None:
        if self._guards[service].way.shared:
            task = asyncio.create_task(self._words.announce(TOPIC, f"{service} {what} {self._me}"))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    def _heard(self, word: str) -> None:
        """What another process found out. A word that is none is passed over: anybody may write into a cache."""
        service, what, who = [*word.split(" "), "", "", ""][:3]
        guard = self._guards.get(service)
        if guard is None or not guard.way.shared or who == self._me:
            return
        if what == "out":
            guard.heard_out()
        elif what == "back":
            guard.heard_back()
