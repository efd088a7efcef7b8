"""What everybody should know at this moment: maintenance, and services that are out."""

from litestar.response import Response

from claimlens.entry.console.spec import page
from claimlens.entry.console.visit import TheVisit

#: What a verdict lacks while a service is out.
GAPS = {
    "ocr.label": "Photos of labels are not read; the text that comes with an item is judged.",
    "unit.convert": "Numbers in other units stay unverified, and verdicts say which.",
    "recall.lookup": "Recalls are not looked up; verdicts carry the general safety note instead.",
    "alt.suggester": "Findings come without suggested wording.",
}


# Asked for every few seconds by every open page: it must not keep a session awake, so it looks at none.
@page("GET", "/console/banner", stranger=True)
async def banner(visit: TheVisit) -> Response[bytes]:
    """The strips below the navigation."""
    switch = await visit.service.maintenance.current()
    out = [
        {
            "service": state.service,
            "word": "switched off" if state.transport == "off" else "out",
            "since": state.since,
            "gap": GAPS[state.service],
        }
        for state in visit.service.services.states()
        if state.is_out
    ]
    return visit.page("banner.html.j2", switch=switch, out=out)


ROUTES = [banner]
