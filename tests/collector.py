"""A collector of traces in this process: OTLP over HTTP, as a back end for tracing would take it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Seen(NamedTuple):
    """A span as it arrived; ids in hex digits, `parent` empty for the first of a trace."""

    process: str
    name: str
    trace_id: str
    span_id: str
    parent: str
    facts: dict[str, Any]
    events: dict[str, dict[str, Any]]
    failed: bool


class Collector:
    """Takes spans while it is open; `url` stays when it is closed and opened again.

    Whatever else it is sent is kept by its headers, names in lower case: it serves as a receiver of webhooks, too.
    """

    def __init__(self) -> None:
        self.spans: list[Seen] = []
        self.others: list[dict[str, str]] = []
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self.open()

    @property
    def url(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT is set to."""
        return f"http://127.0.0.1:{self._port}"

    def open(self) -> None:
        """Take spans."""
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/v1/traces":
                    collector.spans += _spans(body)
                else:
                    collector.others.append({name.lower(): value for name, value in self.headers.items()})
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Answer nobody any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def trace(self, trace_id: str) -> list[Seen]:
        """The spans of a trace."""
        return [span for span in list(self.spans) if span.trace_id == trace_id]


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector for the length of a block."""
    collector = Collector()
    try:
        yield collector
    finally:
        collector.close()


def _spans(body: bytes) -> list[Seen]:
    found = []
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        process = str(_facts(resource.resource.attributes)["service.name"])
        for scope in resource.scope_spans:
            found += [
                Seen(
                    process,
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    _facts(span.attributes),
                    {event.name: _facts(event.attributes) for event in span.events},
                    span.status.code == span.status.STATUS_CODE_ERROR,
                )
                for span in scope.spans
            ]
    return found


def _facts(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
