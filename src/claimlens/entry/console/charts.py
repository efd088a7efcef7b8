"""Trends as lines in SVG, drawn on the server: no script, no style of its own."""

from collections.abc import Sequence
from datetime import UTC
from typing import NamedTuple

from claimlens.usecases.dashboard import Point

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
