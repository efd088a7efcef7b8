"""A body that does not come is not waited for, whoever holds it back."""

import asyncio
import json

import pytest

from claimlens.entry.mcp import http
from claimlens.entry.mcp.host_wall import HostWall
from claimlens.entry.mcp.metrics import CallMetrics
from claimlens.entry.mcp.offers import Offer
from claimlens.entry.mcp.protocol import ToolServer


@pytest.fixture
async def app():
    offer = Offer(name="test", title="", instructions="", tools=(), most_bytes=1_000)
    tools = ToolServer(offer, CallMetrics())
    app = http.HttpService(offer, tools.server, wall=HostWall(), metrics=CallMetrics())
    async with app.sessions.run():
        yield app
    tools.close()


async def test_a_body_that_does_not_come(app, monkeypatch):
    monkeypatch.setattr(http, "_BODY_S", 0.05)
    sent = []

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    await app({"type": "http", "method": "POST", "path": "/mcp", "headers": headers}, receive, send)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["detail"].startswith("the body did not come within")
