"""What everybody should know at this moment: maintenance, and services that are out."""

from datetime import datetime
from typing import NamedTuple

from claimlens.usecases.maintenance import Switch
from claimlens.wiring.service import Service

#: What a verdict lacks while a service is out.
GAPS = {
    "ocr.label": "Photos of labels are not read; the text that comes with an item is judged.",
    "unit.convert": "Numbers in other units stay unverified, and verdicts say which.",
    "recall.lookup": "Recalls are not looked up; verdicts carry the general safety note instead.",
    "alt.suggester": "Findings come without suggested wording.",
}


class Gap(NamedTuple):
    """A service that is not asked, and what is not checked meanwhile."""

    service: str
    word: str
    since: datetime | None
    gap: str


class Notices(NamedTuple):
    """The strips below the navigation."""

    switch: Switch = Switch(enabled=False)
    out: tuple[Gap, ...] = ()


async def notices_of(service: Service) -> Notices:
    """As this process sees it; asks no service."""
    out = [
        Gap(
            state.service,
            "switched off" if state.transport == "off" else "out",
            state.since,
            GAPS[state.service],
        )
        for state in service.services.states()
        if state.is_out
    ]
    return Notices(await service.maintenance.current(), tuple(out))
