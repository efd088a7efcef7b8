"""A bucket as a place for files: S3, or what speaks its protocol.

Keys and region come from the usual variables (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`) or the
machine's role. Long files go in parts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from claimlens.domain.errors import BackupError

_RETRIES, _PATIENCE = 3, timedelta(seconds=30)


class S3Place:
    """An ObjectPlace (`ports/objects.py`) at `s3://bucket/prefix`."""

    def __init__(self, url: str, endpoint: str = "") -> None:
        """`endpoint`: another server than Amazon's; without TLS if its URL says so."""
        self._url = url.rstrip("/")
        plain = endpoint.startswith("http://")
        with self._words("cannot be used"):
            self._store = S3Store.from_url(
                self._url,
                config={"endpoint": endpoint} if endpoint else None,
                client_options={"allow_http": plain, "timeout": "10m", "connect_timeout": "10s"},
                retry_config={"max_retries": _RETRIES, "retry_timeout": _PATIENCE},
            )

    def put(self, name: str, file: Path) -> None:
        """Keep a file under a name, whole or not at all; one of that name is replaced."""
        with self._words(f"/{name} cannot be written"):
            obstore.put(self._store, name, file)

    def get(self, name: str, file: Path) -> None:
        """Bring one here. Raises BackupError if there is none."""
        with self._words(f"/{name} cannot be read"), file.open("wb") as target:
            for piece in obstore.get(self._store, name).stream():
                target.write(piece)

    def names(self) -> list[str]:
        """What is there, in order."""
        with self._words(" cannot be listed"):
            found = obstore.list_with_delimiter(self._store)["objects"]
            return sorted(str(each["path"]).rpartition("/")[2] for each in found)

    def delete(self, name: str) -> None:
        """Remove one."""
        with self._words(f"/{name} cannot be removed"):
            obstore.delete(self._store, name)

    @contextmanager
    def _words(self, what: str) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            reason = (str(error).splitlines() or [""])[0]
            raise BackupError(f"{self._url}{what}: {reason:.300}") from error
