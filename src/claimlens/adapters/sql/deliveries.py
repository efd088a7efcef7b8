"""The worker's side of webhooks: the outbox fanned out, deliveries leased and settled."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claimlens.adapters.sql.access_log import add_line
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import deliveries, outbox, webhooks
from claimlens.adapters.sql.webhooks import delivery_of, insert_deliveries, insert_event, webhook_of
from claimlens.domain.access import Access
from claimlens.domain.audit import Event
from claimlens.domain.tenant import PlatformScope
from claimlens.domain.webhook import Delivery, DeliveryState, Webhook, wants
from claimlens.ports.clock import Clock
from claimlens.ports.secrets import SecretBox

# Spelled out, not a parameter: the partial index on what is due is found by this very condition.
_PENDING = deliveries.c.state == sa.literal_column(f"'{DeliveryState.PENDING.value}'")


class SqlDeliveryQueue:
    """A DeliveryQueue (`ports/webhooks.py`). On PostgreSQL rows that another worker holds are passed over."""

    def __init__(self, database: Database, box: SecretBox, clock: Clock) -> None:
        self._database = database
        self._box = box
        self._clock = clock

    async def fan_out(self, scope: PlatformScope, now: datetime, *, limit: int) -> int:
        """Turn outbox rows, oldest first, into one delivery for each enabled endpoint that `wants` the event.

        The deliveries are due at once. How many rows; fewer than `limit` means that the outbox is empty.
        """
        async with self._database.write() as connection:
            rows = (
                await connection.execute(
                    sa.select(outbox).order_by(outbox.c.id).limit(limit).with_for_update(skip_locked=True)
                )
            ).all()
            if not rows:
                return 0
            endpoints = await _endpoints(connection, {row.tenant_id for row in rows})
            queued = [
                Delivery(
                    id=self._clock.new_id(),
                    tenant_id=row.tenant_id,
                    webhook_id=webhook_id,
                    event_id=row.id,
                    event_type=row.type,
                    payload=row.payload,
                    created_at=now,
                    next_attempt_at=now,
                )
                for row in rows
                for webhook_id, events in endpoints.get(row.tenant_id, ())
                if wants(events, row.type, row.subject)
            ]
            await insert_deliveries(connection, queued)
            await connection.execute(sa.delete(outbox).where(outbox.c.id.in_([row.id for row in rows])))
            return len(rows)

    async def due(
        self,
        scope: PlatformScope,
        now: datetime,
        *,
        lease_until: datetime,
        limit: int,
        each: int,
        but: Collection[str] = (),
        only: Collection[str] | None = None,
    ) -> Sequence[tuple[Webhook, Delivery]]:
        """Deliveries whose time has come, leased, the longest due first; none of disabled endpoints.

        At most `each` of one endpoint, so that a long queue does not stand before the others; none of the endpoints in
        `but`; if `only` is given, of no others. A lease that ran out counts as none.
        """
        free = sa.and_(
            _PENDING,
            deliveries.c.next_attempt_at <= now,
            sa.or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= now),
        )
        # The first by the index: min() would read the whole queue of an endpoint.
        longest = (
            sa.select(deliveries.c.next_attempt_at)
            .where(deliveries.c.webhook_id == webhooks.c.id, free)
            .order_by(deliveries.c.next_attempt_at)
            .limit(1)
            .scalar_subquery()
        )
        waiting = sa.select(webhooks, longest.label("longest")).where(webhooks.c.enabled)
        if but:
            waiting = waiting.where(webhooks.c.id.not_in(list(but)))
        if only is not None:
            waiting = waiting.where(webhooks.c.id.in_(list(only)))
        known = waiting.subquery()
        oldest_first = sa.select(known).where(known.c.longest.is_not(None)).order_by(known.c.longest).limit(limit)
        # Looked for outside the transaction: on SQLite it would keep every writer waiting.
        async with self._database.read(fresh=True) as connection:
            endpoints = (await connection.execute(oldest_first)).all()
        if not endpoints:
            return []
        leased: list[tuple[Webhook, Delivery]] = []
        async with self._database.write() as connection:
            for endpoint in endpoints:
                webhook = webhook_of(endpoint, self._box)
                taken = (
                    await connection.execute(
                        sa.select(deliveries)
                        .where(deliveries.c.webhook_id == webhook.id, free)
                        .order_by(deliveries.c.next_attempt_at)
                        .limit(min(each, limit - len(leased)))
                        .with_for_update(skip_locked=True)
                    )
                ).all()
                leased += [(webhook, delivery_of(row)) for row in taken]
                if len(leased) >= limit:
                    break
            await connection.execute(
                sa.update(deliveries)
                .where(deliveries.c.id.in_([delivery.id for _, delivery in leased]))
                .values(lease_until=lease_until)
            )
        return sorted(leased, key=lambda pair: (pair[1].next_attempt_at or now, pair[1].id))

    async def settle(self, scope: PlatformScope, settled: Sequence[Delivery]) -> None:
        """Write what attempts came to and drop the leases, in one transaction.

        A row that is gone stays gone. One that failed meanwhile, because its endpoint was disabled, stays failed unless
        this attempt delivered it.
        """
        rows = [_outcome(delivery) for delivery in sorted(settled, key=lambda delivery: delivery.id)]
        statement = sa.update(deliveries).where(
            deliveries.c.id == sa.bindparam("delivery_id", type_=deliveries.c.id.type),
            sa.or_(_PENDING, sa.bindparam("delivered", type_=sa.Boolean)),
        )
        changed = {
            name: sa.bindparam(f"new_{name}", type_=deliveries.c[name].type)
            for name in ("state", "attempts", "next_attempt_at", "last_status", "last_error", "finished_at")
        }
        if rows:
            async with self._database.write() as connection:
                await connection.execute(statement.values({**changed, "lease_until": None}), rows)

    async def disable(self, scope: PlatformScope, webhook_id: str, reason: str, told: Event, access: Access) -> bool:
        """Disable an endpoint; `told` goes into the outbox, its open deliveries fail with the reason.

        False if it was disabled or gone already: then nothing is written.
        """
        async with self._database.write() as connection:
            disabled = await connection.execute(
                sa.update(webhooks)
                .where(webhooks.c.id == webhook_id, webhooks.c.enabled)
                .values(enabled=False, disabled_reason=reason)
            )
            if not disabled.rowcount:
                return False
            await connection.execute(
                sa.update(deliveries)
                .where(deliveries.c.webhook_id == webhook_id, _PENDING)
                .values(
                    state=DeliveryState.FAILED.value,
                    next_attempt_at=None,
                    lease_until=None,
                    last_error=reason,
                    finished_at=access.ts,
                )
            )
            await insert_event(connection, told)
            await add_line(connection, access)
            return True


async def _endpoints(connection: AsyncConnection, tenant_ids: set[str]) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """The enabled endpoints of tenants, each with the events it asked for."""
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    query = (
        sa.select(webhooks.c.tenant_id, webhooks.c.id, webhooks.c.events)
        .where(webhooks.c.tenant_id.in_(sorted(tenant_ids)), webhooks.c.enabled)
        .order_by(webhooks.c.id)
    )
    for row in await connection.execute(query):
        found.setdefault(row.tenant_id, []).append((row.id, msgspec.json.decode(row.events, type=tuple[str, ...])))
    return found


def _outcome(delivery: Delivery) -> dict[str, Any]:
    return {
        "delivery_id": delivery.id,
        "delivered": delivery.state is DeliveryState.DELIVERED,
        "new_state": delivery.state.value,
        "new_attempts": delivery.attempts,
        "new_next_attempt_at": delivery.next_attempt_at,
        "new_last_status": delivery.last_status,
        "new_last_error": delivery.last_error,
        "new_finished_at": delivery.finished_at,
    }
