"""A place for files that outlive this machine. Called in a thread: it takes as long as the network does."""

from pathlib import Path
from typing import Protocol


class ObjectPlace(Protocol):
    """A folder of files, here or at an object store. Everything raises BackupError in one line."""

    def put(self, name: str, file: Path) -> None:
        """Keep a file under a name, whole or not at all; one of that name is replaced."""
        ...

    def get(self, name: str, file: Path) -> None:
        """Bring one here. Raises BackupError if there is none."""
        ...

    def names(self) -> list[str]:
        """What is there, in order."""
        ...

    def delete(self, name: str) -> None:
        """Remove one."""
        ...
