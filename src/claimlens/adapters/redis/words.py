"""Words between processes, by publish and subscribe. What is said while nobody is connected is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog
from redis.asyncio import Redis

from claimlens.adapters.redis.patience import pauses

CHANNEL = "claimlens:stale"

#: After so long without a word the server is asked whether it is still there; it has as long to answer.
SILENCE_S = 2.0

log = structlog.get_logger(__name__)


async def listen(
    subscriber: Callable[[int], Redis], tell: Callable[[str, str], Awaitable[None]], stopping: asyncio.Event
) -> None:
    """Pass on `tell(topic, key)` for every word until told to stop; a connection that breaks is made anew.

    `subscriber(attempt)` gives the client to listen with; on a cluster each attempt may go to another server.
    """
    attempt = 0
    async for _ in pauses(stopping):
        try:
            async for topic, key in _words(subscriber(attempt), stopping):
                await tell(topic, key)
        except Exception as error:  # whatever it is: the caches live under a second without words
            log.debug("cache.deaf", reason=type(error).__name__)
        attempt += 1


async def _words(client: Redis, stopping: asyncio.Event) -> AsyncIterator[tuple[str, str]]:
    """(topic, key) of each word. Ends when the server is silent."""
    async with client.pubsub() as channel:
        await channel.subscribe(CHANNEL)
        asked = False
        while not stopping.is_set():
            message = await channel.get_message(timeout=SILENCE_S)
            if message is None and asked:
                return
            asked = message is None
            if message is None:
                await channel.ping()
            elif message["type"] == "message":
                topic, _, key = message["data"].decode("utf-8", "replace").partition(" ")
                yield topic, key
