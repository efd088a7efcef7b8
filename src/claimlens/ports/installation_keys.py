"""Where the installation keeps the keys that it made itself, and whatever else is sealed under its secret."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from claimlens.domain.access import Access
from claimlens.domain.installation_key import InstallationKey, KeyKind
from claimlens.domain.tenant import PlatformScope


class InstallationKeyStore(Protocol):
    """A few rows; always read from the primary."""

    async def all(self, scope: PlatformScope) -> Sequence[InstallationKey]:
        """Every key, the newest first."""
        ...

    async def add(self, scope: PlatformScope, key: InstallationKey) -> None:
        """Keep a key that is the first of its kind; if there is one in force meanwhile that one stays."""
        ...

    async def replace(
        self, scope: PlatformScope, old: InstallationKey, key: InstallationKey, now: datetime, access: Access
    ) -> bool:
        """Retire the key in force, with what is left sealed of it, and put another in force; False if it is not."""
        ...

    async def in_force(self, scope: PlatformScope, kind: KeyKind) -> InstallationKey | None:
        """The key of a kind that is in force."""
        ...


class SealedStore(Protocol):
    """Every sealed value of the store, wherever it stands. `place`: one of `domain/installation_key.py` SEALED."""

    async def page(self, scope: PlatformScope, place: str, *, after: str, limit: int) -> Sequence[tuple[str, bytes]]:
        """(id, sealed value) in order of the ids, those after one."""
        ...

    async def replace(self, scope: PlatformScope, place: str, row_id: str, old: bytes, new: bytes) -> bool:
        """Put a value in place of another; False if that one is not there any more."""
        ...

    async def has_keys(self, scope: PlatformScope) -> bool:
        """Whether there are API keys, which somebody digested."""
        ...
