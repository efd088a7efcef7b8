"""`claimlens worker` as a process of its own: killed, asked to stop, refused."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from claimlens.adapters.sql.deployments import SqlDeployments
from claimlens.adapters.sql.engine import Database
from claimlens.domain.errors import OverloadedError
from claimlens.domain.webhook import DeliveryState
from claimlens.entry.cli import run
from claimlens.usecases.authentication import worker_scope
from claimlens.usecases.webhooks import NewWebhook
from tests.clock import HandClock
from tests.journeys.webhook_world import SECRET, world
from tests.postgres import PostgresServer, migrate
from tests.receiver import Answer, receiver


@asynccontextmanager
async def a_worker(url, folder):
    """The process, with webhooks allowed to this machine."""
    named = ("DATABASE", "REDIS_", "CLAIMLENS_")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(named)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "claimlens", "worker"),
        stderr=asyncio.subprocess.PIPE,
        env={
            **environ,
            "DATABASE_URL": url,
            "CLAIMLENS_SECRET_KEY": SECRET.decode(),
            "CLAIMLENS_DATA_DIR": str(folder),
            "CLAIMLENS_WEBHOOKS_TO_PRIVATE": "1",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def a_tenant(url):
    """A tenant with one endpoint on this machine; its clock shows the real moment."""
    database = Database(url)
    try:
        async with (
            world(database, clock=HandClock(datetime.now(UTC)), private=True) as (here,),
            receiver(tls=False) as there,
        ):
            wanted = NewWebhook(url=f"http://127.0.0.1:{there.port}/hooks")
            yield here, there, await here.webhooks.create(here.principal, wanted)
    finally:
        await database.close()


async def test_killed_between_sending_and_writing_down_it_is_sent_again_under_the_same_id(postgres_url, tmp_path):
    async with a_tenant(postgres_url) as (here, there, endpoint), a_worker(postgres_url, tmp_path) as worker:

        def kill_and_answer(_):
            if len(there.received) == 1:
                worker.kill()
            return Answer()

        there.answer = kill_and_answer
        event = await here.event()
        await there.until(lambda: len(there.received) == 1)
        assert await worker.wait() == -signal.SIGKILL
        [delivery] = await here.sent(endpoint.id)
        assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 0)

        # The next worker comes, first while the dead one's lease still runs, then after it.
        here.clock.forward(seconds=(datetime.now(UTC) - here.clock.now()).total_seconds())
        await here.work()
        assert len(there.received) == 1
        here.clock.forward(seconds=61)
        await here.work()
        assert there.ids == [event.id, event.id]
        assert there.received[0].body == there.received[1].body
        [delivery] = await here.sent(endpoint.id)
        assert delivery.state is DeliveryState.DELIVERED


async def test_asked_to_stop_it_finishes_what_it_has_begun(postgres_url, tmp_path):
    async with a_tenant(postgres_url) as (here, there, endpoint), a_worker(postgres_url, tmp_path) as worker:
        go_on = asyncio.Event()

        async def answer(_):
            await go_on.wait()
            return Answer()

        there.answer = answer
        await here.event()
        await there.until(lambda: len(there.received) == 1)
        worker.terminate()
        while b"worker_stops" not in await worker.stderr.readline():
            assert not worker.stderr.at_eof()
        go_on.set()
        assert await worker.wait() == 0
        [delivery] = await here.sent(endpoint.id)
        assert (delivery.state, delivery.attempts) == (DeliveryState.DELIVERED, 1)
    database = Database(postgres_url)
    [start] = await SqlDeployments(database).latest(worker_scope(), limit=5)
    assert (start.kind, start.part) == ("start", "worker")
    await database.close()


async def test_a_database_that_goes_and_comes_back_is_lived_through(tmp_path):
    server = await asyncio.to_thread(PostgresServer, safe=True)
    try:
        await asyncio.to_thread(migrate, server.url)
        async with a_tenant(server.url) as (here, there, _), a_worker(server.url, tmp_path) as worker:
            first = await here.event()
            await there.until(lambda: len(there.received) == 1)
            await asyncio.to_thread(server.stop, signal.SIGKILL)
            while b"duty_waits" not in await worker.stderr.readline():
                assert not worker.stderr.at_eof()
            await asyncio.to_thread(server.start)
            async with asyncio.timeout(60):
                while True:
                    try:
                        second = await here.event()
                        break
                    except OverloadedError:
                        pass
            # The first one may come again, if the database went before it was written down.
            await there.until(lambda: second.id in there.ids)
            assert there.ids[0] == first.id
    finally:
        await asyncio.to_thread(server.remove)


@pytest.mark.parametrize("url", ["", "sqlite:////tmp/claimlens.db"])
def test_on_sqlite_it_says_where_the_worker_is(monkeypatch, capsys, url):
    monkeypatch.setenv("DATABASE_URL", url)
    assert run(["worker"]) == 1
    said = capsys.readouterr().err
    assert "claimlens serve" in said
    assert len(said.splitlines()) == 1
