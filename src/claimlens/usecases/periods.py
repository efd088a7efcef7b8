"""From when to when, as people write it: whole days in UTC, the last one included, or moments."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from claimlens.domain.errors import InvalidError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})")
#: Nothing of ours is older or younger; it also leaves room for arithmetic with moments.
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def period_of(query: Mapping[str, str]) -> tuple[datetime | None, datetime | None]:
    """`start_date` and `end_date` of a query as moments: start included, end excluded, None where nothing is said.

    `YYYY-MM-DD` is a whole day: as an end it is included. Otherwise RFC 3339. Raises InvalidError.
    """
    start = _moment(query.get("start_date", ""), "start_date", is_end=False)
    end = _moment(query.get("end_date", ""), "end_date", is_end=True)
    if start is not None and end is not None and end <= start:
        raise InvalidError((("", "end_date lies before start_date: there is nothing in between"),))
    return start, end


def _moment(text: str, name: str, *, is_end: bool) -> datetime | None:
    if not text:
        return None
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            found = min(datetime(day.year, day.month, day.day, tzinfo=UTC), _LAST) + timedelta(days=is_end)
        elif _MOMENT.fullmatch(text):
            found = datetime.fromisoformat(text.upper()).astimezone(UTC)
        else:
            raise ValueError(text)
    except (ValueError, OverflowError):
        raise InvalidError(
            (("", f"{name} is a day such as 2026-11-01 or a moment such as 2026-11-01T10:30:00Z, not {text!r:.40}"),)
        ) from None
    return min(max(found, _FIRST), _LAST)
