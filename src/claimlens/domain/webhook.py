"""Webhooks: where a tenant is told, and what became of each delivery."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

import msgspec

#: What an endpoint may ask for. `menu.item.*` filter `verdict.generated` by outcome; they are no second deliveries.
EVENT_TYPES = (
    "verdict.generated",
    "menu.item.allow",
    "menu.item.modify",
    "menu.item.block",
    "job.finished",
    "service.degraded",
    "service.recovered",
    "webhook.disabled",
)

#: How many endpoints a tenant may have.
MOST_ENDPOINTS = 50


def wants(events: Collection[str], event_type: str, subject: str) -> bool:
    """Whether an endpoint that asked for `events` gets an event.

    A `menu.item.<outcome>` takes the verdicts of that outcome. `webhook.disabled` goes to every endpoint that is left,
    asked for or not: nobody else is told.
    """
    return (
        event_type in events
        or event_type == "webhook.disabled"
        or (event_type == "verdict.generated" and f"menu.item.{subject}" in events)
    )


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint of a tenant.

    `secrets` are the signing secrets (`whsec_…`), newest first; the older ones still sign until `overlap_until`. In the
    store they are encrypted.
    """

    id: str
    tenant_id: str
    url: str
    events: tuple[str, ...]
    secrets: tuple[str, ...]
    created_at: datetime
    enabled: bool = True
    disabled_reason: str = ""
    overlap_until: datetime | None = None
    description: str = ""

    def signing_secrets(self, now: datetime) -> tuple[str, ...]:
        """The secrets that sign at this moment, newest first."""
        in_overlap = self.overlap_until is not None and now < self.overlap_until
        return self.secrets if in_overlap else self.secrets[:1]


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one endpoint. `attempts` counts those made; `next_attempt_at` is None when there will be none.

    `event_id` goes out as `webhook-id`: it stays the same over all attempts and when a person asks for it again.
    """

    id: str
    tenant_id: str
    webhook_id: str
    event_id: str
    event_type: str
    payload: bytes
    created_at: datetime
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    next_attempt_at: datetime | None = None
    last_status: int | None = None
    last_error: str = ""
    finished_at: datetime | None = None
