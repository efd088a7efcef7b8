"""Signing in and out."""

from litestar.response import Response

from claimlens.domain.errors import RequestError, TooManyError, UnauthenticatedError
from claimlens.domain.session import Stage
from claimlens.entry.console.doorway import CODE, SET_UP, SIGN_IN, SentOnError
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit, Visit, inner_path
from claimlens.usecases.users import LEAST_PASSWORD

_NEXT = {Stage.CODE: CODE, Stage.SETUP: SET_UP}


@page("GET", SIGN_IN, public=True)
async def form(visit: TheVisit) -> Response[bytes]:
    """The form; who is in already goes on."""
    if visit.entered is not None:
        return visit.go(_NEXT.get(visit.entered.session.stage, "/console"))
    return _form(visit, 200, "", visit.exchange.query().get("next", ""), "")


@page("POST", SIGN_IN, public=True)
async def begin(visit: TheVisit) -> Response[bytes]:
    """Address and password."""
    email, back = visit.form.text("email"), visit.form.text("next")
    agent = visit.exchange.headers.get(b"user-agent", b"").decode("latin-1")
    try:
        token, stage = await visit.service.accounts.sessions.begin(
            email,
            visit.form.text("password"),
            ip=visit.exchange.ip,
            agent=agent,
            correlation_id=visit.exchange.correlation_id,
        )
    except (UnauthenticatedError, TooManyError) as error:
        return _form(visit, _status(error), email, back, error.detail)
    visit.new_cookies = [visit.jar.keep(visit.jar.session, token), visit.jar.drop(visit.jar.form)]
    return visit.go(_NEXT.get(stage, inner_path(back)))


@page("GET", CODE, half=True)
async def code_form(visit: TheVisit) -> Response[bytes]:
    """The form for the code."""
    _require_stage(visit, Stage.CODE)
    return visit.page("code.html.j2", problem="")


@page("POST", CODE, half=True)
async def check_code(visit: TheVisit) -> Response[bytes]:
    """The present code, or a recovery code."""
    _require_stage(visit, Stage.CODE)
    try:
        await visit.service.accounts.second_factors.check(visit.mine, visit.form.text("code"))
    except (UnauthenticatedError, TooManyError) as error:
        return visit.page("code.html.j2", _status(error), problem=error.detail)
    await let_in(visit)
    return visit.go("/console")


@page("POST", "/console/sign-out", half=True)
async def leave(visit: TheVisit) -> Response[bytes]:
    """Sign out."""
    await visit.service.accounts.sessions.end(visit.mine)
    visit.new_cookies.append(visit.jar.drop(visit.jar.session))
    return visit.go(SIGN_IN)


@page("POST", "/console/theme", public=True)
async def theme(visit: TheVisit) -> Response[bytes]:
    """Light, dark, or as the system has it."""
    visit.new_cookies.append(visit.jar.keep_theme(visit.form.text("theme")))
    return visit.go(inner_path(visit.form.text("back")))


async def let_in(visit: Visit) -> None:
    """Make the visitor's session a complete one."""
    token = await visit.service.accounts.sessions.promote(visit.mine)
    visit.new_cookies.append(visit.jar.keep(visit.jar.session, token))
    visit.form_token = visit.service.accounts.sessions.form_token(token)


def _require_stage(visit: Visit, stage: Stage) -> None:
    if visit.mine.session.stage is not stage:
        raise SentOnError(_NEXT.get(visit.mine.session.stage, "/console"))


def _status(error: RequestError) -> int:
    # A form that comes back says itself what is wrong; 401 would have the browser ask for a password of its own.
    return 422 if isinstance(error, UnauthenticatedError) else error.status


def _form(visit: Visit, status: int, email: str, back: str, problem: str) -> Response[bytes]:
    return visit.page(
        "sign_in.html.j2", status, email=email, back=inner_path(back), problem=problem, least=LEAST_PASSWORD
    )


ROUTES = [form, begin, code_form, check_code, leave, theme]
