"""Where what is past its retention is removed."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from claimlens.domain.retention import Data, Owner, Purged
from claimlens.domain.tenant import PlatformScope


class RetentionStore(Protocol):
    """Removes in steps, each a transaction of its own: what broke off can be begun again at any moment."""

    def alone(self) -> AbstractAsyncContextManager[bool]:
        """Whether nobody else in the installation purges as long as the block lasts."""
        ...

    async def owners(self, scope: PlatformScope, data: Data) -> Sequence[Owner]:
        """Every tenant that has rows of a kind, known or not (what is not known is kept longest)."""
        ...

    async def drop_partitions(
        self, scope: PlatformScope, data: Data, before: datetime, now: datetime
    ) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
        """Drop what lies wholly before a moment and is past every owner's retention: rows, dropped, still in use."""
        ...

    async def remove_owned(self, scope: PlatformScope, data: Data, owner: Owner, now: datetime) -> int:
        """Remove a batch of an owner's rows of a kind that are past retention; how many, 0 when none is left."""
        ...

    async def remove(self, scope: PlatformScope, data: Data, before: datetime) -> int:
        """Remove a batch of another kind; how many, 0 when none is left."""
        ...

    async def count(self, scope: PlatformScope, data: Data, before: datetime, owner: Owner | None = None) -> int:
        """How many rows would go."""
        ...

    async def begun(self, scope: PlatformScope, run_id: str, data: Data, now: datetime) -> None:
        """Note that a purge has begun."""
        ...

    async def finished(self, scope: PlatformScope, run_id: str, purged: Purged, now: datetime) -> None:
        """Note what it came to."""
        ...

    async def last(self, scope: PlatformScope, data: Data) -> datetime | None:
        """When the last purge began that came to its end."""
        ...
