"""Trends as lines, days as a strip, in SVG drawn on the server: no script, no style of its own."""

from collections.abc import Sequence
from datetime import UTC, date
from typing import NamedTuple

from claimlens.usecases.dashboard import Point
from claimlens.usecases.slo import Day

#: The box that is drawn in, and the room around the lines: left, top, right, bottom.
WIDTH, HEIGHT = 640, 200
_LEFT, _TOP, _RIGHT, _BOTTOM = 44, 10, 8, 22
_LABELS = 4


class Chart(NamedTuple):
    """Lines as points of polylines, by name; ticks as (place, label)."""

    lines: dict[str, str]
    rows: list[tuple[float, str]]
    columns: list[tuple[float, str]]


def chart_of(trend: Sequence[Point]) -> Chart:
    """The chart of a trend: all audits, the flagged and the blocked ones."""
    most = _round_up(max((point.audits for point in trend), default=0))
    across = max(1, len(trend) - 1)
    width, height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def place(index: int, value: int) -> str:
        return f"{_LEFT + width * index / across:.1f},{_TOP + height * (1 - value / most):.1f}"

    lines = {
        name: " ".join(place(index, getattr(point, field)) for index, point in enumerate(trend))
        for name, field in (("all", "audits"), ("flagged", "flagged"), ("block", "block"))
    }
    rows = [(_TOP + height * (1 - part / 2), f"{most * part // 2:,}") for part in range(3)]
    every = max(1, len(trend) // _LABELS)
    short = "%H:%M" if len(trend) > 1 and (trend[1].at - trend[0].at).total_seconds() <= 3600 else "%d %b"
    columns = [
        (_LEFT + width * index / across, point.at.astimezone(UTC).strftime(short))
        for index, point in enumerate(trend)
        if index % every == 0
    ]
    return Chart(lines, rows, columns)


def _round_up(value: int) -> int:
    """The next even number of the form 1, 2 or 5 times a power of ten."""
    if value <= 2:
        return 2
    power = int(10 ** (len(str(value)) - 1))
    return next(step * power for step in (1, 2, 4, 5, 10) if step * power >= value and step * power % 2 == 0)


class Cell(NamedTuple):
    """One day of a strip: where it stands, its state, and what is said of it."""

    x: float
    state: str
    day: date
    said: str


def day_strip(days: Sequence[Day], objective: float) -> list[Cell]:
    """Days side by side in a box that is 10 wide for each: within the objective, below it, or nothing recorded."""
    cells = []
    for index, day in enumerate(days):
        if day.ratio is None:
            state, said = "no_data", "nothing recorded"
        else:
            state = "ok" if day.ratio >= objective else "critical"
            said = f"{100 * day.ratio:.2f} % of {day.requests:,} requests"
        cells.append(Cell(index * 10, state, day.day, said))
    return cells


def share_of(values: Sequence[float | None]) -> list[float]:
    """Each value as a percentage of the largest; 0 for none."""
    most = max((value for value in values if value is not None), default=0.0)
    return [round(100 * value / most, 1) if value is not None and most else 0.0 for value in values]
