"""What a page is given: the request so far, who visits, the form, and how to answer."""

from typing import Any
from urllib.parse import quote

from litestar.connection import Request
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.response import Response

from claimlens.domain.tenant import Principal
from claimlens.entry.console import rendering
from claimlens.entry.console.cookies import Cookies
from claimlens.entry.console.forms import Form
from claimlens.entry.console.navigation import links_for
from claimlens.entry.web.exchange import Exchange
from claimlens.usecases.permissions import may
from claimlens.usecases.sessions import Entered
from claimlens.wiring.service import Service

#: Under which name it lies in the scope.
KEY = "claimlens.visit"
_HTML = "text/html"


class Visit:
    """One request of the console."""

    __slots__ = ("cookies", "entered", "exchange", "form", "form_token", "jar", "new_cookies", "service")

    def __init__(self, exchange: Exchange, service: Service, jar: Cookies) -> None:
        self.exchange = exchange
        self.service = service
        self.jar = jar
        self.cookies = jar.read(exchange.headers.get(b"cookie", b""))
        self.entered: Entered | None = None
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
