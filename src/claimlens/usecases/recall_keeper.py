"""Watches over the index of recalls of this process: how old it is, and when it is to be fetched again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from claimlens.domain.errors import ClaimLensError
from claimlens.usecases.recalls import Recalls, SourceStatus

#: How often the index is looked at, in seconds, and how many looks lie between two tries to fetch.
LOOK_S, LOOKS_BETWEEN_TRIES = 60.0, 60

_log = structlog.get_logger()

Fetch = Callable[[], Awaitable[None]]
"""Fetches what is due, elsewhere: an import takes seconds of processor time and hundreds of megabytes."""


class RecallKeeper:
    """Looks every minute from `start` to `stop`.

    `statuses` are those of the last look. A source that becomes stale, or whose import fails, is a warning in the log,
    and once more with every day it stays so.
    """

    def __init__(self, recalls: Recalls, fetch: Fetch | None = None, *, every_s: float = LOOK_S) -> None:
        self._recalls = recalls
        self._fetch = fetch
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None
        self._told: dict[str, tuple[str, int]] = {}
        self.statuses: list[SourceStatus] = []

    def start(self) -> None:
        """Begin; the loop that runs now is the keeper's."""
        self._task = asyncio.ensure_future(self._keep())

    async def stop(self) -> None:
        """Break off whatever it does: an import that is broken off leaves the index as it was."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def alarms(self) -> list[SourceStatus]:
        """The sources whose silence means nothing although they were taken in once."""
        return [status for status in self.statuses if status.state in ("stale", "failed")]

    async def _keep(self) -> None:
        looks = 0
        while True:
            await self._look()
            if self._fetch is not None and looks % LOOKS_BETWEEN_TRIES == 0:
                try:
                    await self._fetch()
                except Exception as error:
                    # The next try comes; until then the age says how it is.
                    _log.warning("recalls_not_fetched", reason=str(error))
                await self._look()
            looks += 1
            await asyncio.sleep(self._every_s)

    async def _look(self) -> None:
        try:
            self.statuses = await asyncio.to_thread(self._recalls.status)
        except ClaimLensError as error:
            _log.warning("recalls_unreadable", reason=str(error))
            return
        for status in self.statuses:
            now = (status.state, status.age_days)
            alarmed = status.state in ("stale", "failed")
            if alarmed and self._told.get(status.source) != now:
                _log.warning(
                    "recalls_not_fresh",
                    source=status.source,
                    state=status.state,
                    age_days=status.age_days,
                    detail=status.detail,
                )
            self._told[status.source] = now
