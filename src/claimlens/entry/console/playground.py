"""The playground: a verdict as somebody types, and on request one that is recorded."""

from datetime import date
from io import StringIO
from typing import Any

import msgspec
from litestar.response import Response

import claimlens
from claimlens.domain.errors import InvalidError, OverloadedError, TooManyError
from claimlens.domain.item import Kind
from claimlens.domain.jurisdiction import LOCALES
from claimlens.entry.console.doorway import SIGN_IN, SentOnError
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit, Visit
from claimlens.entry.web.client import limit_key
from claimlens.gate.ingest.image import MOST_BYTES
from claimlens.ports.cache import Hit
from claimlens.usecases.asks import read_validate
from claimlens.usecases.menus import Checked, Tally
from claimlens.usecases.playground import BASES, Draft, record_of
from claimlens.usecases.reports import Run
from claimlens.usecases.reports.html import HtmlReport
from claimlens.usecases.reports.view import cells_of, columns_of, view_of

_HOME = "/console"
#: The photo, and the fields around it.
_MOST_PHOTO_FORM = MOST_BYTES + 262_144
#: Verdicts that one address gets in a minute without signing in: more than anybody types.
PUBLIC_PREVIEWS = 120
#: What is filled in for who wants to see how it works.
EXAMPLE = Draft(
    name="Immunity Boost Orange Juice",
    description="100 % natural. Detoxes your body and melts belly fat. Low fat, high in vitamin C.",
    ingredients="orange juice from concentrate, water, vitamin C",
    nutrition="energy: 42 kcal\nfat: 0.1 g\nsugars: 8.4 g\nvitamin c: 30 mg",
    basis="per_100ml",
    kind="beverage",
)


@page("GET", _HOME, public=True)
async def home(visit: TheVisit) -> Response[bytes]:
    """The empty form, or the example."""
    await _require_open(visit)
    draft = EXAMPLE if visit.exchange.query().get("example") else Draft()
    draft = _with_locale(visit, draft)
    return await _page(visit, draft, _home(visit))


@page("POST", _HOME, public=True)
async def check(visit: TheVisit) -> Response[bytes]:
    """The whole page with a verdict: for who has no script."""
    await _require_open(visit)
    return await _page(visit, _draft(visit), _home(visit))


@page("POST", "/console/preview", public=True)
async def preview(visit: TheVisit) -> Response[bytes]:
    """The verdict alone, as somebody types."""
    await _require_open(visit)
    return visit.page("verdict_piece.html.j2", **await _judged(visit, _draft(visit)))


@page("POST", "/console/record", action="gate.judge", closes=True)
async def record(visit: TheVisit) -> Response[bytes]:
    """A verdict to publish by: recorded, then shown as the audit it left."""
    draft = _draft(visit)
    try:
        ask = read_validate({"item": record_of(draft), "locale": draft.locale}, visit.principal.tenant)
    except InvalidError as error:
        return await _page(visit, draft, _home(visit), error)
    reply = await visit.service.desk.answer(visit.principal, ask)
    audit_id = str(msgspec.json.decode(reply.body)["audit_id"])
    return visit.go(f"/console/audits/{audit_id}{'?share=1' if visit.form.has('share') else ''}")


@page("POST", "/console/photo", action="gate.preview", apart=True, most_bytes=_MOST_PHOTO_FORM)
async def photo(visit: TheVisit) -> Response[bytes]:
    """The form filled in from the photo of a label, to be looked at."""
    draft = _draft(visit)
    image = visit.form.file("image")
    try:
        if not image:
            raise InvalidError((("/image", "choose a photo first"),))
        draft = await visit.service.playground.read_photo(visit.principal, image, draft)
    except InvalidError as error:
        return await _page(visit, draft, _home(visit), error)
    except OverloadedError as error:
        return await _page(visit, draft, _home(visit), InvalidError((("/image", error.detail),)))
    return await _page(visit, draft, _home(visit) | {"is_read": True})


@page("POST", "/console/report", public=True)
async def report(visit: TheVisit) -> Response[bytes]:
    """The verdict as one HTML file, to be mailed or printed."""
    await _require_open(visit)
    draft = _draft(visit)
    try:
        checked = await visit.service.playground.preview(visit.exchange.principal, draft)
    except InvalidError as error:
        return await _page(visit, draft, _home(visit), error)
    body = _report(checked, visit.service.clock.now().date())
    return visit.file(body, "text/html", "claimlens-report.html")


def _report(checked: Checked, on: date) -> bytes:
    out = StringIO()
    run = Run(on, ("a draft of the playground, not recorded",), claimlens.__version__)
    writer, tally = HtmlReport(out.write, run), Tally()
    tally.add(checked)
    writer.add(checked)
    writer.close(tally, ())
    return out.getvalue().encode()


async def _page(
    visit: Visit, draft: Draft, shown: dict[str, Any], problem: InvalidError | None = None
) -> Response[bytes]:
    judged = _unread(problem) if problem else await _judged(visit, draft)
    status = 400 if problem else 200
    return visit.page("playground.html.j2", status, draft=draft, **shown, **judged)


async def _judged(visit: Visit, draft: Draft) -> dict[str, Any]:
    if not draft.name.strip():
        return {"item": None, "problems": (), "columns": (), "cells": ()}
    try:
        checked = await visit.service.playground.preview(visit.exchange.principal, draft)
    except InvalidError as error:
        return _unread(error)
    item = view_of(checked.item, checked.answered)
    columns = columns_of([item])
    return {"item": item, "problems": (), "columns": columns, "cells": cells_of(item, columns)}


def _unread(error: InvalidError) -> dict[str, Any]:
    return {"item": None, "problems": error.problems, "columns": (), "cells": ()}


def _home(visit: Visit) -> dict[str, Any]:
    return {
        "locales": list(LOCALES),
        "kinds": [(kind.value, kind.value.replace("_", " ")) for kind in Kind],
        "bases": [(basis, basis.replace("_", " ").replace("100", "100 ")) for basis in BASES],
        "may_record": visit.may("gate.judge"),
        "may_share": visit.may("gate.judge") and visit.may("audits.share"),
        "may_read": visit.may("gate.preview"),
        "is_read": False,
    }


def _draft(visit: Visit) -> Draft:
    form = visit.form
    draft = Draft(**{name: form.text(name) for name in Draft.__struct_fields__ if form.has(name)})
    return _with_locale(visit, draft)


def _with_locale(visit: Visit, draft: Draft) -> Draft:
    if draft.locale:
        return draft
    usual = visit.exchange.principal.tenant.settings.default_locale if visit.exchange.principal else ""
    return msgspec.structs.replace(draft, locale=usual or next(iter(LOCALES)))


async def _require_open(visit: Visit) -> None:
    """Who did not sign in may try texts only where the installation says so, and only so many a minute."""
    if visit.exchange.principal is not None:
        return
    if not visit.service.settings.public_playground:
        raise SentOnError(SIGN_IN)
    if visit.exchange.method == "POST":
        hit = Hit("public_preview", limit_key(visit.exchange.ip), PUBLIC_PREVIEWS, 60)
        (allowance,) = await visit.service.cache.hit([hit])
        if not allowance.allowed:
            raise TooManyError("too many texts from one address; wait a minute", retry_after_s=allowance.reset_s)


ROUTES = [home, check, preview, record, photo, report]
