"""Clients' own names for their requests: who claims one first answers, the others are given that answer."""

import zlib
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.entries import reply_row, settle
from claimlens.adapters.sql.tables import idempotency_keys as keys
from claimlens.domain.audit import IdempotencyKey, StoredReply
from claimlens.domain.errors import ConflictError
from claimlens.domain.tenant import TenantScope
from claimlens.ports.clock import Clock

LEASE = timedelta(seconds=60)
KEPT = timedelta(hours=24)

_NO_BODY = 204


class SqlIdempotency:
    """Claims as rows; see `ports/journal.py`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def claim(self, scope: TenantScope, key: IdempotencyKey, fingerprint: bytes) -> StoredReply | None:
        """None: the claim is ours for 60 s. A reply: it was answered before. Raises ConflictError, 409 or 422."""
        now = self._clock.now()
        async with self._database.write() as connection:
            taken = await connection.execute(self._take(scope, key, fingerprint, now))
            if taken.rowcount:
                return None
            row = (await connection.execute(sa.select(keys).where(*_is(scope, key)))).one_or_none()
        if row is None:
            # Given back between the two statements: the client may come again at once.
            raise ConflictError("a request with this Idempotency-Key has just been given up; send it again")
        if row.fingerprint != fingerprint:
            error = ConflictError("this Idempotency-Key was used with another body")
            error.status = 422
            raise error
        if row.status is None:
            raise ConflictError("a request with this Idempotency-Key is being answered", retry_after_s=1)
        if row.body is None:
            raise ConflictError(
                "a request with this Idempotency-Key was answered; its reply held a secret and was not kept"
            )
        return StoredReply(status=row.status, media_type=row.media_type, body=zlib.decompress(row.body))

    async def keep(self, scope: TenantScope, key: IdempotencyKey, reply: StoredReply | None) -> None:
        """Settle a claim outside the journal; None keeps only that it was answered (the reply held a secret)."""
        async with self._database.write() as connection:
            if reply is not None:
                await settle(connection, [reply_row(scope, key, reply)])
            else:
                answered = sa.update(keys).where(*_is(scope, key), keys.c.status.is_(None)).values(status=_NO_BODY)
                await connection.execute(answered)

    async def release(self, scope: TenantScope, key: IdempotencyKey) -> None:
        """Give a claim back unanswered (429, 5xx)."""
        async with self._database.write() as connection:
            await connection.execute(sa.delete(keys).where(*_is(scope, key), keys.c.status.is_(None)))

    def _take(self, scope: TenantScope, key: IdempotencyKey, fingerprint: bytes, now: datetime) -> sa.Executable:
        """Insert the claim, or take over one that was left: unanswered past its lease, or older than 24 hours."""
        insert = postgresql.insert if self._database.dialect == "postgresql" else sqlite.insert
        claim = {
            "fingerprint": fingerprint,
            "created_at": now,
            "lease_until": now + LEASE,
            "status": None,
            "media_type": None,
            "body": None,
        }
        left = keys.c.status.is_(None) & (keys.c.lease_until <= now) & (keys.c.fingerprint == fingerprint)
        return (
            insert(keys)
            .values(tenant_id=scope.tenant_id, method=key.method, route=key.route, key=key.key, **claim)
            .on_conflict_do_update(
                index_elements=list(keys.primary_key.columns),
                set_=claim,
                where=left | (keys.c.created_at < now - KEPT),
            )
        )


def _is(scope: TenantScope, key: IdempotencyKey) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        keys.c.tenant_id == scope.tenant_id,
        keys.c.method == key.method,
        keys.c.route == key.route,
        keys.c.key == key.key,
    )
