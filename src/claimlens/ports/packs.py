"""Where pack files come from."""

from typing import Protocol

from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.pack import Pack


class PackFiles(Protocol):
    """Pack folders by name (`in`, `us`, `gb`, `eu`, `shared`)."""

    def names(self) -> list[str]:
        """The packs there are, `shared` left out, sorted."""
        ...

    def files(self, name: str) -> dict[str, bytes]:
        """Every file of a pack by its path inside the folder; raises PackError."""
        ...

    def digest(self, jurisdiction: Jurisdiction) -> str:
        """The digest that `load` would give the pack now; raises PackError."""
        ...

    def load(self, jurisdiction: Jurisdiction) -> Pack:
        """The verified, compiled pack of a jurisdiction; raises PackError."""
        ...
