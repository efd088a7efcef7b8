"""Which events a tenant's webhooks wait for, remembered for less than a second."""

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta
from functools import partial

from claimlens.domain.tenant import TenantScope
from claimlens.ports.clock import Clock
from claimlens.ports.webhooks import Endpoints

KEPT_FOR = timedelta(seconds=0.75)
_MOST_TENANTS = 10_000


class Listeners:
    """Answers without the store as long as the last look is fresh; `forget` when word comes that a webhook changed."""

    def __init__(self, webhooks: Endpoints, clock: Clock) -> None:
        self._webhooks = webhooks
        self._clock = clock
        self._known: OrderedDict[str, tuple[datetime, frozenset[str]]] = OrderedDict()
        #: Many requests of one tenant ask the store once.
        self._asking: dict[str, tuple[datetime, asyncio.Task[frozenset[str]]]] = {}
        self._words = 0

    async def wants(self, scope: TenantScope) -> frozenset[str]:
        """The events that enabled endpoints of the tenant asked for."""
        known = self._known.get(scope.tenant_id)
        now = self._clock.now()
        if known is not None and timedelta(0) <= now - known[0] < KEPT_FOR:
            return known[1]
        asking = self._asking.get(scope.tenant_id)
        if asking is None or not timedelta(0) <= now - asking[0] < KEPT_FOR:
            asking = self._asking[scope.tenant_id] = now, asyncio.ensure_future(self._ask(scope, now))
            asking[1].add_done_callback(partial(self._asked, scope.tenant_id))
        return await asyncio.shield(asking[1])

    async def _ask(self, scope: TenantScope, now: datetime) -> frozenset[str]:
        words = self._words
        events = frozenset(
            event for webhook in await self._webhooks.all_of(scope) if webhook.enabled for event in webhook.events
        )
        # A word that came meanwhile may speak of what was just read: it is used, not remembered.
        if words == self._words:
            self._known[scope.tenant_id] = (now, events)
            self._known.move_to_end(scope.tenant_id)
            if len(self._known) > _MOST_TENANTS:
                self._known.popitem(last=False)
        return events

    def _asked(self, tenant_id: str, done: asyncio.Task[frozenset[str]]) -> None:
        asking = self._asking.get(tenant_id)
        if asking is not None and asking[1] is done:
            del self._asking[tenant_id]
        if not done.cancelled():
            done.exception()  # looked at, in case every request that waited for it has gone

    def forget(self, tenant_id: str) -> None:
        """The next question goes to the store."""
        self._words += 1
        self._asking.pop(tenant_id, None)
        self._known.pop(tenant_id, None)
