"""One service behind its limits: what a request may spend on it, when it is left alone, how it is found to be back."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
import structlog

from claimlens.domain.breaker import Breaker, BreakerSettings, Pass
from claimlens.domain.question import Answer
from claimlens.domain.service import BreakerState, ServiceState
from claimlens.ports.clock import Clock
from claimlens.ports.services import ServiceError, ServiceRefusedError, ServiceSlowError, Transport
from claimlens.ports.tracing import Tracer
from claimlens.usecases.service_replies import Agreed

_log = structlog.get_logger()

#: With less time than this nothing is begun, in seconds.
_LEAST_S = 0.002
#: A service that does not answer so few payloads in so short a time is as good as out; with more of them or less time
#: it may only be busy.
_FAIR_S, _FAIR_PAYLOADS = 0.02, 20
#: The pause before the first retry, in seconds; it doubles, and chance takes up to half of it away.
_PAUSE_S = 0.02
#: Of how many answers the p95 is.
_ANSWERS = 200


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How one service is reached, and what it owes.

    A call takes `limit_s` at most; `transform` is what it is asked for. `shared`: other processes use the same server,
    so that what they find out holds here too. `eager`: it is tried when this process starts, so that the first request
    need not wait for what is made then.
    """

    service: str
    transport: Transport
    agreed: Agreed
    limit_s: float
    transform: str = ""
    shared: bool = False
    eager: bool = True


class CallOutcome(StrEnum):
    """What a call came to. `refused`: the service is there and did not take this call; `left`: nobody waited for it."""

    ANSWERED = "answered"
    SLOW = "slow"
    REFUSED = "refused"
    FAILED = "failed"
    LEFT = "left"


class Observer(msgspec.Struct, kw_only=True):
    """Who is told. `called` gets service, outcome and milliseconds of every call, probes too."""

    called: Callable[[str, CallOutcome, float], None] = lambda *_: None
    changed: Callable[[str, BreakerState, BreakerState], None] = lambda *_: None
    answered: Callable[[str], None] = lambda _: None


