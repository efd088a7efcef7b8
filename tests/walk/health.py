"""§1: the daily check, and what the answers say when something is out."""

import json

from claimlens.domain.service import SERVICES
from tests.valkey import eventually
from tests.walk.promises import Section
from tests.walk.site import Site

SECTION = Section("1")
_CHECKS = [("database", "ok"), ("redis", "ok"), ("mcp_services", "ok")]


@SECTION.promise("curl …/health")
def healthy(site: Site) -> str:
    told = json.loads(site.sh("curl -fsS https://api.claimlens.com/health"))
    assert told["status"] == "healthy", told
    assert [(check["name"], check["status"]) for check in told["checks"]] == _CHECKS, told
    assert told["timestamp"].endswith("Z"), told
    return "healthy; database, redis, mcp_services ok"


@SECTION.promise("curl …/health/mcp/ of each service")
def services(site: Site) -> str:
    for name in SERVICES:
        told = json.loads(site.sh(f"curl -fsS https://api.claimlens.com/health/mcp/{name}"))
        assert (told["status"], told["breaker"], told["transport"]) == ("ok", "closed", "mcp"), told
        assert {"last_success", "p95_ms"} <= told.keys(), told
    assert site.api.ask("GET", "/health/mcp/other", key="").status == 404
    return "four ok, closed, over mcp; 404 for another name"


@SECTION.promise("curl …/metrics | grep claimlens_requests_total")
def metrics(site: Site) -> str:
    site.validate()
    lines = site.sh("curl -fsS https://api.claimlens.com/metrics | grep claimlens_requests_total").splitlines()
    assert any('route="/v1/menu/validate"' in line for line in lines), lines
    return f"{len(lines)} lines, without a key"


@SECTION.promise("curl …/api/v1/slo/status")
def error_budget(site: Site) -> str:
    told = json.loads(site.sh("curl -fsS https://api.claimlens.com/api/v1/slo/status"))
    assert told["availability"]["objective"] == 0.995, told
    assert [burn["window"] for burn in told["burn_rates"]] == ["5m", "30m", "1h", "6h", "3d"], told
    return f"state {told['state']}, five burn rates"


@SECTION.promise("curl …/version")
def version(site: Site) -> str:
    told = json.loads(site.sh("curl -fsS https://api.claimlens.com/version"))
    assert {"version", "migration"} <= told.keys(), told
    return f"{told['version']}, tables {told['migration']}"


@SECTION.promise("recall.lookup is killed, requests go on, it is started again")
def a_service_goes_and_comes(site: Site) -> str:
    lookup = site.installation.services["recall.lookup"]
    lookup.kill()
    seen = []

    def is_degraded() -> bool:
        answer = site.feed()
        assert answer.status == 200, answer.body
        seen.append(answer.json()["degraded_services"])
        status, told = site.health()
        assert status == 200, told
        return bool(told["status"] == "degraded" and told["degraded_services"] == ["recall.lookup"])

    eventually(is_degraded, "it says degraded", 60)
    assert ["recall.lookup"] in seen, "the verdicts did not name it"
    eventually(lambda: site.prometheus.fires("DegradedMode"), "DegradedMode fires in Prometheus", 30)
    lookup.start()
    site.until_healthy()
    eventually(lambda: not site.prometheus.fires("DegradedMode"), "DegradedMode clears in Prometheus", 30)
    return (
        f"{len(seen)} verdicts, all 200; degraded with 200, recall.lookup named; healthy by itself; DegradedMode fired "
        "and cleared"
    )


@SECTION.promise("the database is stopped and started")
def the_database_goes_and_comes(site: Site) -> str:
    site.installation.database.stop()
    try:
        eventually(lambda: site.health()[0] == 503, "it says unhealthy", 30)
        assert site.health()[1]["status"] == "unhealthy"
        assert site.api.ask("GET", "/health/ready", key="").status == 503
        assert site.api.ask("GET", "/health/live", key="").status == 200
    finally:
        site.installation.database.start()
    site.until_healthy()
    return "unhealthy with 503, not ready, alive; healthy by itself"


@SECTION.promise("the cache is stopped and started")
def the_cache_goes_and_comes(site: Site) -> str:
    site.installation.cache.kill()
    try:
        eventually(lambda: site.health()[1]["status"] == "degraded", "it says degraded", 30)
        status, told = site.health()
        assert status == 200
        assert {check["name"]: check["status"] for check in told["checks"]}["redis"] != "ok", told
        assert site.validate().status == 200
    finally:
        site.installation.cache.start()
    site.until_healthy()
    return "degraded with 200, redis not ok, verdicts go on; healthy by itself"
