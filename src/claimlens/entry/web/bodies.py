"""Bodies, read with a bound on their length and on the time they take."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from claimlens.domain.errors import ClaimLensError, InvalidError, TooLargeError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Scope = MutableMapping[str, Any]

#: Bytes of an ordinary body.
MOST_BYTES = 1_048_576
#: How long an ordinary body may take to come in, and how long a long one may pause.
WHOLE_S, SILENCE_S = 30.0, 30.0
#: How much of a body that is too long is thrown away before it is refused, and for how long.
_MOST_THROWN_AWAY, _THROWING_S = 32 * 1024 * 1024, 5.0


class ClientGoneError(ClaimLensError):
    """The client closed the connection; nobody is left to answer."""


class Incoming:
    """A `receive` that knows whether more of the body is to come."""

    __slots__ = ("_is_asking", "_more", "_receive")

    def __init__(self, receive: Receive, headers: dict[bytes, bytes]) -> None:
        self._receive = receive
        self._more = headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
        self._is_asking = b"expect" in headers

    async def __call__(self) -> Message:
        """The next piece."""
        message = await self._receive()
        self._is_asking = False
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def let_end(self) -> None:
        """Throw away what a client still sends, within bounds, before it is refused.

        Many read an answer only when they have sent everything, and lose it if the connection is closed before. One
        that waits for "100 Continue" sends nothing until it is told to: it is not.
        """
        left = _MOST_THROWN_AWAY
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_THROWING_S):
                while self._more and not self._is_asking and left > 0:
                    left -= len((await self()).get("body", b""))


async def read_body(receive: Receive, headers: dict[bytes, bytes], most: int = MOST_BYTES) -> bytes:
    """The whole body. Raises TooLargeError as soon as it is known to be longer than `most` bytes."""
    _refuse_declared(headers, most)
    try:
        async with asyncio.timeout(WHOLE_S):
            piece, more = await _next(receive)
            if not more and len(piece) <= most:
                return bytes(piece)
            body = bytearray(piece)
            while more and len(body) <= most:
                piece, more = await _next(receive)
                body += piece
    except TimeoutError:
        raise _late() from None
    if len(body) > most:
        raise too_large(most)
    return bytes(body)


async def body_pieces(receive: Receive, headers: dict[bytes, bytes], most: int) -> AsyncIterator[bytes]:
    """The body as it comes in, however long that takes. Raises as `read_body` does, InvalidError after a silence."""
    _refuse_declared(headers, most)
    size = 0
    more = True
    while more:
        try:
            async with asyncio.timeout(SILENCE_S):
                piece, more = await _next(receive)
        except TimeoutError:
            raise _late() from None
        size += len(piece)
        if size > most:
            raise too_large(most)
        if piece:
            yield piece


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGoneError("the client closed the connection")
    return message.get("body", b""), message.get("more_body", False)


def _refuse_declared(headers: dict[bytes, bytes], most: int) -> None:
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > most:
        raise too_large(most)


def _late() -> InvalidError:
    return InvalidError((("", "the body did not come in time"),))


def too_large(most: int) -> TooLargeError:
    """For a body of more than `most` bytes."""
    return TooLargeError(f"the body is longer than {most:,} bytes, the most that is taken here")
