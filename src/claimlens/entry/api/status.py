"""The status page: for people, and as JSON."""

from datetime import date, datetime
from typing import Any, NamedTuple

from litestar.response import Response

from claimlens.domain.incident import Component, IncidentState
from claimlens.domain.uptime import Day, DayState, PartState
from claimlens.entry.api import reply
from claimlens.entry.api.call import TheCall
from claimlens.entry.api.docs import page
from claimlens.entry.api.spec import Answer, Spec, route
from claimlens.usecases.status import DAYS, Part, PublicIncident, StatusPage

_TAG = "Operations"
#: A proxy may answer for us for a moment; nobody needs to know sooner.
_KEPT = {"Cache-Control": "public, max-age=5", "Vary": "Accept"}
_NOW = "2026-11-23T10:30:00.000000Z"
_INCIDENT: dict[str, Any] = {
    "id": "0192f3a4-5b6c-7d8e-9f01-23456789abcd",
    "kind": "incident",
    "title": "Answers are slow",
    "impact": "degraded",
    "state": "acknowledged",
    "components": ["api"],
    "opened_at": _NOW,
    "resolved_at": None,
    "starts_at": None,
    "ends_at": None,
    "updates": [{"ts": _NOW, "state": "acknowledged", "text": "We are looking at it"}],
}
_EXAMPLE = {
    "status": "degraded",
    "components": [
        {
            "name": "api",
            "state": "degraded",
            "uptime": 0.9991,
            "days": [{"day": "2026-11-23", "state": "good", "share": 0.9991}],
        }
    ],
    "maintenance": None,
    "incidents": [_INCIDENT],
    "scheduled": [],
    "recent": [],
    "incidents_as_of": _NOW,
    "timestamp": _NOW,
}

#: What customers call each part, and what they notice when it is out.
_NAMES = {
    Component.API: ("API", "Verdicts on menus, listings and labels"),
    Component.CONSOLE: ("Console", "Playground, reviews, audits"),
    Component.JOBS: ("Bulk jobs", "Long lists, judged in the background"),
    Component.WEBHOOKS: ("Webhooks", "Messages to your systems"),
    Component.DATABASE: ("Records", "Audits, exports and their proofs"),
    Component.OCR_LABEL: ("Reading labels", "Without it: photos are not read, texts are judged"),
    Component.UNIT_CONVERT: ("Converting units", "Without it: some numbers stay unverified, verdicts say which"),
    Component.RECALL_LOOKUP: ("Looking up recalls", "Without it: verdicts carry the general safety note"),
    Component.ALT_SUGGESTER: ("Suggested wording", "Without it: findings come without suggestions"),
}
_HEADLINES = {
    PartState.OPERATIONAL: "All parts work",
    PartState.UNKNOWN: "No trouble is known, but not every part could be looked at",
    PartState.MAINTENANCE: "Maintenance is under way",
    PartState.DEGRADED: "Some parts work less well than usual",
    PartState.PARTIAL_OUTAGE: "A part is out",
    PartState.OUTAGE: "ClaimLens is out",
}
_STATES = {
    PartState.OPERATIONAL: "works",
    PartState.UNKNOWN: "not known",
    PartState.MAINTENANCE: "maintenance",
    PartState.DEGRADED: "degraded",
    PartState.PARTIAL_OUTAGE: "partly out",
    PartState.OUTAGE: "out",
}
#: A sign beside each word: colour alone says nothing.
_SIGNS = {
    PartState.OPERATIONAL: "✓",
    PartState.UNKNOWN: "?",
    PartState.MAINTENANCE: "⚙",
    PartState.DEGRADED: "!",
    PartState.PARTIAL_OUTAGE: "✕",
    PartState.OUTAGE: "✕",
}
_PROGRESS = {
    IncidentState.SCHEDULED: "Announced",
    IncidentState.OPEN: "Noticed",
    IncidentState.ACKNOWLEDGED: "Being looked at",
    IncidentState.IDENTIFIED: "Cause known",
    IncidentState.MONITORING: "Mended and watched",
    IncidentState.RESOLVED: "Over",
}


