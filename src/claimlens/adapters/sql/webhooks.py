"""Webhook endpoints with their sealed secrets, and their deliveries as a tenant sees them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claimlens.adapters.sql.access_log import add_line
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import deliveries, outbox, webhooks
from claimlens.adapters.sql.within import within
from claimlens.domain.access import Access
from claimlens.domain.audit import Event
from claimlens.domain.installation_key import SEALED
from claimlens.domain.tenant import PlatformScope, TenantScope
from claimlens.domain.webhook import Delivery, DeliveryState, Webhook
from claimlens.kit.uuid7 import is_uuid
from claimlens.ports.secrets import SecretBox

#: The purpose under which signing secrets are sealed.
PURPOSE = SEALED["webhooks"]


class SqlWebhooks:
    """A WebhookStore (`ports/webhooks.py`)."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box

    async def create(self, scope: TenantScope, webhook: Webhook, access: Access) -> None:
        """Keep a new endpoint; its secrets are encrypted on the way in."""
        row = self._row(webhook) | {
            "id": webhook.id,
            "tenant_id": scope.tenant_id,
            "created_at": webhook.created_at,
        }
        async with self._database.write() as connection:
            await connection.execute(sa.insert(webhooks).values(row))
            await add_line(connection, access)

    async def find(self, scope: TenantScope, webhook_id: str) -> Webhook | None:
        """One endpoint."""
        if not is_uuid(webhook_id):
            return None
        query = sa.select(webhooks).where(within(webhooks, scope), webhooks.c.id == webhook_id)
        async with self._database.read(fresh=True) as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else webhook_of(row, self._box)

    async def all_of(self, scope: TenantScope) -> Sequence[Webhook]:
        """Every endpoint of the tenant, oldest first (a tenant has at most 50)."""
        query = sa.select(webhooks).where(within(webhooks, scope)).order_by(webhooks.c.id)
        async with self._database.read(fresh=True) as connection:
            return [webhook_of(row, self._box) for row in await connection.execute(query)]

    async def page(self, scope: PlatformScope, *, after: str, limit: int) -> Sequence[Webhook]:
        """The endpoints of all tenants, oldest first, those that come after an id."""
        query = sa.select(webhooks).where(within(webhooks, scope)).order_by(webhooks.c.id).limit(limit)
        if after:
            query = query.where(webhooks.c.id > after if is_uuid(after) else sa.false())
        async with self._database.read(fresh=True) as connection:
            return [webhook_of(row, self._box) for row in await connection.execute(query)]

    async def update(self, scope: TenantScope, webhook: Webhook, access: Access) -> None:
        """Write all but id, tenant and creation."""
        async with self._database.write() as connection:
            written = await connection.execute(
                sa.update(webhooks)
                .where(within(webhooks, scope), webhooks.c.id == webhook.id)
                .values(self._row(webhook))
            )
            if written.rowcount:
                await add_line(connection, access)

    async def delete(self, scope: TenantScope, webhook_id: str, access: Access) -> bool:
        """Whether there was such an endpoint; its deliveries go with it."""
        if not is_uuid(webhook_id):
            return False
        async with self._database.write() as connection:
            gone = await connection.execute(
                sa.delete(webhooks).where(within(webhooks, scope), webhooks.c.id == webhook_id)
            )
            if gone.rowcount:
                await connection.execute(
                    sa.delete(deliveries).where(within(deliveries, scope), deliveries.c.webhook_id == webhook_id)
                )
                await add_line(connection, access)
            return bool(gone.rowcount)

    async def deliveries(
        self,
        scope: TenantScope,
        webhook_id: str,
        *,
        state: DeliveryState | None,
        start: datetime | None,
        end: datetime | None,
        after: str,
        limit: int,
    ) -> Sequence[Delivery]:
        """Newest first, the rows after the id; `start` inclusive, `end` exclusive, by creation."""
        if not is_uuid(webhook_id) or (after and not is_uuid(after)):
            return []
        query = (
            sa.select(deliveries)
            .where(within(deliveries, scope), deliveries.c.webhook_id == webhook_id)
            .order_by(deliveries.c.id.desc())
            .limit(limit)
        )
        if state is not None:
            query = query.where(deliveries.c.state == state.value)
        if start is not None:
            query = query.where(deliveries.c.created_at >= start)
        if end is not None:
            query = query.where(deliveries.c.created_at < end)
        if after:
            query = query.where(deliveries.c.id < after)
        async with self._database.read(fresh=True) as connection:
            return [delivery_of(row) for row in await connection.execute(query)]

    async def find_delivery(self, scope: TenantScope, webhook_id: str, delivery_id: str) -> Delivery | None:
        """One delivery."""
        if not (is_uuid(webhook_id) and is_uuid(delivery_id)):
            return None
        query = sa.select(deliveries).where(
            within(deliveries, scope), deliveries.c.webhook_id == webhook_id, deliveries.c.id == delivery_id
        )
        async with self._database.read(fresh=True) as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else delivery_of(row)

    async def add_deliveries(self, scope: TenantScope, added: Sequence[Delivery], access: Access) -> None:
        """Queue deliveries that a person asked for again."""
        async with self._database.write() as connection:
            await insert_deliveries(
                connection, [msgspec.structs.replace(each, tenant_id=scope.tenant_id) for each in added]
            )
            await add_line(connection, access)

    async def add_event(self, scope: TenantScope, event: Event) -> None:
        """Put an event into the outbox outside an answer."""
        async with self._database.write() as connection:
            await insert_event(connection, msgspec.structs.replace(event, tenant_id=scope.tenant_id))

    def _row(self, webhook: Webhook) -> dict[str, Any]:
        return {
            "url": webhook.url,
            "description": webhook.description,
            "events": msgspec.json.encode(webhook.events).decode(),
            "secrets": self._box.seal(PURPOSE, msgspec.json.encode(webhook.secrets).decode()),
            "overlap_until": webhook.overlap_until,
            "enabled": webhook.enabled,
            "disabled_reason": webhook.disabled_reason,
        }


def webhook_of(row: sa.Row[Any], box: SecretBox) -> Webhook:
    """An endpoint out of its row, its secrets opened. Raises SecretError."""
    opened = box.open(PURPOSE, row.secrets)
    return Webhook(
        id=row.id,
        tenant_id=row.tenant_id,
        url=row.url,
        events=msgspec.json.decode(row.events, type=tuple[str, ...]),
        secrets=msgspec.json.decode(opened, type=tuple[str, ...]),
        created_at=row.created_at,
        enabled=row.enabled,
        disabled_reason=row.disabled_reason,
        overlap_until=row.overlap_until,
        description=row.description,
    )


def delivery_of(row: sa.Row[Any]) -> Delivery:
    """A delivery out of its row."""
    columns = {name: row._mapping[name] for name in Delivery.__struct_fields__}
    return Delivery(**{**columns, "state": DeliveryState(row.state)})


async def insert_deliveries(connection: AsyncConnection, added: Sequence[Delivery]) -> None:
    """Queue deliveries, nobody holding them."""
    if added:
        rows = [msgspec.structs.asdict(each) | {"state": each.state.value, "lease_until": None} for each in added]
        await connection.execute(sa.insert(deliveries), rows)


async def insert_event(connection: AsyncConnection, event: Event) -> None:
    """Put an event into the outbox, in the transaction of what it tells of."""
    await connection.execute(sa.insert(outbox).values(msgspec.structs.asdict(event)))
