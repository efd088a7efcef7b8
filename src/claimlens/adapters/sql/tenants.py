"""Tenants, and all that is kept about one."""

import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from claimlens.adapters.sql import deleting
from claimlens.adapters.sql.access_log import add_line
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import (
    access_log,
    api_keys,
    audit_hours,
    audits,
    decision_logs,
    deliveries,
    idempotency_keys,
    job_chunks,
    jobs,
    metadata,
    outbox,
    reviews,
    seals,
    second_factors,
    sessions,
    tenants,
    unsealed_audits,
    users,
    webhooks,
)
from claimlens.adapters.sql.within import is_storable, is_text
from claimlens.domain.access import Access
from claimlens.domain.errors import ConflictError
from claimlens.domain.tenant import PlatformScope, Tenant, TenantScope, TenantSettings

_BATCH = 500
#: Rows that one transaction removes.
_REMOVED_AT_ONCE = 1000

Show = Callable[[Any], Any]


def _unzipped(data: bytes) -> str:
    return zlib.decompress(data).decode()


#: Columns that an export leaves out: with them somebody could pretend to be somebody.
SECRET = {
    api_keys.c.digest,
    users.c.password_hash,
    sessions.c.digest,
    second_factors.c.secret,
    second_factors.c.recovery,
    webhooks.c.secrets,
    idempotency_keys.c.fingerprint,
}

#: How an export shows a column that holds more than it seems.
SHOWN: dict[sa.Column[Any], Show] = {
    audits.c.record: lambda data: msgspec.Raw(zlib.decompress(data)),
    decision_logs.c.lines: _unzipped,
    job_chunks.c.lines: _unzipped,
    job_chunks.c.results: _unzipped,
    idempotency_keys.c.body: lambda data: data.decode(errors="replace"),
    outbox.c.payload: msgspec.Raw,
    deliveries.c.payload: msgspec.Raw,
    webhooks.c.events: msgspec.json.decode,
    tenants.c.settings: msgspec.json.decode,
    reviews.c.texts: msgspec.json.decode,
    audit_hours.c.counts: msgspec.json.decode,
    access_log.c.delta: msgspec.json.decode,
    seals.c.statement: msgspec.Raw,
    seals.c.signature: bytes.hex,
    seals.c.members: bytes.hex,
    unsealed_audits.c.leaf: bytes.hex,
}

#: What opens doors and what makes more rows goes first when a tenant is erased.
_FIRST = [api_keys, users, webhooks, jobs, job_chunks, outbox, deliveries]


