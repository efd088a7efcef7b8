"""Deliveries on their way: the outbox fanned out, attempts made, their outcomes written down.

One step after the other asks the store; attempts run beside it. Whatever is lost with the process was leased for a
minute at most: it is attempted again, and the receiver knows it by its `webhook-id`.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import structlog

from claimlens.domain.access import Access
from claimlens.domain.audit import Event
from claimlens.domain.webhook import Delivery, DeliveryState, Webhook
from claimlens.gate.notify import WEBHOOK_DISABLED, webhook_disabled
from claimlens.ports.cache import Invalidations
from claimlens.ports.clock import Clock
from claimlens.ports.tracing import Tracer
from claimlens.ports.webhooks import DeliveryQueue, Message, Outcome, WebhookSender
from claimlens.usecases.authentication import worker_scope
from claimlens.usecases.untraced import Untraced

#: Seconds that are waited before each attempt; after the last one a delivery has failed.
DELAYS_S = (0, 1, 2, 4, 8, 16, 60, 300, 1_800, 7_200)
#: How far a wait may be off its length, so that those who failed together do not come back together.
JITTER = 0.1
#: A receiver that asks for more patience than this is asked again all the same, in seconds.
MOST_PATIENCE_S = 7_200

#: Attempts at once: of one endpoint, to endpoints that answered quickly the last time, and to the others.
EACH, QUICK, SLOW = 4, 48, 16
#: An answer that took longer than this makes its endpoint a slow one, in seconds.
SLOW_S = 2.0

#: How long a delivery is ours. An attempt takes ten seconds at most, writing it down a moment.
LEASE = timedelta(seconds=60)
_FAN_OUT = 500
_MOST_SLOW = 1_000

_log = structlog.get_logger()


class Dispatcher:
    """Makes attempts. Call `step` whenever `bell` rings and every now and then; any number of processes may."""

    def __init__(
        self,
        queue: DeliveryQueue,
        sender: WebhookSender,
        clock: Clock,
        words: Invalidations,
        *,
        jitter: Callable[[], float],
        tracer: Tracer | None = None,
    ) -> None:
        """`jitter` gives a number from -1 to 1."""
        self._queue = queue
        self._sender = sender
        self._clock = clock
        self._words = words
        self._jitter = jitter
        self._tracer = tracer or Untraced()
        self._scope = worker_scope()
        self._under_way: dict[asyncio.Task[None], tuple[Webhook, Delivery]] = {}
        self._made: list[tuple[Webhook, Delivery, Outcome]] = []
        self._gone: dict[str, Webhook] = {}
        self._resting: dict[str, datetime] = {}
        self._slow: OrderedDict[str, None] = OrderedDict()
        #: Set when a step would find something to do.
        self.bell = asyncio.Event()

    @property
    def attempts_under_way(self) -> int:
        """For the metrics."""
        return len(self._under_way)

    async def step(self) -> bool:
        """Write down what attempts came to, fan the outbox out, begin what is due. True: call again at once."""
        await self._write_down()
        await self._disable_gone()
        full = await self._queue.fan_out(self._scope, self._clock.now(), limit=_FAN_OUT) == _FAN_OUT
        begun = await self._begin()
        return full or begun

    async def stop(self, grace_s: float) -> None:
        """Let attempts finish for so long, give the rest back, and write everything down."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=grace_s)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        given_back = [delivery for task, (_, delivery) in self._under_way.items() if task.cancelled()]
        await self._write_down()
        await self._disable_gone()
        if given_back:
            await self._queue.settle(self._scope, given_back)

    async def _begin(self) -> bool:
        """Whether anything was begun: then there may be more."""
        now = self._clock.now()
        self._resting = {webhook_id: until for webhook_id, until in self._resting.items() if until > now}
        held = Counter(webhook.id for webhook, _ in self._under_way.values())
        slow = sum(count for webhook_id, count in held.items() if webhook_id in self._slow)
        # Half of what an endpoint may have is claimed at a time: so it never gets more, and one attempt that hangs
        # does not keep its others waiting.
        each = EACH // 2
        shut = {webhook_id for webhook_id, count in held.items() if count > EACH - each} | self._resting.keys()
        begun = await self._claim(QUICK - (len(self._under_way) - slow), each, but=shut | self._slow.keys())
        if self._slow:
            begun |= await self._claim(SLOW - slow, each, but=shut, only=set(self._slow))
        return begun

    async def _claim(self, room: int, each: int, *, but: set[str], only: set[str] | None = None) -> bool:
        if room <= 0:
            return False
        now = self._clock.now()
        claimed = await self._queue.due(
            self._scope,
            now,
            lease_until=now + LEASE,
            limit=room,
            each=each,
            but=sorted(but),
            only=only and sorted(only),
        )
        for webhook, delivery in claimed:
            task = asyncio.ensure_future(self._attempt(webhook, delivery))
            self._under_way[task] = (webhook, delivery)
        return bool(claimed)

    async def _attempt(self, webhook: Webhook, delivery: Delivery) -> None:
        begun = self._clock.now()
        correlation_id = correlation_id_of(delivery.payload)
        facts = {
            "claimlens.tenant": webhook.tenant_id,
            "claimlens.webhook": webhook.id,
            "claimlens.correlation_id": correlation_id,
        }
        with self._tracer.begin("webhook.attempt", facts) as span:
            traceparent = "" if span is None else span.traceparent
            message = Message(delivery.event_id, delivery.payload, correlation_id, traceparent)
            try:
                outcome = await self._sender.send(webhook, message, begun)
            except Exception:
                _log.exception("webhook_attempt_broke", tenant=webhook.tenant_id, webhook=webhook.id)
                outcome = Outcome(None, "internal error")
            if span is not None and outcome.status is not None:
                span.note({"http.response.status_code": outcome.status})
            if span is not None and not outcome.delivered:
                span.fail("not delivered")
        took = self._clock.now() - begun
        if not outcome.delivered:
            _log.info(
                "webhook_attempt",
                tenant=webhook.tenant_id,
                webhook=webhook.id,
                attempt=delivery.attempts + 1,
                status=outcome.status,
                reason=outcome.error or "the receiver refused",
                duration_ms=round(took.total_seconds() * 1000, 1),
                correlation_id=correlation_id,
            )
        self._made.append((webhook, delivery, outcome))
        self._remember(webhook.id, took)
        self.bell.set()

    def _remember(self, webhook_id: str, took: timedelta) -> None:
        self._slow.pop(webhook_id, None)
        if took.total_seconds() > SLOW_S:
            self._slow[webhook_id] = None
            if len(self._slow) > _MOST_SLOW:
                self._slow.popitem(last=False)

    async def _write_down(self) -> None:
        made = list(self._made)
        if not made:
            return
        # Until it is written the places of these attempts stay taken; if it cannot be written, it is tried again.
        now = self._clock.now()
        settled = [after_attempt(delivery, outcome, now, self._jitter()) for _, delivery, outcome in made]
        await self._queue.settle(self._scope, settled)
        del self._made[: len(made)]
        done = {delivery.id for delivery in settled}
        self._under_way = {task: what for task, what in self._under_way.items() if what[1].id not in done}
        for webhook, _, outcome in made:
            if outcome.status == 410:
                self._gone[webhook.id] = webhook
            if outcome.status in (429, 503) and outcome.retry_after_s:
                # It speaks for the endpoint, not for one delivery: the others wait too.
                patience = timedelta(seconds=min(outcome.retry_after_s, MOST_PATIENCE_S))
                self._resting[webhook.id] = max(now + patience, self._resting.get(webhook.id, now))

    async def _disable_gone(self) -> None:
        for webhook in list(self._gone.values()):
            await self._disable(webhook, self._clock.now())
            del self._gone[webhook.id]

    async def _disable(self, webhook: Webhook, now: datetime) -> None:
        reason = "the receiver answered 410 Gone"
        told = Event(
            id=self._clock.new_id(),
            ts=now,
            tenant_id=webhook.tenant_id,
            type=WEBHOOK_DISABLED,
            payload=webhook_disabled(webhook, reason, now),
        )
        line = Access(
            id=self._clock.new_id(),
            ts=now,
            tenant_id=webhook.tenant_id,
            actor="worker",
            action="webhook:disable",
            target=webhook.id,
            delta={"enabled": [True, False], "disabled_reason": ["", reason]},
        )
        if await self._queue.disable(self._scope, webhook.id, reason, told, line):
            _log.warning("webhook_disabled", tenant=webhook.tenant_id, webhook=webhook.id, reason=reason)
            await self._words.announce("webhook", webhook.tenant_id)


