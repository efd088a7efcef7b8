"""Decisions of people about audits. Read from the primary: what was decided a moment ago waits no longer."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from claimlens.adapters.sql.access_log import add_line
from claimlens.adapters.sql.audits import audit_of
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.tables import Id, Moment, audits, reviews
from claimlens.adapters.sql.within import within
from claimlens.domain.access import Access
from claimlens.domain.audit import Audit
from claimlens.domain.review import Decision, Review
from claimlens.domain.tenant import Reach, TenantScope
from claimlens.kit.uuid7 import is_uuid
from claimlens.ports.audits import Position


class SqlReviews:
    """A ReviewStore (`ports/reviews.py`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self, reach: Reach, *, after: Position | None, limit: int) -> Sequence[Audit]:
        """Audits that need a person and have no decision, newest first; of an item only its newest one, no tests."""
        query = sa.select(audits).where(*_waiting(reach))
        if after is not None:
            query = query.where(_position(audits.c.ts, audits.c.id) < _literal(after), audits.c.ts <= after[0])
        query = query.order_by(audits.c.ts.desc(), audits.c.id.desc()).limit(limit)
        async with self._database.read(fresh=True) as connection:
            return [audit_of(row) for row in await connection.execute(query)]

    async def count_waiting(self, scope: TenantScope, *, most: int) -> int:
        """How many are waiting; counted up to `most`."""
        # In the order of the index: without one PostgreSQL would go through all of them before it stops.
        newest = sa.select(audits.c.id).where(*_waiting(scope)).order_by(audits.c.ts.desc(), audits.c.id.desc())
        few = newest.limit(most).subquery()
        async with self._database.read() as connection:
            return int((await connection.execute(sa.select(sa.func.count()).select_from(few))).scalar_one())

    async def decided(self, scope: TenantScope, *, after: Position | None, limit: int) -> Sequence[Review]:
        """Decisions, newest first; a position is the moment of the decision and the audit."""
        query = sa.select(reviews).where(within(reviews, scope))
        if after is not None:
            query = query.where(_position(reviews.c.decided_at, reviews.c.audit_id) < _literal(after))
        query = query.order_by(reviews.c.decided_at.desc(), reviews.c.audit_id.desc()).limit(limit)
        async with self._database.read(fresh=True) as connection:
            return [_review(row) for row in await connection.execute(query)]

    async def find(self, scope: TenantScope, audit_id: str) -> Review | None:
        """The decision about an audit."""
        return (await self.among(scope, [audit_id])).get(audit_id)

    async def among(self, scope: TenantScope, audit_ids: Sequence[str]) -> dict[str, Review]:
        """The decisions about some audits, by audit."""
        asked = [audit_id for audit_id in audit_ids if is_uuid(audit_id)]
        if not asked:
            return {}
        query = sa.select(reviews).where(within(reviews, scope), reviews.c.audit_id.in_(asked))
        async with self._database.read(fresh=True) as connection:
            return {row.audit_id: _review(row) for row in await connection.execute(query)}

    async def decide(self, scope: TenantScope, review: Review, access: Access) -> bool:
        """Keep a decision with its line in the access log; False, and nothing kept, if there is one already."""
        row = msgspec.structs.asdict(review) | {
            "tenant_id": scope.tenant_id,
            "decision": review.decision.value,
            "texts": msgspec.json.encode(review.texts).decode(),
        }
        try:
            async with self._database.write() as connection:
                await connection.execute(sa.insert(reviews).values(row))
                await add_line(connection, access)
        except sa.exc.IntegrityError:
            return False
        return True

    async def undo(self, scope: TenantScope, audit_id: str, access: Access) -> bool:
        """Take a decision back; whether there was one."""
        if not is_uuid(audit_id):
            return False
        async with self._database.write() as connection:
            gone = await connection.execute(
                sa.delete(reviews).where(within(reviews, scope), reviews.c.audit_id == audit_id)
            )
            if gone.rowcount:
                await add_line(connection, access)
            return bool(gone.rowcount)


def _waiting(reach: Reach) -> list[sa.ColumnElement[bool]]:
    newer = audits.alias("newer")
    return [
        within(audits, reach),
        # Written as the partial index has it: with a parameter neither store would know that the index fits.
        sa.literal_column("audits.needs_review", sa.Boolean),
        ~audits.c.test,
        ~sa.exists().where(reviews.c.audit_id == audits.c.id),
        ~sa.exists().where(
            newer.c.tenant_id == audits.c.tenant_id,
            newer.c.item_id == audits.c.item_id,
            newer.c.locale == audits.c.locale,
            newer.c.ts > audits.c.ts,
            ~newer.c.test,
        ),
    ]


def _position(moment: Any, row_id: Any) -> sa.Tuple:
    return sa.tuple_(moment, row_id)


def _literal(position: Position) -> sa.Tuple:
    return sa.tuple_(sa.literal(position[0], Moment), sa.literal(position[1], Id))


def _review(row: sa.Row[Any]) -> Review:
    return Review(
        **{
            **row._mapping,
            "decision": Decision(row.decision),
            "texts": msgspec.json.decode(row.texts, type=dict[str, str]),
        }
    )
