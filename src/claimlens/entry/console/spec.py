"""What a page says of itself: who may see it, and what it does."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal, ParamSpec

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import Response

#: Where a Litestar handler keeps its spec.
KEY = "page"
#: Bytes of a form without files.
MOST_FORM = 1_048_576
P = ParamSpec("P")


class PageSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One page or action.

    `action` names a line of usecases/permissions.py; without one everybody who signed in may. `public`: nobody is asked
    who they are, though who signed in is known. `stranger`: not even that is looked at. `half`: also before a sign-in
    is complete. `passive`: asked for by the page itself, not by somebody; it keeps no session awake. `closes`: shut
    during maintenance. `every`: a platform administrator may see it of all tenants at once. `apart`: it is not about a
    tenant. `most_bytes` bounds what is sent to it.
    """

    action: str = ""
    public: bool = False
    stranger: bool = False
    half: bool = False
    passive: bool = False
    closes: bool = False
    every: bool = False
    apart: bool = False
    most_bytes: int = MOST_FORM

    @property
    def is_of_a_tenant(self) -> bool:
        """Whether it shows or changes what belongs to a tenant."""
        return bool(self.action) and not self.apart


def page(
    method: Literal["GET", "POST"],
    path: str | list[str],
    *,
    action: str = "",
    public: bool = False,
    stranger: bool = False,
    half: bool = False,
    passive: bool = False,
    closes: bool = False,
    every: bool = False,
    apart: bool = False,
    most_bytes: int = MOST_FORM,
) -> Callable[[Callable[P, Awaitable[Response[Any]]]], HTTPRouteHandler]:
    """A Litestar handler of the console that carries its spec."""
    spec = PageSpec(
        action=action,
        public=public or stranger,
        stranger=stranger,
        half=half,
        passive=passive,
        closes=closes,
        every=every,
        apart=apart,
        most_bytes=most_bytes,
    )
    return HTTPRouteHandler(path, http_method=method, opt={KEY: spec}, status_code=200)
