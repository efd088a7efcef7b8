"""A folder as a place for files."""

import os
import shutil
import tempfile
from pathlib import Path

from claimlens.domain.errors import BackupError


class FolderPlace:
    """An ObjectPlace (`ports/objects.py`). Files in it are for their owner's eyes only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, file: Path) -> None:
        """Keep a file under a name, whole or not at all; one of that name is replaced."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=self._folder)
            try:
                with open(handle, "wb") as target, file.open("rb") as source:
                    shutil.copyfileobj(source, target, 1 << 20)
                    target.flush()
                    os.fsync(target.fileno())
                os.replace(temporary, self._folder / name)
            except BaseException:
                os.unlink(temporary)
                raise
        except OSError as error:
            raise _said(f"{self._folder / name} cannot be written", error) from error

    def get(self, name: str, file: Path) -> None:
        """Bring one here. Raises BackupError if there is none."""
        try:
            shutil.copyfile(self._folder / name, file)
        except OSError as error:
            raise _said(f"{self._folder / name} cannot be read", error) from error

    def names(self) -> list[str]:
        """What is there, in order."""
        try:
            return sorted(entry.name for entry in self._folder.iterdir() if entry.is_file())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _said(f"{self._folder} cannot be read", error) from error

    def delete(self, name: str) -> None:
        """Remove one."""
        try:
            (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise _said(f"{self._folder / name} cannot be removed", error) from error


def _said(what: str, error: OSError) -> BackupError:
    return BackupError(f"{what}: {(error.strerror or str(error)).lower()}")
