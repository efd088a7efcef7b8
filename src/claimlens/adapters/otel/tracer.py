"""Spans over the OpenTelemetry SDK, sent in batches by a thread of its own (OTLP over HTTP).

The provider is ours and not made the global one: what libraries would note by themselves, messages of errors among it,
is not sent. The MCP SDK writes the current span into the calls it makes (`_meta.traceparent`); no more is needed of it.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import Token

import structlog
from opentelemetry.context import Context, attach, detach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanKind, StatusCode, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import claimlens
from claimlens.ports.tracing import Facts, Span

_log = structlog.get_logger()
_carried = TraceContextTextMapPropagator()
#: A trace of its own has nobody's context.
_NOWHERE = Context()
_NOTHING = nullcontext()

# That a collector is out is told once, by lines of our own.
logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)


class OtelTracer:
    """A Tracer (`ports/tracing.py`) whose spans go to `endpoint`, as the process `name`.

    `most_per_s`: so many requests are traced in a second at most, and whatever says in its traceparent that it is not
    traced is none of them; None leaves it to OTEL_TRACES_SAMPLER. `trusting`: whoever asks is one of ours, so what it
    traces is traced here without counting.
    """

    def __init__(
        self,
        endpoint: str,
        name: str,
        *,
        most_per_s: int | None,
        trusting: bool = False,
        moment: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pace = None if most_per_s is None else _Pace(most_per_s, moment)
        self._trusting = trusting
        self._provider = TracerProvider(
            sampler=None if self._pace is None else ParentBased(root=ALWAYS_ON),
            resource=Resource.create({"service.name": name, "service.version": claimlens.__version__}),
            shutdown_on_exit=False,
        )
        sender = _Telling(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces"))
        self._provider.add_span_processor(BatchSpanProcessor(sender))
        self._tracer = self._provider.get_tracer("claimlens", claimlens.__version__)

    def request(self, traceparent: bytes) -> AbstractContextManager[Span | None]:
        """A request that came in; it goes on with the trace of its `traceparent` header if there is one."""
        around = _NOWHERE
        known = self._trusting and bool(traceparent)
        if not known and self._pace is not None and not self._pace.admits():
            return _NOTHING  # the SDK would take five times as long to come to that
        if traceparent:
            around = _carried.extract({"traceparent": traceparent.decode("ascii", "replace")}, _NOWHERE)
        return self._open("request", SpanKind.SERVER, None, around)

    def begin(self, name: str, facts: Facts) -> AbstractContextManager[Span | None]:
        """A trace of its own, for what no request waits for."""
        if self._pace is not None and not self._pace.admits():
            return _NOTHING
        return self._open(name, SpanKind.INTERNAL, facts, _NOWHERE)

    def span(self, name: str, facts: Facts | None = None) -> AbstractContextManager[Span | None]:
        """A part of what is going on here; None if that is not traced."""
        if not get_current_span().is_recording():
            return _NOTHING
        return self._open(name, SpanKind.INTERNAL, facts, None)

    def close(self, within_s: float) -> None:
        """Send what is left, in that time; call it beside the event loop."""
        # The SDK would wait for half a minute for a collector that does not answer.
        closing = threading.Thread(target=self._provider.shutdown, name="traces-closing", daemon=True)
        closing.start()
        closing.join(within_s)

    def _open(
        self, name: str, kind: SpanKind, facts: Facts | None, around: Context | None
    ) -> AbstractContextManager[Span | None]:
        span = self._tracer.start_span(name, around, kind=kind, attributes=facts)
        return _Open(span) if span.is_recording() else _NOTHING


class _Open(AbstractContextManager["_Open"]):
    """A span while it is open. It is the current one from where it is entered to where it is left."""

    def __init__(self, span: OtelSpan) -> None:
        self._span = span
        self._token: Token[Context] | None = None
        context = span.get_span_context()
        self.trace_id = f"{context.trace_id:032x}"
        self.traceparent = f"00-{self.trace_id}-{context.span_id:016x}-{int(context.trace_flags):02x}"

    def rename(self, name: str) -> None:
        """Another name, once more is known."""
        self._span.update_name(name)

    def note(self, facts: Facts) -> None:
        """Say something of it."""
        self._span.set_attributes(facts)

    def event(self, name: str, facts: Facts) -> None:
        """Something that happened within it."""
        self._span.add_event(name, facts)

    def fail(self, reason: str) -> None:
        """It did not come to what it was for."""
        self._span.set_attribute("error.type", reason)
        self._span.set_status(StatusCode.ERROR)

    def __enter__(self) -> "_Open":
        self._token = attach(set_span_in_context(self._span))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.fail(kind.__qualname__)
        if self._token is not None:
            detach(self._token)
        self._span.end()


class _Pace:
    """Admits the first so many of every second."""

    def __init__(self, most_per_s: int, moment: Callable[[], float]) -> None:
        self._most = most_per_s
        self._moment = moment
        self._ends = 0.0
        self._admitted = 0

    def admits(self) -> bool:
        """Whether there is room for one more in this second."""
        now = self._moment()
        if now >= self._ends:
            self._ends, self._admitted = now + 1.0, 0
        self._admitted += 1
        return self._admitted <= self._most


class _Telling(SpanExporter):
    """Sends, and says once when it cannot and once when it can again."""

    def __init__(self, sender: SpanExporter) -> None:
        self._sender = sender
        self._lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; what cannot be sent is lost."""
        sent = self._sender.export(spans)
        if sent is not SpanExportResult.SUCCESS:
            if not self._lost:
                _log.warning("traces_not_sent", reason="no collector answers at OTEL_EXPORTER_OTLP_ENDPOINT")
            self._lost += len(spans)
        elif self._lost:
            _log.info("traces_sent_again", lost=self._lost)
            self._lost = 0
        return sent

    def shutdown(self) -> None:
        """Send nothing more."""
        self._sender.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing waits here."""
        return self._sender.force_flush(timeout_millis)
