"""A progress bar for long input, on standard error, only where a person watches it."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

#: Seconds of work before a bar is worth showing.
_PATIENCE = 1.0


class Progress:
    """Counts bytes; shows a bar when the work takes long and standard error is a terminal.

    `quiet` keeps it away when the results go to the same terminal.
    """

    def __init__(self, total: int | None, *, quiet: bool) -> None:
        self._total = total
        self._quiet = quiet or not sys.stderr.isatty()
        self._started = time.monotonic()
        self._done = 0
        self._bar: tuple[Bar, TaskID] | None = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar[0].stop()

    def advance(self, size: int) -> None:
        """So many more bytes were read."""
        self._done += size
        if self._quiet:
            return
        if self._bar is None and time.monotonic() - self._started > _PATIENCE:
            self._bar = self._open()
        if self._bar:
            self._bar[0].update(self._bar[1], completed=self._done)

    def _open(self) -> "tuple[Bar, TaskID]":
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("checking"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        bar = Bar(*columns, console=Console(stderr=True), transient=True)
        bar.start()
        return bar, bar.add_task("checking", total=self._total)
