"""Incidents and announced maintenance: how bad, what is concerned, how far it is dealt with."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from claimlens.domain.service import ALT_SUGGESTER, OCR_LABEL, RECALL_LOOKUP, UNIT_CONVERT


class Severity(StrEnum):
    """The runbook's levels (§2), the worst first."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


#: Within which time somebody says that they are at it.
RESPONSE: Mapping[Severity, timedelta] = {
    Severity.P0: timedelta(minutes=15),
    Severity.P1: timedelta(hours=1),
    Severity.P2: timedelta(hours=4),
    Severity.P3: timedelta(hours=24),
    Severity.P4: timedelta(weeks=1),
}


class Component(StrEnum):
    """The parts that customers know, in the order in which they are shown."""

    API = "api"
    CONSOLE = "console"
    JOBS = "jobs"
    WEBHOOKS = "webhooks"
    DATABASE = "database"
    OCR_LABEL = OCR_LABEL
    UNIT_CONVERT = UNIT_CONVERT
    RECALL_LOOKUP = RECALL_LOOKUP
    ALT_SUGGESTER = ALT_SUGGESTER


class IncidentKind(StrEnum):
    """Something that happened, or work that is announced."""

    INCIDENT = "incident"
    MAINTENANCE = "maintenance"


class IncidentState(StrEnum):
    """`scheduled` is that of a maintenance until it is resolved; the others are those of an incident."""

    SCHEDULED = "scheduled"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


#: From each state on to which others. Nothing leads out of `resolved`: what comes back is an incident of its own.
NEXT: Mapping[IncidentState, tuple[IncidentState, ...]] = {
    IncidentState.SCHEDULED: (IncidentState.RESOLVED,),
    IncidentState.OPEN: (
        IncidentState.ACKNOWLEDGED,
        IncidentState.IDENTIFIED,
        IncidentState.MONITORING,
        IncidentState.RESOLVED,
    ),
    IncidentState.ACKNOWLEDGED: (IncidentState.IDENTIFIED, IncidentState.MONITORING, IncidentState.RESOLVED),
    IncidentState.IDENTIFIED: (IncidentState.MONITORING, IncidentState.RESOLVED),
    IncidentState.MONITORING: (IncidentState.IDENTIFIED, IncidentState.RESOLVED),
    IncidentState.RESOLVED: (),
}


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident, or one announced maintenance (then with `starts_at` and `ends_at` and without a severity).

    `public`: its title, and those of its updates that are public too, stand on the status page.
    """

    id: str
    kind: IncidentKind
    title: str
    severity: Severity | None
    state: IncidentState
    components: tuple[Component, ...]
    public: bool
    opened_at: datetime
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    @property
    def acknowledge_by(self) -> datetime | None:
        """Until when somebody has to say that they are at it; None once somebody has, and for maintenance."""
        if self.severity is None or self.state is not IncidentState.OPEN:
            return None
        return self.opened_at + RESPONSE[self.severity]

    def is_overdue(self, now: datetime) -> bool:
        """Whether nobody has acknowledged it within its time."""
        return self.acknowledge_by is not None and now > self.acknowledge_by

    def is_under_way(self, now: datetime) -> bool:
        """Whether it is a maintenance that goes on at this moment, by what was announced."""
        return (
            self.state is IncidentState.SCHEDULED
            and self.starts_at is not None
            and self.ends_at is not None
            and self.starts_at <= now < self.ends_at
        )


class IncidentUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said of an incident, and the state that it was in from then on."""

    id: str
    incident_id: str
    ts: datetime
    state: IncidentState
    actor: str
    text: str
    public: bool
