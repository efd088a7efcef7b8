"""The dashboard: how much, how it came out, how quickly; live while it is open."""

import asyncio

from litestar.response import Response

from claimlens.entry.console.charts import HEIGHT, WIDTH, chart_of
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit, Visit
from claimlens.usecases.dashboard import PERIODS, USUAL_PERIOD
from claimlens.usecases.reviews import MOST_COUNTED

#: The route whose time is shown: what a kitchen waits for.
_GATE = "/v1/menu/feed"


@page("GET", "/console/dashboard", action="audits.read")
async def dashboard(visit: TheVisit) -> Response[bytes]:
    """The page."""
    return await _page(visit, "dashboard.html.j2")


@page("GET", "/console/dashboard/figures", action="audits.read", passive=True)
async def figures(visit: TheVisit) -> Response[bytes]:
    """The figures alone, every few seconds."""
    return await _page(visit, "dashboard_figures.html.j2")


async def _page(visit: Visit, template: str) -> Response[bytes]:
    service = visit.service
    period = visit.exchange.query().get("period", USUAL_PERIOD)
    overview, slo, waiting = await asyncio.gather(
        service.dashboard.look(visit.principal, period),
        service.slo.look(),
        service.reviews.count_waiting(visit.principal),
    )
    return visit.page(
        template,
        overview=overview,
        chart=chart_of(overview.trend),
        width=WIDTH,
        height=HEIGHT,
        slo=slo,
        gate_p95=next((one.p95_ms for one in slo.latency if one.route == _GATE), None),
        waiting=waiting,
        most_counted=MOST_COUNTED,
        periods=[(name, name == overview.period) for name in PERIODS],
    )


ROUTES = [dashboard, figures]
