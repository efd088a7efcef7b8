"""The strips below the navigation, again every few seconds while a page is open."""

from litestar.response import Response

from claimlens.entry.console.notices import notices_of
from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit


# Asked for every few seconds by every open page: it must not keep a session awake, so it looks at none.
@page("GET", "/console/banner", stranger=True)
async def banner(visit: TheVisit) -> Response[bytes]:
    """The strips below the navigation."""
    visit.notices = await notices_of(visit.service)
    return visit.page("banner.html.j2")


ROUTES = [banner]
