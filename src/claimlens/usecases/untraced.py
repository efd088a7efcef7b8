"""Where nobody asked for traces: nothing is noted and next to nothing is spent."""

from contextlib import AbstractContextManager, nullcontext

from claimlens.ports.tracing import Facts, Span

#: One for all: it keeps nothing.
_NOTHING = nullcontext()


class Untraced:
    """A Tracer (`ports/tracing.py`) that notes nothing."""

    def request(self, traceparent: bytes) -> AbstractContextManager[Span | None]:
        """Nothing."""
        return _NOTHING

    def begin(self, name: str, facts: Facts) -> AbstractContextManager[Span | None]:
        """Nothing."""
        return _NOTHING

    def span(self, name: str, facts: Facts | None = None) -> AbstractContextManager[Span | None]:
        """Nothing."""
        return _NOTHING

    def close(self, within_s: float) -> None:
        """There is nothing to send."""
