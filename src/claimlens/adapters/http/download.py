"""Files fetched over HTTP/1.1 from public addresses, within bounds of time and size.

As with webhooks, what is connected to is what the wall has checked, nothing is taken from the environment, and the
certificate is held against the host's name. Redirects are followed a few times, each through the wall.
"""

import asyncio
import ssl
from contextlib import aclosing, suppress
from urllib.parse import urljoin

import httpcore

import claimlens
from claimlens.adapters.http.addresses import Target, TargetRefusedError, Wall
from claimlens.adapters.http.reaching import CONNECT_S, LOOK_UP_S, CheckedNetwork, host_of, url_of
from claimlens.ports.downloads import DownloadError

#: Redirects that are followed, and seconds within which the next piece of a body has to come.
MOST_REDIRECTS, PIECE_S = 3, 30.0

_MOVED = (301, 302, 303, 307, 308)


class HttpDownloads:
    """A Downloads (`ports/downloads.py`). `network` and `tls` are the usual ones unless handed in."""

    def __init__(
        self, wall: Wall, *, network: httpcore.AsyncNetworkBackend | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._wall = wall
        self._network = network or httpcore.AnyIOBackend()
        self._tls = tls

    async def fetch(self, url: str, *, most_bytes: int, within_s: float) -> bytes:
        """See Downloads.fetch."""
        try:
            async with asyncio.timeout(within_s):
                for _ in range(MOST_REDIRECTS + 1):
                    target = self._wall.read(url)
                    moved, body = await self._get(target, most_bytes)
                    if not moved:
                        return body
                    url = urljoin(url, moved)
        except TargetRefusedError as error:
            raise DownloadError(f"{_shown(url)}: {error}") from None
        except TimeoutError:
            raise DownloadError(f"{_shown(url)}: not there within {within_s:.0f} s") from None
        except (OSError, httpcore.NetworkError, httpcore.TimeoutException) as error:
            raise DownloadError(f"{_shown(url)}: {_sentence(error)}") from None
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol):
            raise DownloadError(f"{_shown(url)}: the answer is no HTTP/1.1, or it broke off") from None
        raise DownloadError(f"{_shown(url)}: more than {MOST_REDIRECTS} redirects")

    async def _get(self, target: Target, most_bytes: int) -> tuple[str, bytes]:
        """(where it has moved to, or empty, the body). Raises DownloadError."""
        async with asyncio.timeout(LOOK_UP_S):
            addresses = await self._wall.reach(target)
        network = CheckedNetwork(self._network, addresses)
        tls = self._tls or httpcore.default_ssl_context()
        connection = httpcore.AsyncHTTPConnection(url_of(target).origin, ssl_context=tls, network_backend=network)
        try:
            return await self._read(connection, target, most_bytes)
        finally:
            for stream in network.streams:
                with suppress(OSError):
                    await stream.aclose()

    async def _read(
        self, connection: httpcore.AsyncHTTPConnection, target: Target, most_bytes: int
    ) -> tuple[str, bytes]:
        request = httpcore.Request(
            "GET",
            url_of(target),
            headers=[
                ("host", host_of(target)),
                ("accept-encoding", "identity"),
                ("user-agent", f"ClaimLens/{claimlens.__version__}"),
                ("connection", "close"),
            ],
            extensions={"timeout": {"connect": CONNECT_S, "read": PIECE_S, "write": PIECE_S}},
        )
        response = await connection.handle_async_request(request)
        headers = {name.lower(): value for name, value in response.headers}
        if response.status in _MOVED and b"location" in headers:
            return headers[b"location"].decode("latin-1"), b""
        if response.status != 200:
            raise DownloadError(f"{target.host}: the answer is {response.status}")
        body = bytearray()
        async with aclosing(response.aiter_stream()) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                body += piece
                if len(body) > most_bytes:
                    raise DownloadError(f"{target.host}: longer than {most_bytes:,} bytes")
        return "", bytes(body)


def _shown(url: str) -> str:
    """The URL without its query, which may hold a key."""
    return url.partition("?")[0][:200]


def _sentence(error: Exception) -> str:
    cause = error.args[0] if error.args else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the certificate cannot be trusted: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return "TLS could not be agreed on"
    if isinstance(error, httpcore.TimeoutException):
        return "no answer in time"
    return "no connection, or it broke off"
