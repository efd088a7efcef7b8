"""Correlation ids: one name for a request, from the client's log to ours, the audit and the webhook."""

import re

#: Longest correlation id that is taken over.
MOST_CHARACTERS = 128

_TOKEN = re.compile(rb"[\x21-\x7e]{1,%d}" % MOST_CHARACTERS)
# W3C Trace Context, version 00; later versions may append fields.
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")


def sane_token(value: bytes | None) -> str:
    """A client's own correlation id if it is 1 to 128 visible ASCII characters, else empty."""
    return value.decode("ascii") if value and _TOKEN.fullmatch(value) else ""


def trace_of(traceparent: bytes | None) -> str:
    """The trace id of a `traceparent` header, 32 hex digits; empty if there is none that can be trusted."""
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if found is None or set(found[1]) == {48} or set(found[2]) == {48}:
        return ""
    return found[1].decode("ascii")
