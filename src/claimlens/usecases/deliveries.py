"""Deliveries as a tenant sees them: listed, and sent again by hand."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError
from claimlens.domain.tenant import Principal, TenantScope
from claimlens.domain.webhook import Delivery, DeliveryState, Webhook
from claimlens.ports.clock import Clock
from claimlens.ports.webhooks import WebhookStore
from claimlens.usecases.access_log import access_line
from claimlens.usecases.pages import USUAL_ROWS, Page, cursor_at, cut, position_of
from claimlens.usecases.permissions import require
from claimlens.usecases.webhooks import find_webhook, webhook_scope

#: Deliveries that one call to replay looks at; a cursor goes on from there.
MOST_REPLAYED = 10_000

_BATCH = 500


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries to send again: those created in the window (`end` excluded), delivered or failed, or both."""

    start: datetime | None = None
    end: datetime | None = None
    state: DeliveryState | None = None
    cursor: str = ""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many were queued; with a cursor there are more, to be asked for with it."""

    queued: int
    next_cursor: str | None = None


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery without what was sent. `event_id` is the `webhook-id` that the receiver sees."""

    id: str
    webhook_id: str
    event_id: str
    event_type: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    last_status: int | None
    last_error: str
    finished_at: datetime | None


class Deliveries:
    """The deliveries of an endpoint. `tenant_id` None: one's own tenant's."""

    def __init__(self, webhooks: WebhookStore, clock: Clock) -> None:
        self._webhooks = webhooks
        self._clock = clock

    async def page(
        self,
        principal: Principal,
        webhook_id: str,
        *,
        state: DeliveryState | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        cursor: str = "",
        limit: int = USUAL_ROWS,
        tenant_id: str | None = None,
    ) -> Page[DeliveryView]:
        """Newest first; `end` is excluded. Raises NotFoundError; InvalidError for a cursor that is none of ours."""
        require(principal, "webhooks.read")
        scope = webhook_scope(principal, tenant_id)
        after = position_of(cursor)
        await find_webhook(self._webhooks, scope, webhook_id)
        rows = await self._webhooks.deliveries(
            scope, webhook_id, state=state, start=start, end=end, after=after, limit=limit + 1
        )
        return cut([_view(row) for row in rows], limit, lambda row: (row.id,))

    async def redeliver(
        self, principal: Principal, webhook_id: str, delivery_id: str, *, tenant_id: str | None = None
    ) -> DeliveryView:
        """Send one again, from the first attempt on, under the same `webhook-id`: a receiver that has it can tell.

        Raises NotFoundError; ConflictError if the endpoint is disabled or the delivery is on its way anyway.
        """
        require(principal, "webhooks.redeliver")
        scope = webhook_scope(principal, tenant_id)
        webhook = await self._find_enabled(scope, webhook_id)
        delivery = await self._webhooks.find_delivery(scope, webhook.id, delivery_id)
        if delivery is None:
            raise NotFoundError(f"there is no delivery {delivery_id!r:.80}")
        if delivery.state is DeliveryState.PENDING:
            raise ConflictError(
                f"the delivery {delivery.id} is on its way; it was tried {delivery.attempts} times so far"
            )
        again = self._again(delivery)
        line = access_line(
            principal, self._clock, "webhook:redeliver", delivery.id, {"again": again.id}, tenant_id=scope.tenant_id
        )
        await self._webhooks.add_deliveries(scope, [again], line)
        return _view(again)

    async def replay(
        self, principal: Principal, webhook_id: str, wanted: Replay, *, tenant_id: str | None = None
    ) -> Replayed:
        """Send the deliveries of a window again, each event once; what is still on its way is left alone.

        Raises NotFoundError; ConflictError if the endpoint is disabled; InvalidError for a cursor that is none of ours.
        """
        require(principal, "webhooks.redeliver")
        if wanted.state is DeliveryState.PENDING:
            raise InvalidError(
                (("/state", "pending deliveries are on their way; name delivered or failed, or neither"),)
            )
        scope = webhook_scope(principal, tenant_id)
        after = position_of(wanted.cursor)
        webhook = await self._find_enabled(scope, webhook_id)
        # Those that are queued below are newer than what is still to be read.
        end = min(wanted.end, self._clock.now()) if wanted.end else self._clock.now()
        events: set[str] = set()
        seen = queued = 0
        while seen < MOST_REPLAYED:
            rows = await self._webhooks.deliveries(
                scope, webhook.id, state=wanted.state, start=wanted.start, end=end, after=after, limit=_BATCH
            )
            chosen = self._chosen(rows, events)
            if chosen:
                delta = {"count": len(chosen), "window": [wanted.start, wanted.end], "state": wanted.state}
                line = access_line(
                    principal, self._clock, "webhook:replay", webhook.id, delta, tenant_id=scope.tenant_id
                )
                await self._webhooks.add_deliveries(scope, chosen, line)
            seen, queued = seen + len(rows), queued + len(chosen)
            if len(rows) < _BATCH:
                after = ""
                break
            after = rows[-1].id
        return Replayed(queued=queued, next_cursor=cursor_at(after) if after else None)

    def _chosen(self, rows: Sequence[Delivery], events: set[str]) -> list[Delivery]:
        """Copies of the finished ones whose event is not among `events` yet."""
        chosen = []
        for row in rows:
            if row.state is not DeliveryState.PENDING and row.event_id not in events:
                events.add(row.event_id)
                chosen.append(self._again(row))
        return chosen

    def _again(self, delivery: Delivery) -> Delivery:
        now = self._clock.now()
        return Delivery(
            id=self._clock.new_id(),
            tenant_id=delivery.tenant_id,
            webhook_id=delivery.webhook_id,
            event_id=delivery.event_id,
            event_type=delivery.event_type,
            payload=delivery.payload,
            created_at=now,
            next_attempt_at=now,
        )

    async def _find_enabled(self, scope: TenantScope, webhook_id: str) -> Webhook:
        webhook = await find_webhook(self._webhooks, scope, webhook_id)
        if not webhook.enabled:
            raise ConflictError(f"the endpoint is disabled ({webhook.disabled_reason}); enable it first")
        return webhook


def _view(delivery: Delivery) -> DeliveryView:
    return DeliveryView(**{name: getattr(delivery, name) for name in DeliveryView.__struct_fields__})
