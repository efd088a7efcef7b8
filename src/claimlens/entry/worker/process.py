"""A worker in a process of its own: from its start to SIGTERM."""

import asyncio
import signal
import sys

import structlog

import claimlens
from claimlens.config import Settings
from claimlens.domain.errors import ClaimLensError
from claimlens.entry.web.logs import set_up_logs
from claimlens.entry.worker.duties import parts_of, worker_of
from claimlens.usecases.authentication import worker_scope
from claimlens.wiring.background import Background
from claimlens.wiring.service import Service

_log = structlog.get_logger()


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT. Raises ClaimLensError if it cannot start."""
    if not settings.database_url.startswith(("postgresql:", "postgres:")):
        raise ClaimLensError(
            "a worker of its own needs PostgreSQL (DATABASE_URL); with SQLite it runs inside `claimlens serve`"
        )
    set_up_logs()
    if sys.platform == "win32":
        asyncio.run(_work(settings))
        return
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(settings))


async def _work(settings: Settings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    service = Service(settings, name="claimlens-worker")
    await service.start()
    worker = worker_of(Background(service))
    try:
        worker.start()
        service.watch.also(parts_of(worker))
        await service.accounts.deployments.started(worker_scope(), "worker")
        _log.info("worker_started", version=claimlens.__version__)
        await stopped.wait()
        _log.info("worker_stops")
        await worker.stop()
    finally:
        await service.stop()
    _log.info("worker_stopped")
