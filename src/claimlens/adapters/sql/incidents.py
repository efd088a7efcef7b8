"""Incidents."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from claimlens.adapters.sql.access_log import add_line
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import incident_updates, incidents
from claimlens.domain.access import Access
from claimlens.domain.incident import Component, Incident, IncidentKind, IncidentState, IncidentUpdate, Severity
from claimlens.domain.tenant import PlatformScope

_DIGITS = 32


class SqlIncidents:
    """An IncidentStore (`ports/incidents.py`). Read from the primary: who has just written looks at it next."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, scope: PlatformScope, incident: Incident, update: IncidentUpdate, access: Access) -> None:
        """Keep a new one with its first update, and the line in the access log."""
        async with self._database.write() as connection:
            await connection.execute(sa.insert(incidents).values(_row(incident)))
            await connection.execute(sa.insert(incident_updates).values(_update_row(update)))
            await add_line(connection, access)

    async def change(
        self, scope: PlatformScope, incident: Incident, was: IncidentState, update: IncidentUpdate, access: Access
    ) -> bool:
        """Put it in the place of the one before, which was in the state `was`; False if it no longer is."""
        query = (
            sa.update(incidents)
            .where(incidents.c.id == incident.id, incidents.c.state == str(was))
            .values(_row(incident))
        )
        async with self._database.write() as connection:
            if not (await connection.execute(query)).rowcount:
                return False
            await connection.execute(sa.insert(incident_updates).values(_update_row(update)))
            await add_line(connection, access)
        return True

    async def beginning_with(self, scope: PlatformScope, digits: str) -> Sequence[Incident]:
        """The first two whose ids begin with these hexadecimal digits."""
        first, last = (_id(digits.ljust(_DIGITS, filling)) for filling in "0f")
        query = sa.select(incidents).where(incidents.c.id.between(first, last)).order_by(incidents.c.id).limit(2)
        return await self._found(query)

    async def page(
        self, scope: PlatformScope, *, only_open: bool, after: tuple[datetime, str] | None, limit: int
    ) -> Sequence[Incident]:
        """Newest first."""
        query = sa.select(incidents).order_by(*_NEWEST).limit(limit)
        if only_open:
            query = query.where(incidents.c.resolved_at.is_(None))
        if after is not None:
            query = query.where(_before(*after))
        return await self._found(query)

    async def updates(self, scope: PlatformScope, incident_ids: Sequence[str]) -> Sequence[IncidentUpdate]:
        """All of these incidents, oldest first."""
        return await self._updates(incident_updates.c.incident_id.in_(incident_ids))

    async def public_since(self, since: datetime) -> Sequence[tuple[Incident, Sequence[IncidentUpdate]]]:
        """Public ones that are open or were open at some time since then, newest first, with their public updates."""
        is_recent = sa.or_(incidents.c.resolved_at.is_(None), incidents.c.resolved_at >= since)
        found = await self._found(sa.select(incidents).where(incidents.c.public, is_recent).order_by(*_NEWEST))
        ids = [each.id for each in found]
        said = await self._updates(incident_updates.c.incident_id.in_(ids), incident_updates.c.public) if ids else []
        return [(each, [update for update in said if update.incident_id == each.id]) for each in found]

    async def _found(self, query: sa.Select[Any]) -> Sequence[Incident]:
        async with self._database.read(fresh=True) as connection:
            return [_incident(row) for row in (await connection.execute(query)).mappings()]

    async def _updates(self, *chosen: sa.ColumnElement[bool]) -> Sequence[IncidentUpdate]:
        query = sa.select(incident_updates).where(*chosen).order_by(incident_updates.c.ts, incident_updates.c.id)
        async with self._database.read(fresh=True) as connection:
            return [
                IncidentUpdate(**{**row, "state": IncidentState(row["state"])})
                for row in (await connection.execute(query)).mappings()
            ]


_NEWEST = (incidents.c.opened_at.desc(), incidents.c.id.desc())


def _before(opened_at: datetime, incident_id: str) -> sa.ColumnElement[bool]:
    position = sa.tuple_(incidents.c.opened_at, incidents.c.id)
    return position < sa.tuple_(
        sa.literal(opened_at, incidents.c.opened_at.type), sa.literal(incident_id, incidents.c.id.type)
    )


def _id(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _row(incident: Incident) -> dict[str, Any]:
    return msgspec.structs.asdict(incident) | {
        "kind": str(incident.kind),
        "severity": str(incident.severity or ""),
        "state": str(incident.state),
        "components": msgspec.json.encode(incident.components).decode(),
    }


def _update_row(update: IncidentUpdate) -> dict[str, Any]:
    return msgspec.structs.asdict(update) | {"state": str(update.state)}


def _incident(row: Any) -> Incident:
    return Incident(
        **{
            **row,
            "kind": IncidentKind(row["kind"]),
            "severity": Severity(row["severity"]) if row["severity"] else None,
            "state": IncidentState(row["state"]),
            "components": msgspec.json.decode(row["components"], type=tuple[Component, ...]),
        }
    )
