"""The application: frame around framework around routes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Litestar
from litestar.connection import Request
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from litestar.types import ASGIApp

from claimlens.entry.api import (
    access_log,
    api_keys,
    audits,
    docs,
    gate,
    incidents,
    jobs,
    operations,
    profiles,
    reviews,
    status,
    tenants,
    users,
    webhooks,
)
from claimlens.entry.api.admission import Admission
from claimlens.entry.api.call import Call, call_of
from claimlens.entry.api.entrance import Entrance
from claimlens.entry.api.gate import GateDesk
from claimlens.entry.api.idempotency import Once
from claimlens.entry.api.openapi import document
from claimlens.entry.api.reply import framework
from claimlens.entry.api.spec import KEY, Spec
from claimlens.entry.web import exchange as web
from claimlens.entry.web.bodies import Receive, Scope, Send
from claimlens.entry.web.client import Clients
from claimlens.entry.web.cors import Cors
from claimlens.entry.web.exchange import Exchange
from claimlens.entry.web.frame import App, Frame, refused
from claimlens.entry.web.metrics import Metrics
from claimlens.entry.web.problems import refusal_of, refusal_of_status
from claimlens.entry.web.recall_metrics import RecallAges
from claimlens.usecases.permissions import ACTIONS
from claimlens.wiring.service import Service

_TYPE = re.compile(r":\w+\}")

#: Every route, in the order of the document.
ROUTES: tuple[HTTPRouteHandler, ...] = tuple(
    handler
    for module in (
        gate,
        jobs,
        audits,
        reviews,
        api_keys,
        tenants,
        users,
        webhooks,
        access_log,
        operations,
        profiles,
        incidents,
        status,
        docs,
    )
    for handler in module.ROUTES
)


def methods_by_path(handlers: Sequence[HTTPRouteHandler]) -> dict[str, frozenset[str]]:
    """The methods of each path; parameters stand in it without their types, as in `path_template`."""
    found: dict[str, set[str]] = {}
    for handler in handlers:
        for path in handler.paths:
            found.setdefault(_TYPE.sub("}", path), set()).update(str(method) for method in handler.http_methods)
    return {path: frozenset(methods) for path, methods in found.items()}


def create_app(service: Service, *, express: bool = True, beside: Mapping[str, App] | None = None) -> App:
    """The ASGI application of a service that was started. `express` False sends every request through the framework.

    `beside`: other applications within the same frame, by the beginning of their paths.
    """
    check_routes(ROUTES)
    settings = service.settings
    clients = Clients(settings.trusted_proxies, settings.ops_networks)
    metrics = Metrics(service.meter)
    service.services.on_call.append(metrics.called)
    if service.recalls is not None:
        metrics.registry.register(RecallAges(service.recalls))
    once = Once(service.idempotency)
    admission = Admission(service.authentication, service.maintenance, service.cache, clients, settings)
    desk = GateDesk(service.desk, service.labels, admission, once, metrics)

    def entrance(app: ASGIApp) -> ASGIApp:
        return Entrance(app, admission, once, methods_by_path(ROUTES))

    framework_app = Litestar(
        route_handlers=ROUTES,
        middleware=[entrance],
        dependencies={"call": Provide(_provide_call, sync_to_thread=False)},
        exception_handlers={Exception: _answer_error},
        state=State({"service": service, "metrics": metrics, "once": once, "gate": desk, "document": document(ROUTES)}),
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,  # each route says what it takes
        signature_namespace={"Call": Call},
    )
    return Frame(
        _by_path(framework_app, beside or {}),  # type: ignore[arg-type]
        express=desk.express() if express else {},
        clients=clients,
        cors=Cors(settings.cors_origins),
        limits=service.cache,
        requests_per_second_per_ip=settings.requests_per_second_per_ip,
        clock=service.clock,
        metrics=metrics,
        tracer=service.tracer,
    )


def _by_path(app: App, beside: Mapping[str, App]) -> App:
    if not beside:
        return app

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        inner = next((one for at, one in beside.items() if path == at or path.startswith(f"{at}/")), app)
        await inner(scope, receive, send)

    return run


def check_routes(handlers: Sequence[HTTPRouteHandler]) -> None:
    """Raises ValueError for a route that says neither who may nor that everybody may: it is never served."""
    for handler in handlers:
        spec = handler.opt.get(KEY)
        if not isinstance(spec, Spec):
            raise ValueError(f"the route {sorted(handler.paths)} has no spec")
        if spec.public == bool(spec.action):
            raise ValueError(f"the route {spec.name} needs an action of the table, or the mark `public`, not both")
        if spec.action and spec.action not in ACTIONS:
            raise ValueError(f"the route {spec.name} asks for {spec.action!r}, which is no action of the table")


def _provide_call(request: Request[Any, Any, Any]) -> Call:
    return call_of(request)


def _answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Problem details for whatever was raised inside the framework."""
    scope: Any = request.scope
    exchange: Exchange = scope[web.KEY]
    if isinstance(error, HTTPException):
        refusal = refusal_of_status(error.status_code, error.headers)
    else:
        refusal = refusal_of(error)
    return framework(refused(exchange, refusal, error))
