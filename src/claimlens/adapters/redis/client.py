"""Connections by URL, and the few things that differ between one server and a cluster.

The cluster is driven here, over plain clients: what the library brings for it loses connections when servers go and
come, and costs more than the call itself.
"""

from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import AskError, ConnectionError, MovedError, NoScriptError

#: How long one call may take. What takes longer is as good as out.
CALL_S = 0.1

_OPTIONS: dict[str, Any] = {"socket_timeout": CALL_S, "socket_connect_timeout": CALL_S, "client_name": "claimlens"}


class SingleServer:
    """One server, or whatever stands behind one address."""

    mode = "redis"

    def __init__(self, url: str) -> None:
        self._client = Redis.from_url(url, retry=Retry(NoBackoff(), 0), **_OPTIONS)

    async def run(self, script: str, digest: str, keys: Sequence[str], numbers: str) -> bytes:
        """What the script answers; it is sent whole where the server does not know it (any more)."""
        return await _run(self._client, script, digest, keys, numbers)

    async def publish(self, channel: str, word: str) -> None:
        """Tell all subscribers."""
        await _call(self._client, "PUBLISH", channel, word)

    async def memory(self) -> int:
        """Bytes in use; raises if the server does not answer."""
        return await _memory(self._client)

    def subscriber(self, attempt: int) -> Redis:
        """The client through which words come in."""
        return self._client

    async def close(self) -> None:
        """Let go of all connections."""
        await self._client.aclose()


class Cluster:
    """Several servers that share the keys between them: `redis+cluster://user:secret@host:port,host:port`."""

    mode = "redis-cluster"

    def __init__(self, url: str) -> None:
        self._options, addresses = read_cluster_url(url)
        self._clients = {address: self._open(address) for address in addresses}
        self._firsts: list[int] = []
        self._owners: list[Redis] = []

    async def run(self, script: str, digest: str, keys: Sequence[str], numbers: str) -> bytes:
        """What the script answers; all keys must live in one slot."""
        if not self._owners:
            await self._look()
        try:
            return await _run(self._owner(keys[0]), script, digest, keys, numbers)
        except MovedError:
            await self._look()
            return await _run(self._owner(keys[0]), script, digest, keys, numbers)
        except AskError as asked:  # the slot is on its way to another server
            there = self._client((asked.host, asked.port)).pipeline(transaction=False)
            there.execute_command("ASKING")
            there.execute_command("EVAL", script, len(keys), *keys, numbers)
            return bytes((await there.execute())[1])

    async def publish(self, channel: str, word: str) -> None:
        """Tell all subscribers, whichever server they listen to."""
        if not self._owners:
            await self._look()
        await _call(self._owners[0], "PUBLISH", channel, word)

    async def memory(self) -> int:
        """Bytes in use on all servers that own keys; raises if one does not answer."""
        await self._look()
        return sum([await _memory(client) for client in dict.fromkeys(self._owners)])

    def subscriber(self, attempt: int) -> Redis:
        """A client to one of the servers, another at each attempt."""
        clients = list(self._clients.values())
        return clients[attempt % len(clients)]

    async def close(self) -> None:
        """Let go of all connections."""
        for client in self._clients.values():
            await client.aclose()

    async def _look(self) -> None:
        """Learn from the first server that knows which slots live where."""
        reason: Exception = ConnectionError("no server of the cluster serves all slots")
        for (host, _), client in list(self._clients.items()):
            try:
                ranges = sorted(await _call(client, "CLUSTER SLOTS"))
            except Exception as error:  # the next may know
                reason = error
                continue
            if sum(last - first + 1 for first, last, *_ in ranges) == 16384:
                self._firsts = [first for first, *_ in ranges]
                self._owners = [self._client(_address(primary, host)) for _, _, primary, *_ in ranges]
                return
        raise reason

    def _owner(self, key: str) -> Redis:
        return self._owners[bisect_right(self._firsts, key_slot(key.encode())) - 1]

    def _client(self, address: tuple[str, int]) -> Redis:
        if address not in self._clients:
            self._clients[address] = self._open(address)
        return self._clients[address]

    def _open(self, address: tuple[str, int]) -> Redis:
        host, port = address
        return Redis(host=host, port=port, retry=Retry(NoBackoff(), 0), **_OPTIONS, **self._options)


def open_client(url: str) -> SingleServer | Cluster:
    """A client for a URL; nothing is connected yet. `redis`, `rediss`, `unix`, `redis+cluster`, `rediss+cluster`."""
    return Cluster(url) if "+cluster" in url.partition("://")[0] else SingleServer(url)


def read_cluster_url(url: str) -> tuple[dict[str, Any], list[tuple[str, int]]]:
    """Connection options and addresses of a cluster URL. The port is 6379 unless given."""
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    user, _, secret = login.partition(":")
    options: dict[str, Any] = {"ssl": parts.scheme == "rediss+cluster"}
    if user:
        options["username"] = unquote(user)
    if secret:
        options["password"] = unquote(secret)
    addresses = []
    for address in hosts.split(","):
        one = urlsplit(f"//{address}")
        addresses.append((one.hostname or "localhost", one.port or 6379))
    return options, addresses


def _address(told: Sequence[Any], asked: str) -> tuple[str, int]:
    """Where a server is; one that does not know its own name is where it was asked."""
    return (told[0] or b"").decode() or asked, int(told[1])


async def _memory(client: Redis) -> int:
    return int((await client.info("memory"))["used_memory"])


async def _run(client: Redis, script: str, digest: str, keys: Sequence[str], numbers: str) -> bytes:
    try:
        answer = await _call(client, "EVALSHA", digest, len(keys), *keys, numbers)
    except NoScriptError:
        # A fresh server, a fail-over or SCRIPT FLUSH: EVAL also keeps the script for the next time.
        answer = await _call(client, "EVAL", script, len(keys), *keys, numbers)
    return bytes(answer)


async def _call(client: Redis, *command: str | int) -> Any:
    # The library gives this one method no types.
    execute: Callable[..., Awaitable[Any]] = client.execute_command
    return await execute(*command)
