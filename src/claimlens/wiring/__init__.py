"""The only place where ports meet adapters."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import claimlens
from claimlens.adapters.disk.packs import PackFolder
from claimlens.config import Settings, read_settings
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.pack import Pack
from claimlens.usecases.checks import Checker

if TYPE_CHECKING:
    from claimlens.adapters.sql.engine import Database


def packs_root(settings: Settings) -> Path:
    """Where packs are read from: as configured, else beside the sources, else what came with the package."""
    if settings.packs_dir is not None:
        return settings.packs_dir
    package = Path(claimlens.__file__).parent
    checkout = package.parent.parent / "packs"
    return checkout if (checkout / "shared").is_dir() else package / "_packs"


def open_packs(settings: Settings | None = None, root: Path | None = None) -> PackFolder:
    """The pack folder of this installation; `root` goes before the settings."""
    settings = settings or read_settings()
    return PackFolder(
        root or packs_root(settings),
        cache=settings.cache_dir / "packs",
        signed_by=settings.packs_public_key,
        required=settings.in_production,
        seen=settings.data_dir / "packs-seen.json" if settings.in_production else None,
    )


def open_checker(settings: Settings | None = None, packs: Path | None = None, *, asking: bool = False) -> Checker:
    """A checker over this installation's packs; `asking`: with the services, in this process."""
    settings = settings or read_settings()
    folder = open_packs(settings, packs)

    def load(jurisdiction: Jurisdiction) -> Pack:
        pack = folder.load(jurisdiction)
        gc.freeze()  # a pack lives as long as the process: no collection need walk it again
        return pack

    if not asking:
        return Checker(load)
    from claimlens.wiring.asking import AskHere

    checker = Checker(load, AskHere(settings, lambda: checker))
    return checker


def open_database(settings: Settings | None = None) -> "Database":
    """The store of this installation: DATABASE_URL, else SQLite in the data folder."""
    from claimlens.adapters.sql.engine import Database  # half a second that `check` need not wait for

    settings = settings or read_settings()
    url = settings.database_url
    if not url:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        url = f"sqlite:///{quote(str(settings.data_dir.resolve() / 'claimlens.db'))}"
    return Database(url, settings.database_read_url, max_connections=settings.database_max_connections)
