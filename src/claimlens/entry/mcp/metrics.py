"""What `/metrics` of an MCP server shows."""

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from claimlens.entry.web.log_metrics import DroppedLines

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class CallMetrics:
    """Counts of one process, for each service it serves."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self._calls = Counter(
            "claimlens_mcp_calls_total",
            "Calls: answered, refused (no call at all), failed, left (the client went).",
            ["service", "tool", "outcome"],
            registry=registry,
        )
        self._times = Histogram(
            "claimlens_mcp_call_duration_seconds",
            "Time to answer a call.",
            ["service"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._payloads = Counter(
            "claimlens_mcp_payloads_total",
            "Payloads: answered, or cannot be answered.",
            ["service", "outcome"],
            registry=registry,
        )
        self._in_flight = Gauge(
            "claimlens_mcp_calls_in_flight", "Calls that are answered or wait for it.", registry=registry
        )
        registry.register(DroppedLines())
        ProcessCollector(registry=registry)

    def called(self, service: str, tool: str, outcome: str, ms: float) -> None:
        """Count a call."""
        self._calls.labels(service, tool, outcome).inc()
        self._times.labels(service).observe(ms / 1000)

    def answered(self, service: str, count: int, cannot: int) -> None:
        """Count what a call was about."""
        self._payloads.labels(service, "answered").inc(count - cannot)
        self._payloads.labels(service, "cannot").inc(cannot)

    def in_flight(self, change: int) -> None:
        """Note that a call came (1) or is over (-1)."""
        self._in_flight.inc(change)

    def text(self) -> bytes:
        """Everything in the exposition format."""
        return prometheus_client.generate_latest(self.registry)
