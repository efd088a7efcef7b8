"""Traces: what happened for one request, in this process and in those it asked, with the time that each part took.

Facts are ids, counts and kinds; never names, texts or keys. Whoever makes a span need not know whether anybody looks:
where a request is not traced there is None in its place.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Protocol

#: The correlation id of what is going on here; processes that are asked write it into their logs, too.
correlation: ContextVar[str] = ContextVar("correlation", default="")
#: Under which name it travels in the `_meta` of a call over the Model Context Protocol.
CORRELATION_META = "claimlens/correlation-id"

Facts = Mapping[str, str | int | float | bool]


class Span(Protocol):
    """A part of a trace: from where it is entered to where it is left."""

    @property
    def trace_id(self) -> str:
        """32 hex digits."""
        ...

    @property
    def traceparent(self) -> str:
        """What a process that is asked needs to go on with the trace (W3C Trace Context)."""
        ...

    def rename(self, name: str) -> None:
        """Another name, once more is known."""
        ...

    def note(self, facts: Facts) -> None:
        """Say something of it."""
        ...

    def event(self, name: str, facts: Facts) -> None:
        """Something that happened within it."""
        ...

    def fail(self, reason: str) -> None:
        """It did not come to what it was for; `reason` is a kind of error, no message."""
        ...


class Tracer(Protocol):
    """Makes spans. One that is left by an exception has failed, with the exception's kind as reason."""

    def request(self, traceparent: bytes) -> AbstractContextManager[Span | None]:
        """A request that came in; it goes on with the trace of its `traceparent` header if there is one."""
        ...

    def begin(self, name: str, facts: Facts) -> AbstractContextManager[Span | None]:
        """A trace of its own, for what no request waits for."""
        ...

    def span(self, name: str, facts: Facts | None = None) -> AbstractContextManager[Span | None]:
        """A part of what is going on here; None if that is not traced."""
        ...

    def close(self, within_s: float) -> None:
        """Send what is left, in that time; call it beside the event loop."""
        ...
