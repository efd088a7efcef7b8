"""What /metrics shows: the counts of this process, and what the service knows at this moment."""

import contextlib

from claimlens.domain.errors import OverloadedError
from claimlens.entry.web.metrics import Metrics
from claimlens.wiring.service import Service


async def scrape(metrics: Metrics, service: Service) -> bytes:
    """Everything in the exposition format."""
    usage = service.database.usage()
    metrics.database(usage.in_use, usage.idle, usage.most, await service.database.replica_lag())
    metrics.promises(await service.slo.remaining(), await service.slo.covered())
    cache = await service.cache.health()
    metrics.cache(cache.memory_bytes, is_up=cache.status == "ok")
    metrics.services(service.services.states())
    with contextlib.suppress(OverloadedError):  # then it stays as it was seen last
        metrics.upkeep(await service.runs.latest())
    metrics.waiting(items=service.desk.items_in_flight, rows=service.journal.waiting)
    return metrics.text()
