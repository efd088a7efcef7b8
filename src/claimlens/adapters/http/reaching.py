"""Connections to addresses that the wall has checked, and to no other."""

import asyncio
from collections.abc import Iterable
from typing import Any

import httpcore

from claimlens.adapters.http.addresses import Target

#: Seconds for the look-up, and for the connection.
LOOK_UP_S, CONNECT_S = 3.0, 3.0
#: How many addresses of a host are tried.
MOST_TRIED = 4


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to the first of the given addresses that answers, whatever name it is asked for."""

    def __init__(self, network: httpcore.AsyncNetworkBackend, addresses: tuple[str, ...]) -> None:
        self._network = network
        self._addresses = addresses[:MOST_TRIED]
        self.address = ""
        self.streams: list[httpcore.AsyncNetworkStream] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection within `timeout` seconds. Raises httpcore's errors of connecting."""
        clock = asyncio.get_running_loop().time
        end = clock() + (CONNECT_S if timeout is None else timeout)
        failed: Exception = httpcore.ConnectError("there is no address")
        for place, address in enumerate(self._addresses):
            # An address that does not answer leaves the others their share of the time.
            share = max(end - clock(), 0.0) / (len(self._addresses) - place)
            try:
                stream = await self._network.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                self.address = address
                self.streams.append(stream)
                return stream
        raise failed

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Refused: what is reached here is never a socket of this machine."""
        raise httpcore.ConnectError("this has no business with sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)


def url_of(target: Target) -> httpcore.URL:
    """The URL, put together from what the wall has read: nobody reads its text a second time."""
    scheme = b"https" if target.secure else b"http"
    return httpcore.URL(scheme=scheme, host=target.host.encode(), port=target.port, target=target.path.encode())


def host_of(target: Target) -> str:
    """The `Host` header of a target."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == (443 if target.secure else 80) else f"{host}:{target.port}"