class SqlTenants:
    """A TenantStore (`ports/accounts.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, scope: PlatformScope, tenant: Tenant, access: Access) -> None:
        """Raises ConflictError if the id is taken."""
        row = _row(tenant) | {"id": tenant.id, "created_at": tenant.created_at}
        try:
            async with self._database.write() as connection:
                await connection.execute(sa.insert(tenants).values(row))
                await add_line(connection, access)
        except sa.exc.IntegrityError:
            raise ConflictError(f"there is a tenant {tenant.id} already", "/id") from None

    async def find(self, tenant_id: str) -> Tenant | None:
        """A tenant by its id, from the primary: a replica may not know that it is isolated."""
        async with self._database.read(fresh=True) as connection:
            row = (await connection.execute(sa.select(tenants).where(is_text(tenants.c.id, tenant_id)))).first()
        return None if row is None else _tenant(row)

    async def page(self, scope: PlatformScope, *, after: str, limit: int) -> Sequence[Tenant]:
        """In order of the ids, whatever the collation of the database."""
        order = tenants.c.id.collate("C" if self._database.dialect == "postgresql" else "BINARY")
        query = sa.select(tenants).order_by(order).limit(limit)
        if after:
            query = query.where(order > after) if is_storable(after) else query.where(sa.false())
        async with self._database.read(fresh=True) as connection:
            return [_tenant(row) for row in await connection.execute(query)]

    async def update(self, scope: TenantScope, tenant: Tenant, access: Access) -> bool:
        """Write name, settings and isolation; whether there is such a tenant."""
        async with self._database.write() as connection:
            written = await connection.execute(
                sa.update(tenants).where(tenants.c.id == scope.tenant_id).values(_row(tenant))
            )
            if written.rowcount:
                await add_line(connection, access)
            return bool(written.rowcount)

    async def erase(self, scope: PlatformScope, tenant_id: str, access: Access) -> dict[str, int]:
        """Remove the tenant and all its rows, in bounded steps; the rows removed by table.

        `access` stays. What broke off can be begun again: the tenant itself goes last.
        """
        removed: dict[str, int] = {}
        # Twice: the second round finds what was being written during the first.
        for _ in range(2):
            for table in erased_tables():
                count = await self._remove(table, tenant_id)
                removed[table.name] = removed.get(table.name, 0) + count
        async with self._database.write() as connection:
            gone = await connection.execute(sa.delete(tenants).where(tenants.c.id == tenant_id))
            removed[tenants.name] = gone.rowcount
            counts = {name: count for name, count in removed.items() if count}
            await add_line(connection, msgspec.structs.replace(access, delta=access.delta | {"removed": counts}))
        return removed

    async def rows(self, scope: TenantScope) -> AsyncIterator[Sequence[tuple[str, bytes]]]:
        """Everything kept about the tenant, in batches of (table, JSON `{"table": …, …}`); no secret, no hash."""
        for table in [tenants, *erased_tables()]:
            owner = tenants.c.id if table is tenants else table.c.tenant_id
            query = sa.select(table).where(owner == scope.tenant_id).order_by(*table.primary_key).limit(_BATCH)
            after: sa.RowMapping | None = None
            while True:
                step = query if after is None else query.where(_key(table) > _values(table, after))
                async with self._database.read() as connection:
                    batch = (await connection.execute(step)).mappings().all()
                if batch:
                    yield [(table.name, _line(table, row)) for row in batch]
                if len(batch) < _BATCH:
                    break
                after = batch[-1]

    async def _remove(self, table: sa.Table, tenant_id: str) -> int:
        own = table.c.tenant_id == tenant_id
        keys = sa.select(*table.primary_key).where(own).order_by(*table.primary_key).limit(_REMOVED_AT_ONCE)
        removed, after = 0, None
        while True:
            step = keys if after is None else keys.where(_key(table) > _values(table, after))
            async with self._database.write() as connection:
                found = (await connection.execute(step)).mappings().all()
                if found:
                    span = _key(table) >= _values(table, found[0]), _key(table) <= _values(table, found[-1])
                    await deleting.erasing(connection, tenant_id)
                    removed += (await connection.execute(sa.delete(table).where(own, *span))).rowcount
                    await deleting.ended(connection)
                    after = found[-1]
            if len(found) < _REMOVED_AT_ONCE:
                return removed


def erased_tables() -> list[sa.Table]:
    """Every table that holds rows of tenants: a new one cannot be forgotten."""
    others = [table for table in metadata.sorted_tables if "tenant_id" in table.c and table not in _FIRST]
    return _FIRST + others


def _key(table: sa.Table) -> sa.ColumnElement[Any]:
    columns = list(table.primary_key)
    return columns[0] if len(columns) == 1 else sa.tuple_(*columns)


def _values(table: sa.Table, row: sa.RowMapping) -> sa.ColumnElement[Any]:
    values = [sa.literal(row[column.name], column.type) for column in table.primary_key]
    return values[0] if len(values) == 1 else sa.tuple_(*values)


def _line(table: sa.Table, row: sa.RowMapping) -> bytes:
    # SQLAlchemy's names are more than texts.
    line: dict[str, Any] = {"table": str(table.name)}
    for column in table.c:
        if column not in SECRET:
            value = row[column.name]
            line[str(column.name)] = value if value is None or column not in SHOWN else SHOWN[column](value)
    return msgspec.json.encode(line)


def _row(tenant: Tenant) -> dict[str, Any]:
    return {
        "name": tenant.name,
        "settings": msgspec.json.encode(tenant.settings).decode(),
        "isolated": tenant.isolated,
        "retention_days": tenant.settings.retention_days,
        "legal_hold": tenant.settings.legal_hold,
    }


def _tenant(row: sa.Row[Any]) -> Tenant:
    settings = msgspec.json.decode(row.settings, type=TenantSettings)
    return Tenant(id=row.id, name=row.name, settings=settings, created_at=row.created_at, isolated=row.isolated)
