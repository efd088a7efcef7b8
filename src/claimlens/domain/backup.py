"""Backups: what they are called and what is written beside each."""

from datetime import datetime

import msgspec
import re2

#: How long backups are kept unless somebody says otherwise, in days.
KEPT_DAYS = 30
_NAME = re2.compile(r"backup-[0-9]{8}(-[0-9]{6})?\.(sql|db)\.gz(\.enc)?")

#: What the description beside a backup is called: its name and this.
DESCRIBED = ".json"


class Head(msgspec.Struct, frozen=True):
    """The last seal of a tenant when the backup was made."""

    number: int
    digest: str


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """The description of a backup. `rows`: table → rows; `heads`: tenant → last seal; both of the moment it shows.

    `sha256` and `size` are of the file as it lies there, encrypted or not.
    """

    schema: int = 1
    name: str
    created_at: datetime
    program: str
    migration: str
    sha256: str
    size: int
    rows: dict[str, int]
    heads: dict[str, Head]

    @property
    def encrypted(self) -> bool:
        """Whether it needs the key that it was made with."""
        return self.name.endswith(".enc")


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What a store holds: rows by table, the last seal of each tenant, the step of its tables."""

    migration: str
    rows: dict[str, int]
    heads: dict[str, Head]


def name_of(created_at: datetime, dialect: str, *, encrypted: bool, again: bool) -> str:
    """`backup-20261124.sql.gz`; a second one of the day has the time as well. SQLite's is `.db.gz`."""
    day = f"{created_at:%Y%m%d-%H%M%S}" if again else f"{created_at:%Y%m%d}"
    return f"backup-{day}.{'sql' if dialect == 'postgresql' else 'db'}.gz{'.enc' if encrypted else ''}"


def is_backup(name: str) -> bool:
    """Whether a file is one of ours, by its name."""
    return _NAME.fullmatch(name) is not None
