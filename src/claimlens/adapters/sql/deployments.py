"""Starts and roll-backs."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from claimlens.adapters.sql.access_log import add_line
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import deployments
from claimlens.domain.access import Access
from claimlens.domain.deployment import Deployment, DeploymentKind
from claimlens.domain.tenant import PlatformScope


class SqlDeployments:
    """A DeploymentStore (`ports/deployments.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, scope: PlatformScope, deployment: Deployment, access: Access | None = None) -> None:
        """Keep it; nothing happens if it is kept already."""
        row = msgspec.structs.asdict(deployment) | {
            "kind": str(deployment.kind),
            "packs": msgspec.json.encode(deployment.packs).decode(),
        }
        # The same words in both dialects, each with a construct of its own.
        insert: Any = (postgresql if self._database.dialect == "postgresql" else sqlite).insert(deployments)
        async with self._database.write() as connection:
            await connection.execute(insert.values(row).on_conflict_do_nothing())
            if access is not None:
                await add_line(connection, access)

    async def latest(self, scope: PlatformScope, *, limit: int, part: str = "") -> Sequence[Deployment]:
        """Newest first, of all parts or of one."""
        query = sa.select(deployments).order_by(deployments.c.ts.desc(), deployments.c.id.desc()).limit(limit)
        if part:
            query = query.where(deployments.c.part == part)
        async with self._database.read(fresh=True) as connection:
            return [
                Deployment(
                    **{
                        **row,
                        "kind": DeploymentKind(row["kind"]),
                        "packs": msgspec.json.decode(row["packs"], type=dict[str, str]),
                    }
                )
                for row in (await connection.execute(query)).mappings()
            ]
