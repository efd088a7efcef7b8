"""Cross-origin calls from the pages that the settings name, and from no other."""

from collections.abc import Sequence

from claimlens.entry.web.reply import Headers, Reply

_EXPOSED = b"X-Correlation-ID, RateLimit, RateLimit-Policy, Retry-After, Idempotency-Replayed, X-Next-Cursor, Location"
_METHODS = b"GET, HEAD, POST, PATCH, DELETE"
_ASKED = b"Authorization, Content-Type, Idempotency-Key, X-Correlation-ID, traceparent"
_VARY = (b"vary", b"Origin")


class Cors:
    """Answers for a list of origins (`https://shop.example`)."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origin.encode("ascii") for origin in origins)

    def fields(self, headers: dict[bytes, bytes]) -> Headers:
        """What every answer says about cross-origin reading."""
        if not self._origins:
            return ()
        origin = headers.get(b"origin")
        if origin not in self._origins:
            return (_VARY,)
        return (_VARY, (b"access-control-allow-origin", origin), (b"access-control-expose-headers", _EXPOSED))

    def preflight(self, method: str, headers: dict[bytes, bytes]) -> Reply | None:
        """The answer to a browser that asks before it sends; None if this is no such question."""
        if method != "OPTIONS" or b"access-control-request-method" not in headers or b"origin" not in headers:
            return None
        if headers[b"origin"] not in self._origins:
            return Reply(204, b"", b"")
        allowed = (
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", _ASKED),
            (b"access-control-max-age", b"600"),
        )
        return Reply(204, b"", b"", allowed)
