"""Tenants: whose pages a platform administrator sees; made, set up, isolated, taken out, erased."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from litestar.params import FromPath
from litestar.response import Response, Stream
from msgspec import UNSET

from claimlens.domain.errors import ConflictError, InvalidError
from claimlens.domain.jurisdiction import LOCALES
from claimlens.domain.tenant import LEAST_RETENTION_DAYS, MOST_RETENTION_DAYS
from claimlens.entry.console.doorway import CHOOSE, EVERY
from claimlens.entry.console.rendering import HEADERS
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit, Visit, inner_path
from claimlens.usecases.pages import MOST_ROWS
from claimlens.usecases.tenant_contacts import contacts, contacts_csv
from claimlens.usecases.tenants import NewTenant, TenantChange, TenantView

_LIST = "/console/tenants"
_ONE = "/console/tenants/{tenant_id:str}"
_SETTINGS = "/console/settings"


@page("GET", _LIST, action="tenants.create", apart=True)
async def listed(visit: TheVisit) -> Response[bytes]:
    """The tenants, and the form for a new one."""
    return await _page(visit)


@page("POST", _LIST, action="tenants.create", apart=True, closes=True)
async def create(visit: TheVisit) -> Response[bytes]:
    """A new tenant."""
    form = visit.form
    wanted = NewTenant(
        id=form.text("id").strip(),
        name=form.text("name").strip() or UNSET,
        default_locale=form.text("default_locale"),
        contact_email=form.text("contact_email").strip(),
    )
    try:
        made = await visit.service.tenants.create(visit.principal, wanted)
    except (InvalidError, ConflictError) as error:
        return await _page(visit, 422, _said(error))
    return visit.go(f"{_LIST}/{made.id}")


@page("GET", CHOOSE, action="tenants.create", apart=True)
async def choose(visit: TheVisit) -> Response[bytes]:
    """Whose pages are shown: one tenant's, or all tenants'."""
    query = visit.exchange.query()
    found = await visit.service.tenants.page(visit.principal, cursor=query.get("cursor", ""), limit=MOST_ROWS)
    back = query.get("next", "")
    more = {"cursor": found.next_cursor, **({"next": back} if back else {})}
    return visit.page(
        "tenant_choice.html.j2",
        rows=found.rows,
        own=visit.mine.user.tenant_id,
        chosen=visit.elsewhere.id if visit.elsewhere else "",
        back=inner_path(back) if back else "",
        every=EVERY,
        following=f"{CHOOSE}?{urlencode(more)}" if found.next_cursor else "",
    )


@page("POST", f"{_LIST}/choice", action="tenants.create", apart=True)
async def choice(visit: TheVisit) -> Response[bytes]:
    """Look at another tenant, at all of them, or at one's own again."""
    wanted = visit.form.text("tenant")
    if wanted not in ("", EVERY):
        await visit.service.tenants.find(visit.principal, wanted)
    kept = visit.jar.keep(visit.jar.tenant, wanted) if wanted else visit.jar.drop(visit.jar.tenant)
    visit.new_cookies.append(kept)
    back = inner_path(visit.form.text("next"))
    return visit.go("/console/audits" if back in ("/console", CHOOSE) else back)


@page("GET", f"{_LIST}/contacts.csv", action="tenants.create", apart=True)
async def contact_list(visit: TheVisit) -> Response[bytes]:
    """Whom to write to, as CSV."""
    rows: list[TenantView] = []
    cursor = ""
    while True:
        found = await visit.service.tenants.page(visit.principal, cursor=cursor, limit=MOST_ROWS)
        rows += found.rows
        if not found.next_cursor:
            break
        cursor = found.next_cursor
    return visit.file(contacts_csv(contacts(rows)).encode(), "text/csv", "contacts.csv")


@page("GET", _SETTINGS, action="tenants.settings")
async def own(visit: TheVisit) -> Response[bytes]:
    """The settings of the tenant whose pages these are."""
    return await _one_page(visit, visit.principal.tenant.id)


@page("GET", _ONE, action="tenants.settings", apart=True)
async def one(visit: TheVisit, tenant_id: FromPath[str]) -> Response[bytes]:
    """One tenant: its settings, and what can be done with it."""
    return await _one_page(visit, tenant_id)


@page("POST", _ONE, action="tenants.settings", apart=True, closes=True)
async def change(visit: TheVisit, tenant_id: FromPath[str]) -> Response[bytes]:
    """Change the settings."""
    try:
        wanted = _change(visit)
        await visit.service.tenants.update(visit.principal, tenant_id, wanted)
    except InvalidError as error:
        return await _one_page(visit, tenant_id, 422, _said(error))
    return _back(visit, tenant_id)


