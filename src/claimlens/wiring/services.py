"""How each of the four services is reached: its server if one is configured, else this process."""

from collections.abc import Callable

from claimlens.adapters.in_process.transport import InProcessTransport, Local
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.service_news import SqlServiceNews
from claimlens.config import Settings
from claimlens.domain.service import ALT_SUGGESTER, OCR_LABEL, RECALL_LOOKUP, SERVICES, TERMS, UNIT_CONVERT
from claimlens.ports.cache import Invalidations
from claimlens.ports.clock import Clock
from claimlens.ports.services import Transport
from claimlens.ports.tracing import Tracer
from claimlens.usecases.checks import Checker
from claimlens.usecases.service_guard import Way
from claimlens.usecases.service_news import ServiceNewsroom
from claimlens.usecases.service_replies import AGREED
from claimlens.usecases.service_switches import ServiceSwitches
from claimlens.usecases.services import GuardedServices
from claimlens.wiring.answering import open_logic

#: The transform for which a service is asked.
TRANSFORM_OF = {
    UNIT_CONVERT: "normalize.nutrition",
    RECALL_LOOKUP: "detect.recalls",
    ALT_SUGGESTER: "suggest.alternatives",
}


def open_services(
    settings: Settings,
    checker: Checker,
    database: Database,
    clock: Clock,
    words: Invalidations,
    switches: ServiceSwitches,
    *,
    written: Callable[[], None],
    tracer: Tracer,
) -> GuardedServices:
    """The services of this installation; nothing of them is loaded or asked before `start`.

    `written` is called when tenants are to be told of a change.
    """
    return GuardedServices(
        [_way(service, settings, checker) for service in SERVICES if service in AGREED],
        settings.breaker,
        clock,
        words,
        switches,
        ServiceNewsroom(SqlServiceNews(database, clock), clock, written=written),
        tracer=tracer,
    )


def _way(service: str, settings: Settings, checker: Checker) -> Way:
    url = settings.mcp_urls.get(service, "")
    is_ocr = service == OCR_LABEL
    return Way(
        service=service,
        transport=_server(service, url) if url else InProcessTransport(service, _opener(service, settings, checker)),
        agreed=AGREED[service],
        transform=TRANSFORM_OF.get(service, ""),
        limit_s=(settings.ocr_limit_ms if is_ocr else settings.service_limit_ms) / 1000,
        shared=bool(url),
        eager=bool(url) or not is_ocr,  # reading labels takes a process of its own: not before somebody needs it
    )


def _server(service: str, url: str) -> Transport:
    from claimlens.adapters.mcp.transport import McpTransport  # a second that an installation without servers saves

    terms = TERMS[service]
    return McpTransport(url, terms.tool, most_bytes=terms.most_bytes)


def _opener(service: str, settings: Settings, checker: Checker) -> Callable[[], Local]:
    return lambda: open_logic(service, settings, checker)
