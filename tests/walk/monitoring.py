"""§9: the metrics by their names, right over several processes; every alert by its rule."""

import subprocess
import time

import yaml

from tests.serving import Server
from tests.tools import program
from tests.valkey import eventually
from tests.walk.promises import Section
from tests.walk.site import ROOT, Site

SECTION = Section("9")
_NAMES = (
    *("claimlens_requests_total", "claimlens_requests_failed", "claimlens_request_duration_ms_bucket"),
    *("claimlens_transform_duration_ms_bucket", "claimlens_error_budget_remaining", "claimlens_degraded_services"),
    *("claimlens_circuit_breaker_state", "claimlens_db_connections", "claimlens_db_connections_max"),
    *("claimlens_cache_memory_bytes", "process_cpu_seconds_total", "process_resident_memory_bytes"),
)
_PROMISED = ("HighErrorRate", "HighLatency", "ErrorBudgetCritical", "DegradedMode", "DatabaseConnections")


@SECTION.promise("the key metrics, as Prometheus has them of every process")
def names(site: Site) -> str:
    for name in _NAMES:
        found = site.prometheus.ask(name)
        instances = {one["metric"]["instance"] for one in found}
        assert len(instances) >= len(site.apis), f"{name} is told by {instances}"
    return f"{len(_NAMES)} names, each of {len(site.apis)} processes"


@SECTION.promise("a known load on two processes")
def known_load(site: Site) -> str:
    before = [_counted(api) for api in site.apis]
    for number, api in enumerate(site.apis, 1):
        for _ in range(10 * number):
            assert site.validate(api=api).status == 200
    after = [_counted(api) for api in site.apis]
    assert [now - then for now, then in zip(after, before, strict=True)] == [10, 20], (before, after)
    series = 'sum(claimlens_requests_total{route="/v1/menu/validate",status="200"})'

    def summed() -> bool:  # a process that was started anew has no series before its first scrape
        found = site.prometheus.ask(series)
        return bool(found) and float(found[0]["value"][1]) == sum(after)

    eventually(summed, f"Prometheus sums them to {sum(after):.0f}", 60)
    return "10 and 20 were counted, Prometheus sums both"


@SECTION.promise("p95 from the histogram; the budget; /v1/slo/status over both processes")
def derived(site: Site) -> str:
    quantile = "histogram_quantile(0.95, sum by (le) (rate(claimlens_request_duration_ms_bucket[5m])))"
    eventually(lambda: bool(site.prometheus.ask(quantile)), "there is a p95", 30)
    p95 = float(site.prometheus.ask(quantile)[0]["value"][1])
    assert p95 > 0, p95
    requests = [api.ask("GET", "/v1/slo/status").json()["availability"]["requests"] for api in site.apis]
    deadline = time.monotonic() + 90
    while requests[0] != requests[1] and time.monotonic() < deadline:
        time.sleep(1)  # what one has not written down yet the other cannot know
        requests = [api.ask("GET", "/v1/slo/status").json()["availability"]["requests"] for api in site.apis]
    assert requests[0] == requests[1], requests
    budget = site.prometheus.ask("min(claimlens_error_budget_remaining)")[0]["value"][1]
    return f"p95 {p95:.0f} ms; remaining {float(budget):.2f}; both processes tell of {requests} requests"


@SECTION.promise("promtool test rules: each alert fires and clears, by its real patience")
def rules(_: Site) -> str:
    folder = ROOT / "ops/prometheus"
    subprocess.run(
        [program("promtool", "prometheus"), "test", "rules", "alerts_test.yml"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    groups = yaml.safe_load((folder / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    alerts = {rule["alert"] for group in groups for rule in group["rules"]}
    assert set(_PROMISED) <= alerts, alerts
    return f"{len(alerts)} alerts, the runbook's five among them"


@SECTION.promise("what the real Prometheus saw on this walk")
def seen(site: Site) -> str:
    if "HighErrorRate" not in site.prometheus.fired:
        return "nothing: §1 and §3, which break things, were not walked"
    eventually(lambda: site.prometheus.fires("ErrorBudgetCritical"), "ErrorBudgetCritical fires", 90)
    missing = {"DegradedMode", "HighErrorRate", "DatabaseConnections"} - site.prometheus.fired
    assert not missing, f"{missing} did not fire"
    return f"{', '.join(sorted(site.prometheus.fired))} fired; HighLatency by promtool only"


def _counted(api: Server) -> float:
    """Verdicts of the quick route that this process has answered."""
    lines = api.ask("GET", "/metrics", key="").body.decode().splitlines()
    wanted = ("claimlens_requests_total{", 'route="/v1/menu/validate"', 'status="200"')
    return sum(float(line.rpartition(" ")[2]) for line in lines if all(part in line for part in wanted))
