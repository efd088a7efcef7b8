"""Policies: suppressions and brand names, each change shown before it is saved."""

from typing import Any
from urllib.parse import urlencode

from litestar.response import Response

from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit, Visit
from claimlens.usecases.dry_runs import MOST_AUDITS, USUAL_AUDITS
from claimlens.usecases.policies import Edit, PolicyEdit

_PAGE = "/console/policies"
_FIELDS = ("rule", "item", "field", "text", "name", "key", "reason", "expires")
#: What a form may be filled in with by a link, from a reason that is being looked at.
_GIVEN = ("rule", "item", "field", "text", "name")
#: On how many audits a change is tried, as the form offers it.
SIZES = (50, USUAL_AUDITS, MOST_AUDITS)
_SAVED = {
    Edit.SUPPRESS: "The suppression is saved.",
    Edit.COUNT_AGAIN: "The suppression is ended.",
    Edit.ADD_NAME: "The brand name is saved.",
    Edit.END_NAME: "The brand name is ended.",
}


@page("GET", _PAGE, action="tenants.read")
async def listed(visit: TheVisit) -> Response[bytes]:
    """What is kept, and the forms for more."""
    query = visit.exchange.query()
    given = {name: query.get(name, "")[:500] for name in _GIVEN}
    saved = query.get("saved", "")
    return await _page(visit, given, said=_SAVED[Edit(saved)] if saved in list(Edit) else "")


@page("POST", f"{_PAGE}/try", action="tenants.update", closes=True)
async def attempt(visit: TheVisit) -> Response[bytes]:
    """What a change would do, and the button that saves it."""
    return await _try(visit, _edit(visit))


@page("POST", _PAGE, action="tenants.update", closes=True)
async def save(visit: TheVisit) -> Response[bytes]:
    """Save a change that was tried."""
    edit = _edit(visit)
    try:
        await visit.service.policies.save(visit.principal, edit, visit.form.text("state"))
    except ConflictError as error:
        return await _try(visit, edit, error.detail)
    except InvalidError as error:
        return await _page(visit, _given(visit), problem=error.problems[0][1], status=422)
    except NotFoundError as error:
        return await _page(visit, _given(visit), problem=error.detail, status=404)
    return visit.go(f"{_PAGE}?{urlencode({'saved': edit.edit})}")


async def _try(visit: Visit, edit: PolicyEdit, problem: str = "") -> Response[bytes]:
    audits = visit.form.text("audits")
    most = int(audits) if audits in [str(size) for size in SIZES] else USUAL_AUDITS
    try:
        tried = await visit.service.policies.attempt(visit.principal, edit, audits=most)
    except InvalidError as error:
        return await _page(visit, _given(visit), problem=error.problems[0][1], status=422)
    except NotFoundError as error:
        return await _page(visit, _given(visit), problem=error.detail, status=404)
    kept = await visit.service.policies.look(visit.principal)
    return visit.page(
        "policies_try.html.j2",
        409 if problem else 200,
        tried=tried,
        run=tried.dry_run,
        edit=edit,
        fields=_FIELDS,
        sizes=SIZES,
        ended=next((each.of for each in kept.suppressions if each.key == edit.key), None),
        problem=problem,
    )


async def _page(
    visit: Visit, given: dict[str, str], *, problem: str = "", said: str = "", status: int = 200
) -> Response[bytes]:
    values: dict[str, Any] = {name: given.get(name, "") for name in _FIELDS}
    return visit.page(
        "policies.html.j2",
        status,
        kept=await visit.service.policies.look(visit.principal),
        given=values,
        may_change=visit.may("tenants.update"),
        today=visit.service.clock.now().date(),
        sizes=SIZES,
        usual=USUAL_AUDITS,
        problem=problem,
        said=said,
    )


def _given(visit: Visit) -> dict[str, str]:
    return {name: visit.form.text(name)[:500] for name in _FIELDS}


def _edit(visit: Visit) -> PolicyEdit:
    """The edit that a form asks for, in the name of who is signed in."""
    kind = visit.form.text("edit")
    if kind not in list(Edit):
        raise InvalidError((("/edit", f"an edit is one of {', '.join(Edit)}"),))
    values = {name: visit.form.text(name) for name in _FIELDS}
    return PolicyEdit(edit=Edit(kind), author=visit.mine.user.email, **values)


ROUTES = [listed, attempt, save]
