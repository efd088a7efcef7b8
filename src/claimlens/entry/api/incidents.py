"""Incidents, for who runs the installation; everybody reads the public ones on the status page."""

from typing import Any

from litestar.params import FromPath
from litestar.response import Response

from claimlens.entry.api import reply
from claimlens.entry.api.call import TheCall
from claimlens.entry.api.shapes import IncidentPage
from claimlens.entry.api.spec import Answer, Parameter, Spec, Takes, route
from claimlens.entry.api.vocabulary import CURSOR, LIMIT
from claimlens.usecases.incidents import IncidentChange, IncidentView, NewIncident

_TAG = "Operations"
_ALL = "/v1/admin/incidents"
_ONE = f"{_ALL}/{{incident_id:str}}"
_OPENED = "2026-11-23T10:30:00.000000Z"
_INCIDENT: dict[str, Any] = {
    "id": "0192f3a4-5b6c-7d8e-9f01-23456789abcd",
    "kind": "incident",
    "title": "Answers are slow",
    "severity": "P2",
    "state": "open",
    "components": ["api", "database"],
    "public": True,
    "opened_at": _OPENED,
    "acknowledged_at": None,
    "resolved_at": None,
    "starts_at": None,
    "ends_at": None,
    "acknowledge_by": "2026-11-23T14:30:00.000000Z",
    "overdue": False,
    "updates": [{"ts": _OPENED, "state": "open", "actor": "cli:anna", "text": "Requests take seconds", "public": True}],
}


@route(
    "POST",
    _ALL,
    Spec(
        name="openIncident",
        tag=_TAG,
        summary="Open an incident, or announce maintenance",
        about="Maintenance has `starts_at` and `ends_at` and no `severity`; announcing it closes nothing. `public` is "
        "false for an incident and true for maintenance unless it is given. Open during maintenance.",
        action="incidents.write",
        takes=Takes.JSON,
        shape=NewIncident,
        examples={
            "incident": {
                "title": "Answers are slow",
                "severity": "P2",
                "components": ["api"],
                "public": True,
                "text": "Requests take seconds",
            },
            "maintenance": {
                "title": "Index rebuild",
                "components": ["database"],
                "starts_at": "2999-12-06T02:00:00Z",
                "ends_at": "2999-12-06T04:00:00Z",
            },
        },
        answers=(Answer(status=201, about="It is open.", shape=IncidentView, example=_INCIDENT),),
    ),
)
async def open_incident(call: TheCall) -> Response[bytes]:
    """Open an incident."""
    new = await call.read(NewIncident)
    return reply.json(await call.service.accounts.incidents.open(call.principal, new), 201)


@route(
    "GET",
    _ALL,
    Spec(
        name="listIncidents",
        tag=_TAG,
        summary="List incidents and announced maintenance",
        about="Newest first; `acknowledge_by` and `overdue` follow from the level (P0 15 minutes, P1 one hour, P2 four "
        "hours, P3 a day, P4 a week).",
        action="incidents.read",
        query=(
            Parameter(
                name="show",
                about="Those that are not resolved (default), or all.",
                schema={"type": "string", "enum": ["open", "all"]},
                example="all",
            ),
            CURSOR,
            LIMIT,
        ),
        answers=(Answer(shape=IncidentPage, example={"incidents": [_INCIDENT], "next_cursor": None}),),
    ),
)
async def page(call: TheCall) -> Response[bytes]:
    """List incidents."""
    only_open = call.query().get("show", "open") == "open"
    found = await call.service.accounts.incidents.page(call.principal, only_open=only_open, **call.rows())
    return reply.page("incidents", found)


@route(
    "GET",
    _ONE,
    Spec(
        name="getIncident",
        tag=_TAG,
        summary="One incident with everything that was said",
        about="The id may be cut to its first 8 digits or more, if only one incident's begins so.",
        action="incidents.read",
        answers=(Answer(shape=IncidentView, example=_INCIDENT),),
        problems=("NOT_FOUND",),
    ),
)
async def find(call: TheCall, incident_id: FromPath[str]) -> Response[bytes]:
    """One incident."""
    return reply.json(await call.service.accounts.incidents.find(call.principal, incident_id))


@route(
    "PATCH",
    _ONE,
    Spec(
        name="updateIncident",
        tag=_TAG,
        summary="Acknowledge, update or resolve an incident",
        about="`state` goes from `open` over `acknowledged`, `identified` and `monitoring` to `resolved`, from where "
        "nothing leads; 409 for another way. What is not given stays. On the status page stands what was said while "
        "the incident was public, without what was said with `internal`. Open during maintenance.",
        action="incidents.write",
        takes=Takes.JSON,
        shape=IncidentChange,
        examples={
            "acknowledge": {"state": "acknowledged", "text": "We are looking at it", "internal": False},
            "resolve": {"state": "resolved", "text": "An index was missing; it is there"},
        },
        answers=(Answer(shape=IncidentView, example=_INCIDENT),),
        problems=("NOT_FOUND", "IDEMPOTENCY_CONFLICT"),
    ),
)
async def update(call: TheCall, incident_id: FromPath[str]) -> Response[bytes]:
    """Change an incident."""
    change = await call.read(IncidentChange)
    return reply.json(await call.service.accounts.incidents.change(call.principal, incident_id, change))


ROUTES = [open_incident, page, find, update]
