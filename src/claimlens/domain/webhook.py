"""Webhooks: where a tenant is told, and what became of each delivery."""

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


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one endpoint. `attempts` counts those made; `next_attempt_at` is None when there will be none."""

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
