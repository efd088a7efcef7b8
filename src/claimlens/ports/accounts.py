"""Tenants, keys, users and the access log."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from claimlens.domain.access import Access
from claimlens.domain.api_key import ApiKey
from claimlens.domain.tenant import PlatformScope, Reach, Tenant, TenantScope
from claimlens.domain.user import User


class TenantStore(Protocol):
    """The tenants of the installation. Every change carries its line for the access log, in one transaction."""

    async def create(self, scope: PlatformScope, tenant: Tenant, access: Access) -> None:
        """Raises ConflictError if the id is taken."""
        ...

    async def find(self, tenant_id: str) -> Tenant | None:
        """A tenant by its id: for authentication; nothing of its data comes with it."""
        ...

    async def page(self, scope: PlatformScope, *, after: str, limit: int) -> Sequence[Tenant]:
        """In order of the ids."""
        ...

    async def update(self, scope: TenantScope, tenant: Tenant, access: Access) -> bool:
        """Write name, settings and isolation; whether there is such a tenant."""
        ...

    async def erase(self, scope: PlatformScope, tenant_id: str, access: Access) -> dict[str, int]:
        """Remove the tenant and all its rows, in bounded steps; the rows removed by table.

        `access` stays. What broke off can be begun again: the tenant itself goes last.
        """
        ...

    def rows(self, scope: TenantScope) -> AsyncIterator[Sequence[tuple[str, bytes]]]:
        """Everything kept about the tenant, in batches of (table, JSON `{"table": …, …}`); no secret, no hash."""
        ...


class KeyStore(Protocol):
    """API keys."""

    async def find_by_digest(self, digest: bytes) -> ApiKey | None:
        """The key with this digest, good or not: for authentication."""
        ...

    async def create(self, scope: TenantScope, key: ApiKey, access: Access) -> None:
        """Keep a new key."""
        ...

    async def find(self, reach: Reach, key_id: str) -> ApiKey | None:
        """One key, if it is within reach; None too for what is no id."""
        ...

    async def page(self, reach: Reach, *, after: str, limit: int) -> Sequence[ApiKey]:
        """Oldest first, revoked ones included."""
        ...

    async def revoke(self, scope: TenantScope, key_id: str, at: datetime, access: Access) -> bool:
        """Whether there was such a key; a revoked one stays as it is, and nothing is logged for it."""
        ...

    async def replace(self, scope: TenantScope, key_id: str, *, until: datetime, by: ApiKey, access: Access) -> bool:
        """Keep a new key and end an old one that it takes over from, in one transaction.

        False, and nothing kept, if the old one was revoked or taken over meanwhile.
        """
        ...

    async def used(self, last_used: dict[str, datetime]) -> None:
        """Note when keys were last used: {key id: moment}, written in one go; a later moment is not overwritten."""
        ...


class UserStore(Protocol):
    """People who sign in."""

    async def create(self, scope: TenantScope, user: User, access: Access) -> None:
        """Raises ConflictError if the address is taken (addresses are unique in the installation)."""
        ...

    async def find(self, reach: Reach, user_id: str) -> User | None:
        """One user, if within reach; None too for what is no id."""
        ...

    async def find_by_email(self, email: str) -> User | None:
        """For sign-in. Addresses are kept in lower case."""
        ...

    async def page(self, reach: Reach, *, after: str, limit: int) -> Sequence[User]:
        """Oldest first."""
        ...

    async def update(self, scope: TenantScope, user: User, access: Access) -> bool:
        """Write role, hash, disabled and last sign-in; whether there was such a user."""
        ...

    async def delete(self, scope: TenantScope, user_id: str, access: Access) -> bool:
        """Whether there was such a user."""
        ...


class AccessFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines: all given parts hold. `start` inclusive, `end` exclusive."""

    start: datetime | None = None
    end: datetime | None = None
    actor: str = ""
    action: str = ""


class AccessLog(Protocol):
    """Who did what. Lines are added, never changed."""

    async def add(self, scope: TenantScope, access: Access) -> None:
        """For what changes nothing else: reads, exports, sign-ins, refusals."""
        ...

    async def page(
        self, reach: Reach, chosen: AccessFilter, *, after: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Access]:
        """Newest first."""
        ...

    def export(self, reach: Reach, chosen: AccessFilter) -> AsyncIterator[Sequence[Access]]:
        """Oldest first, in batches."""
        ...
