"""Where seals are kept, and the key that makes them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

import msgspec

from claimlens.domain.seal import Member, Signed, Standing, unpacked
from claimlens.domain.tenant import PlatformScope, TenantScope


class SealKey(Protocol):
    """Signs. `public_key` is raw, 32 bytes."""

    public_key: bytes

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature, 64 bytes."""
        ...


class SealKeys(Protocol):
    """The keys of an installation: one signs, those before it are known."""

    async def in_force(self) -> SealKey:
        """The key that signs now. Raises SecretError if it is not at hand here."""
        ...

    async def names(self) -> frozenset[str]:
        """What seals call every key that signed them here."""
        ...


class KeptSeal(msgspec.Struct, frozen=True, kw_only=True):
    """A seal as it is kept, believed in nothing yet.

    `members` is their packed list (`domain/seal.py`), None once every audit under it is past retention and gone.
    """

    number: int
    signed: Signed
    members: bytes | None

    def listed(self) -> list[Member]:
        """The members; none if the list is gone or no list of members any more."""
        try:
            return unpacked(self.members or b"")
        except ValueError:
            return []


MakeSeal = Callable[[Sequence[Member], Signed | None, Standing], Signed]
"""(members in order, the seal before, the tenant's retention) → the signed seal."""


class SealStore(Protocol):
    """The seals of each tenant, and the audits that wait for one."""

    def alone(self) -> AbstractAsyncContextManager[bool]:
        """Whether nobody else in the installation seals as long as the block lasts."""
        ...

    async def tenants_waiting(self, scope: PlatformScope, before: datetime, *, after: str, limit: int) -> Sequence[str]:
        """Tenants that have unsealed audits from before a moment, in order of their ids."""
        ...

    async def seal_next(self, scope: TenantScope, before: datetime, *, limit: int, make: MakeSeal) -> int:
        """Seal the oldest unsealed audits from before a moment; how many. All of it is one transaction."""
        ...

    async def covering(self, scope: TenantScope, ts: datetime, audit_id: str) -> KeptSeal | None:
        """The seal over an audit; None as long as there is none."""
        ...

    async def latest(self, scope: TenantScope) -> KeptSeal | None:
        """The tenant's last seal."""
        ...

    async def span(self, scope: TenantScope, start: datetime | None, end: datetime | None) -> tuple[int, int] | None:
        """The numbers of the first and the last seal over a period (start inclusive, end exclusive)."""
        ...

    def seals(self, scope: TenantScope, first: int, last: int) -> AsyncIterator[KeptSeal]:
        """The seals from one number to another, in order."""
        ...

    async def records(self, scope: TenantScope, members: Sequence[Member]) -> Sequence[tuple[Member, bytes]]:
        """The records of these members that are there, in their order."""
        ...

    async def standing(self, scope: TenantScope) -> Standing:
        """The tenant's retention and what it has removed."""
        ...

    async def unsealed(self, scope: TenantScope) -> int:
        """How many audits of the tenant wait for a seal."""
        ...