@page("POST", f"{_ONE}/hold", action="tenants.settings", apart=True, closes=True)
async def hold(visit: TheVisit, tenant_id: FromPath[str]) -> Response[bytes]:
    """Keep everything past its retention, or purge again as usual."""
    wanted = TenantChange(legal_hold=visit.form.text("hold") == "yes")
    await visit.service.tenants.update(visit.principal, tenant_id, wanted)
    return _back(visit, tenant_id)


# Open during maintenance: what has to be stopped is stopped at once.
@page("POST", f"{_ONE}/isolated", action="tenants.isolate", apart=True)
async def isolate(visit: TheVisit, tenant_id: FromPath[str]) -> Response[bytes]:
    """Refuse every key and sign-in of the tenant, or accept them again."""
    await visit.service.tenants.isolate(visit.principal, tenant_id, isolated=visit.form.text("isolated") == "yes")
    return _back(visit, tenant_id)


@page("GET", f"{_ONE}/export.ndjson", action="tenants.export", apart=True)
async def export(visit: TheVisit, tenant_id: FromPath[str]) -> Stream:
    """Everything kept about the tenant."""
    lines = await visit.service.tenants.export(visit.principal, tenant_id)
    headers = HEADERS | {"Content-Disposition": 'attachment; filename="tenant.ndjson"'}
    return Stream(lines, media_type="application/x-ndjson", headers=headers)


@page("POST", f"{_ONE}/erase", action="tenants.erase", apart=True, closes=True)
async def erase(visit: TheVisit, tenant_id: FromPath[str]) -> Response[bytes]:
    """Remove the tenant with all its rows, for who types its id."""
    try:
        if visit.form.text("confirm").strip() != tenant_id:
            raise InvalidError((("/confirm", f"to erase it, type its id: {tenant_id:.80}"),))
        if tenant_id == visit.mine.user.tenant_id:
            raise ConflictError("this is your own tenant; somebody of another one erases it")
        removed = await visit.service.tenants.erase(visit.principal, tenant_id)
    except (InvalidError, ConflictError) as error:
        return await _one_page(visit, tenant_id, 422, _said(error))
    return await _page(visit, erased=(tenant_id, sum(removed.values())))


async def _page(
    visit: Visit, status: int = 200, problem: str = "", *, erased: tuple[str, int] | None = None
) -> Response[bytes]:
    cursor = visit.exchange.query().get("cursor", "")
    found = await visit.service.tenants.page(visit.principal, cursor=cursor)
    return visit.page(
        "tenants.html.j2",
        status,
        rows=found.rows,
        following=f"{_LIST}?{urlencode({'cursor': found.next_cursor})}" if found.next_cursor else "",
        locales=list(LOCALES),
        erased=erased,
        problem=problem,
        form=visit.form,
    )


async def _one_page(visit: Visit, tenant_id: str, status: int = 200, problem: str = "") -> Response[bytes]:
    tenant = await visit.service.tenants.find(visit.principal, tenant_id)
    return visit.page(
        "tenant.html.j2",
        status,
        tenant=tenant,
        locales=list(LOCALES),
        retention=(LEAST_RETENTION_DAYS, MOST_RETENTION_DAYS),
        usual=visit.service.settings,
        may_limit=visit.may("tenants.limits"),
        may_isolate=visit.may("tenants.isolate"),
        may_erase=visit.may("tenants.erase"),
        problem=problem,
    )


def _change(visit: Visit) -> TenantChange:
    form = visit.form
    limits: Mapping[str, Any] = {}
    if visit.may("tenants.limits"):
        limits = {name: _number(visit, name) for name in ("requests_per_minute", "items_per_minute")}
    days = _number(visit, "retention_days")
    return TenantChange(
        name=form.text("name").strip(),
        default_locale=form.text("default_locale"),
        allowed_locales=tuple(form.texts("allowed_locale")),
        retention_days=UNSET if days is None else days,
        contact_email=form.text("contact_email").strip(),
        **limits,
    )


def _number(visit: Visit, name: str) -> int | None:
    text = visit.form.text(name).strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise InvalidError(((f"/{name}", f"{name.replace('_', ' ')} is a whole number"),))
    return int(text)


def _said(error: InvalidError | ConflictError) -> str:
    return error.problems[0][1] if isinstance(error, InvalidError) else error.detail


def _back(visit: Visit, tenant_id: str) -> Response[bytes]:
    return visit.go(f"{_LIST}/{tenant_id}" if visit.may("tenants.create") else _SETTINGS)


ROUTES = [listed, create, choose, choice, contact_list, own, one, change, hold, isolate, export, erase]
