"""Backups of this installation's store, for commands."""

import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from urllib.parse import unquote

import msgspec
import sqlalchemy as sa
import structlog

import claimlens
from claimlens.adapters.crypto.seal_key import Ed25519SealKey
from claimlens.adapters.crypto.sealed_file import opened, sealed
from claimlens.adapters.disk import folder_lock
from claimlens.adapters.disk.secret_key import SECRET_FILE
from claimlens.adapters.objects.folder import FolderPlace
from claimlens.adapters.sql.copy_postgres import PostgresCopy
from claimlens.adapters.sql.copy_sqlite import SqliteCopy
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.runs import SqlRuns
from claimlens.adapters.sql.seals import SqlSeals
from claimlens.adapters.sql.tables import seals
from claimlens.adapters.system.clock import SystemClock
from claimlens.config import Settings
from claimlens.domain.backup import Backup
from claimlens.domain.errors import BackupError, ClaimLensError
from claimlens.ports.backup import StoreCopy
from claimlens.ports.objects import ObjectPlace
from claimlens.usecases.authentication import scope_of, worker_scope
from claimlens.usecases.backups import Backups, Cipher, Drill
from claimlens.usecases.bundle_check import BundleCheck
from claimlens.usecases.bundles import Bundles
from claimlens.usecases.sealing import OneSealKey
from claimlens.wiring import open_database
from claimlens.wiring.accounts import open_secret_box
from claimlens.wiring.seals import open_installation_keys, open_seal_key

_log = structlog.get_logger()


def open_place(settings: Settings, where: str) -> ObjectPlace:
    """A folder, or `s3://bucket/prefix`. Raises BackupError."""
    scheme, separator, _ = where.partition("://")
    if not separator:
        return FolderPlace(Path(where))
    if scheme != "s3":
        raise BackupError(f"{where!r:.60} is neither a folder nor s3://bucket/prefix")
    from claimlens.adapters.objects.s3 import S3Place

    return S3Place(where, settings.s3_endpoint)


def open_backups(settings: Settings, *, place: str = "", into: str = "", public_keys: Sequence[bytes] = ()) -> Backups:
    """The backups at a place: as named, else CLAIMLENS_BACKUP_TO, else `backups` in the data folder.

    `into`: the URL of another store than the installation's own. Raises BackupError.
    """
    cipher = None
    if key := settings.backup_key:
        cipher = Cipher(lambda pieces: sealed(pieces, key), lambda file: opened(file, key))

    async def verify_seals(url: str) -> tuple[int, list[str]] | None:
        trusted = list(public_keys) or await _own_keys(settings, url)
        return await broken_seals(url, trusted) if trusted else None

    return Backups(
        open_place(settings, place or settings.backup_to or str(settings.data_dir / "backups")),
        _store(settings, into),
        SystemClock(),
        program=claimlens.__version__,
        cipher=cipher,
        verify_seals=verify_seals,
    )


@contextlib.asynccontextmanager
async def nobody_serves(settings: Settings, into: str) -> AsyncIterator[None]:
    """While a store of SQLite is replaced nobody may have it open. Raises ClaimLensError if a server runs."""
    with contextlib.ExitStack() as held:
        if isinstance(_store(settings, into), SqliteCopy) and not into:
            held.enter_context(folder_lock.held(settings.data_dir))
        yield


async def note(settings: Settings, kind: str, done: Backup | Drill) -> None:
    """Leave word of a backup or a drill in the store, where the hand-over finds it."""
    database, clock = open_database(settings), SystemClock()
    rows = sum(done.rows.values()) if isinstance(done, Backup) else done.rows
    now = clock.now()
    started = done.created_at if isinstance(done, Backup) else now
    try:
        report = msgspec.json.encode(done).decode()
        await SqlRuns(database).add(clock.new_id(), kind, done.name, started, now, rows=rows, report=report)
    finally:
        await database.close()


async def broken_seals(url: str, public_keys: Sequence[bytes]) -> tuple[int, list[str]]:
    """Verify every tenant's seals as `claimlens audits verify` does: audits verified, and what is wrong."""
    database, clock = Database(url), SystemClock()
    # The end of each bundle is signed with a key of this moment: nobody keeps it.
    passing = Ed25519SealKey(os.urandom(32))
    bundles, count, broken = Bundles(SqlSeals(database), OneSealKey(passing), clock), 0, []
    try:
        async with database.read(fresh=True) as connection:
            names = list((await connection.execute(sa.select(seals.c.tenant_id).distinct())).scalars())
        for name in sorted(names):
            check = BundleCheck([*public_keys, passing.public_key], tenant_id=name)
            async for line in bundles.lines(scope_of(worker_scope(), name)):
                check.feed(line)
            checked = check.end()
            count += checked.records
            broken += [f"{name}: {each.breach}: {each.detail}" for each in checked.broken]
    finally:
        await database.close()
    return count, broken


def _store(settings: Settings, into: str) -> StoreCopy:
    url = into or settings.database_url
    if url.startswith(("postgresql:", "postgres:")):
        return PostgresCopy(url, settings.pg_bin)
    if url.startswith("sqlite:///"):
        return SqliteCopy(Path(unquote(url.removeprefix("sqlite:///"))))
    if url:
        raise BackupError("--into is a URL: postgresql://… or sqlite:///path")
    return SqliteCopy(settings.data_dir.resolve() / "claimlens.db")


async def _own_keys(settings: Settings, url: str) -> list[bytes]:
    """The public keys of this installation, as far as they are known here; none is made for it.

    Those of former keys stand in the store itself, sealed: who cannot open them does not believe them.
    """
    path = settings.data_dir / SECRET_FILE
    if not (settings.secret_key or path.exists()):
        return [open_seal_key(settings).public_key] if settings.seal_key else []
    found: list[bytes] = []
    database = Database(url)
    try:
        found.append(open_seal_key(settings).public_key)
        keys = open_installation_keys(settings, database, SystemClock(), open_secret_box(settings))
        found += [bytes.fromhex(line.public_key) for line in await keys.lines()]
    except (ClaimLensError, sa.exc.DBAPIError):
        _log.info("seal_keys_not_read")  # of an older schema, or another installation's
    finally:
        await database.close()
    return found
