"""Where incidents and their updates are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from claimlens.domain.access import Access
from claimlens.domain.incident import Incident, IncidentState, IncidentUpdate
from claimlens.domain.tenant import PlatformScope


class IncidentStore(Protocol):
    """Incidents of the installation. Only `public_since` may be shown to everybody."""

    async def add(self, scope: PlatformScope, incident: Incident, update: IncidentUpdate, access: Access) -> None:
        """Keep a new one with its first update, and the line in the access log."""
        ...

    async def change(
        self, scope: PlatformScope, incident: Incident, was: IncidentState, update: IncidentUpdate, access: Access
    ) -> bool:
        """Put it in the place of the one before, which was in the state `was`; False if it no longer is."""
        ...

    async def beginning_with(self, scope: PlatformScope, digits: str) -> Sequence[Incident]:
        """The first two whose ids begin with these hexadecimal digits."""
        ...

    async def page(
        self, scope: PlatformScope, *, only_open: bool, after: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Incident]:
        """Newest first."""
        ...

    async def updates(self, scope: PlatformScope, incident_ids: Sequence[str]) -> Sequence[IncidentUpdate]:
        """All of these incidents, oldest first."""
        ...

    async def public_since(self, since: datetime) -> Sequence[tuple[Incident, Sequence[IncidentUpdate]]]:
        """Public ones that are open or were open at some time since then, newest first, with their public updates."""
        ...