class _Bar(NamedTuple):
    """A day in the picture: the worse, the lower; `no_data` is a thin line at the bottom."""

    x: float
    y: float
    height: float
    state: DayState
    says: str


@route(
    "GET",
    "/status",
    Spec(
        name="getStatus",
        tag=_TAG,
        summary="The status page",
        about="A page for people, JSON for `Accept: application/json`. Parts with their states and days, public "
        "incidents, announced maintenance; nothing of any tenant. May be kept for five seconds.",
        public=True,
        answers=(
            Answer(about="The page.", media_type="text/html"),
            Answer(shape=StatusPage, example=_EXAMPLE),
        ),
    ),
)
async def status(call: TheCall) -> Response[bytes]:
    """The status page."""
    found = await call.service.status.look()
    if b"json" in call.exchange.headers.get(b"accept", b""):
        return reply.json(found, headers=_KEPT)
    return page("status.html.j2", headers=_KEPT, **_values(found))


@route(
    "GET",
    "/status.json",
    Spec(
        name="getStatusJson",
        tag=_TAG,
        summary="The status page as JSON",
        about="As `/status`, whatever is accepted.",
        public=True,
        answers=(Answer(shape=StatusPage, example=_EXAMPLE),),
    ),
)
async def status_json(call: TheCall) -> Response[bytes]:
    """The status page as JSON."""
    return reply.json(await call.service.status.look(), headers=_KEPT)


def _values(found: StatusPage) -> dict[str, Any]:
    return {
        "found": found,
        "headline": _HEADLINES[found.status],
        "sign": _SIGNS[found.status],
        "parts": [_row(part) for part in found.components],
        "days": DAYS,
        "name_of": lambda component: _NAMES[component][0],
        "progress": _PROGRESS,
        "impacts": _STATES,
        "moment": _moment,
        "span": _span,
    }


def _row(part: Part) -> dict[str, Any]:
    name, about = _NAMES[part.name]
    return {
        "name": name,
        "about": about,
        "state": part.state,
        "word": _STATES[part.state],
        "sign": _SIGNS[part.state],
        "uptime": None if part.uptime is None else _percent(part.uptime),
        "bars": [_bar(place, day) for place, day in enumerate(part.days)],
        "says": _says(part),
    }


_HEIGHT, _STEP = 28, 10


def _bar(place: int, day: Day) -> _Bar:
    height = {DayState.GOOD: 28, DayState.SOME: 20, DayState.BAD: 12, DayState.NO_DATA: 3}[day.state]
    says = "no data" if day.share is None else _percent(day.share)
    return _Bar(place * _STEP + 1, _HEIGHT - height, height, day.state, f"{_day(day.day)}: {says}")


def _says(part: Part) -> str:
    """The bars in words."""
    counts = {state: sum(day.state is state for day in part.days) for state in DayState}
    trouble = [f"{_day(day.day)} {_percent(day.share)}" for day in part.days if day.state in _TROUBLE and day.share]
    text = f"{counts[DayState.GOOD]} of {len(part.days)} days as promised, {counts[DayState.NO_DATA]} without data"
    return f"{text}; less on {', '.join(trouble)}" if trouble else text


_TROUBLE = (DayState.SOME, DayState.BAD)


def _percent(share: float) -> str:
    """Never rounded up to 100 %."""
    return "100 %" if share == 1 else f"{int(share * 10_000) / 100:.2f} %"


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


def _moment(value: datetime) -> str:
    return f"{value.day} {value:%b %Y, %H:%M UTC}"


def _span(one: PublicIncident) -> str:
    """From when to when a maintenance goes."""
    assert one.starts_at is not None
    assert one.ends_at is not None
    same_day = one.starts_at.date() == one.ends_at.date()
    end = f"{one.ends_at:%H:%M UTC}" if same_day else _moment(one.ends_at)
    return f"{_moment(one.starts_at).removesuffix(' UTC')} to {end}"


ROUTES = [status, status_json]
