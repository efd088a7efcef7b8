"""The application over a real store, without a socket."""

import contextlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from claimlens.usecases.checks import Checker
from claimlens.wiring import open_checker
from tests.api.house import House, open_house

Open = Callable[..., Awaitable[House]]


@pytest.fixture(scope="session")
def checker() -> Checker:
    """The packs, loaded once."""
    return open_checker()


@pytest.fixture(scope="module")
async def house(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, checker: Checker
) -> AsyncIterator[House]:
    """A house on SQLite that the tests of a module share."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(sqlite_template, folder / "claimlens.db")
    opened = await open_house(f"sqlite:///{folder / 'claimlens.db'}", folder, checker)
    yield opened
    await opened.service.stop()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
async def house_on_each(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, checker: Checker
) -> AsyncIterator[House]:
    """A house on each of the two stores, for what the stores could understand differently."""
    folder = tmp_path_factory.mktemp("house")
    with contextlib.ExitStack() as opened:
        if request.param == "sqlite":
            shutil.copy(request.getfixturevalue("sqlite_template"), folder / "claimlens.db")
            url = f"sqlite:///{folder / 'claimlens.db'}"
        else:
            url = opened.enter_context(request.getfixturevalue("postgres_databases").fresh())
        house = await open_house(url, folder, checker)
        yield house
        await house.service.stop()


@pytest.fixture
async def open_own(sqlite_url: str, tmp_path: Path, checker: Checker) -> AsyncIterator[Open]:
    """Opens a house of this test's own, by its settings."""
    opened: list[House] = []

    async def open_it(environ: Mapping[str, str] | None = None) -> House:
        opened.append(await open_house(sqlite_url, tmp_path, checker, environ))
        return opened[-1]

    yield open_it
    for each in opened:
        await each.service.stop()
