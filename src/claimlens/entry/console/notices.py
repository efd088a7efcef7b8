"""What everybody should know at this moment: maintenance, incidents, services that are out, checks that do not run."""

from datetime import datetime
from typing import NamedTuple

from claimlens.domain.incident import Incident
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


class Missing(NamedTuple):
    """A transform that does not run; `where` is one profile, or empty for all, `until` None for good."""

    transform: str
    where: str
    since: datetime
    until: datetime | None


class Notices(NamedTuple):
    """The strips below the navigation."""

    switch: Switch = Switch(enabled=False)
    out: tuple[Gap, ...] = ()
    missing: tuple[Missing, ...] = ()
    incidents: tuple[Incident, ...] = ()


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
    gaps = await service.profiles.gaps()
    missing = [Missing(name, "", each.since, each.until) for name, each in gaps.paused.items()]
    missing += [Missing(name, profile, kept.since, None) for profile, kept in gaps.kept.items() for name in kept.off]
    switch = await service.maintenance.current()
    return Notices(switch, tuple(out), tuple(missing), tuple(await service.status.known()))
