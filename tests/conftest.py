"""What every test shares."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from claimlens.adapters.sql.engine import Database
    from tests.postgres import Databases

# No deadline: a busy machine is not a defect. In CI the examples are the same in each run: a red run can be repeated.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Tests that are coroutines, and their fixtures, run on asyncio (`anyio_mode = auto`)."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_databases() -> "Iterator[Databases]":
    """Databases on one PostgreSQL server for the whole session."""
    from tests.postgres import Databases, PostgresServer

    if url := os.environ.get("CLAIMLENS_TEST_DATABASE_URL"):
        databases = Databases(url)
        yield databases
        databases.remove()
    else:
        server = PostgresServer()
        yield Databases(server.url)
        server.remove()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    from tests.postgres import migrate

    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def postgres_url(postgres_databases: "Databases") -> Iterator[str]:
    """A migrated, empty PostgreSQL database of this test's own."""
    with postgres_databases.fresh() as url:
        yield url


@pytest.fixture
def empty_postgres_url(postgres_databases: "Databases") -> Iterator[str]:
    """A PostgreSQL database without any tables."""
    with postgres_databases.fresh(migrated=False) as url:
        yield url


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated, empty SQLite database of this test's own."""
    path = tmp_path / "claimlens.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database of this test's own, on each of the two stores."""
    url = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    assert isinstance(url, str)
    return url


@pytest.fixture
async def database(database_url: str) -> "AsyncIterator[Database]":
    """The same, opened."""
    from claimlens.adapters.sql.engine import Database

    opened = Database(database_url)
    yield opened
    await opened.close()
