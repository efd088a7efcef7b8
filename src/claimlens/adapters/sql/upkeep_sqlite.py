"""SQLite maintained: one file, checked, analysed, and written anew without its gaps.

Only VACUUM keeps writers waiting for long, and it needs room for a second copy: it is left out where either would hurt.
"""

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from claimlens.domain.errors import ClaimLensError
from claimlens.domain.upkeep import Piece, Size, Upkeep

_WAIT_S = 5.0
#: A file of this size is written anew in less time than writers wait, on a slow disk too.
SHORT = 64 << 20
#: Rows of each index that ANALYZE looks at: writers wait meanwhile.
_LOOKED_AT = 1_000
_MOST_SAID = 5
_DAMAGED = "the store is damaged: stop the service and bring a backup back (`claimlens backup restore --replace`)"


def maintain(path: Path, say: Callable[[str], None], *, is_served: bool, vacuum: bool | None = None) -> Upkeep:
    """Maintain the store of a file; `say` hears of each step before it is taken. It is called in a thread.

    `vacuum` None: unless writers would wait too long (`is_served` and large). A file that is damaged is left alone.
    Raises ClaimLensError in one line if there is no such store.
    """
    if not path.exists():
        raise ClaimLensError(f"there is no store at {path}; `claimlens db upgrade` makes it")
    begun = time.monotonic()
    before = after = Size(0, 0, path.stat().st_size, 0)
    done = ["integrity check"]
    left: list[str] = []
    broken: list[str] = []
    try:
        with closing(sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)) as connection:
            before = after = _size(connection, path)
            say("integrity check")
            broken = _broken(connection)
            if not broken:
                taken, left = _steps(connection, path, say, is_served=is_served, vacuum=vacuum)
                done += taken
                after = _size(connection, path)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise ClaimLensError(f"{path} cannot be maintained: {error}") from error
        broken = [str(error)]
    took = round(time.monotonic() - begun, 3)
    piece = Piece(name=path.name, before=before, after=after, done=tuple(done), left=tuple(left), seconds=took)
    notes = (*broken, _DAMAGED) if broken else ()
    return Upkeep(store="sqlite", pieces=(piece,), notes=notes, sound=not broken, seconds=took)


def _steps(
    connection: sqlite3.Connection, path: Path, say: Callable[[str], None], *, is_served: bool, vacuum: bool | None
) -> tuple[list[str], list[str]]:
    """What was done, and what was left and why."""
    done, left = [], []

    def step(word: str, statement: str) -> None:
        say(word)
        try:
            rows = connection.execute(statement).fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL):
                raise
            full = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL
            left.append(f"{word}: {'the disk is full' if full else 'in use; run it again later'}")
            return
        if word == "checkpoint" and rows and rows[0][0]:
            left.append(f"{word}: read meanwhile; the rest is taken over later")
        else:
            done.append(word)

    connection.execute(f"PRAGMA analysis_limit = {_LOOKED_AT}")
    step("analyze", "ANALYZE")
    step("checkpoint", "PRAGMA wal_checkpoint(TRUNCATE)")
    if reason := _against_vacuum(path, is_served=is_served, vacuum=vacuum):
        left.append(f"vacuum: {reason}")
    elif vacuum is not False:
        step("vacuum", "VACUUM")
        step("checkpoint", "PRAGMA wal_checkpoint(TRUNCATE)")
    return list(dict.fromkeys(done)), left


def _against_vacuum(path: Path, *, is_served: bool, vacuum: bool | None) -> str:
    size = path.stat().st_size
    if vacuum is False:
        return ""
    # The copy, and the journal that the copy goes through.
    if shutil.disk_usage(path.parent).free < 2 * size + SHORT:
        return f"needs {_mib(2 * size + SHORT)} of room on the disk, and there is less"
    if vacuum is None and is_served and size > SHORT:
        return (
            f"a service uses this file, and its writes would wait while {_mib(size)} are written anew;"
            " stop it, or say --vacuum"
        )
    return ""


def _broken(connection: sqlite3.Connection) -> list[str]:
    said = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({_MOST_SAID})")]
    return [] if said == ["ok"] else said


def _size(connection: sqlite3.Connection, path: Path) -> Size:
    free = int(connection.execute("PRAGMA freelist_count").fetchone()[0])
    journal = path.with_name(f"{path.name}-wal")
    return Size(0, free, path.stat().st_size + (journal.stat().st_size if journal.exists() else 0), 0)


def _mib(size: int) -> str:
    return f"{-(-size // (1 << 20))} MiB"
