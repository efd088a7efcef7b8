"""Services: how the four are, switched off and on; maintenance."""

from datetime import timedelta

import msgspec
from litestar.params import FromPath
from litestar.response import Response

from claimlens.domain.errors import InvalidError
from claimlens.entry.console.notices import GAPS
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit, Visit
from claimlens.usecases.maintenance import Switch

_SERVICES = "/console/services"
#: For how long a service is switched off, or a maintenance is announced; None until somebody ends it.
LASTING: dict[str, tuple[str, timedelta | None]] = {
    "15m": ("15 minutes", timedelta(minutes=15)),
    "1h": ("1 hour", timedelta(hours=1)),
    "4h": ("4 hours", timedelta(hours=4)),
    "24h": ("24 hours", timedelta(hours=24)),
    "open": ("until it is ended", None),
}


@page("GET", _SERVICES, action="services.read", apart=True)
async def services(visit: TheVisit) -> Response[bytes]:
    """The page."""
    return await _page(visit, "services.html.j2")


@page("GET", f"{_SERVICES}/now", action="services.read", apart=True, passive=True)
async def now(visit: TheVisit) -> Response[bytes]:
    """The states alone, every few seconds."""
    return await _page(visit, "services_now.html.j2")


# Open during maintenance, which is when a service is likely to be looked after.
@page("POST", f"{_SERVICES}/{{service:str}}/off", action="services.write", apart=True)
async def switch_off(visit: TheVisit, service: FromPath[str]) -> Response[bytes]:
    """Ask a service no longer, for a while."""
    form = visit.form
    try:
        lasting = _lasting(form.text("lasting"))
        await visit.service.accounts.service_switches.disable(visit.principal, service, lasting, form.text("reason"))
    except InvalidError as error:
        return await _page(visit, "services.html.j2", 422, error.problems[0][1])
    return visit.go(_SERVICES)


@page("POST", f"{_SERVICES}/{{service:str}}/on", action="services.write", apart=True)
async def switch_on(visit: TheVisit, service: FromPath[str]) -> Response[bytes]:
    """Ask it again."""
    try:
        await visit.service.accounts.service_switches.enable(visit.principal, service, visit.form.text("reason"))
    except InvalidError as error:
        return await _page(visit, "services.html.j2", 422, error.problems[0][1])
    return visit.go(_SERVICES)


@page("POST", f"{_SERVICES}/maintenance", action="maintenance.write", apart=True)
async def maintenance(visit: TheVisit) -> Response[bytes]:
    """Close the gate and all changes, or open them again."""
    form = visit.form
    enabled = form.text("enabled") == "yes"
    try:
        lasting = _lasting(form.text("lasting")) if enabled else None
        until = visit.service.clock.now() + lasting if lasting else None
        wanted = Switch(enabled=enabled, until=until, message=form.text("message") if enabled else "")
        await visit.service.maintenance.write(visit.principal, wanted)
    except InvalidError as error:
        return await _page(visit, "services.html.j2", 422, error.problems[0][1])
    return visit.go(_SERVICES)


async def _page(visit: Visit, template: str, status: int = 200, problem: str = "") -> Response[bytes]:
    service = visit.service
    # Reads the switches anew, so that what was just turned is seen.
    told = {line.service: line for line in await service.accounts.service_list()}
    rows = [
        {
            "state": state,
            "health": service.health.service(state.service),
            "told": told[state.service],
            "gap": GAPS[state.service],
        }
        for state in service.services.states()
    ]
    keeper = service.recalls
    return visit.page(
        template,
        status,
        rows=rows,
        sources=None if keeper is None else [msgspec.structs.asdict(each) for each in keeper.statuses],
        switch=visit.notices.switch,
        lasting=[(name, words) for name, (words, _) in LASTING.items()],
        may_switch=visit.may("services.write"),
        may_close=visit.may("maintenance.write"),
        problem=problem,
    )


def _lasting(name: str) -> timedelta | None:
    if name not in LASTING:
        raise InvalidError((("/lasting", "choose how long"),))
    return LASTING[name][1]


ROUTES = [services, now, switch_off, switch_on, maintenance]
