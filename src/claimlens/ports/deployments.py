"""Where it is kept what was started."""

from collections.abc import Sequence
from typing import Protocol

from claimlens.domain.access import Access
from claimlens.domain.deployment import Deployment
from claimlens.domain.tenant import PlatformScope


class DeploymentStore(Protocol):
    """Starts and roll-backs of the installation."""

    async def add(self, scope: PlatformScope, deployment: Deployment, access: Access | None = None) -> None:
        """Keep it; nothing happens if it is kept already. `access` is its line in the log if a person did it."""
        ...

    async def latest(self, scope: PlatformScope, *, limit: int, part: str = "") -> Sequence[Deployment]:
        """Newest first, of all parts or of one."""
        ...
