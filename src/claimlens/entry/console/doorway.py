"""The steps before a page: who visits, whether the form is theirs, whether they may."""

import hmac
import secrets
from urllib.parse import quote

from litestar.types import ASGIApp, Receive, Scope, Send

from claimlens.domain.errors import ConflictError, RefusedError
from claimlens.domain.session import Stage
from claimlens.domain.tenant import Principal
from claimlens.entry.console import visit as visits
from claimlens.entry.console.cookies import Cookies
from claimlens.entry.console.forms import read_form, require_own
from claimlens.entry.console.notices import notices_of
from claimlens.entry.console.spec import KEY as SPEC
from claimlens.entry.console.spec import PageSpec
from claimlens.entry.console.visit import Visit
from claimlens.entry.web import exchange as web
from claimlens.entry.web.bodies import read_body
from claimlens.entry.web.exchange import Exchange
from claimlens.usecases.permissions import require
from claimlens.usecases.sessions import Entered
from claimlens.wiring.service import Service

SIGN_IN, CODE, SET_UP = "/console/sign-in", "/console/sign-in/code", "/console/second-factor"
#: Where a platform administrator chooses whose pages these are.
CHOOSE = "/console/tenants/choose"
#: What stands in the cookie instead of a tenant's id for all of them.
EVERY = "*"
#: The field of every form that says that the form is ours.
FORM_TOKEN = "form_token"


class SentOnError(Exception):
    """The visitor has to go somewhere else first."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Doorway:
    """Litestar middleware of the console."""

    def __init__(self, app: ASGIApp, service: Service, cookies: Cookies) -> None:
        self._app = app
        self._service = service
        self._cookies = cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a visitor in. Raises SentOnError, or the RequestError that says why not."""
        exchange: Exchange = scope[web.KEY]  # type: ignore[literal-required]
        exchange.route = scope["path_template"]
        visit = Visit(exchange, self._service, self._cookies)
        scope[visits.KEY] = visit  # type: ignore[literal-required]
        spec: PageSpec | None = scope["route_handler"].opt.get(SPEC)
        if spec is not None and not spec.stranger:
            await self._admit(visit, spec, receive)
        await self._app(scope, receive, send)

    async def meet(self, exchange: Exchange) -> Visit:
        """The visit of who asked for what is no page: as far as their navigation goes."""
        visit = Visit(exchange, self._service, self._cookies)
        token = visit.cookies.get(self._cookies.session, "")
        visit.entered = await self._service.accounts.sessions.find(token, ip=exchange.ip, is_passive=True)
        visit.form_token = self._service.accounts.sessions.form_token(token or self._strangers_token(visit))
        if visit.entered is not None and visit.entered.session.stage is Stage.FULL:
            await self._choose(visit, visit.entered)
            exchange.principal = visit.entered.principal
        visit.notices = await notices_of(self._service)
        return visit

    async def _admit(self, visit: Visit, spec: PageSpec, receive: Receive) -> None:
        exchange = visit.exchange
        token = visit.cookies.get(self._cookies.session, "")
        entered = await self._service.accounts.sessions.find(
            token, ip=exchange.ip, correlation_id=exchange.correlation_id, is_passive=spec.passive
        )
        visit.entered = entered
        if entered is None:
            token = self._strangers_token(visit)
        visit.form_token = self._service.accounts.sessions.form_token(token)
        if exchange.method == "POST":
            require_own(exchange.headers)
            body = await read_body(receive, exchange.headers, spec.most_bytes)  # type: ignore[arg-type]
            exchange.body = body
            visit.form = read_form(body, exchange.headers.get(b"content-type", b""))
            sent = visit.form.text(FORM_TOKEN) or exchange.headers.get(b"x-form-token", b"").decode("latin-1")
            if not hmac.compare_digest(sent.encode(errors="replace"), visit.form_token.encode()):
                raise RefusedError("this form is too old; open the page again and send it from there")
        if entered is not None and entered.session.stage is Stage.FULL:
            chosen = await self._choose(visit, entered)
            exchange.principal = entered.principal if spec.apart else chosen
        if not visit.is_partial:
            visit.notices = await notices_of(self._service)
        if not spec.public and not spec.half:
            self._require_whole(visit)
            if spec.action:
                require(visit.principal, spec.action)
        if spec.half and entered is None:
            raise SentOnError(SIGN_IN)
        if spec.closes:
            await self._service.maintenance.require_open()
        if visit.exchange.principal is not None and spec.is_of_a_tenant and visit.is_away:
            await self._look_around(visit, spec)

    async def _choose(self, visit: Visit, entered: Entered) -> Principal:
        """Who visits, within the tenant that they chose to look at."""
        wanted = visit.cookies.get(self._cookies.tenant, "")
        if not wanted or entered.principal.platform is None or wanted == entered.user.tenant_id:
            return entered.principal
        if wanted == EVERY:
            visit.everywhere = True
            return entered.principal
        chosen = await self._service.accounts.tenant_choice.chosen(entered.principal, wanted)
        if chosen is None:
            visit.new_cookies.append(self._cookies.drop(self._cookies.tenant))
            return entered.principal
        visit.elsewhere = chosen.tenant
        return chosen

    async def _look_around(self, visit: Visit, spec: PageSpec) -> None:
        """A platform administrator is not at home: all tenants are only looked at, and each look is noted."""
        if visit.everywhere and not spec.every:
            if visit.exchange.method == "POST":
                raise ConflictError("all tenants are shown; choose the one in which this is to happen, and do it again")
            raise SentOnError(f"{CHOOSE}?next={quote(visit.exchange.path)}")
        if visit.exchange.method == "GET" and not spec.passive:
            await self._service.accounts.tenant_choice.note(
                visit.principal, visit.exchange.path, everywhere=visit.everywhere
            )

    def _require_whole(self, visit: Visit) -> None:
        entered = visit.entered
        if entered is None:
            at = visit.exchange.path
            back = "" if at == "/console" or visit.exchange.method == "POST" else f"?next={quote(at)}"
            raise SentOnError(SIGN_IN + back)
        if entered.session.stage is not Stage.FULL:
            raise SentOnError(CODE if entered.session.stage is Stage.CODE else SET_UP)

    def _strangers_token(self, visit: Visit) -> str:
        token = visit.cookies.get(self._cookies.form, "")
        if len(token) < 32:
            token = secrets.token_urlsafe(32)
            visit.new_cookies.append(self._cookies.keep(self._cookies.form, token))
        return token
