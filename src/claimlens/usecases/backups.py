"""Backups: made, listed, verified, brought back, tried out, removed when they are old."""

import asyncio
import hashlib
import tempfile
import zlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import msgspec

from claimlens.domain.backup import DESCRIBED, Backup, Snapshot, is_backup, name_of
from claimlens.domain.errors import BackupError, ClaimLensError
from claimlens.ports.backup import StoreCopy
from claimlens.ports.clock import Clock
from claimlens.ports.objects import ObjectPlace

_PIECE = 1 << 20
#: How a dump ends that pg_dump wrote to its end.
_END = b"PostgreSQL database dump complete"

Seal = Callable[[Iterable[bytes]], Iterator[bytes]]
Open = Callable[[BinaryIO], Iterator[bytes]]
VerifySeals = Callable[[str], Awaitable[tuple[int, list[str]] | None]]
"""(URL of a store) → audits verified and what is wrong; None where no key is known."""


class Cipher(msgspec.Struct, frozen=True):
    """Seals and opens files under the key of the backups."""

    seal: Seal
    open: Open


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """What a restored store showed.

    `differing`: table → (rows at the backup, rows restored). `audits`: those under seals that were verified, None if no
    key is known to do it with.
    """

    name: str
    rows: int
    differing: dict[str, tuple[int, int]]
    audits: int | None
    broken: list[str]

    @property
    def holds(self) -> bool:
        """Whether it is what was backed up, and its seals verify."""
        return not self.differing and not self.broken


