"""What is done in the background, in the server's process or in one of its own."""

import random

from claimlens.adapters.sql import partitions
from claimlens.usecases.authentication import worker_scope
from claimlens.usecases.dispatch import Dispatcher
from claimlens.usecases.job_worker import JobWorker
from claimlens.wiring.service import Service
from claimlens.wiring.upkeep import open_retention

_AT_ONCE = 5_000


class Background:
    """A piece of each duty. From here on word of new events wakes the deliveries of this process."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._scope = worker_scope()
        self.dispatcher = Dispatcher(
            service.delivery_queue,
            service.sender,
            service.clock,
            service.cache,
            jitter=lambda: random.uniform(-1, 1),
            tracer=service.tracer,
        )
        self.jobs = JobWorker(
            service.job_store,
            service.desk,
            service.journal,
            service.accounts.tenant_store,
            service.clock,
            service.listeners,
            self._scope,
            tracer=service.tracer,
        )
        service.on_events = self.dispatcher.bell.set

    async def make_partitions(self) -> bool:
        """Make the partitions of this month and the next three."""
        await partitions.ensure(self._service.database, self._service.clock.now())
        return False

    async def seal_audits(self) -> bool:
        """Close the intervals of audits that are over, unless another worker is at it."""
        return await self._service.seals.sealer.step(self._scope)

    async def purge(self) -> bool:
        """Remove what is past its retention, kind by kind as it is due."""
        return await open_retention(self._service.database, self._service.clock).step(self._scope)

    async def settle_counts(self) -> bool:
        """Count the audits of finished hours, for the dashboard."""
        await self._service.dashboard.settle(self._scope)
        return False

    async def forget_sessions(self) -> bool:
        """Drop a batch of the console's sessions that ended by themselves; whether there may be more."""
        return await self._service.accounts.sessions.forget_idle(self._scope, limit=_AT_ONCE) == _AT_ONCE

    async def drop_broken_uploads(self) -> bool:
        """Drop bulk jobs whose upload broke off."""
        await self.jobs.drop_broken()
        return False
