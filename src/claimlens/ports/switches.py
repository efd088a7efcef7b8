"""Switches of the installation that every process sees within a second."""

from typing import Any, Protocol

from claimlens.domain.access import Access
from claimlens.domain.tenant import PlatformScope


class SwitchStore(Protocol):
    """Named JSON values (`maintenance`, `service.<name>`)."""

    async def read(self, name: str) -> dict[str, Any] | None:
        """The value, None if it was never set."""
        ...

    async def read_all(self, prefix: str) -> dict[str, dict[str, Any]]:
        """Those whose names begin so, by name."""
        ...

    async def write(self, scope: PlatformScope, name: str, value: dict[str, Any], access: Access) -> None:
        """Set it, with its line in the access log."""
        ...
