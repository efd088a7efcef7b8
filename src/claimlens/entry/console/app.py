"""The console as an ASGI application, inside the frame that holds for every request."""

from typing import Any

from litestar import Litestar
from litestar.connection import Request
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.response import Response
from litestar.types import ASGIApp

from claimlens.entry.console import (
    access_log,
    account,
    audits,
    banner,
    dashboard,
    jobs,
    keys,
    performance,
    playground,
    policies,
    profiles,
    reviews,
    rules,
    services,
    shared,
    sign_in,
    statics,
    tenants,
    users,
    webhooks,
)
from claimlens.entry.console import visit as visits
from claimlens.entry.console.cookies import Cookies
from claimlens.entry.console.doorway import Doorway, SentOnError
from claimlens.entry.console.spec import KEY, PageSpec
from claimlens.entry.console.visit import Visit, visit_of
from claimlens.entry.web import exchange as web
from claimlens.entry.web.exchange import Exchange
from claimlens.entry.web.frame import App
from claimlens.entry.web.problems import INTERNAL, refusal_of, refusal_of_status
from claimlens.usecases.permissions import ACTIONS
from claimlens.wiring.service import Service

#: Where the console lives.
PREFIX = "/console"
_MODULES = (
    statics,
    banner,
    sign_in,
    account,
    playground,
    audits,
    reviews,
    rules,
    policies,
    profiles,
    dashboard,
    keys,
    users,
    access_log,
    webhooks,
    jobs,
    services,
    performance,
    tenants,
    shared,
)
ROUTES = tuple(handler for module in _MODULES for handler in module.ROUTES)


def create_console(service: Service) -> App:
    """The application. Raises ValueError for a page whose action is not in the table of roles."""
    for handler in ROUTES:
        spec: PageSpec = handler.opt[KEY]
        if spec.action and spec.action not in ACTIONS:
            raise ValueError(f"the page {sorted(handler.paths)} asks for {spec.action!r}, which is no action")
    cookies = Cookies(secure=service.settings.in_production)

    def doorway(app: ASGIApp) -> ASGIApp:
        return Doorway(app, service, cookies)

    def answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        scope: Any = request.scope
        visit: Visit | None = scope.get(visits.KEY)
        if visit is None:
            raise error if isinstance(error, _UnmetError) else _UnmetError(error)
        return error_page(visit, error)

    framework = Litestar(
        route_handlers=ROUTES,
        middleware=[doorway],
        dependencies={"visit": Provide(visit_of, sync_to_thread=False)},
        exception_handlers={Exception: answer_error},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,  # each page says what it takes
        signature_namespace={"Visit": Visit},
    )

    async def console(scope: Any, receive: Any, send: Any) -> None:
        try:
            await framework(scope, receive, send)
        except _UnmetError as unmet:
            visit = await Doorway(framework, service, cookies).meet(scope[web.KEY])
            answer = error_page(visit, unmet.error).to_asgi_response(app=None, request=Request(scope))
            await answer(scope, receive, send)

    return console


class _UnmetError(Exception):
    """No page answers: the framework says so before anybody was asked who they are."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


def error_page(visit: Visit, error: Exception) -> Response[bytes]:
    """What went wrong, in words, and what to do."""
    if isinstance(error, SentOnError):
        return visit.go(error.path)
    exchange: Exchange = visit.exchange
    if isinstance(error, HTTPException):
        refusal = refusal_of_status(error.status_code, error.headers)
    else:
        refusal = refusal_of(error)
    if isinstance(error, HTTPException) and refusal.status == 404:
        refusal = refusal._replace(detail="There is no such page; a word in its address may be wrong.")
    exchange.code = refusal.code
    if refusal is INTERNAL:
        exchange.failure = error
    template = "error_piece.html.j2" if visit.is_partial else "error.html.j2"
    response = visit.page(template, refusal.status, refusal=refusal, correlation_id=exchange.correlation_id)
    for name, value in refusal.headers:
        response.headers[name.decode("ascii")] = value.decode("latin-1")
    return response
