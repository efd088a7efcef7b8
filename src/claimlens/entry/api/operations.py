"""Health, metrics, versions, maintenance."""

from typing import Any

from litestar.params import FromPath
from litestar.response import Response

from claimlens.entry.api import reply
from claimlens.entry.api.call import TheCall
from claimlens.entry.api.scrape import scrape
from claimlens.entry.api.spec import Answer, Parameter, Spec, Takes, route
from claimlens.entry.web import metrics
from claimlens.usecases.health import Health, ServiceHealth, Status
from claimlens.usecases.maintenance import Switch
from claimlens.usecases.performance import USUAL_WINDOW, WINDOWS, Performance
from claimlens.usecases.slo import Slo
from claimlens.usecases.versions import Version

_TAG = "Operations"
_NOW = "2026-11-23T10:30:00.000000Z"
_CHECKS = [
    {"name": "database", "status": "ok"},
    {"name": "redis", "status": "ok", "mode": "in-process"},
    {"name": "mcp_services", "status": "ok"},
]
_WELL: dict[str, Any] = {"degraded_services": [], "timestamp": _NOW, "message": "", "until": None}
_HEALTHY = {"status": "healthy", "checks": _CHECKS, **_WELL}
_TIMES = {"p50_ms": 3.1, "p95_ms": 8.4, "p99_ms": 17.2, "max_ms": 41.9}
_PERFORMANCE = {
    "window": "1h",
    "start": "2026-11-23T09:31:00Z",
    "end": _NOW,
    "routes": [{"name": "/v1/menu/feed", "count": 5120, "failed": 2, **_TIMES}],
    "transforms": [{"name": "detect.claims", "count": 320, "failed": 0, **_TIMES}],
}
_SLO = {
    "state": "ok",
    "availability": {
        "objective": 0.995,
        "window_days": 30,
        "state": "ok",
        "requests": 120_000,
        "failed": 60,
        "ratio": 0.9995,
        "budget": {"allowed_failures": 600.0, "consumed": 0.1, "remaining": 0.9},
    },
    "burn_rates": [{"window": "5m", "requests": 400, "failed": 1, "rate": 0.5}],
    "burn_alarms": [{"long": "1h", "short": "5m", "threshold": 14.4, "firing": False}],
    "latency": [
        {
            "route": "/v1/menu/feed",
            "objective_p95_ms": 150,
            "state": "ok",
            "requests": 5120,
            "p95_ms": 8.4,
            "within_objective": 0.999,
        }
    ],
    "coverage": {"objective": 0.99, "state": "ok", "verdicts": 90_000, "complete": 89_990, "ratio": 0.9999},
    "since": "2026-11-01T00:00:00Z",
    "timestamp": _NOW,
}
_SWITCH = {"enabled": True, "until": "2026-11-29T04:00:00Z", "message": "Database maintenance"}


@route(
    "GET",
    "/health",
    Spec(
        name="getHealth",
        tag=_TAG,
        summary="How the service is",
        about="`healthy`, `degraded` (verdicts are given, something is out) and `maintenance` are 200, `unhealthy` "
        "(the database is out) is 503.",
        public=True,
        uncounted=True,
        answers=(
            Answer(shape=Health, example=_HEALTHY),
            Answer(status=503, about="The database is out.", shape=Health, example={**_HEALTHY, "status": "unhealthy"}),
        ),
    ),
)
async def health(call: TheCall) -> Response[bytes]:
    """How the service is."""
    found = await call.service.health.look()
    return reply.json(found, 503 if found.status is Status.UNHEALTHY else 200)


@route(
    "GET",
    "/health/live",
    Spec(
        name="getLiveness",
        tag=_TAG,
        summary="Whether the process lives",
        public=True,
        uncounted=True,
        answers=(
            Answer(
                about="It does.",
                shape={"type": "object", "properties": {"status": {"const": "alive"}}, "required": ["status"]},
                example={"status": "alive"},
            ),
        ),
    ),
)
async def live(call: TheCall) -> Response[bytes]:
    """Whether the process lives."""
    return reply.json({"status": "alive"})


_READY = {"type": "object", "properties": {"status": {"enum": ["ready", "not ready"]}}, "required": ["status"]}


@route(
    "GET",
    "/health/ready",
    Spec(
        name="getReadiness",
        tag=_TAG,
        summary="Whether requests can be answered",
        about="503 only without a database.",
        public=True,
        uncounted=True,
        answers=(
            Answer(about="They can.", shape=_READY, example={"status": "ready"}),
            Answer(status=503, about="They cannot.", shape=_READY, example={"status": "not ready"}),
        ),
    ),
)
async def ready(call: TheCall) -> Response[bytes]:
    """Whether requests can be answered."""
    is_ready = await call.service.health.is_ready()
    return reply.json({"status": "ready" if is_ready else "not ready"}, 200 if is_ready else 503)


