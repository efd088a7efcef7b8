"""Where recalls meet their index."""

from pathlib import Path

import claimlens
from claimlens.adapters.recalls.index import SqliteRecallIndex
from claimlens.adapters.system.clock import SystemClock
from claimlens.config import Settings, read_settings
from claimlens.domain.errors import ClaimLensError
from claimlens.ports.clock import Clock
from claimlens.usecases.recalls import Recalls


def open_recalls(settings: Settings | None = None, clock: Clock | None = None) -> Recalls:
    """The recalls of this installation; on first use the starting set that came with the program."""
    settings = settings or read_settings()
    index = SqliteRecallIndex(settings.data_dir / "recalls.db")
    recalls = Recalls(index, clock or SystemClock(), stale_after_days=settings.recalls_stale_days)
    if not index.path.exists():
        for path in starting_set():
            try:
                recalls.take_in([path.read_bytes()], form=path.stem, starting=True)
            except (ClaimLensError, OSError):
                break  # a data folder that cannot be written: every answer is "unknown" and says so
    return recalls


def starting_set() -> list[Path]:
    """The files that came with the program, one a source, named for it."""
    package = Path(claimlens.__file__).parent
    checkout = package.parent.parent / "recalls"
    folder = checkout if (checkout / "openfda.json").is_file() else package / "_recalls"
    return sorted((*folder.glob("*.json"), *folder.glob("*.csv")))