def after_attempt(delivery: Delivery, outcome: Outcome, now: datetime, jitter: float) -> Delivery:
    """The delivery after one more attempt: delivered by a 2xx, failed by 410 or with the last attempt, else due again.

    `jitter` is a number from -1 to 1. A wait that the receiver asked for with 429 or 503 is kept, two hours of it.
    """
    attempts = delivery.attempts + 1
    delivered = outcome.delivered
    made = msgspec.structs.replace(
        delivery,
        attempts=attempts,
        last_status=outcome.status,
        last_error="" if delivered else outcome.error or f"the receiver answered {outcome.status}",
    )
    if delivered or outcome.status == 410 or attempts >= len(DELAYS_S):
        state = DeliveryState.DELIVERED if delivered else DeliveryState.FAILED
        return msgspec.structs.replace(made, state=state, next_attempt_at=None, finished_at=now)
    wait = DELAYS_S[attempts] * (1 + JITTER * jitter)
    if outcome.status in (429, 503) and outcome.retry_after_s is not None:
        wait = max(wait, min(outcome.retry_after_s, MOST_PATIENCE_S))
    return msgspec.structs.replace(made, next_attempt_at=now + timedelta(seconds=wait))


class _Data(msgspec.Struct):
    correlation_id: str = ""


class _Payload(msgspec.Struct):
    data: _Data


_decoder = msgspec.json.Decoder(_Payload)


def correlation_id_of(payload: bytes) -> str:
    """The correlation id that an event's payload speaks of; empty if it speaks of none."""
    try:
        return _decoder.decode(payload).data.correlation_id
    except msgspec.DecodeError:
        return ""
