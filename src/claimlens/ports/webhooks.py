"""Webhook endpoints, the outbox, deliveries, and the way out."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from claimlens.domain.access import Access
from claimlens.domain.audit import Event
from claimlens.domain.tenant import PlatformScope, TenantScope
from claimlens.domain.webhook import Delivery, DeliveryState, Webhook


class Endpoints(Protocol):
    """What asks which events a tenant waits for."""

    async def all_of(self, scope: TenantScope) -> Sequence[Webhook]:
        """Every endpoint of the tenant, oldest first (a tenant has at most 50)."""
        ...


class WebhookStore(Endpoints, Protocol):
    """Endpoints and deliveries of tenants."""

    async def page(self, scope: PlatformScope, *, after: str, limit: int) -> Sequence[Webhook]:
        """The endpoints of all tenants, oldest first, those that come after an id."""
        ...

    async def create(self, scope: TenantScope, webhook: Webhook, access: Access) -> None:
        """Keep a new endpoint; its secrets are encrypted on the way in."""
        ...

    async def find(self, scope: TenantScope, webhook_id: str) -> Webhook | None:
        """One endpoint."""
        ...

    async def update(self, scope: TenantScope, webhook: Webhook, access: Access) -> None:
        """Write all but id, tenant and creation."""
        ...

    async def delete(self, scope: TenantScope, webhook_id: str, access: Access) -> bool:
        """Whether there was such an endpoint; its deliveries go with it."""
        ...

    async def deliveries(
        self,
        scope: TenantScope,
        webhook_id: str,
        *,
        state: DeliveryState | None,
        start: datetime | None,
        end: datetime | None,
        after: str,
        limit: int,
    ) -> Sequence[Delivery]:
        """Newest first, the rows after the id."""
        ...

    async def find_delivery(self, scope: TenantScope, webhook_id: str, delivery_id: str) -> Delivery | None:
        """One delivery."""
        ...

    async def add_deliveries(self, scope: TenantScope, deliveries: Sequence[Delivery], access: Access) -> None:
        """Queue deliveries that a person asked for again."""
        ...

    async def add_event(self, scope: TenantScope, event: Event) -> None:
        """Put an event into the outbox outside an answer."""
        ...


class DeliveryQueue(Protocol):
    """The worker's side: several workers may ask at once; what one holds, no other is given (leases, SKIP LOCKED)."""

    async def fan_out(self, scope: PlatformScope, now: datetime, *, limit: int) -> int:
        """Turn outbox rows, oldest first, into one delivery for each enabled endpoint that `wants` the event.

        The deliveries are due at once. How many rows; fewer than `limit` means that the outbox is empty.
        """
        ...

    async def due(
        self,
        scope: PlatformScope,
        now: datetime,
        *,
        lease_until: datetime,
        limit: int,
        each: int,
        but: Collection[str] = (),
        only: Collection[str] | None = None,
    ) -> Sequence[tuple[Webhook, Delivery]]:
        """Deliveries whose time has come, leased, the longest due first; none of disabled endpoints.

        At most `each` of one endpoint, so that a long queue does not stand before the others; none of the endpoints in
        `but`; if `only` is given, of no others. A lease that ran out counts as none.
        """
        ...

    async def settle(self, scope: PlatformScope, deliveries: Sequence[Delivery]) -> None:
        """Write what attempts came to and drop the leases, in one transaction.

        A row that is gone stays gone. One that failed meanwhile, because its endpoint was disabled, stays failed unless
        this attempt delivered it.
        """
        ...

    async def disable(self, scope: PlatformScope, webhook_id: str, reason: str, told: Event, access: Access) -> bool:
        """Disable an endpoint; `told` goes into the outbox, its open deliveries fail with the reason.

        False if it was disabled or gone already: then nothing is written.
        """
        ...


class Outcome(msgspec.Struct, frozen=True):
    """What one attempt came to. `status` None: no answer (`error` says why). `retry_after_s` as the endpoint asked."""

    status: int | None
    error: str = ""
    retry_after_s: int | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it: a 2xx."""
        return self.status is not None and 200 <= self.status < 300


class Message(msgspec.Struct, frozen=True):
    """What is sent. `id` names it for the receiver over all attempts.

    `correlation_id` and `traceparent` are empty where none is known.
    """

    id: str
    payload: bytes
    correlation_id: str = ""
    traceparent: str = ""


class WebhookSender(Protocol):
    """The way out: signed, to public addresses only, redirects not followed."""

    async def send(self, webhook: Webhook, message: Message, now: datetime) -> Outcome:
        """One attempt, within its time limit. Never raises for what the other side does."""
        ...

    async def refuse(self, url: str) -> str:
        """Why a URL may not be an endpoint, in one sentence; empty if it may."""
        ...
