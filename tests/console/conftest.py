"""One browser for all tests of the console, one server for each store."""

from collections.abc import Iterator

import pytest

from tests.browser import launched
from tests.console.world import World, world


@pytest.fixture(scope="session")
def browser():
    with launched() as found:
        yield found


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def console(request, browser, tmp_path_factory) -> Iterator[World]:
    """A server with people of every role, shared by all tests: each makes what it looks for."""
    folder = tmp_path_factory.mktemp("console")
    if request.param == "sqlite":
        with world(folder, browser, f"sqlite:///{folder / 'console.db'}") as made:
            yield made
    else:
        with (
            request.getfixturevalue("postgres_databases").fresh() as url,
            world(folder, browser, url) as made,
        ):
            yield made


@pytest.fixture(autouse=True)
def _nothing_complained(request):
    """No page may log an error: a script that fails, a file that the policy refuses."""
    yield
    if "console" in request.fixturenames:
        made = request.getfixturevalue("console")
        found, made.complaints = made.complaints, []
        assert not found
