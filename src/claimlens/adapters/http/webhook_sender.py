"""Signed deliveries over HTTP/1.1, to addresses behind the wall only.

A connection is made to addresses that were just checked: there is no second look-up that could answer otherwise (DNS
rebinding). The certificate is still held against the host's name. Nothing is taken from the environment (no proxy),
nothing is remembered of an answer (no cookie), no redirect is followed.

The library's own pool is not used: an attempt that is cancelled at the wrong moment leaves a connection in it that is
neither free nor closed, until none is left.
"""

import asyncio
import ssl
from contextlib import aclosing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil

import httpcore
import standardwebhooks

import claimlens
from claimlens.adapters.http.addresses import Target, TargetRefusedError, Wall
from claimlens.adapters.http.reaching import CONNECT_S, LOOK_UP_S, CheckedNetwork, host_of, url_of
from claimlens.domain.webhook import Webhook
from claimlens.ports.webhooks import Message, Outcome

#: Seconds for all of an attempt.
TOTAL_S = 10.0
#: How much of an answer is read; what is longer costs the connection.
MOST_ANSWER = 64 * 1024
#: How many connections are kept for the next delivery, and for how long, in seconds.
MOST_KEPT, KEPT_S = 32, 15.0

Headers = list[tuple[bytes | str, bytes | str]]

_MOST_RETRY_AFTER_S = 7 * 24 * 3600


class HttpWebhookSender:
    """The way out. `network` and `tls` are the operating system's and the usual authorities unless handed in."""

    def __init__(
        self, wall: Wall, *, network: httpcore.AsyncNetworkBackend | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._wall = wall
        self._network = network or httpcore.AnyIOBackend()
        self._tls = tls or httpcore.default_ssl_context()
        self._kept: list[_Line] = []

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
        while self._kept:
            await self._kept.pop().close()

    async def _post(self, target: Target, headers: Headers, payload: bytes, answer: "_Answer") -> None:
        try:
            async with asyncio.timeout(LOOK_UP_S):
                addresses = await self._wall.reach(target)
        except TimeoutError:
            raise TargetRefusedError(f"the host name was not found within {LOOK_UP_S:.0f} s") from None
        kept = await self._take(target, addresses)
        if kept is not None:
            try:
                return await self._post_on(kept, target, headers, payload, answer)
            except (httpcore.NetworkError, httpcore.RemoteProtocolError):
                # The receiver may have closed it just before: that is no failed attempt. Anything else fails again.
                if answer.status is not None:
                    raise
        await self._post_on(_Line(target, addresses, self._network, self._tls), target, headers, payload, answer)

    async def _post_on(
        self, line: "_Line", target: Target, headers: Headers, payload: bytes, answer: "_Answer"
    ) -> None:
        try:
            is_whole = await line.post(target, headers, payload, answer)
        except BaseException:
            await line.close()
            raise
        await self._put(line, is_whole=is_whole)

    async def _take(self, target: Target, addresses: tuple[str, ...]) -> "_Line | None":
        """A kept connection to one of the addresses; those that have expired are closed on the way."""
        for line in [line for line in self._kept if not line.is_good()]:
            self._kept.remove(line)
            await line.close()
        for line in reversed(self._kept):
            if line.leads_to(target) and line.address in addresses:
                self._kept.remove(line)
                return line
        return None

    async def _put(self, line: "_Line", *, is_whole: bool) -> None:
        if not is_whole or not line.is_good():
            await line.close()
            return
        self._kept.append(line)
        if len(self._kept) > MOST_KEPT:
            await self._kept.pop(0).close()


class _Answer:
    """What is known of an answer so far."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.retry_after = b""
        self.error = ""


class _Line:
    """A connection to one of the addresses that were checked for it."""

    def __init__(
        self, target: Target, addresses: tuple[str, ...], network: httpcore.AsyncNetworkBackend, tls: ssl.SSLContext
    ) -> None:
        self._target = target
        self._network = CheckedNetwork(network, addresses)
        self._connection = httpcore.AsyncHTTPConnection(
            url_of(target).origin, ssl_context=tls, keepalive_expiry=KEPT_S, network_backend=self._network
        )

    @property
    def address(self) -> str:
        """The address it is connected to; empty before."""
        return self._network.address

    def leads_to(self, target: Target) -> bool:
        """Whether it is for the host and port of a target."""
        mine = self._target
        return (mine.secure, mine.host, mine.port) == (target.secure, target.host, target.port)

    def is_good(self) -> bool:
        """Whether another request may be made on it."""
        return self._connection.is_idle() and not self._connection.is_closed() and not self._connection.has_expired()

    async def post(self, target: Target, headers: Headers, payload: bytes, answer: _Answer) -> bool:
        """One request; whether its answer was read to the end."""
        request = httpcore.Request(
            "POST",
            url_of(target),
            headers=[("host", host_of(target)), ("content-length", str(len(payload))), *headers],
            content=payload,
            extensions={"timeout": {"connect": CONNECT_S, "read": TOTAL_S, "write": TOTAL_S}},
        )
        response = await self._connection.handle_async_request(request)
        answer.status = response.status
        answer.retry_after = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
        read = 0
        async with aclosing(response.aiter_stream()) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                read += len(piece)
                if read > MOST_ANSWER:
                    return False
        await response.aclose()
        return True

    async def close(self) -> None:
        """Close the socket, wherever the library was with it."""
        for stream in self._network.streams:
            await stream.aclose()


def _headers(webhook: Webhook, message: Message, now: datetime) -> Headers:
    body = message.payload.decode("utf-8")
    signatures = [standardwebhooks.Webhook(key).sign(message.id, now, body) for key in webhook.signing_secrets(now)]
    known: Headers = [("x-correlation-id", message.correlation_id)] if message.correlation_id else []
    if message.traceparent:
        known.append(("traceparent", message.traceparent))
    return [
        ("webhook-id", message.id),
        ("webhook-timestamp", str(int(now.timestamp()))),
        ("webhook-signature", " ".join(signatures)),
        ("content-type", "application/json"),
        ("user-agent", f"ClaimLens/{claimlens.__version__}"),
        *known,
    ]


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
