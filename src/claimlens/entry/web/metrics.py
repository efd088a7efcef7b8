"""Prometheus metrics. Names are those of the runbook to the letter."""

from collections.abc import Mapping
from typing import Any

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

#: The share of requests that may fail: availability of 99.5 %.
ALLOWED_FAILURES = 0.005
#: The charset is added to every text.
MEDIA_TYPE = prometheus_client.CONTENT_TYPE_LATEST.replace("; charset=utf-8", "")

_MS = (1, 2, 5, 10, 20, 35, 50, 75, 100, 120, 150, 200, 300, 500, 1_000, 2_000, 5_000, 10_000)
#: The client library ends every counter in `_total`; operators ask for this one without.
_FAILED = "claimlens_requests_failed"
_BREAKERS = {"closed": 0, "half-open": 1, "open": 2}

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """Counts of one process, and what it reads off the service when it is asked for them."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self._requests = Counter(
            "claimlens_requests_total", "Requests answered.", ["route", "method", "status"], registry=registry
        )
        self._failed = Counter(
            _FAILED, "Requests answered with a 5xx other than MAINTENANCE.", ["route"], registry=registry
        )
        self._duration = Histogram(
            "claimlens_request_duration_ms", "Time to answer.", ["route"], buckets=_MS, registry=registry
        )
        self.transforms = Histogram(
            "claimlens_transform_duration_ms",
            "Time of a transform for the items of one request.",
            ["transform"],
            buckets=_MS,
            registry=registry,
        )
        self._verdicts = Counter("claimlens_verdicts_total", "Verdicts given.", ["verdict"], registry=registry)
        self._budget = Gauge(
            "claimlens_error_budget_remaining",
            "Share of the allowed failures (0.5 % of requests) not used up since this process started.",
            registry=registry,
        )
        self._degraded = Gauge("claimlens_degraded_services", "Services that are out.", registry=registry)
        self._breakers = Gauge(
            "claimlens_circuit_breaker_state", "0 closed, 1 half-open, 2 open.", ["service"], registry=registry
        )
        self._connections = Gauge(
            "claimlens_db_connections", "Connections to the database.", ["state"], registry=registry
        )
        self._connections_max = Gauge(
            "claimlens_db_connections_max", "Connections to the database that there may be.", registry=registry
        )
        self._lag = Gauge(
            "claimlens_db_replica_lag_seconds", "How far the replica is behind; -1 without one.", registry=registry
        )
        self._cache_memory = Gauge(
            "claimlens_cache_memory_bytes", "Memory of the cache server; 0 if it does not say.", registry=registry
        )
        self._cache_up = Gauge(
            "claimlens_cache_up", "Whether what is configured as cache answers: 1 or 0.", registry=registry
        )
        self._waiting = Gauge(
            "claimlens_waiting",
            "What waits inside: items to be judged, rows to be written.",
            ["what"],
            registry=registry,
        )
        ProcessCollector(registry=registry)
        self._answered = self._bad = 0
        # Looking a child up costs as much as the rest of counting.
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, route: str, method: str, status: int, ms: float, *, failed: bool) -> None:
        """Count one answer."""
        children = self._children.get((route, method, status))
        if children is None:
            children = self._requests.labels(route, method, str(status)), self._duration.labels(route)
            self._children[(route, method, status)] = children
        children[0].inc()
        children[1].observe(ms)
        self._answered += 1
        if failed:
            self._bad += 1
            self._failed.labels(route).inc()

    def judged(self, outcomes: Mapping[Any, int]) -> None:
        """Count verdicts by outcome."""
        for outcome, count in outcomes.items():
            if count:
                self._verdicts.labels(str(outcome)).inc(count)

    def database(self, in_use: int, most: int, lag_s: float | None) -> None:
        """Note the state of the connections."""
        self._connections.labels("in_use").set(in_use)
        self._connections.labels("idle").set(max(0, most - in_use))
        self._connections_max.set(most)
        self._lag.set(-1 if lag_s is None else lag_s)

    def cache(self, memory_bytes: int | None, *, is_up: bool) -> None:
        """Note the state of the cache."""
        self._cache_memory.set(memory_bytes or 0)
        self._cache_up.set(is_up)

    def services(self, breakers: Mapping[str, str]) -> None:
        """Note the breakers: service → closed, half-open or open."""
        for service, state in breakers.items():
            self._breakers.labels(service).set(_BREAKERS[state])
        self._degraded.set(sum(state != "closed" for state in breakers.values()))

    def waiting(self, *, items: int, rows: int) -> None:
        """Note what waits inside this process."""
        self._waiting.labels("items").set(items)
        self._waiting.labels("rows").set(rows)

    def text(self) -> bytes:
        """Everything in the exposition format."""
        allowed = self._answered * ALLOWED_FAILURES
        self._budget.set(max(0.0, 1 - self._bad / allowed) if self._bad else 1)
        text = prometheus_client.generate_latest(self.registry)
        return text.replace(f"{_FAILED}_total".encode(), _FAILED.encode())
