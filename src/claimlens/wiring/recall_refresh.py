"""Where recalls are fetched, and what watches over their age."""

import os

from claimlens.adapters.http.addresses import Wall
from claimlens.adapters.http.download import HttpDownloads
from claimlens.adapters.http.resolver import SystemResolver
from claimlens.adapters.system.child import run_command
from claimlens.adapters.system.clock import SystemClock
from claimlens.config import Settings
from claimlens.usecases.recall_keeper import RecallKeeper
from claimlens.usecases.recall_refresh import Feed, RecallRefresh
from claimlens.wiring.recalls import open_recalls


def open_refresh(settings: Settings) -> RecallRefresh:
    """What fetches recalls from where this installation takes them."""
    clock = SystemClock()
    return RecallRefresh(
        open_recalls(settings, clock),
        HttpDownloads(Wall(SystemResolver(), private=settings.recalls_from_private)),
        [Feed(source, url) for source, url in settings.recalls_feeds],
        clock,
    )


def open_keeper(settings: Settings) -> RecallKeeper:
    """What watches over the index of this process, and has it fetched if that is configured."""

    async def fetch() -> None:
        await run_command(
            "recalls", "refresh", "--due", environ=os.environ | {"CLAIMLENS_DATA_DIR": str(settings.data_dir)}
        )

    return RecallKeeper(open_recalls(settings), fetch if settings.recalls_refresh_hours else None)
