#!/usr/bin/env python3
"""Watch a deployment. usage: monitor-deployment.py [--url URL] [--minutes 15] [--every 5]

Ends with 1 and one line as soon as, over the last five minutes, more than 5 % of the requests failed or the p95 of a
gate route was above 150 ms (from 20 requests on), or when two looks in a row found it unhealthy or not answering. Ends
with 0 after the minutes. Reads /health and the differences of /metrics; health checks do not count as requests.

Behind a load balancer each look meets one process; processes are told apart by their start, and each is compared with
itself. The address is CLAIMLENS_URL unless given, else http://127.0.0.1:8080.
"""

import argparse
import json
import math
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping

#: Routes that are promised in 150 ms or less; the reading of a photo takes longer.
FAST = ("/v1/menu/feed", "/v1/menu/validate", "/v1/web/ingest")
PROBES = ("/health", "/metrics", "/version", "/status")
WINDOW_S = 300.0
WITHIN_S = 10
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

#: Name and labels → value.
Counts = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parsed(text: str) -> Counts:
    """The samples of an exposition."""
    return {
        (name, tuple(sorted(_LABEL.findall(labels or "")))): float(value)
        for name, labels, value in _SAMPLE.findall(text)
    }


class Watch:
    """What was seen of each process so far."""

    def __init__(self, url: str, fewest: int) -> None:
        self._url = url.rstrip("/")
        self._fewest = fewest
        self._began = time.time()
        self._seen: dict[float, list[tuple[float, Counts]]] = {}
        self._unwell = 0
        self.degraded = ""

    def look(self) -> str:
        """What is wrong, in one line; empty if nothing is."""
        try:
            wrong = self._health()
            self._note(parsed(self._get("/metrics")))
        except (OSError, ValueError) as error:
            wrong = f"{self._url} does not answer: {getattr(error, 'reason', error)}"
        self._unwell = self._unwell + 1 if wrong else 0
        return wrong if self._unwell >= 2 else self.judged()

    def judged(self) -> str:
        """What the differences say."""
        grown: Counts = {}
        for looks in self._seen.values():
            base, last = looks[0][1], looks[-1][1]
            for name, value in last.items():
                grown[name] = grown.get(name, 0.0) + value - base.get(name, 0.0)
        total, failed = requests(grown)
        if total >= self._fewest and failed / total > 0.05:
            return f"{failed / total:.1%} of {total:.0f} requests failed; 5 % are allowed"
        for route in FAST:
            count, p95 = latency(grown, route)
            if count >= self._fewest and p95 > 150:
                return f"p95 of {route} is {p95:.0f} ms over {count:.0f} requests; 150 ms are allowed"
        return ""

    def summary(self) -> str:
        """How much was seen since the start, for the last line."""
        total = sum(requests(looks[-1][1])[0] - requests(looks[0][1])[0] for looks in self._seen.values())
        return f"{total:.0f} requests in the last minutes, {len(self._seen)} processes seen{self.degraded}"

    def _health(self) -> str:
        try:
            told = json.loads(self._get("/health"))
        except urllib.error.HTTPError as error:
            with error:
                return f"/health answers {error.code}"
        out = told.get("degraded_services") or ()
        self.degraded = f"; degraded: {', '.join(out) or 'see /health'}" if told["status"] == "degraded" else ""
        return f"/health says {told['status']}" if told["status"] == "unhealthy" else ""

    def _note(self, counts: Counts) -> None:
        now = time.time()
        started = counts.get(("process_start_time_seconds", ()), 0.0)
        looks = self._seen.setdefault(started, [])
        if not looks and started > self._began:
            looks.append((now, {}))  # it was born under our eyes: all it has counted is new
        looks.append((now, counts))
        while len(looks) > 2 and looks[1][0] < now - WINDOW_S:
            del looks[0]

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(self._url + path, timeout=WITHIN_S) as answer:
            return str(answer.read().decode())


def requests(grown: Counts) -> tuple[float, float]:
    """Requests and failed ones, probes aside."""
    total = failed = 0.0
    for (name, labels), value in grown.items():
        if dict(labels).get("route", "").startswith(PROBES):
            continue
        total += value if name == "claimlens_requests_total" else 0
        failed += value if name == "claimlens_requests_failed" else 0
    return total, failed


def latency(grown: Counts, route: str) -> tuple[float, float]:
    """Requests of a route and their p95 in ms, as Prometheus takes it from a histogram."""
    buckets = sorted(
        (float(found["le"]), value)
        for (name, labels), value in grown.items()
        if name == "claimlens_request_duration_ms_bucket" and (found := dict(labels))["route"] == route
    )
    if not buckets or not buckets[-1][1]:
        return 0, 0.0
    count = buckets[-1][1]
    return count, _quantile(dict(buckets), 0.95 * count)


def _quantile(buckets: Mapping[float, float], rank: float) -> float:
    low = below = 0.0
    for bound, value in buckets.items():
        if value >= rank:
            return low if math.isinf(bound) else low + (bound - low) * (rank - below) / (value - below)
        low, below = bound, value
    return low


def main() -> int:
    """Look until the time is over or something is wrong."""
    parser = argparse.ArgumentParser(description="Watch a deployment; exit code 1 if it does not hold.")
    parser.add_argument("--url", default=os.environ.get("CLAIMLENS_URL", "http://127.0.0.1:8080"))
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two looks")
    parser.add_argument("--fewest", type=int, default=20, help="requests from which a rate is made")
    told = parser.parse_args()
    watch = Watch(told.url, told.fewest)
    until = time.monotonic() + told.minutes * 60
    while True:
        if wrong := watch.look():
            print(f"monitor-deployment: {wrong}", file=sys.stderr)
            return 1
        left = until - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(told.every, left))
    print(f"holds after {told.minutes:g} minutes: {watch.summary()}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
