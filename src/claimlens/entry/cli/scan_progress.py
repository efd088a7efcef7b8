"""How far a scan is, how fast, how long it will take: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

#: Seconds between two lines where no terminal is.
_EVERY = 15.0


class ScanProgress:
    """Counts rows and bytes; what an earlier run did counts as done, not as fast."""

    def __init__(self, total: int) -> None:
        self._total = max(total, 1)
        self._began = self._said = time.monotonic()
        self._bytes = self._earlier = self._rows = 0
        self._bar: tuple[Bar, TaskID] | None = None

    def __enter__(self) -> "ScanProgress":
        if sys.stderr.isatty():
            self._bar = self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar[0].stop()
        elif kind is None:
            self._line()

    def advance(self, size: int, rows: int, *, earlier: bool = False) -> None:
        """A piece of so many bytes of the source is done, with so many rows."""
        self._bytes += size
        self._rows += rows
        self._earlier += size if earlier else 0
        if self._bar:
            self._bar[0].update(self._bar[1], completed=self._bytes, told=self._told())
        elif time.monotonic() - self._said >= _EVERY:
            self._line()

    def _line(self) -> None:
        self._said = time.monotonic()
        print(f"claimlens: {100 * self._bytes / self._total:.0f} %, {self._told()}", file=sys.stderr)

    def _told(self) -> str:
        seconds = max(time.monotonic() - self._began, 1e-9)
        speed = (self._bytes - self._earlier) / seconds
        left = (self._total - self._bytes) / speed if speed else 0
        told = f"{self._rows:,} rows in {_time(seconds)}, {self._rows / seconds:,.0f} rows/s"
        return f"{told}, {_time(left)} left" if left >= 1 else told

    def _open(self) -> "tuple[Bar, TaskID]":
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("scanning"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[told]}"))
        bar = Bar(*columns, console=Console(stderr=True), transient=True)
        bar.start()
        return bar, bar.add_task("scanning", total=self._total, told="")


def _time(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
