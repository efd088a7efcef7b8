"""What a page is given: the request so far, who visits, the form, and how to answer."""

from typing import Any
from urllib.parse import quote

from litestar.connection import Request
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.response import Response

from claimlens.domain.tenant import Principal, Tenant
from claimlens.entry.console import rendering
from claimlens.entry.console.cookies import Cookies
from claimlens.entry.console.forms import Form
from claimlens.entry.console.navigation import links_for
from claimlens.entry.console.notices import Notices
from claimlens.entry.web.exchange import Exchange
from claimlens.usecases.permissions import may
from claimlens.usecases.sessions import Entered
from claimlens.wiring.service import Service

#: Under which name it lies in the scope.
KEY = "claimlens.visit"
_HTML = "text/html"


class Visit:
    """One request of the console."""

    __slots__ = (
        "cookies",
        "elsewhere",
        "entered",
        "everywhere",
        "exchange",
        "form",
        "form_token",
        "jar",
        "new_cookies",
        "notices",
        "service",
    )

    def __init__(self, exchange: Exchange, service: Service, jar: Cookies) -> None:
        self.exchange = exchange
        self.service = service
        self.jar = jar
        self.cookies = jar.read(exchange.headers.get(b"cookie", b""))
        self.entered: Entered | None = None
        #: What a platform administrator looks at instead of their own tenant: another one, or all at once.
        self.elsewhere: Tenant | None = None
        self.everywhere = False
        #: What everybody should know at this moment, for the strips below the navigation.
        self.notices = Notices()
        self.form = Form([])
        #: What forms of the answered page carry.
        self.form_token = ""
        #: What the browser is to keep from the answer on.
        self.new_cookies: list[Cookie] = []

    @property
    def principal(self) -> Principal:
        """Who visits, on a page for people who signed in."""
        return self.exchange.asked_by

    @property
    def mine(self) -> Entered:
        """The visitor's session, on a page that needs one."""
        assert self.entered is not None
        return self.entered

    @property
    def tenant_id(self) -> str | None:
        """The tenant that is looked at; None: all of them."""
        return None if self.everywhere else self.principal.tenant.id

    @property
    def is_away(self) -> bool:
        """Whether a platform administrator looks at something else than their own tenant."""
        return self.everywhere or self.elsewhere is not None

    @property
    def whose(self) -> str:
        """The name of what is looked at."""
        if self.everywhere:
            return "all tenants"
        return (self.elsewhere or self.mine.principal.tenant).name

    @property
    def origin(self) -> str:
        """How the visitor's own browser names this server; for links that are shown to them."""
        scheme = "https" if self.service.settings.in_production else "http"
        return f"{scheme}://{self.exchange.headers.get(b'host', b'').decode('latin-1')}"

    @property
    def is_partial(self) -> bool:
        """Whether a script asks for a piece of a page."""
        return b"hx-request" in self.exchange.headers

    def may(self, action: str) -> bool:
        """Whether the visitor may; nobody who did not sign in."""
        return self.exchange.principal is not None and may(self.exchange.principal, action)

    def page(self, template: str, status: int = 200, **values: Any) -> Response[bytes]:
        """A page, or a piece of one, from its template."""
        known = {
            "visit": self,
            "me": self.entered.user if self.exchange.principal is not None and self.entered else None,
            "links": links_for(self.exchange.principal, self.exchange.path),
            "theme": self.jar.theme_of(self.cookies),
            "form_token": self.form_token,
            "here": self.exchange.path,
            "notices": self.notices,
        }
        text = rendering.rendered(template, known | values)
        return self._answer(text.encode(), status, _HTML, {})

    def go(self, path: str) -> Response[bytes]:
        """On to another page of the console."""
        if self.is_partial:
            return self._answer(b"", 200, _HTML, {"HX-Redirect": path})
        return self._answer(b"", 303, _HTML, {"Location": path})

    def file(self, body: bytes, media_type: str, name: str) -> Response[bytes]:
        """A file to be kept."""
        disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        return self._answer(body, 200, media_type, {"Content-Disposition": disposition})

    def _answer(self, body: bytes, status: int, media_type: str, headers: dict[str, str]) -> Response[bytes]:
        return Response(
            body,
            status_code=status,
            media_type=media_type,
            headers=rendering.HEADERS | headers,
            cookies=self.new_cookies,
        )


#: How a handler asks for its visit.
TheVisit = NamedDependency[Visit]


def visit_of(request: Request[Any, Any, Any]) -> Visit:
    """The visit that a request is."""
    scope: Any = request.scope
    visit: Visit = scope[KEY]
    return visit


def inner_path(path: str) -> str:
    """A path to go back to, if it is one of the console's; else its home. Never another host's."""
    if path.startswith("/console") and "\\" not in path and path.isprintable():
        return path
    return "/console"
