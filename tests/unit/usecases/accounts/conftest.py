"""The account use cases as they are wired, over a real SQLite; only the clock is in the test's hand."""

from types import SimpleNamespace

import pytest

from claimlens.adapters.crypto.secret_box import InstallationSecretBox
from claimlens.adapters.memory.cache import MemoryCache
from claimlens.adapters.sql.engine import Database
from claimlens.domain.tenant import Role
from claimlens.ports.accounts import AccessFilter
from claimlens.usecases.api_keys import NewKey
from claimlens.usecases.authentication import operator
from claimlens.usecases.tenants import NewTenant
from claimlens.wiring import open_checker
from claimlens.wiring.accounts import Accounts
from tests.clock import HandClock


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def cache():
    return MemoryCache()


@pytest.fixture
async def store(sqlite_url):
    opened = Database(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
def replica(store, clock):
    """Another process on the same store: shares nothing else unless it is given a cache."""

    def start(cache):
        return Accounts(store, cache, clock, lambda: InstallationSecretBox(b"s" * 32), open_checker)

    return start


@pytest.fixture
async def accounts(replica, cache, root):
    """With two tenants, `kitchen-a` and `kitchen-b`."""
    accounts = replica(cache)
    for name in ("kitchen-a", "kitchen-b"):
        await accounts.tenants.create(root, NewTenant(id=name))
    return accounts


@pytest.fixture
def root():
    """The operator at the machine."""
    return operator("test")


@pytest.fixture
def issue(accounts, root):
    """A key of a role in a tenant: what was issued, and the principal who holds it."""

    async def issue(role=Role.ADMIN, tenant_id="kitchen-a", by=None, **wanted):
        issued = await accounts.api_keys.create(by or root, NewKey(tenant_id=tenant_id, role=role, **wanted))
        principal = await accounts.authentication.authenticate(issued.key, ip="192.0.2.7", correlation_id="c-1")
        return SimpleNamespace(issued=issued, id=issued.id, secret=issued.key, principal=principal)

    return issue


@pytest.fixture
def log(accounts, root):
    """The lines of the access log, oldest first."""

    async def log(action="", tenant_id=None):
        page = await accounts.access_log.page(
            root, AccessFilter(action=action), tenant_id=tenant_id, cursor="", limit=200
        )
        return page.rows[::-1]

    return log
