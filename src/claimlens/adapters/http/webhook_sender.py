"""Signed deliveries over HTTP/1.1, to addresses behind the wall only.

The connection is made to the addresses that were just checked, handed on inside the task: there is no second look-up
that could answer otherwise (DNS rebinding). The certificate is still held against the host's name. Nothing is taken
from the environment (no proxy), nothing is remembered of an answer (no cookie), no redirect is followed.
"""

import asyncio
import ssl
from collections.abc import Iterable
from contextlib import aclosing
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil
from typing import Any

import httpcore
import standardwebhooks

import claimlens
from claimlens.adapters.http.addresses import Target, TargetRefusedError, Wall
from claimlens.domain.webhook import Webhook
from claimlens.ports.webhooks import Message, Outcome

#: Seconds for the look-up, for the connection, and for all of an attempt.
LOOK_UP_S, CONNECT_S, TOTAL_S = 3.0, 3.0, 10.0
#: How much of an answer is read; what is longer costs the connection.
MOST_ANSWER = 64 * 1024
#: Connections at most, those kept for the next delivery, and for how long, in seconds.
MOST_CONNECTIONS, MOST_KEPT, KEPT_S = 128, 32, 15.0
#: How many addresses of a host are tried.
MOST_TRIED = 4

Headers = list[tuple[bytes | str, bytes | str]]

_MOST_RETRY_AFTER_S = 7 * 24 * 3600
_checked: ContextVar[tuple[str, tuple[str, ...]]] = ContextVar("checked")


class HttpWebhookSender:
    """The way out. `network` and `tls` are the operating system's and the usual authorities unless handed in."""

    def __init__(
        self, wall: Wall, *, network: httpcore.AsyncNetworkBackend | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._wall = wall
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or httpcore.default_ssl_context(),
            max_connections=MOST_CONNECTIONS,
            max_keepalive_connections=MOST_KEPT,
            keepalive_expiry=KEPT_S,
            network_backend=_CheckedNetwork(network or httpcore.AnyIOBackend()),
        )

    async def refuse(self, url: str) -> str:
        """Why a URL may not be an endpoint, in one sentence; empty if it may."""
        try:
            async with asyncio.timeout(LOOK_UP_S):
                await self._wall.reach(self._wall.read(url))
        except TargetRefusedError as error:
            return str(error)
        except TimeoutError:
            return f"the host name was not found within {LOOK_UP_S:.0f} s"
        return ""

    async def send(self, webhook: Webhook, message: Message, now: datetime) -> Outcome:
        """One attempt. Only a cancelled task leaves it with an exception."""
        answer = _Answer()
        try:
            async with asyncio.timeout(TOTAL_S):
                await self._post(self._wall.read(webhook.url), _headers(webhook, message, now), message.payload, answer)
        except (TargetRefusedError, TimeoutError, OSError, httpcore.NetworkError, httpcore.TimeoutException) as error:
            answer.error = _sentence(error)
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol):
            answer.error = "the answer is no HTTP/1.1"
        if answer.status is None:
            return Outcome(None, answer.error)
        # Once there is a status the rest of the answer, however it ended, changes nothing.
        return Outcome(answer.status, retry_after_s=retry_after_s(answer.retry_after, now))

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    async def _post(self, target: Target, headers: Headers, payload: bytes, answer: "_Answer") -> None:
        try:
            async with asyncio.timeout(LOOK_UP_S):
                addresses = await self._wall.reach(target)
        except TimeoutError:
            raise TargetRefusedError(f"the host name was not found within {LOOK_UP_S:.0f} s") from None
        _checked.set((target.host, addresses))
        async with self._pool.stream(
            "POST",
            _url(target),
            headers=[("host", _host(target)), *headers],
            content=payload,
            extensions={"timeout": {"connect": CONNECT_S, "read": TOTAL_S, "write": TOTAL_S, "pool": TOTAL_S}},
        ) as response:
            answer.status = response.status
            answer.retry_after = next((v for k, v in response.headers if k.lower() == b"retry-after"), b"")
            read = 0
            async with aclosing(response.aiter_stream()) as pieces:  # type: ignore[type-var]
                async for piece in pieces:
                    read += len(piece)
                    if read > MOST_ANSWER:
                        break


class _Answer:
    """What is known of an answer so far."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.retry_after = b""
        self.error = ""


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to the addresses that this task has had checked; without them it connects to nothing."""

    def __init__(self, network: httpcore.AsyncNetworkBackend) -> None:
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        name, addresses = _checked.get(("", ()))
        if name != host:
            raise httpcore.ConnectError(f"the addresses of {host} were not checked")
        clock = asyncio.get_running_loop().time
        end = clock() + (CONNECT_S if timeout is None else timeout)
        tried = addresses[:MOST_TRIED]
        failed: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for place, address in enumerate(tried):
            # An address that does not answer leaves the others their share of the time.
            share = max(end - clock(), 0.0) / (len(tried) - place)
            try:
                return await self._network.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        assert failed is not None
        raise failed

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError("webhooks have no business with sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


def _headers(webhook: Webhook, message: Message, now: datetime) -> Headers:
    body = message.payload.decode("utf-8")
    signatures = [standardwebhooks.Webhook(key).sign(message.id, now, body) for key in webhook.signing_secrets(now)]
    known: Headers = [("x-correlation-id", message.correlation_id)] if message.correlation_id else []
    return [
        ("webhook-id", message.id),
        ("webhook-timestamp", str(int(now.timestamp()))),
        ("webhook-signature", " ".join(signatures)),
        ("content-type", "application/json"),
        ("user-agent", f"ClaimLens/{claimlens.__version__}"),
        *known,
    ]


def _url(target: Target) -> httpcore.URL:
    # Put together from what the wall has read: nobody reads the text of the URL a second time.
    scheme = b"https" if target.secure else b"http"
    return httpcore.URL(scheme=scheme, host=target.host.encode(), port=target.port, target=target.path.encode())


def _host(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == (443 if target.secure else 80) else f"{host}:{target.port}"


def _sentence(error: Exception) -> str:
    """What went wrong, for the tenant: no address, no path of ours."""
    if isinstance(error, TargetRefusedError):
        return str(error)
    cause = error.args[0] if error.args else error  # httpcore puts what it was told into what it tells
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the certificate cannot be trusted: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return "TLS could not be agreed on"
    if isinstance(error, httpcore.ConnectTimeout):
        return f"no connection within {CONNECT_S:.0f} s"
    if isinstance(error, TimeoutError | httpcore.TimeoutException):
        return f"no answer within {TOTAL_S:.0f} s"
    if isinstance(error, httpcore.ConnectError):
        return "the connection was refused"
    return "the connection broke off"


def retry_after_s(value: bytes, now: datetime) -> int | None:
    """The seconds of a Retry-After field, given as seconds or as a date (RFC 9110 section 10.2.3); None if neither."""
    text = value.decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:10]), _MOST_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0, min(ceil(seconds.total_seconds()), _MOST_RETRY_AFTER_S))
