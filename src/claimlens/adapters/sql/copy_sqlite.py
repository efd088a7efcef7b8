"""SQLite copied by its backup interface: a whole file, while others write."""

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from urllib.parse import quote

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.snapshot import snapshot_of
from claimlens.domain.backup import Snapshot
from claimlens.domain.errors import BackupError

_PIECE = 1 << 20
_BESIDE = ("-wal", "-shm", "-journal")


class SqliteCopy:
    """A StoreCopy (`ports/backup.py`) of the file at a path."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def url(self) -> str:
        """The store, for whoever opens it."""
        return f"sqlite:///{quote(str(self._path))}"

    @asynccontextmanager
    async def pieces(self) -> AsyncIterator[tuple[Snapshot, Iterator[bytes]]]:
        """What the store holds, and the file with exactly that."""
        if not self._path.exists():
            raise BackupError(f"there is no store at {self._path}")
        with tempfile.TemporaryDirectory(prefix="claimlens-backup-") as folder:
            copy = SqliteCopy(Path(folder) / "copy.db")
            await asyncio.to_thread(self._copy_to, copy._path)
            yield await copy.snapshot(), _pieces_of(copy._path)

    async def restore(self, pieces: Iterable[bytes], *, replace: bool) -> None:
        """Put the file in the place of the store, which nobody may have open; without `replace` only where none is."""
        if not replace and self._path.exists():
            raise BackupError(f"there is a store at {self._path}; say --replace to put the backup in its place")
        await asyncio.to_thread(self._restore, pieces)

    @asynccontextmanager
    async def scratch(self) -> AsyncIterator["SqliteCopy"]:
        """A file in a temporary folder."""
        with tempfile.TemporaryDirectory(prefix="claimlens-drill-") as folder:
            yield SqliteCopy(Path(folder) / "drill.db")

    async def snapshot(self) -> Snapshot:
        """What the store holds."""
        database = Database(self.url)
        try:
            return await snapshot_of(database)
        finally:
            await database.close()

    def _copy_to(self, target: Path) -> None:
        try:
            with closing(sqlite3.connect(self._path)) as source, closing(sqlite3.connect(target)) as copy:
                source.backup(copy, pages=1_000)
                # A copy in one file, without the journal that the store writes beside itself.
                copy.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise BackupError(f"{self._path} cannot be copied: {error}") from error

    def _restore(self, pieces: Iterable[bytes]) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        try:
            with open(handle, "wb") as target:
                for piece in pieces:
                    target.write(piece)
                target.flush()
                os.fsync(target.fileno())
            with closing(sqlite3.connect(name)) as connection:
                said = connection.execute("PRAGMA integrity_check").fetchone()[0]
            if said != "ok":
                raise BackupError(f"the backup is no whole SQLite file: {said}")
            for beside in _BESIDE:
                self._path.with_name(self._path.name + beside).unlink(missing_ok=True)
            os.replace(name, self._path)
        except sqlite3.Error as error:
            raise BackupError(f"the backup is no SQLite file: {error}") from error
        finally:
            Path(name).unlink(missing_ok=True)


def _pieces_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
