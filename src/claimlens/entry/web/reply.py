"""An answer, before the headers that every answer has."""

import msgspec

Headers = tuple[tuple[bytes, bytes], ...]


class Reply(msgspec.Struct, frozen=True, gc=False):
    """Status, body and media type; `headers` are those that only this answer has."""

    status: int
    body: bytes
    media_type: bytes = b"application/json"
    headers: Headers = ()
