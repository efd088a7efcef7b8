"""API keys as they are kept: never the secret, only its keyed hash."""

from datetime import datetime

import msgspec

from claimlens.domain.tenant import Role


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a tenant. `shown` is the first characters of the secret, enough to recognise it (`cl_live_4fQ…`).

    `digest` is HMAC-SHA-256 of the whole key under the installation's secret. A key is good while it is neither revoked
    nor expired. `replaced_by` names the key that took over at a rotation; both hold until `expires_at`.
    """

    id: str
    tenant_id: str
    name: str
    role: Role
    shown: str
    digest: bytes
    test: bool
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    replaced_by: str | None = None

    def holds(self, now: datetime) -> bool:
        """Whether the key opens anything at this moment."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
