"""Bundles: a tenant's audits with the seals over them, to be verified anywhere without this store.

NDJSON. Each seal is a line `{"members": …, "seal": …, "signature": …}` and its audits follow, byte for byte as they
were hashed; the last line is `{"bundle": …, "signature": …}`. `docs/reference/seals.md` is the format.
"""

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from claimlens.domain.errors import ConflictError, InvalidError, NotFoundError
from claimlens.domain.seal import BUNDLE_LINE, Bundle, key_name, statement_of
from claimlens.domain.tenant import Principal, TenantScope
from claimlens.kit.canonical_json import canonical_json
from claimlens.ports.accounts import AccessLog
from claimlens.ports.audits import AuditStore
from claimlens.ports.clock import Clock
from claimlens.ports.seals import KeptSeal, SealKeys, SealStore
from claimlens.usecases.access_log import access_line
from claimlens.usecases.permissions import require

#: How the lines begin that are no audits.
SEAL_START, END_START = b'{"members":', b'{"bundle":'


class Bundles:
    """Writes bundles."""

    def __init__(self, seals: SealStore, keys: SealKeys, clock: Clock) -> None:
        self._seals = seals
        self._keys = keys
        self._clock = clock

    async def lines(
        self, scope: TenantScope, *, start: datetime | None = None, end: datetime | None = None
    ) -> AsyncIterator[bytes]:
        """The lines of a bundle over every seal that has audits of the period, whole seals and those between.

        Raises InvalidError if the period ends before it begins.
        """
        if start is not None and end is not None and end <= start:
            raise InvalidError((("/end_date", "the period ends before it begins"),))
        key = await self._keys.in_force()
        span = await self._seals.span(scope, start, end)
        first, last = span or (0, 0)
        content, head, records = hashlib.sha256(), "", 0
        if span is not None:
            async for kept in self._seals.seals(scope, first, last):
                head = kept.signed.digest()
                for line in [_seal_line(kept), *[record for _, record in await self._records(scope, kept)]]:
                    content.update(line + b"\n")
                    yield line + b"\n"
                    records += not line.startswith(SEAL_START)
        standing = await self._seals.standing(scope)
        statement = statement_of(
            Bundle(
                tenant_id=scope.tenant_id,
                first_seal=first,
                last_seal=last,
                head=head,
                records=records,
                unsealed=await self._seals.unsealed(scope),
                content=content.hexdigest(),
                exported_at=self._clock.now(),
                retention_days=standing.retention_days,
                purged_to=standing.purged_to,
                key=key_name(key.public_key),
            )
        )
        yield _end_line(statement, key.sign(BUNDLE_LINE + statement)) + b"\n"

    async def _records(self, scope: TenantScope, kept: KeptSeal) -> list[tuple[object, bytes]]:
        return list(await self._seals.records(scope, kept.listed()))


class BundleDesk:
    """Gives bundles to people: the seal over one audit, with everything under it."""

    def __init__(self, bundles: Bundles, audits: AuditStore, seals: SealStore, access: AccessLog, clock: Clock) -> None:
        self._bundles = bundles
        self._audits = audits
        self._seals = seals
        self._access = access
        self._clock = clock

    async def around(self, principal: Principal, audit_id: str) -> AsyncIterator[bytes]:
        """The lines of the bundle that covers an audit. Raises NotFoundError, ConflictError before it is sealed."""
        require(principal, "audits.export")
        audit = await self._audits.find(principal.scope, audit_id)
        if audit is None:
            raise NotFoundError(f"there is no audit {audit_id!r:.80}")
        kept = await self._seals.covering(principal.scope, audit.ts, audit.id)
        if kept is None:
            raise ConflictError("the audit is not sealed yet; the next seal takes it in, within some minutes")
        seen = {"count": len(kept.listed()), "filter": {"seal": kept.number}}
        line = access_line(principal, self._clock, "audit:export", audit.id, seen)
        await self._access.add(principal.scope, line)
        return self._bundles.lines(principal.scope, start=audit.ts, end=audit.ts + timedelta(microseconds=1))


def _seal_line(kept: KeptSeal) -> bytes:
    members = b"null" if kept.members is None else b'"' + base64.b64encode(kept.members) + b'"'
    signature = canonical_json(kept.signed.signature.hex())
    return b'{"members":%b,"seal":%b,"signature":%b}' % (members, kept.signed.statement, signature)


def _end_line(statement: bytes, signature: bytes) -> bytes:
    return b'{"bundle":%b,"signature":%b}' % (statement, canonical_json(signature.hex()))
