"""What /metrics shows: the counts of this process, and what the service knows at this moment."""

import asyncio
from datetime import datetime

from claimlens.domain.errors import OverloadedError
from claimlens.entry.web.metrics import Metrics
from claimlens.wiring.service import Service


async def scrape(metrics: Metrics, service: Service) -> bytes:
    """Everything in the exposition format."""
    usage = service.database.usage()
    # All at once: when no connection is to be had, each waits a second for one, and a scrape has not many.
    lag, budget, cache, upkeep = await asyncio.gather(
        service.database.replica_lag(), _promises(service), service.cache.health(), _upkeep(service)
    )
    metrics.database(usage.in_use, usage.idle, usage.most, lag)
    metrics.promises(*budget)
    metrics.cache(cache.memory_bytes, is_up=cache.status == "ok")
    metrics.services(service.services.states())
    if upkeep is not None:
        metrics.upkeep(upkeep)
    metrics.waiting(items=service.desk.items_in_flight, rows=service.journal.waiting)
    return metrics.text()


async def _promises(service: Service) -> tuple[float | None, float | None]:
    # One after the other: the second finds what the first has read.
    return await service.slo.remaining(), await service.slo.covered()


async def _upkeep(service: Service) -> list[tuple[str, str, datetime, int]] | None:
    """None without a store; then it stays as it was seen last."""
    try:
        return await service.runs.latest()
    except OverloadedError:
        return None
