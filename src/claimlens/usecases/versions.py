"""What runs here: the program, the packs, the schema of the store."""

from collections.abc import Awaitable, Callable

import msgspec

import claimlens
from claimlens.domain.errors import ClaimLensError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.usecases.checks import Checker


class PackVersion(msgspec.Struct, frozen=True):
    """The SHA-256 over the sources of a pack, and the version of each of its parts."""

    digest: str
    versions: dict[str, str]


class Version(msgspec.Struct, frozen=True):
    """The program, the pack of each jurisdiction, the schema; `migration` is empty while the store is out."""

    version: str
    packs: dict[str, PackVersion]
    migration: str


class Versions:
    """Tells versions. `migration` asks the store how far its schema is; it is asked once."""

    def __init__(self, checker: Checker, migration: Callable[[], Awaitable[str]]) -> None:
        self._checker = checker
        self._migration = migration
        self._known = ""

    async def look(self) -> Version:
        """What runs here."""
        try:
            self._known = self._known or await self._migration()
        except ClaimLensError:
            self._known = ""
        packs = {each.lower(): self._checker.examiner(each).pack for each in Jurisdiction}
        return Version(
            version=claimlens.__version__,
            packs={name: PackVersion(pack.digest, pack.versions) for name, pack in packs.items()},
            migration=self._known,
        )
