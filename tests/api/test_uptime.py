"""Thirty days of uptime cost nothing: a request takes the steps that it took at the start."""

import gc
import shutil
import sys
from collections.abc import Awaitable, Callable

import pytest

from tests.api.house import CURRY, open_house
from tests.clock import HandClock

DAYS = 30


@pytest.fixture
async def house(sqlite_template, tmp_path, checker):
    shutil.copy(sqlite_template, tmp_path / "claimlens.db")
    opened = await open_house(f"sqlite:///{tmp_path / 'claimlens.db'}", tmp_path, checker, clock=HandClock())
    yield opened
    await opened.service.stop()


async def steps_of(act: Callable[[], Awaitable[object]]) -> int:
    """The calls that an action makes on this thread: how long it takes, without a watch."""
    least = sys.maxsize
    for _ in range(5):
        calls = 0

        def count(_frame, event, _argument):
            nonlocal calls
            calls += event == "call"

        gc.disable()
        sys.setprofile(count)
        try:
            await act()
        finally:
            sys.setprofile(None)
            gc.enable()
        least = min(least, calls)
    return least


async def test_a_request_takes_the_same_steps_after_thirty_days(house):
    clock = house.service.clock
    number = 0

    async def ask():
        nonlocal number
        number += 1
        item = {**CURRY, "id": f"{number}", "name": f"Butter chicken {number}"}
        client = f"198.51.{number // 250 % 250}.{number % 250}"
        answer = await house.ask("POST", "/v1/menu/validate", {"item": item, "locale": "en-GB"}, client=client)
        assert answer.status_code == 200

    for _ in range(10):
        await ask()
    at_first = await steps_of(ask)
    for _ in range(DAYS * 24):
        clock.forward(hours=1)
        await ask()
        await house.ask("GET", "/v1/audits", role=None, headers={"Authorization": f"Bearer cl_live_{number:038}"})
    at_last = await steps_of(ask)
    assert at_last <= at_first * 1.05, (at_first, at_last)
