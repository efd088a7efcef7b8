"""What the pages about webhooks say is so: the receivers of the how-to receive, the tables are the program's."""

import asyncio
import os
import shutil
import socket
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec
import pytest

from claimlens.adapters.http.addresses import TargetRefusedError, Wall
from claimlens.adapters.http.resolver import SystemResolver
from claimlens.adapters.http.webhook_sender import HttpWebhookSender
from claimlens.domain.webhook import EVENT_TYPES, DeliveryState, Webhook
from claimlens.ports.webhooks import Message
from claimlens.usecases.dispatch import DELAYS_S
from tests.journeys.documented import code_blocks, page, tables

HOW_TO, REFERENCE = page("how-to/receive-webhooks.md"), page("reference/webhooks.md")
SECRET, OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
MESSAGE = Message("e1", '{"type":"verdict.generated","data":{"name":"Crème brûlée"}}'.encode())


@asynccontextmanager
async def a_receiver(command, folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    environ = {**os.environ, "WEBHOOK_SECRET": SECRET, "PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    sender = HttpWebhookSender(Wall(SystemResolver(), private=True))

    async def send(message, *, secret=SECRET, now=None):
        endpoint = Webhook(
            id="w1",
            tenant_id="t1",
            url=f"http://127.0.0.1:{port}/",
            events=(),
            secrets=(secret,),
            created_at=datetime.now(UTC),
        )
        return (await sender.send(endpoint, message, now or datetime.now(UTC))).status

    try:
        async with asyncio.timeout(60):
            while await send(Message("e0", b"{}"), secret=OTHER) is None:
                assert process.returncode is None
        yield process, send
    finally:
        await sender.close()
        if process.returncode is None:
            process.kill()
        await process.wait()


async def holds(command, folder):
    async with a_receiver(command, folder) as (process, send):
        assert await send(MESSAGE) == 204
        assert await send(MESSAGE) == 204
        assert await send(MESSAGE, secret=OTHER) == 401
        assert await send(MESSAGE, now=datetime(2026, 1, 1, tzinfo=UTC)) == 401
        assert await send(Message("e2", b'{"type":"job.finished","data":{}}')) == 204
        # The repeated one was acted on once, the forged and the old one not at all.
        assert "Crème brûlée" in (await process.stdout.readline()).decode()
        assert b"job.finished" in await process.stdout.readline()


async def test_the_receiver_in_python(tmp_path):
    [code] = code_blocks(HOW_TO, "python")
    (tmp_path / "receiver.py").write_text(code, encoding="utf-8")
    await holds([sys.executable, "receiver.py"], tmp_path)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
async def test_the_receiver_in_javascript(tmp_path):
    [code] = code_blocks(HOW_TO, "js")
    (tmp_path / "receiver.mjs").write_text(code, encoding="utf-8")
    await holds(["node", "receiver.mjs"], tmp_path)


def test_the_events_are_those_of_the_program():
    assert [row[0] for row in tables(REFERENCE, "event", "sent when")] == list(EVENT_TYPES)


def test_the_waits_are_those_of_the_program():
    rows = tables(REFERENCE, "attempt", "waits before it")
    assert [row[1] for row in rows] == [f"{delay} s" for delay in DELAYS_S]


def test_the_states_are_those_of_the_program():
    assert [row[0] for row in tables(REFERENCE, "state of a delivery", "meaning")] == [
        str(state) for state in DeliveryState
    ]


async def test_what_the_page_calls_refused_is_refused():
    async def resolve(_):
        return ["93.184.216.34"]

    wall = Wall(resolve)
    urls = [url.strip("` ") for row in tables(REFERENCE, "refused", "such as") for url in row[1].split(",")]
    assert len(urls) > 10
    for url in urls:
        with pytest.raises(TargetRefusedError):
            await wall.reach(wall.read(url))


def test_the_json_of_the_page_is_json():
    for block in code_blocks(REFERENCE, "json"):
        msgspec.json.decode(block)
