"""Proofs: that one audit stands under a signed seal, and what a tenant's last seal is."""

from typing import Any

import msgspec

from claimlens.domain.errors import NotFoundError
from claimlens.domain.seal import Seal
from claimlens.domain.tenant import Principal
from claimlens.kit.merkle import leaf_hash, path_of
from claimlens.ports.accounts import AccessLog
from claimlens.ports.audits import AuditStore
from claimlens.ports.clock import Clock
from claimlens.ports.seals import KeptSeal, SealStore
from claimlens.usecases.access_log import access_line
from claimlens.usecases.installation_keys import InstallationKeys
from claimlens.usecases.permissions import require

_encoder = msgspec.json.Encoder()


class Proofs:
    """What people outside are given so that they need not believe this program."""

    def __init__(
        self, audits: AuditStore, seals: SealStore, keys: InstallationKeys, access: AccessLog, clock: Clock
    ) -> None:
        self._audits = audits
        self._seals = seals
        self._keys = keys
        self._access = access
        self._clock = clock

    async def one(self, principal: Principal, audit_id: str) -> bytes:
        """The proof of one audit; `{"sealed": false}` before it stands under a seal.

        With the record as it is stored, the path leads to the root of the seal; whether it does is the reader's to
        reckon, and whether the record is still what was sealed. Raises NotFoundError.
        """
        require(principal, "audits.prove")
        audit = await self._audits.find(principal.scope, audit_id)
        if audit is None:
            raise NotFoundError(f"there is no audit {audit_id!r:.80}")
        await self._access.add(
            principal.scope, access_line(principal, self._clock, "audit:read", audit.id, {"count": 1})
        )
        kept = await self._seals.covering(principal.scope, audit.ts, audit.id)
        if kept is None:
            return _encoder.encode({"audit_id": audit.id, "sealed": False})
        members = kept.listed()
        index = next(place for place, member in enumerate(members) if member.id == audit.id)
        seal = msgspec.json.decode(kept.signed.statement, type=Seal)
        return _encoder.encode(
            {
                "audit_id": audit.id,
                "sealed": True,
                "seq": seal.first_seq + index,
                "index": index,
                "leaf": leaf_hash(audit.record).hex(),
                "path": [node.hex() for node in path_of([member.leaf for member in members], index)],
                **_wire(kept),
            }
        )

    async def head(self, principal: Principal) -> bytes:
        """The tenant's last seal, and the public keys: to be kept where this installation cannot reach."""
        require(principal, "audits.prove")
        kept = await self._seals.latest(principal.scope)
        said: dict[str, Any] = {"head": None, "seal": None, "signature": None}
        if kept is not None:
            said = {"head": kept.signed.digest(), **_wire(kept)}
        keys = [line.public_key for line in await self._keys.lines()]
        return _encoder.encode({"public_key": keys[0], "public_keys": keys, **said})


def _wire(kept: KeptSeal) -> dict[str, Any]:
    return {"seal": msgspec.Raw(kept.signed.statement), "signature": kept.signed.signature.hex()}
