"""Editions of the rule packs that this installation has served."""

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import pack_editions
from claimlens.adapters.sql.within import is_storable
from claimlens.ports.editions import Edition, EditionHead

_HEAD = (pack_editions.c.pack, pack_editions.c.digest, pack_editions.c.versions, pack_editions.c.since)


class _Content(msgspec.Struct):
    rules: dict[str, dict[str, Any]]
    files: dict[str, str]


class SqlEditions:
    """An EditionStore (`ports/editions.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, edition: Edition) -> bool:
        """Keep an edition; whether it was new."""
        head = edition.head
        known = sa.select(sa.literal(1)).where(pack_editions.c.pack == head.pack, pack_editions.c.digest == head.digest)
        async with self._database.read(fresh=True) as connection:
            if (await connection.execute(known)).first() is not None:
                return False
        insert = postgresql.insert if self._database.dialect == "postgresql" else sqlite.insert
        row = {
            "pack": head.pack,
            "digest": head.digest,
            "versions": msgspec.json.encode(head.versions).decode(),
            "since": head.since,
            "content": zlib.compress(msgspec.json.encode(_Content(edition.rules, edition.files))),
        }
        async with self._database.write() as connection:
            made = insert(pack_editions).values(row).on_conflict_do_nothing(index_elements=["pack", "digest"])
            return bool((await connection.execute(made)).rowcount)

    async def heads(self, pack: str) -> Sequence[EditionHead]:
        """The editions of a pack, the one that came last first."""
        query = sa.select(*_HEAD).where(pack_editions.c.pack == pack).order_by(pack_editions.c.since.desc())
        if not is_storable(pack):
            return []
        async with self._database.read(fresh=True) as connection:
            return [_head(row) for row in await connection.execute(query)]

    async def find(self, pack: str, digest: str) -> Edition | None:
        """One of them, whole."""
        if not (is_storable(pack) and is_storable(digest)):
            return None
        query = sa.select(pack_editions).where(pack_editions.c.pack == pack, pack_editions.c.digest == digest)
        async with self._database.read(fresh=True) as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        content = msgspec.json.decode(zlib.decompress(row.content), type=_Content)
        return Edition(head=_head(row), rules=content.rules, files=content.files)


def _head(row: Any) -> EditionHead:
    versions = msgspec.json.decode(row.versions, type=dict[str, str])
    return EditionHead(pack=row.pack, digest=row.digest, versions=versions, since=row.since)
