"""One browser for all tests of the console, one server for each store.

Both end with this package: while the browser's driver is there its event loop runs, and no other test could run one.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser import launched
from tests.console.world import World, world

# A busy machine is no defect of a page.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="package")
def browser():
    with launched() as found:
        yield found


@pytest.fixture(scope="package")
def sqlite_console(browser, tmp_path_factory) -> Iterator[World]:
    """A server with people of every role, shared by all tests: each makes what it looks for."""
    folder = tmp_path_factory.mktemp("console")
    with world(folder, browser, f"sqlite:///{folder / 'console.db'}") as made:
        yield made


@pytest.fixture(scope="package")
def postgresql_console(browser, tmp_path_factory, postgres_databases) -> Iterator[World]:
    """The same over the other store."""
    with (
        postgres_databases.fresh() as url,
        world(tmp_path_factory.mktemp("console"), browser, url) as made,
    ):
        yield made


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def console(request) -> World:
    """Each of the two."""
    found = request.getfixturevalue(f"{request.param}_console")
    assert isinstance(found, World)
    return found


@pytest.fixture(autouse=True)
def _nothing_complained(request):
    """No page may log an error: a script that fails, a file that the policy refuses."""
    yield
    if "console" in request.fixturenames:
        made = request.getfixturevalue("console")
        found, made.complaints = made.complaints, []
        assert not found
