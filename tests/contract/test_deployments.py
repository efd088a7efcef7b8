"""What was started and rolled back, over every store."""

import pytest

import claimlens
from claimlens.adapters.sql.access_log import SqlAccessLog
from claimlens.adapters.sql.deployments import SqlDeployments
from claimlens.domain.deployment import DeploymentKind, is_older
from claimlens.domain.errors import InvalidError, OverloadedError
from claimlens.ports.accounts import AccessFilter
from claimlens.usecases.authentication import operator, worker_scope
from claimlens.usecases.deployments import Deployments
from claimlens.usecases.versions import Versions
from claimlens.wiring import open_checker
from tests.clock import HandClock

WHO = operator("anna")


@pytest.fixture(scope="module")
def checker():
    return open_checker()


async def newest():
    return "0004"


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def process(database, clock, checker, monkeypatch):
    """A process of a version on a host."""

    def made(version, host="one"):
        clock.forward(minutes=1)
        monkeypatch.setattr(claimlens, "__version__", version)
        return Deployments(SqlDeployments(database), Versions(checker, newest), clock, host)

    return made


async def test_each_start_leaves_word_once(process, clock):
    server, worker = process("0.2.0", "one"), process("0.2.0", "two")
    await server.started(worker_scope(), "server")
    clock.forward(minutes=1)
    await worker.started(worker_scope(), "worker")
    for _ in range(3):
        await server.catch_up()
    rows = await server.latest(WHO, 10)
    assert [(row.kind, row.part, row.version, row.host) for row in rows] == [
        ("start", "worker", "0.2.0", "two"),
        ("start", "server", "0.2.0", "one"),
    ]
    assert rows[0].migration == "0004"
    assert rows[0].packs.keys() == {"in", "us", "gb", "eu"}


async def test_a_version_that_went_back_is_a_roll_back(process):
    for version, kind in (("0.9.0", "start"), ("0.10.0", "start"), ("0.9.0", "rollback"), ("0.10.1", "start")):
        one = process(version)
        await one.started(worker_scope(), "server")
        assert (await one.latest(WHO, 1))[0].kind == kind
    (_, back, *_) = await one.latest(WHO, 10)
    assert back.note == "the version before was 0.10.0"


async def test_a_store_that_is_out_stops_no_start_and_gets_the_row_later(process, clock, monkeypatch):
    server = process("0.2.0")

    async def out(*_, **__):
        raise OverloadedError("the database cannot be reached")

    with monkeypatch.context() as broken:
        broken.setattr(SqlDeployments, "add", out)
        started = clock.now()
        await server.started(worker_scope(), "server")
    clock.forward(minutes=5)
    await server.catch_up()
    assert [row.ts for row in await server.latest(WHO, 10)] == [started]


async def test_who_rolls_back_says_so(process, database):
    one = process("0.1.0")
    await one.record(WHO, DeploymentKind.ROLLBACK, "all", "0.2.0 to 0.1.0: errors in the feed")
    (row,) = await one.latest(WHO, 10)
    assert (row.kind, row.part, row.note) == ("rollback", "all", "0.2.0 to 0.1.0: errors in the feed")
    assert WHO.platform is not None
    lines = await SqlAccessLog(database).page(WHO.platform, AccessFilter(), after=None, limit=5)
    assert [(line.action, line.target, line.actor) for line in lines] == [("deployment:rollback", row.id, "cli:anna")]
    with pytest.raises(InvalidError):
        await one.record(WHO, DeploymentKind.ROLLBACK, "all", "")


@pytest.mark.parametrize(
    ("version", "than", "older"),
    [
        ("0.9.0", "0.10.0", True),
        ("0.10.0", "0.9.9", False),
        ("1.0", "1.0.1", True),
        ("1.0", "1.0", False),
        ("dev", "1.0", False),
    ],
)
def test_versions_are_compared_by_their_numbers(version, than, older):
    assert is_older(version, than) is older
