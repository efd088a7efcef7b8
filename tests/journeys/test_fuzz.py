"""A minute of `make fuzz`: no answer is a 5xx, none differs from the OpenAPI document."""

import pytest

from tests.fuzz import ALWAYS, fuzz


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_made_up_requests_get_declared_answers(store: str) -> None:
    outcome = fuzz(store, minutes=0.5, seed=20261123, checks=ALWAYS)
    assert not outcome.wrong, "\n".join(outcome.wrong)
    assert outcome.cases > 100
