"""A visitor's own account: the second factor, and where else they are signed in."""

from io import BytesIO

import segno
from litestar.params import FromPath
from litestar.response import Response
from markupsafe import Markup

from claimlens.domain.errors import ConflictError, TooManyError, UnauthenticatedError
from claimlens.domain.session import SECOND_FACTOR_NEEDED, Stage
from claimlens.entry.console.doorway import CODE, SET_UP, SentOnError
from claimlens.entry.console.sign_in import let_in
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit, Visit

_ACCOUNT = "/console/account"


@page("GET", _ACCOUNT)
async def account(visit: TheVisit) -> Response[bytes]:
    """One's own account."""
    return await _account_page(visit, 200, "")


async def _account_page(visit: Visit, status: int, problem: str) -> Response[bytes]:
    accounts = visit.service.accounts
    return visit.page(
        "account.html.j2",
        status,
        sessions=await accounts.sessions.mine(visit.mine),
        has_factor=await accounts.second_factors.is_set_up(visit.mine),
        codes_left=await accounts.second_factors.codes_left(visit.mine),
        needs_factor=visit.mine.user.role in SECOND_FACTOR_NEEDED,
        problem=problem,
    )


@page("POST", f"{_ACCOUNT}/sessions/others")
async def end_others(visit: TheVisit) -> Response[bytes]:
    """Sign out everywhere else."""
    await visit.service.accounts.sessions.end_others(visit.mine)
    return visit.go(_ACCOUNT)


@page("POST", f"{_ACCOUNT}/sessions/{{session_id:str}}/end")
async def end_one(visit: TheVisit, session_id: FromPath[str]) -> Response[bytes]:
    """Sign out in one place."""
    await visit.service.accounts.sessions.end_mine(visit.mine, session_id)
    return visit.go(_ACCOUNT)


@page("GET", SET_UP, half=True)
async def set_up(visit: TheVisit) -> Response[bytes]:
    """The picture for the authenticator app, and the form for the first code."""
    return await _set_up_page(visit, 200, "")


@page("POST", SET_UP, half=True)
async def confirm(visit: TheVisit) -> Response[bytes]:
    """The first code; then the recovery codes, this once."""
    _require_not_asked(visit)
    try:
        codes = await visit.service.accounts.second_factors.confirm(visit.mine, visit.form.text("code"))
    except (UnauthenticatedError, TooManyError) as error:
        return await _set_up_page(visit, 422, error.detail)
    except ConflictError:
        return visit.go(_ACCOUNT)
    await let_in(visit)
    return visit.page("recovery_codes.html.j2", codes=codes)


@page("POST", f"{_ACCOUNT}/second-factor/remove")
async def remove(visit: TheVisit) -> Response[bytes]:
    """Do without it, for who may."""
    try:
        await visit.service.accounts.second_factors.remove_mine(visit.mine, visit.form.text("code"))
    except (UnauthenticatedError, ConflictError) as error:
        return await _account_page(visit, 422, error.detail)
    return visit.go(_ACCOUNT)


async def _set_up_page(visit: Visit, status: int, problem: str) -> Response[bytes]:
    _require_not_asked(visit)
    try:
        told = await visit.service.accounts.second_factors.begin(visit.mine)
    except ConflictError:
        return visit.go(_ACCOUNT)
    return visit.page(
        "second_factor.html.j2",
        status,
        picture=_picture(told.uri),
        letters=" ".join(told.letters[at : at + 4] for at in range(0, len(told.letters), 4)),
        is_needed=visit.mine.session.stage is Stage.SETUP,
        problem=problem,
    )


def _require_not_asked(visit: Visit) -> None:
    """Who has a second factor shows it first: a password alone must not put another in its place."""
    if visit.mine.session.stage is Stage.CODE:
        raise SentOnError(CODE)


def _picture(uri: str) -> Markup:
    """A QR code as SVG, without style of its own."""
    out = BytesIO()
    segno.make(uri, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, svgclass="qr", lineclass=None, omitsize=True, border=3, title="QR code"
    )
    return Markup(out.getvalue().decode())


ROUTES = [account, end_others, end_one, set_up, confirm, remove]
