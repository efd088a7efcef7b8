"""Whose rows a table holds."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claimlens.adapters.sql.tables import tenants
from claimlens.domain.retention import Owner
from claimlens.domain.tenant import MOST_RETENTION_DAYS


async def owners_of(connection: AsyncConnection, table: str) -> list[Owner]:
    """The owners of the rows of a table that has an index which begins with the tenant, or of a partition of one.

    A tenant that is not known keeps longest.

    Jumps from tenant to tenant in the index: how many rows there are does not count.
    """
    jumps = sa.text(
        f"WITH RECURSIVE found (tenant) AS (SELECT min(tenant_id) FROM {table} UNION ALL"
        f" SELECT (SELECT min(tenant_id) FROM {table} WHERE tenant_id > found.tenant)"
        " FROM found WHERE found.tenant IS NOT NULL) SELECT tenant FROM found WHERE tenant IS NOT NULL"
    )
    names = list((await connection.execute(jumps)).scalars())
    rows = await connection.execute(sa.select(tenants.c.id, tenants.c.retention_days, tenants.c.legal_hold))
    known = {row.id: Owner(row.id, row.retention_days, row.legal_hold) for row in rows}
    return [known.get(name) or Owner(name, MOST_RETENTION_DAYS, False) for name in names]
