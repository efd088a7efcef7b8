"""What a scan needs of the world: files wherever they are, tables, and an engine that spreads work over processes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from claimlens.domain.scan import Piece, SourceFile, Transitions

Row = tuple[int, dict[str, Any] | list[str], str, str]
"""Position in the file, the values (cells of a CSV row as a list), the text of the row, what is wrong with it."""

Work = Callable[[str], str]
"""Does one task and says how it went, both as text."""


class ScanSources(Protocol):
    """The files of a scan. Everything raises ClaimLensError in one line for what cannot be read."""

    def files(self, url: str) -> tuple[list[SourceFile], list[str]]:
        """The files at a URL or below a folder, in order, and the names of those that are of no known form."""
        ...

    def names(self, file: SourceFile) -> list[str]:
        """The columns of a file, or the keys of its first record."""
        ...

    def cut(self, file: SourceFile, spool: str) -> Iterator[Piece]:
        """The pieces of a file, numbered from 0. What must be unpacked for it goes below `spool`."""
        ...

    def rows(self, piece: Piece, wanted: Callable[[Sequence[str]], list[str]]) -> Iterator[Row]:
        """The rows of a piece; of a Parquet file only the `wanted` columns."""
        ...


class ScanPlace(Protocol):
    """The folder of a scan's output, here or at an object store. A file appears whole or not at all."""

    url: str

    def read(self, name: str) -> bytes | None:
        """The content of a file; None if there is none."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Keep a file; one of that name is replaced."""
        ...

    def names(self, folder: str) -> list[str]:
        """The files of a folder below, in order."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file; none is no error."""
        ...


class ResultRows(Protocol):
    """Collects the results of a piece as a table."""

    def add(self, row: dict[str, Any]) -> None:
        """One more row; see docs/reference/scans.md for its columns."""
        ...

    def close(self) -> bytes:
        """The table as the bytes of a Parquet file."""
        ...


class ScanEngine(Protocol):
    """Spreads tasks over processes, here or on a cluster."""

    def run(self, opener: Callable[[bytes], Work], setup: bytes, tasks: Sequence[str]) -> Iterator[str]:
        """What came of each task, in whatever order they end.

        `opener` is a function that other processes can import; each calls it once with `setup` and then does tasks.
        """
        ...

    def transitions(self, before: str, now: str) -> Transitions:
        """The results below one folder beside those below another."""
        ...
