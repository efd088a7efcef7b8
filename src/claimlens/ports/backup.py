"""A store copied whole, and brought back."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from claimlens.domain.backup import Snapshot


class StoreCopy(Protocol):
    """One store. Everything raises BackupError in one line. Iterators are walked in a thread."""

    dialect: str

    @property
    def url(self) -> str:
        """The store, for whoever opens it."""
        ...

    def pieces(self) -> AbstractAsyncContextManager[tuple[Snapshot, Iterator[bytes]]]:
        """What the store holds, and the copy of exactly that, not compressed."""
        ...

    async def restore(self, pieces: Iterable[bytes], *, replace: bool) -> None:
        """Bring a copy back, whole or not at all. Without `replace` only into an empty store."""
        ...

    def scratch(self) -> AbstractAsyncContextManager["StoreCopy"]:
        """An empty store beside this one, for a drill; gone at the end."""
        ...

    async def snapshot(self) -> Snapshot:
        """What the store holds."""
        ...
