"""How long something shall last, as people write it: `90s`, `30m`, `1h`, `2d`."""

import re
from datetime import timedelta
from typing import Any

import click

_WRITTEN = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Lasting(click.ParamType[timedelta]):
    """A number and its unit."""

    name = "DURATION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The time it is."""
        if isinstance(value, timedelta):
            return value
        found = _WRITTEN.fullmatch(str(value).strip().lower())
        if found is None:
            self.fail(f"{value!r:.40} is no duration; one looks like 90s, 30m, 1h or 2d", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


LASTING = Lasting()
