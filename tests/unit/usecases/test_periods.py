"""From when to when."""

from datetime import UTC, datetime

import pytest

from claimlens.domain.errors import InvalidError
from claimlens.usecases.periods import period_of


def test_the_end_day_is_included():
    start, end = period_of({"start_date": "2026-11-01", "end_date": "2026-11-02"})
    assert (start, end) == (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC))


@pytest.mark.parametrize("last", ["2999-12-31", "9998-12-31", "9999-12-31"])
def test_a_day_that_stands_for_no_end_is_one(last):
    _, end = period_of({"end_date": last})
    assert end is not None
    assert end > datetime(2999, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-02-30", "20261101", "2026-11-01T10:30:00", "tomorrow", "0000-01-01"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(InvalidError, match="start_date is a day"):
        period_of({"start_date": text})
