"""Webhook endpoints, the outbox, deliveries, and the way out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from claimlens.domain.access import Access
from claimlens.domain.audit import Event
from claimlens.domain.tenant import PlatformScope, TenantScope
from claimlens.domain.webhook import Delivery, DeliveryState, Webhook


class WebhookStore(Protocol):
    """Endpoints and deliveries of tenants."""

    async def create(self, scope: TenantScope, webhook: Webhook, access: Access) -> None:
        """Keep a new endpoint; its secrets are encrypted on the way in."""
        ...

    async def find(self, scope: TenantScope, webhook_id: str) -> Webhook | None:
        """One endpoint."""
        ...

    async def all_of(self, scope: TenantScope) -> Sequence[Webhook]:
        """Every endpoint of the tenant, oldest first (a tenant has at most 50)."""
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

    async def add_deliveries(self, scope: TenantScope, deliveries: Sequence[Delivery]) -> None:
        """Queue deliveries that a person asked for again."""
        ...

    async def add_event(self, scope: TenantScope, event: Event) -> None:
        """Put an event into the outbox outside an answer."""
        ...


class DeliveryQueue(Protocol):
    """The worker's side: several workers may ask at once; what one holds, no other is given (leases, SKIP LOCKED)."""

    async def fan_out(self, scope: PlatformScope, now: datetime, *, limit: int) -> int:
        """Turn outbox rows into one delivery for each enabled endpoint that asked for the event; how many rows."""
        ...

    async def due(
        self, scope: PlatformScope, now: datetime, *, lease_until: datetime, limit: int, busy: Sequence[str]
    ) -> Sequence[tuple[Webhook, Delivery]]:
        """Deliveries whose time has come, leased; none for endpoints in `busy`, none of disabled endpoints."""
        ...

    async def settle(self, scope: PlatformScope, delivery: Delivery) -> None:
        """Write what an attempt came to and drop the lease."""
        ...

    async def disable(self, scope: PlatformScope, webhook_id: str, reason: str, told: Event, access: Access) -> None:
        """Disable an endpoint; `told` goes to the tenant's other endpoints, its open deliveries fail."""
        ...


class Outcome(msgspec.Struct, frozen=True):
    """What one attempt came to. `status` None: no answer (`error` says why). `retry_after_s` as the endpoint asked."""

    status: int | None
    error: str = ""
    retry_after_s: int | None = None


class WebhookSender(Protocol):
    """The way out: signed, to public addresses only, redirects not followed."""

    async def send(self, webhook: Webhook, message_id: str, payload: bytes, now: datetime) -> Outcome:
        """One attempt, within its time limit. Never raises for what the other side does."""
        ...

    async def refuse(self, url: str) -> str:
        """Why a URL may not be an endpoint, in one sentence; empty if it may."""
        ...
