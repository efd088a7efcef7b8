"""Profiles: what runs in each, how long it may take; a change tried on audits first, saved with a reason."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from litestar.params import FromPath
from litestar.response import Response

from claimlens.domain.errors import InvalidError
from claimlens.domain.profile import TRANSFORMS
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit, Visit
from claimlens.usecases.dry_runs import USUAL_AUDITS, DryRun
from claimlens.usecases.profiles import ProfileChange

_LIST = "/console/profiles"
_ONE = "/console/profiles/{profile_id:str}"
#: What a transform does, in a line.
ABOUT = {
    "redact.pii": "finds personal data and takes it out",
    "normalize.nutrition": "reads the nutrition table, per 100 g or 100 ml",
    "detect.claims": "finds the words of rules",
    "detect.allergens": "finds allergens in the text",
    "detect.recalls": "asks for open recalls",
    "verify.nutrition_claims": "holds claims against the numbers",
    "suggest.alternatives": "offers wording that may be used",
    "rewrite.disclaimer": "makes the corrected text",
}
#: For how long a transform may be switched off everywhere, as the form offers it.
PAUSES = {"1h": timedelta(hours=1), "8h": timedelta(hours=8), "1d": timedelta(days=1), "7d": timedelta(days=7)}
_ROUTES = {"claimlens_go": "/v1/web/ingest"}
_FEED = "/v1/menu/feed"


@page("GET", _LIST, action="profiles.read", apart=True)
async def listed(visit: TheVisit) -> Response[bytes]:
    """Every profile, transform by transform."""
    return await _list_page(visit, said=visit.exchange.query().get("said", "") == "1")


@page("GET", _ONE, action="profiles.read", apart=True)
async def one(visit: TheVisit, profile_id: FromPath[str]) -> Response[bytes]:
    """One profile, and the form to try another."""
    return await _one_page(visit, profile_id)


# It shows what would become of a tenant's audits: who may not read those sees no preview either.
@page("POST", f"{_ONE}/try", action="audits.read")
async def attempt(visit: TheVisit, profile_id: FromPath[str]) -> Response[bytes]:
    """What a change would do."""
    change = _change(visit)
    run = await visit.service.dry_runs.of_profile(visit.principal, profile_id, await _off(visit, profile_id))
    return await _one_page(visit, profile_id, run=run, change=change)


@page("POST", _ONE, action="profiles.switch", apart=True, closes=True)
async def save(visit: TheVisit, profile_id: FromPath[str]) -> Response[bytes]:
    """Let the profile be like this."""
    try:
        change = ProfileChange(
            off=tuple(sorted(await _off(visit, profile_id))),
            services_ms=await _services_ms(visit, profile_id),
            reason=visit.form.text("reason"),
        )
        await visit.service.profiles.change(visit.principal, profile_id, change)
    except InvalidError as error:
        return await _one_page(visit, profile_id, change=_change(visit), problem=error.problems[0][1], status=422)
    return visit.go(f"{_LIST}?{urlencode({'said': 1})}")


@page("POST", f"{_LIST}/pause", action="profiles.switch", apart=True, closes=True)
async def pause(visit: TheVisit) -> Response[bytes]:
    """Switch a transform off in every profile for a while."""
    lasting = PAUSES.get(visit.form.text("lasting"))
    if lasting is None:
        raise InvalidError((("/lasting", f"a pause lasts {', '.join(PAUSES)}"),))
    try:
        await visit.service.transforms.disable(
            visit.principal, visit.form.text("transform"), lasting, visit.form.text("reason")
        )
    except InvalidError as error:
        return await _list_page(visit, problem=error.problems[0][1], status=422)
    return visit.go(f"{_LIST}?{urlencode({'said': 1})}")


@page("POST", f"{_LIST}/resume", action="profiles.switch", apart=True, closes=True)
async def resume(visit: TheVisit) -> Response[bytes]:
    """Let it run again."""
    await visit.service.transforms.enable(visit.principal, visit.form.text("transform"))
    return visit.go(f"{_LIST}?{urlencode({'said': 1})}")


async def _list_page(visit: Visit, *, said: bool = False, problem: str = "", status: int = 200) -> Response[bytes]:
    views = await visit.service.profiles.overview(visit.principal)
    paused = await visit.service.transforms.list_off()
    return visit.page(
        "profiles.html.j2",
        status,
        profiles=views,
        transforms=TRANSFORMS,
        about=ABOUT,
        measured=await _measured(visit, [view.id for view in views]),
        paused=paused,
        pauses=list(PAUSES),
        may_change=visit.may("profiles.switch"),
        said=said,
        problem=problem,
    )


async def _one_page(
    visit: Visit,
    profile_id: str,
    *,
    run: DryRun | None = None,
    change: dict[str, Any] | None = None,
    problem: str = "",
    status: int = 200,
) -> Response[bytes]:
    view = await visit.service.profiles.find(visit.principal, profile_id)
    as_it_is = {
        "on": {each.transform for each in view.transforms if each.state in ("on", "paused")},
        "services_ms": str(view.services_ms),
        "reason": "",
    }
    return visit.page(
        "profile.html.j2",
        status,
        profile=view,
        about=ABOUT,
        asked=change or as_it_is,
        run=run,
        measured=(await _measured(visit, [profile_id]))[profile_id],
        may_change=visit.may("profiles.switch"),
        may_try=visit.may("audits.read"),
        usual=USUAL_AUDITS,
        problem=problem,
    )


async def _measured(visit: Visit, profiles: list[str]) -> dict[str, float | None]:
    """The p95 of the last hour of the route that judges by each profile, over all processes, in milliseconds."""
    found = await visit.service.performance.look("1h")
    p95 = {route.name: route.p95_ms for route in found.routes}
    return {name: p95.get(_ROUTES.get(name, _FEED)) for name in profiles}


async def _off(visit: Visit, profile_id: str) -> frozenset[str]:
    """The transforms of the profile that the form leaves unticked."""
    view = await visit.service.profiles.find(visit.principal, profile_id)
    ticked = visit.form.texts("on")
    return frozenset(
        each.transform for each in view.transforms if each.state != "absent" and each.transform not in ticked
    )


async def _services_ms(visit: Visit, profile_id: str) -> int | None:
    """What the form says; None where it is as usual or the profile asks no service."""
    view = await visit.service.profiles.find(visit.principal, profile_id)
    text = visit.form.text("services_ms").strip()
    if not text or not view.usual_services_ms or text == str(view.usual_services_ms):
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise InvalidError((("/services_ms", "a whole number of milliseconds is expected"),))
    return int(text)


def _change(visit: Visit) -> dict[str, Any]:
    """The form as it was filled in."""
    form = visit.form
    return {"on": set(form.texts("on")), "services_ms": form.text("services_ms"), "reason": form.text("reason")}


ROUTES = [listed, one, attempt, save, pause, resume]