class Backups:
    """The backups of one store at one place."""

    def __init__(
        self,
        place: ObjectPlace,
        store: StoreCopy,
        clock: Clock,
        *,
        program: str,
        cipher: Cipher | None,
        verify_seals: VerifySeals,
    ) -> None:
        self._place = place
        self._store = store
        self._clock = clock
        self._program = program
        self._cipher = cipher
        self._verify_seals = verify_seals

    async def create(self) -> Backup:
        """Make one; it is at its place, with its description, when this returns."""
        now = self._clock.now()
        names = await asyncio.to_thread(self._place.names)
        kind = {"encrypted": self._cipher is not None}
        name = name_of(now, self._store.dialect, again=False, **kind)
        if name in names:
            name = name_of(now, self._store.dialect, again=True, **kind)
        with _folder() as folder:
            file = folder / name
            async with self._store.pieces() as (snapshot, pieces):
                packed = _gzipped(pieces)
                await asyncio.to_thread(_write, file, self._cipher.seal(packed) if self._cipher else packed)
            backup = Backup(
                name=name,
                created_at=now,
                program=self._program,
                migration=snapshot.migration,
                sha256=await asyncio.to_thread(_digest, file),
                size=file.stat().st_size,
                rows=snapshot.rows,
                heads=snapshot.heads,
            )
            described = folder / f"{name}{DESCRIBED}"
            described.write_bytes(msgspec.json.format(msgspec.json.encode(backup), indent=1) + b"\n")
            # The description last: what has one is whole.
            for made in (file, described):
                await asyncio.to_thread(self._place.put, made.name, made)
        return backup

    async def list(self) -> Sequence[Backup]:
        """Those that have a description, newest first."""
        names = await asyncio.to_thread(self._place.names)
        found = [name for name in names if is_backup(name) and f"{name}{DESCRIBED}" in names]
        backups = [await self._described(name) for name in found]
        return sorted(backups, key=lambda backup: backup.created_at, reverse=True)

    async def verify(self, name: str = "") -> Backup:
        """Read one (the newest) to its end. Raises BackupError unless it is what was made, and whole."""
        backup = await self._chosen(name)
        with _folder() as folder:
            file = await self._fetched(backup, folder)
            await asyncio.to_thread(self._read_to_the_end, backup, file)
        return backup

    async def restore(self, name: str = "", *, replace: bool = False) -> Drill:
        """Bring one (the newest) back and hold it against its description.

        Raises BackupError before anything is changed if it is not what was made.
        """
        backup = await self._chosen(name)
        with _folder() as folder:
            return await self._into(self._store, backup, await self._fetched(backup, folder), replace=replace)

    async def drill(self, name: str = "") -> Drill:
        """Restore one (the newest) into a scratch store, hold it against its description, remove it again."""
        backup = await self._chosen(name)
        with _folder() as folder:
            file = await self._fetched(backup, folder)
            async with self._store.scratch() as scratch:
                return await self._into(scratch, backup, file, replace=True)

    async def prune(self, days: int, *, dry_run: bool = False) -> Sequence[Backup]:
        """Remove those older than so many days; which. The newest one stays however old it is."""
        backups = await self.list()
        limit = self._clock.now() - timedelta(days=days)
        old = [backup for backup in backups[1:] if backup.created_at < limit]
        for backup in old if not dry_run else ():
            # The description first: what is left without one counts as none.
            await asyncio.to_thread(self._place.delete, f"{backup.name}{DESCRIBED}")
            await asyncio.to_thread(self._place.delete, backup.name)
        return old

    async def _into(self, store: StoreCopy, backup: Backup, file: Path, *, replace: bool) -> Drill:
        await asyncio.to_thread(self._read_to_the_end, backup, file)
        await store.restore(self._plain(backup, file), replace=replace)
        there: Snapshot = await store.snapshot()
        differing = {
            table: (count, there.rows.get(table, 0))
            for table, count in backup.rows.items()
            if there.rows.get(table, 0) != count
        }
        verified = await self._verify_seals(store.url)
        broken = verified[1] if verified else []
        if there.heads != backup.heads:
            broken = [*broken, "the last seals are not those of the backup"]
        return Drill(
            name=backup.name,
            rows=sum(there.rows.values()),
            differing=differing,
            audits=verified[0] if verified else None,
            broken=broken,
        )

    async def _chosen(self, name: str) -> Backup:
        if name:
            if not is_backup(name):
                raise BackupError(f"{name!r:.80} is no name of a backup; `claimlens backup list` shows them")
            return await self._described(name)
        backups = await self.list()
        if not backups:
            raise BackupError("there is no backup at this place; `claimlens backup create` makes one")
        return backups[0]

    async def _described(self, name: str) -> Backup:
        with _folder() as folder:
            file = folder / "description"
            await asyncio.to_thread(self._place.get, f"{name}{DESCRIBED}", file)
            try:
                backup = msgspec.json.decode(file.read_bytes(), type=Backup)
            except ValueError as error:
                raise BackupError(f"{name}{DESCRIBED} is no description of a backup: {error}") from None
        if backup.name != name:
            raise BackupError(f"{name}{DESCRIBED} is the description of {backup.name!r:.80}")
        return backup

    async def _fetched(self, backup: Backup, folder: Path) -> Path:
        file = folder / backup.name
        await asyncio.to_thread(self._place.get, backup.name, file)
        if await asyncio.to_thread(_digest, file) != backup.sha256:
            raise BackupError(f"{backup.name} is not what was made: its SHA-256 is another one")
        return file

    def _read_to_the_end(self, backup: Backup, file: Path) -> None:
        last = b""
        for piece in self._plain(backup, file):
            last = (last + piece)[-200:]
        if ".sql." in backup.name and _END not in last:
            raise BackupError(f"{backup.name} is not whole: pg_dump did not come to its end")

    def _plain(self, backup: Backup, file: Path) -> Iterator[bytes]:
        if backup.encrypted and self._cipher is None:
            raise BackupError(f"{backup.name} is encrypted; say its key in CLAIMLENS_BACKUP_KEY")
        try:
            with file.open("rb") as source:
                pieces = self._cipher.open(source) if backup.encrypted and self._cipher else _pieces(source)
                yield from _gunzipped(pieces)
        except (zlib.error, ClaimLensError) as error:
            raise BackupError(f"{backup.name} cannot be opened: {error}") from error


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for our eyes only."""
    with tempfile.TemporaryDirectory(prefix="claimlens-backup-") as name:
        yield Path(name)


def _write(file: Path, pieces: Iterable[bytes]) -> None:
    with file.open("xb") as target:
        for piece in pieces:
            target.write(piece)


def _digest(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    while piece := source.read(_PIECE):
        yield piece


def _gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def _gunzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Raises zlib.error for what is no gzip, was altered or cut."""
    opener = zlib.decompressobj(31)
    for piece in pieces:
        data = piece
        while data and not opener.eof:
            if plain := opener.decompress(data, _PIECE):
                yield plain
            data = opener.unconsumed_tail
    if not opener.eof:
        raise zlib.error("it was cut")
