"""A sample of `make soak ARGS="--kills 100"`: what was answered survives the loss of process and database."""

import pytest

from tests.soak.crashes import soak


@pytest.mark.parametrize(("store", "victim"), [("postgres", "server"), ("postgres", "database"), ("sqlite", "server")])
def test_nothing_answered_is_lost_and_nothing_is_doubled(store: str, victim: str) -> None:
    outcome = soak(store, victim, kills=2, seed=20261123, ask_again_for_s=1.0)
    assert not outcome.wrong
    assert outcome.answered >= 40