@route(
    "GET",
    "/health/mcp/{service:str}",
    Spec(
        name="getServiceHealth",
        tag=_TAG,
        summary="One of the services that a verdict may ask",
        about="`ocr.label`, `unit.convert`, `recall.lookup`, `alt.suggester`, as this process sees them: it asks "
        "nobody. `status` is `ok`, `out` (left alone after failures), `trying` (whether it is back) or `off` (by an "
        "operator).",
        public=True,
        uncounted=True,
        answers=(
            Answer(
                shape=ServiceHealth,
                example={
                    "service": "recall.lookup",
                    "status": "ok",
                    "breaker": "closed",
                    "transport": "mcp",
                    "since": None,
                    "last_success": _NOW,
                    "last_failure": None,
                    "p95_ms": 4.2,
                    "off_until": None,
                },
            ),
        ),
        problems=("NOT_FOUND",),
    ),
)
async def service_health(call: TheCall, service: FromPath[str]) -> Response[bytes]:
    """One of the services."""
    return reply.json(call.service.health.service(service))


@route(
    "GET",
    "/metrics",
    Spec(
        name="getMetrics",
        tag=_TAG,
        summary="Prometheus metrics",
        about="Without a key from the operators' networks (`CLAIMLENS_OPS_NETWORKS`); elsewhere for a platform "
        "administrator.",
        action="operations.read",
        operators=True,
        uncounted=True,
        answers=(Answer(about="The metrics.", media_type="text/plain"),),
    ),
)
async def prometheus(call: TheCall) -> Response[bytes]:
    """Prometheus metrics."""
    return reply.raw(await scrape(call.metrics, call.service), metrics.MEDIA_TYPE)


@route(
    "GET",
    "/v1/slo/status",
    Spec(
        name="getSloStatus",
        tag=_TAG,
        summary="Whether the promises are kept",
        about="Availability over 30 days with its error budget and how fast it burns, the 95th percentile of each gate "
        "route, the share of verdicts in which every required check ran; over all processes. Who needs no key: see "
        "`/metrics`.",
        action="operations.read",
        operators=True,
        answers=(Answer(shape=Slo, example=_SLO),),
        problems=("OVERLOADED",),
    ),
)
async def slo(call: TheCall) -> Response[bytes]:
    """Whether the promises are kept."""
    return reply.json(await call.service.slo.look())


@route(
    "GET",
    "/v1/admin/performance",
    Spec(
        name="getPerformance",
        tag=_TAG,
        summary="How fast routes and transforms were",
        about="Over all processes. `transforms` are samples, one batch of 16. Who needs no key: see `/metrics`.",
        action="operations.read",
        operators=True,
        query=(
            Parameter(
                name="window",
                about=f"How far back; default {USUAL_WINDOW}.",
                schema={"type": "string", "enum": list(WINDOWS)},
                example="6h",
            ),
        ),
        answers=(Answer(shape=Performance, example=_PERFORMANCE),),
        problems=("OVERLOADED",),
    ),
)
async def performance(call: TheCall) -> Response[bytes]:
    """How fast routes and transforms were."""
    return reply.json(await call.service.performance.look(call.query().get("window", USUAL_WINDOW)))


@route(
    "GET",
    "/version",
    Spec(
        name="getVersion",
        tag=_TAG,
        summary="What runs here",
        public=True,
        answers=(
            Answer(
                shape=Version,
                example={
                    "version": "0.1.0",
                    "packs": {"gb": {"digest": "9f2c…", "versions": {"gb.claims": "1.0.0"}}},
                    "migration": "0001",
                },
            ),
        ),
    ),
)
async def version(call: TheCall) -> Response[bytes]:
    """What runs here."""
    return reply.json(await call.service.versions.look())


@route(
    "POST",
    "/v1/admin/maintenance",
    Spec(
        name="switchMaintenance",
        tag=_TAG,
        summary="Close or open for maintenance",
        about="While it is on, the gate and every write answer 503 `MAINTENANCE`; reads, keys and this route stay "
        "open. It stays on until somebody turns it off; `until` only says when to come back.",
        action="maintenance.write",
        takes=Takes.JSON,
        shape=Switch,
        examples={"on": _SWITCH, "off": {"enabled": False}},
        answers=(Answer(shape=Switch, example=_SWITCH),),
    ),
)
async def switch(call: TheCall) -> Response[bytes]:
    """Close or open for maintenance."""
    return reply.json(await call.service.maintenance.write(call.principal, await call.read(Switch)))


@route(
    "GET",
    "/v1/admin/maintenance",
    Spec(
        name="getMaintenance",
        tag=_TAG,
        summary="Whether it is closed for maintenance",
        action="maintenance.read",
        answers=(Answer(shape=Switch, example=_SWITCH),),
    ),
)
async def maintenance(call: TheCall) -> Response[bytes]:
    """Whether it is closed for maintenance."""
    return reply.json(await call.service.maintenance.current())


ROUTES = [health, live, ready, service_health, prometheus, slo, performance, version, switch, maintenance]
