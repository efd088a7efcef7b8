"""Answers in the framework's form."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar.response import Response, Stream

from claimlens.entry.web.reply import Reply
from claimlens.usecases.pages import Page

_encoder = msgspec.json.Encoder()
_JSON = "application/json"


def json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response[bytes]:
    """A value as JSON."""
    return Response(_encoder.encode(value), status_code=status, media_type=_JSON, headers=headers)


def encoded(value: Any) -> bytes:
    """A value as JSON bytes."""
    return _encoder.encode(value)


def raw(
    body: bytes, media_type: str = _JSON, status: int = 200, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """Bytes as they are."""
    return Response(body, status_code=status, media_type=media_type, headers=headers)


def nothing() -> Response[None]:
    """204."""
    return Response(None, status_code=204)


def page(name: str, found: Page[Any]) -> Response[bytes]:
    """A page of a list: the rows under a name of their own, and the cursor of the next page."""
    return json({name: list(found.rows), "next_cursor": found.next_cursor})


async def stream(pieces: AsyncIterator[bytes], media_type: str, headers: dict[str, str] | None = None) -> Stream:
    """An answer of any length.

    The first piece is fetched before anything is sent, so that what is wrong from the start is a problem with a status
    and not half an answer.
    """
    try:
        first = await anext(pieces)
    except StopAsyncIteration:
        first = b""
    return Stream(_chained(first, pieces), media_type=media_type, headers=headers)


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for piece in rest:
        yield piece


def framework(made: Reply) -> Response[bytes]:
    """An answer that was made without the framework."""
    headers = {name.decode("ascii"): value.decode("latin-1") for name, value in made.headers}
    return Response(made.body, status_code=made.status, media_type=made.media_type.decode("ascii"), headers=headers)
