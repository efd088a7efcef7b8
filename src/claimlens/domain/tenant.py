"""Tenants, roles, and the scope that every touch of a tenant's rows asks for."""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from claimlens.domain.suppression import Suppression

#: How long audits are kept, in days: the bounds and what a new tenant gets.
LEAST_RETENTION_DAYS, MOST_RETENTION_DAYS, DEFAULT_RETENTION_DAYS = 90, 365, 365


class Role(StrEnum):
    """What a key or a user may do; `usecases/permissions.py` holds the table."""

    PLATFORM_ADMIN = "platform_admin"
    ADMIN = "admin"
    EDITOR = "editor"
    VIEWER = "viewer"
    PUBLISHER = "publisher"


class BrandNote(msgspec.Struct, frozen=True, kw_only=True):
    """Why a brand name is one, who says so, and the last day on which it is; None: until somebody ends it."""

    reason: str
    author: str
    expires: date | None = None


class TenantSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a tenant may set for itself. Empty or None means: as the installation has it.

    `requests_per_minute` holds for each key, `items_per_minute` for the tenant. `brand_names` are the tenant's own
    marks: words inside them are names, not claims; `brand_notes` say of some of them why, by whom and until when.
    `legal_hold` keeps audits past their retention.
    """

    default_locale: str = ""
    allowed_locales: tuple[str, ...] = ()
    retention_days: int = DEFAULT_RETENTION_DAYS
    requests_per_minute: int | None = None
    items_per_minute: int | None = None
    brand_names: tuple[str, ...] = ()
    brand_notes: dict[str, BrandNote] = {}
    suppressions: tuple[Suppression, ...] = ()
    contact_email: str = ""
    legal_hold: bool = False

    def on(self, day: date) -> "TenantSettings":
        """The settings as they hold on a day: without the brand names that ended before it."""
        ended = {name for name, note in self.brand_notes.items() if note.expires is not None and note.expires < day}
        if not ended:
            return self
        return msgspec.structs.replace(self, brand_names=tuple([n for n in self.brand_names if n not in ended]))


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation. An isolated tenant's keys are refused until it is released."""

    id: str
    name: str
    settings: TenantSettings
    created_at: datetime
    isolated: bool = False

    def on(self, day: date) -> "Tenant":
        """The tenant with its settings as they hold on a day."""
        settings = self.settings.on(day)
        return self if settings is self.settings else msgspec.structs.replace(self, settings=settings)


class TenantScope:
    """The tenant whose rows may be touched: every method of a store asks for one.

    Only `usecases/authentication.py` makes them (a test reads the tree for it), so a tenant id that came in with a
    request cannot reach a query by itself.
    """

    __slots__ = ("tenant_id",)

    def __init__(self, tenant_id: str) -> None:
        self.tenant_id = tenant_id

    def __repr__(self) -> str:
        return f"TenantScope({self.tenant_id!r})"


class PlatformScope:
    """All tenants: for platform administrators, the worker and the operator's commands. Made where TenantScope is."""

    __slots__ = ()


#: How far a read goes: one tenant, or all of them.
Reach = TenantScope | PlatformScope


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: made by authentication, passed to every use case.

    `actor` names the key, user or command in the access log (`key:<id>`, `user:<id>`, `cli:<login>`, `worker`).
    `platform` is set for a platform administrator only. `test`: a `cl_test_` key, judged fully, audits flagged.
    """

    actor: str
    role: Role
    scope: TenantScope
    tenant: Tenant
    platform: PlatformScope | None = None
    test: bool = False
    ip: str = ""
    correlation_id: str = ""
