"""Prometheus metrics. Names are those of the runbook to the letter."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from claimlens.domain.performance import BOUNDS_MS, Figures, Kind
from claimlens.domain.service import BreakerState, ServiceState
from claimlens.entry.web.log_metrics import DroppedLines
from claimlens.usecases.meter import Meter

#: The charset is added to every text.
MEDIA_TYPE = prometheus_client.CONTENT_TYPE_LATEST.replace("; charset=utf-8", "")

_BOUNDS = [*[str(float(ms)) for ms in BOUNDS_MS], "+Inf"]
#: The client library ends every counter in `_total`; operators ask for this one without.
_FAILED = "claimlens_requests_failed"
_BREAKERS = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """Counts of one process, and what it reads off the service when it is asked for them.

    What `meter` counts is also recorded; the rest is shown here only.
    """

    def __init__(self, meter: Meter) -> None:
        registry = self.registry = CollectorRegistry()
        self._meter = meter
        self._counted = _Counted(meter)
        registry.register(self._counted)
        self._verdicts = Counter("claimlens_verdicts_total", "Verdicts given.", ["verdict"], registry=registry)
        self._budget = Gauge(
            "claimlens_error_budget_remaining",
            "Share of the failures allowed in 30 days (0.5 % of requests) that is left, over all processes; NaN while "
            "nothing is recorded.",
            registry=registry,
        )
        self._coverage = Gauge(
            "claimlens_coverage_ratio",
            "Share of the verdicts of 30 days in which every required check ran, over all processes; NaN while there "
            "are too few to say.",
            registry=registry,
        )
        self._degraded = Gauge("claimlens_degraded_services", "Services that are out.", registry=registry)
        self._breakers = Gauge(
            "claimlens_circuit_breaker_state", "0 closed, 1 half-open, 2 open.", ["service"], registry=registry
        )
        self._calls = Counter(
            "claimlens_service_calls_total",
            "Calls of services, probes too: answered, slow, refused, failed or left (nobody waited for it any more).",
            ["service", "outcome"],
            registry=registry,
        )
        self._call_times = Histogram(
            "claimlens_service_call_duration_seconds",
            "Time of a call of a service, whatever came of it.",
            ["service"],
            buckets=[ms / 1000 for ms in BOUNDS_MS],
            registry=registry,
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
        self._purged = Gauge(
            "claimlens_purged_rows", "Rows that purges removed, those that are on record.", ["data"], registry=registry
        )
        self._upkeep = Gauge(
            "claimlens_upkeep_timestamp_seconds",
            "When the last purge of each kind of data, the last backup and the last restore drill ended.",
            ["kind", "data"],
            registry=registry,
        )
        self._waiting = Gauge(
            "claimlens_waiting",
            "What waits inside: items to be judged, rows to be written.",
            ["what"],
            registry=registry,
        )
        registry.register(DroppedLines())
        ProcessCollector(registry=registry)

    def answered(self, route: str, method: str, status: int, ms: float, *, failed: bool) -> None:
        """Count one answer."""
        answered, name = self._counted.answered, (route, method, status)
        answered[name] = answered.get(name, 0) + 1
        self._meter.answered(route, ms, failed=failed)

    def judged(self, outcomes: Mapping[Any, int]) -> None:
        """Count verdicts by outcome."""
        for outcome, count in outcomes.items():
            if count:
                self._verdicts.labels(str(outcome)).inc(count)

    def promises(self, remaining: float | None, covered: float | None) -> None:
        """Note what is left of the error budget, and the coverage, each 0 to 1."""
        self._budget.set(math.nan if remaining is None else remaining)
        self._coverage.set(math.nan if covered is None else covered)

    def database(self, in_use: int, idle: int, most: int, lag_s: float | None) -> None:
        """Note the state of the connections."""
        self._connections.labels("in_use").set(in_use)
        self._connections.labels("idle").set(idle)
        self._connections_max.set(most)
        self._lag.set(-1 if lag_s is None else lag_s)

    def cache(self, memory_bytes: int | None, *, is_up: bool) -> None:
        """Note the state of the cache."""
        self._cache_memory.set(memory_bytes or 0)
        self._cache_up.set(is_up)

    def upkeep(self, runs: Sequence[tuple[str, str, datetime, int]]) -> None:
        """Note purges, backups and drills: (kind, kind of data, when the last one ended, rows of all on record)."""
        for kind, data, ended, rows in runs:
            self._upkeep.labels(kind, data).set(ended.timestamp())
            if kind == "purge":
                self._purged.labels(data).set(rows)

    def services(self, states: Sequence[ServiceState]) -> None:
        """Note how the services are."""
        for state in states:
            self._breakers.labels(state.service).set(_BREAKERS[state.breaker])
        self._degraded.set(sum(state.is_out for state in states))

    def called(self, service: str, outcome: str, ms: float) -> None:
        """Count one call of a service."""
        self._calls.labels(service, outcome).inc()
        self._call_times.labels(service).observe(ms / 1000)

    def waiting(self, *, items: int, rows: int) -> None:
        """Note what waits inside this process."""
        self._waiting.labels("items").set(items)
        self._waiting.labels("rows").set(rows)

    def text(self) -> bytes:
        """Everything in the exposition format."""
        text = prometheus_client.generate_latest(self.registry)
        return text.replace(f"{_FAILED}_total".encode(), _FAILED.encode())


class _Counted(Collector):
    """Counts in plain numbers: the library's own take a lock and ten times as long for each."""

    def __init__(self, meter: Meter) -> None:
        self.answered: dict[tuple[str, str, int], int] = {}
        self._meter = meter

    def collect(self) -> Iterator[Metric]:
        """The families, as they stand."""
        total = CounterMetricFamily("claimlens_requests", "Requests answered.", labels=["route", "method", "status"])
        for (route, method, status), count in self.answered.items():
            total.add_metric([route, method, str(status)], count)
        routes = self._meter.of(Kind.ROUTE)
        failed = CounterMetricFamily(_FAILED, "Requests answered with a 5xx other than MAINTENANCE.", labels=["route"])
        for route, figures in routes.items():
            failed.add_metric([route], figures.failed)
        yield from (total, failed)
        recorded = CounterMetricFamily(
            "claimlens_verdicts_recorded", "Verdicts with an audit, those of bulk jobs too.", labels=["profile"]
        )
        incomplete = CounterMetricFamily(
            "claimlens_verdicts_incomplete", "Those of them in which a required check did not run.", labels=["profile"]
        )
        for profile, figures in self._meter.of(Kind.VERDICT).items():
            recorded.add_metric([profile], figures.count)
            incomplete.add_metric([profile], figures.failed)
        yield from (recorded, incomplete)
        yield _histogram("claimlens_request_duration_ms", "Time to answer.", "route", routes)
        yield _histogram(
            "claimlens_transform_duration_ms",
            "Time of a transform for one item, or of one call of its service; one of 16 batches is timed.",
            "transform",
            self._meter.of(Kind.TRANSFORM),
        )


def _histogram(name: str, about: str, label: str, found: Mapping[str, Figures]) -> Metric:
    family = HistogramMetricFamily(name, about, labels=[label])
    for each, figures in found.items():
        family.add_metric([each], list(zip(_BOUNDS, accumulate(figures.buckets), strict=True)), figures.sum_ms)
    return family
