"""A file that closes the service while it exists: in a cluster a ConfigMap, elsewhere any file."""

from pathlib import Path

#: What cannot be read was put there by somebody all the same.
_UNREADABLE = b"?"
_MOST_BYTES = 64 * 1024


class MaintenanceFile:
    """Looks at the file each time it is asked; it is small and local."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> bytes | None:
        """What stands in it; None if it does not exist. Never raises: a file that cannot be read is no JSON."""
        try:
            with self._path.open("rb") as file:
                return file.read(_MOST_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            return _UNREADABLE
