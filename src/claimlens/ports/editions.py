"""Which editions of the rule packs this installation has served."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec


class EditionHead(msgspec.Struct, frozen=True, kw_only=True):
    """One edition of a pack: `digest` is the SHA-256 over its sources and the shared ones; `since` it is known here."""

    pack: str
    digest: str
    versions: dict[str, str]
    since: datetime


class Edition(msgspec.Struct, frozen=True, kw_only=True):
    """An edition with what stands in it.

    `rules`: {rule id: {field: value as written}}; `files`: {path: SHA-256}, those of the shared folder under `shared/`.
    """

    head: EditionHead
    rules: dict[str, dict[str, Any]]
    files: dict[str, str]


class EditionStore(Protocol):
    """Editions are added and never changed."""

    async def add(self, edition: Edition) -> bool:
        """Keep an edition; whether it was new."""
        ...

    async def heads(self, pack: str) -> Sequence[EditionHead]:
        """The editions of a pack, the one that came last first."""
        ...

    async def find(self, pack: str, digest: str) -> Edition | None:
        """One of them, whole."""
        ...
