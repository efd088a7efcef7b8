"""Sessions and second factors, kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from claimlens.domain.access import Access
from claimlens.domain.session import SecondFactor, Session, Stage
from claimlens.domain.tenant import PlatformScope, Reach, TenantScope


class SessionStore(Protocol):
    """Sessions. Read from the primary: a session that was ended is ended everywhere at once."""

    async def begin(self, scope: TenantScope, session: Session) -> None:
        """Keep a new session."""
        ...

    async def find_by_digest(self, digest: bytes) -> Session | None:
        """For authentication; the caller asks whether it still holds."""
        ...

    async def of_user(self, scope: TenantScope, user_id: str) -> Sequence[Session]:
        """A person's sessions, the one that was seen last first."""
        ...

    async def seen(self, scope: TenantScope, session_id: str, at: datetime) -> None:
        """Note that it was used."""
        ...

    async def promote(self, scope: TenantScope, session_id: str, digest: bytes, stage: Stage) -> bool:
        """Give it a new stage and a new token; whether there is such a session."""
        ...

    async def end(self, scope: TenantScope, user_id: str, access: Access, *, only: str = "", keep: str = "") -> int:
        """End a person's sessions, all or `only` one, but for the one to `keep`; how many there were."""
        ...

    async def forget_idle(self, scope: PlatformScope, before: datetime, *, limit: int) -> int:
        """Drop sessions that were not seen since a moment; how many."""
        ...


class SecondFactorStore(Protocol):
    """Second factors, one for each person at most."""

    async def find(self, scope: TenantScope, user_id: str) -> SecondFactor | None:
        """A person's, confirmed or not."""
        ...

    async def holders(self, reach: Reach) -> frozenset[str]:
        """The ids of the people within reach who have a confirmed one."""
        ...

    async def put(self, scope: TenantScope, factor: SecondFactor, access: Access | None) -> None:
        """Keep it in place of whatever there was."""
        ...

    async def remove(self, scope: TenantScope, user_id: str, access: Access) -> bool:
        """Whether there was one."""
        ...

    async def use_step(self, scope: TenantScope, user_id: str, step: int) -> bool:
        """Take a code's step; False if it or a later one was taken already."""
        ...

    async def use_recovery(self, scope: TenantScope, factor: SecondFactor, digest: str) -> bool:
        """Take a recovery code; False if it was taken already."""
        ...
