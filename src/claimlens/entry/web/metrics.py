"""Prometheus metrics. Names are those of the runbook to the letter."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

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
        self._requests = _Requests()
        registry.register(self._requests)
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

    def answered(self, route: str, method: str, status: int, ms: float, *, failed: bool) -> None:
        """Count one answer."""
        requests = self._requests
        name = (route, method, status)
        requests.answered[name] = requests.answered.get(name, 0) + 1
        times = requests.times.get(route)
        if times is None:
            times = requests.times[route] = [0.0] * (len(_MS) + 1)
            requests.failed.setdefault(route, 0)
        times[bisect_left(_MS, ms)] += 1
        requests.spent[route] = requests.spent.get(route, 0.0) + ms
        if failed:
            requests.failed[route] += 1

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
        failed = sum(self._requests.failed.values())
        allowed = sum(self._requests.answered.values()) * ALLOWED_FAILURES
        self._budget.set(max(0.0, 1 - failed / allowed) if failed else 1)
        text = prometheus_client.generate_latest(self.registry)
        return text.replace(f"{_FAILED}_total".encode(), _FAILED.encode())


class _Requests(Collector):
    """Counts of requests in plain numbers: the library's own take a lock and ten times as long for each."""

    def __init__(self) -> None:
        self.answered: dict[tuple[str, str, int], int] = {}
        self.failed: dict[str, int] = {}
        self.times: dict[str, list[float]] = {}
        self.spent: dict[str, float] = {}

    def collect(self) -> Iterator[Metric]:
        """The families, as they stand."""
        total = CounterMetricFamily("claimlens_requests", "Requests answered.", labels=["route", "method", "status"])
        for (route, method, status), count in self.answered.items():
            total.add_metric([route, method, str(status)], count)
        failed = CounterMetricFamily(_FAILED, "Requests answered with a 5xx other than MAINTENANCE.", labels=["route"])
        for route, count in self.failed.items():
            failed.add_metric([route], count)
        duration = HistogramMetricFamily("claimlens_request_duration_ms", "Time to answer.", labels=["route"])
        for route, times in self.times.items():
            bounds = [*[str(float(ms)) for ms in _MS], "+Inf"]
            duration.add_metric([route], list(zip(bounds, accumulate(times), strict=True)), self.spent[route])
        yield from (total, failed, duration)
