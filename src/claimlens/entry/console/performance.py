"""SLO and performance: what is promised, what is left of the error budget, how fast everything was."""

import asyncio

from litestar.response import Response

from claimlens.domain.errors import InvalidError
from claimlens.domain.objectives import BURNS
from claimlens.entry.console.charts import day_strip, share_of
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit
from claimlens.usecases.performance import USUAL_WINDOW, WINDOWS

#: Days of the strip: those of the period over which availability is promised.
_DAYS = 30


@page("GET", "/console/performance", action="operations.read", apart=True)
async def performance(visit: TheVisit) -> Response[bytes]:
    """The page."""
    window = visit.exchange.query().get("window", USUAL_WINDOW)
    if window not in WINDOWS:
        raise InvalidError((("", f"window is {window!r:.40}; it is one of {', '.join(WINDOWS)}"),))
    service = visit.service
    slo, figures, days = await asyncio.gather(
        service.slo.look(), service.performance.look(window), service.slo.days(_DAYS)
    )
    groups = [("Routes", figures.routes), ("Transforms", figures.transforms)]
    return visit.page(
        "performance.html.j2",
        slo=slo,
        alarms={alarm.long: (alarm, burn.state.value) for alarm, burn in zip(slo.burn_alarms, BURNS, strict=True)},
        strip=day_strip(days, slo.availability.objective),
        figures=figures,
        groups=[(name, rows, share_of([row.p95_ms for row in rows])) for name, rows in groups],
        windows=[(name, name == window) for name in WINDOWS],
    )


ROUTES = [performance]
