"""What a store holds at one moment, to compare a restored one with."""

import hashlib

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import metadata, seals
from claimlens.domain.backup import Head, Snapshot

_COUNT_S = 3_600


async def snapshot(connection: AsyncConnection) -> Snapshot:
    """Rows of every table and the last seal of each tenant, as this connection's transaction sees them."""
    rows = {
        table.name: (await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()
        for table in metadata.sorted_tables
    }
    last = sa.select(seals.c.tenant_id, sa.func.max(seals.c.number).label("number")).group_by(seals.c.tenant_id)
    newest = last.subquery()
    heads = sa.select(seals.c.tenant_id, seals.c.number, seals.c.statement).join(
        newest, sa.and_(seals.c.tenant_id == newest.c.tenant_id, seals.c.number == newest.c.number)
    )
    return Snapshot(
        migration=(await connection.execute(sa.text("SELECT version_num FROM alembic_version"))).scalar_one(),
        rows=rows,
        heads={
            row.tenant_id: Head(row.number, hashlib.sha256(row.statement).hexdigest())
            for row in await connection.execute(heads)
        },
    )


async def snapshot_of(database: Database) -> Snapshot:
    """The same of a store that nobody writes to."""
    async with database.read(fresh=True, statement_s=_COUNT_S) as connection:
        return await snapshot(connection)
