"""What tenants were told of each service last: once for each change, however many processes see it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from claimlens.domain.tenant import PlatformScope


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """`is_out` since `since`; `seen_at` is when a process last found it so."""

    is_out: bool
    since: datetime
    seen_at: datetime


class ServiceNewsStore(Protocol):
    """Remembers what was told, with the events that tell it."""

    async def turn(self, scope: PlatformScope, service: str, at: datetime, *, out: bool, payload: bytes) -> bool:
        """Whether it is news; then the event is in the outbox of every tenant with an endpoint that asks for it.

        Both in one transaction: of several processes that see the same change one tells it.
        """
        ...

    async def still_out(self, scope: PlatformScope, service: str, at: datetime) -> None:
        """Note that somebody still finds it out."""
        ...

    async def told(self) -> Mapping[str, Told]:
        """What was told last, by service."""
        ...
