"""Shapes on the wire that no use case has: pages, small bodies, and examples for the document."""

from datetime import timedelta
from typing import Annotated, Any

import msgspec

from claimlens.domain.access import Access
from claimlens.domain.webhook import DeliveryState
from claimlens.usecases.api_keys import USUAL_OVERLAP, KeyView
from claimlens.usecases.deliveries import DeliveryView
from claimlens.usecases.incidents import IncidentView
from claimlens.usecases.profiles import ProfileView
from claimlens.usecases.tenants import TenantView
from claimlens.usecases.users import UserView
from claimlens.usecases.webhooks import WebhookView

_HOUR = timedelta(hours=1)


class Overlap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long the old one goes on beside the new one."""

    overlap_hours: Annotated[float, msgspec.Meta(ge=0, le=720)] = USUAL_OVERLAP / _HOUR

    def as_timedelta(self) -> timedelta:
        """The overlap as a length of time."""
        return timedelta(hours=self.overlap_hours)


class KeyPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of keys."""

    api_keys: list[KeyView]
    next_cursor: str | None


class TenantPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of tenants."""

    tenants: list[TenantView]
    next_cursor: str | None


class ProfileList(msgspec.Struct, frozen=True, kw_only=True):
    """The profiles."""

    profiles: list[ProfileView]


class UserPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of users."""

    users: list[UserView]
    next_cursor: str | None


class AccessPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the access log."""

    access_log: list[Access]
    next_cursor: str | None


class WebhookPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of endpoints."""

    webhooks: list[WebhookView]
    next_cursor: str | None


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of deliveries."""

    deliveries: list[DeliveryView]
    next_cursor: str | None


class IncidentPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of incidents."""

    incidents: list[IncidentView]
    next_cursor: str | None


class Window(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries: of a period (days or moments, the end day included), delivered or failed ones or both."""

    start_date: str = ""
    end_date: str = ""
    state: DeliveryState | None = None
    cursor: str = ""


_ID = "0192f3a4-5b6c-7d8e-9f01-23456789abcd"
_MOMENT = "2026-11-23T10:30:00.000000Z"

KEY: dict[str, Any] = {
    "id": _ID,
    "tenant_id": "tenant-001",
    "name": "Kitchen till",
    "role": "publisher",
    "state": "active",
    "shown": "cl_live_4fQ9",
    "test": False,
    "created_at": _MOMENT,
    "created_by": f"key:{_ID}",
    "expires_at": None,
    "last_used_at": None,
    "revoked_at": None,
    "replaced_by": None,
}
ISSUED_KEY: dict[str, Any] = {**KEY, "key": "cl_live_…", "replaces": None}
TENANT: dict[str, Any] = {
    "id": "cloud-kitchen-7",
    "name": "Cloud Kitchen 7",
    "isolated": False,
    "created_at": _MOMENT,
    "default_locale": "en-GB",
    "allowed_locales": [],
    "retention_days": 365,
    "requests_per_minute": None,
    "items_per_minute": None,
    "brand_names": ["Pure Joy"],
    "brand_notes": {"Pure Joy": {"reason": "Registered mark 0042", "author": "a.rao@kitchen.example", "expires": None}},
    "suppressions": [],
    "contact_email": "quality@kitchen.example",
    "legal_hold": False,
}
USER: dict[str, Any] = {
    "id": _ID,
    "tenant_id": "tenant-001",
    "email": "quality@kitchen.example",
    "role": "editor",
    "disabled": False,
    "has_password": True,
    "created_at": _MOMENT,
    "last_sign_in_at": None,
}
ACCESS: dict[str, Any] = {
    "id": _ID,
    "ts": _MOMENT,
    "tenant_id": "tenant-001",
    "actor": f"key:{_ID}",
    "action": "api_key:create",
    "target": _ID,
    "delta": {"role": [None, "publisher"]},
    "ip": "203.0.113.9",
    "correlation_id": "till-4711",
    "outcome": "ok",
}
WEBHOOK: dict[str, Any] = {
    "id": _ID,
    "tenant_id": "tenant-001",
    "url": "https://93.184.215.14/claimlens",
    "events": ["menu.item.block"],
    "description": "",
    "enabled": True,
    "disabled_reason": "",
    "overlap_until": None,
    "created_at": _MOMENT,
}
ISSUED_WEBHOOK: dict[str, Any] = {**WEBHOOK, "secret": "whsec_…"}
DELIVERY: dict[str, Any] = {
    "id": _ID,
    "webhook_id": _ID,
    "event_id": _ID,
    "event_type": "verdict.generated",
    "state": "pending",
    "attempts": 0,
    "created_at": _MOMENT,
    "next_attempt_at": _MOMENT,
    "last_status": None,
    "last_error": "",
    "finished_at": None,
}