class Guard:
    """Asks one service. All of it happens on one event loop.

    Requests are served while the breaker is closed and at no other time. While it is not, a task of the guard's own
    tries the probe, so that no request pays for finding out, and a service comes back without any.
    """

    def __init__(
        self,
        way: Way,
        settings: BreakerSettings,
        clock: Clock,
        observer: Observer,
        *,
        moment: Callable[[], float],
        chance: Callable[[], float],
        tracer: Tracer,
    ) -> None:
        self.way = way
        self._breaker = Breaker(settings)
        self._clock = clock
        self._observer = observer
        self._moment = moment
        self._chance = chance
        self._tracer = tracer
        self._state = BreakerState.CLOSED
        self._since: datetime | None = None
        self._last_success: datetime | None = None
        self._last_failure: datetime | None = None
        self._failure = ""
        self._times: deque[float] = deque(maxlen=_ANSWERS)
        self._hurried = asyncio.Event()
        self._recovering: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None

    @property
    def is_closed(self) -> bool:
        """Whether requests may ask."""
        return self._state is BreakerState.CLOSED

    async def ask(self, payloads: tuple[dict[str, Any], ...], *, within_s: float, retries: int) -> Answer:
        """One answer for each payload, None if there were none in time. Raises nothing but CancelledError."""
        end = self._moment() + within_s
        pause = _PAUSE_S
        for attempt in range(retries + 1):
            left = end - self._moment()
            leave = self._breaker.admit(self._moment()) if left >= _LEAST_S and self.is_closed else None
            if leave is None:
                return None
            try:
                return await self._call(leave, payloads, min(left, self.way.limit_s))
            except ServiceRefusedError:
                return None  # it would refuse the same call again
            except ServiceError:
                rest = pause * (1 - self._chance() / 2)
                if attempt == retries or self._moment() + rest + _LEAST_S > end:
                    return None
                await asyncio.sleep(rest)
                pause *= 2
        return None

    def start(self) -> None:
        """Try it, if it is an eager one."""
        if self.way.eager:
            self._look(trip=False)

    def heard_out(self) -> None:
        """Another process says that the service is out: look whether that is so, and go without it if it is."""
        if self.is_closed:
            self._look(trip=True)

    def heard_back(self) -> None:
        """Another process says that the service is back: try it now."""
        self._breaker.hurry()
        self._hurried.set()

    def state(self) -> ServiceState:
        """How it is."""
        times = sorted(self._times)
        return ServiceState(
            service=self.way.service,
            transport=self.way.transport.name,
            breaker=self._state,
            since=self._since,
            last_success=self._last_success,
            last_failure=self._last_failure,
            failure=self._failure,
            p95_ms=round(times[int(0.95 * (len(times) - 1))], 3) if times else None,
        )

    async def stop(self) -> None:
        """End what runs in the background, and let go of the transport."""
        tasks = [task for task in (self._recovering, self._looking) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.way.transport.close()

    async def _call(
        self, leave: Pass, payloads: tuple[dict[str, Any], ...], limit_s: float, *, probe: bool = False
    ) -> tuple[dict[str, Any], ...]:
        """One call, told to the breaker and to the observer. Raises ServiceError."""
        began = self._moment()
        outcome = CallOutcome.FAILED
        try:
            with self._tracer.span(
                "service.call", {"claimlens.service": self.way.service, "claimlens.payloads": len(payloads)}
            ):
                answers = await self.way.transport.call(payloads, timeout_s=limit_s)
            # Believing a server that breaks the agreement could lie to a client.
            if mistake := self.way.agreed.mistake(payloads, answers):
                raise ServiceError(f"not what was agreed: {mistake}")
            outcome = CallOutcome.ANSWERED
        except asyncio.CancelledError:
            outcome = CallOutcome.LEFT
            self._breaker.gave_up(leave)
            raise
        except ServiceError as error:
            doubtful = False
            if isinstance(error, ServiceRefusedError):
                outcome, doubtful = CallOutcome.REFUSED, True
            elif isinstance(error, ServiceSlowError):
                outcome, doubtful = CallOutcome.SLOW, not self._is_fair(len(payloads), limit_s)
            if not probe:
                self._tell(outcome, str(error), 1000 * (self._moment() - began))
            self._note_failure(leave, str(error), doubtful=doubtful and not probe)
            raise
        except Exception as error:
            _log.exception("service_call_failed", service=self.way.service)
            self._note_failure(leave, type(error).__name__)
            raise ServiceError(type(error).__name__) from error
        finally:
            self._observer.called(self.way.service, outcome, 1000 * (self._moment() - began))
        if not probe:
            self._times.append(1000 * (self._moment() - began))
        self._last_success = self._clock.now()
        self._breaker.succeeded(leave, self._moment())
        self._observer.answered(self.way.service)
        self._see()
        return answers

    def _tell(self, outcome: CallOutcome, reason: str, ms: float) -> None:
        """A line for a call that a request made in vain."""
        way = self.way
        fields = {"transform": way.transform} if way.transform else {}
        _log.warning(
            "service_call", service=way.service, **fields, outcome=outcome, reason=reason, duration_ms=round(ms, 1)
        )

    def _is_fair(self, payloads: int, limit_s: float) -> bool:
        """Whether a service that did not answer so much in so long has failed."""
        return limit_s >= self.way.limit_s or (limit_s >= _FAIR_S and payloads <= _FAIR_PAYLOADS)

    def _note_failure(self, leave: Pass, reason: str, *, doubtful: bool = False) -> None:
        """Hold a failure against the service; a doubtful one only makes us look.

        The fault may be the call's own: one that is known to be good, with all the time it may need, will tell.
        """
        self._last_failure = self._clock.now()
        self._failure = reason[:300]
        if doubtful:
            self._breaker.gave_up(leave)
            self._look(trip=False)
        else:
            self._breaker.failed(leave, self._moment())
        self._see()

    def _see(self) -> None:
        """Notice a change of the breaker's state."""
        before, self._state = self._state, self._breaker.state(self._moment())
        if before is self._state:
            return
        self._since = self._clock.now()
        if self._state is BreakerState.CLOSED:
            _log.info("service_back", service=self.way.service)
        elif before is BreakerState.CLOSED:
            _log.warning("service_out", service=self.way.service, reason=self._failure)
        self._observer.changed(self.way.service, before, self._state)
        if not self.is_closed and (self._recovering is None or self._recovering.done()):
            # What brings it back belongs to no request, whichever it was that found it out.
            self._recovering = asyncio.get_running_loop().create_task(self._recover(), context=Context())

    async def _recover(self) -> None:
        """Try the service, whenever its rest is over, until the breaker is closed."""
        while True:
            self._see()
            if self.is_closed:
                return
            if self._state is BreakerState.OPEN:
                self._hurried.clear()
                await self._rest(self._breaker.due() - self._moment())
            else:
                await self._probe()

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._hurried.wait()
        except TimeoutError:
            return

    def _look(self, *, trip: bool) -> None:
        """Try the service beside the requests, once."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look_once(trip=trip), context=Context())

    async def _look_once(self, *, trip: bool) -> None:
        if not await self._probe() and trip:
            self._breaker.trip(self._moment())
            self._see()

    async def _probe(self) -> bool:
        """Whether the service answers the probe; True if nobody may ask it now."""
        leave = self._breaker.admit(self._moment())
        if leave is None:
            return True
        try:
            await self._call(leave, (self.way.agreed.probe,), self.way.limit_s, probe=True)
        except ServiceError:
            return False
        return True
