"""Audits under seals, for tests and for the mutations of `tests/mutations.py`."""

from collections.abc import Sequence
from datetime import timedelta

from claimlens.adapters.crypto.seal_key import Ed25519SealKey
from claimlens.adapters.sql.engine import Database
from claimlens.adapters.sql.journal import SqlJournal
from claimlens.adapters.sql.seals import SqlSeals
from claimlens.domain.audit import Audit, JournalEntry
from claimlens.domain.tenant import TenantScope
from claimlens.gate.record import moment_text
from claimlens.kit.canonical_json import canonical_json
from claimlens.usecases.bundles import Bundles
from claimlens.usecases.sealing import OneSealKey, Sealer
from tests.clock import HandClock
from tests.contract.rows import ALL, OURS, an_audit

KEY = Ed25519SealKey(b"\7" * 32)
OTHER_KEY = Ed25519SealKey(b"\x08" * 32)


def a_record(clock: HandClock, scope: TenantScope = OURS, name: str = "Dal", **fields) -> Audit:
    """An audit whose record says what the gate's says, as far as seals look at it."""
    audit = an_audit(clock, scope, **fields)
    said = {
        "audit_id": audit.id,
        "item": {"name": name},
        "schema": 1,
        "tenant_id": audit.tenant_id,
        "ts": moment_text(audit.ts),
        "verdict": {"verdict": "allow"},
    }
    return an_audit(clock, scope, **fields | {"id": audit.id, "ts": audit.ts, "record": canonical_json(said)})


class World:
    """A store, a clock and a sealer."""

    def __init__(self, database: Database, clock: HandClock, key: Ed25519SealKey = KEY) -> None:
        self.database = database
        self.clock = clock
        self.store = SqlSeals(database)
        self.sealer = Sealer(self.store, OneSealKey(key), clock, interval=timedelta(minutes=5))
        self.bundles = Bundles(self.store, OneSealKey(key), clock)
        self._journal = SqlJournal(database)

    async def write(self, *audits: Audit) -> Sequence[Audit]:
        for audit in audits:
            await self._journal.write(TenantScope(audit.tenant_id), JournalEntry(audits=(audit,)))
        return audits

    async def some(self, number: int, scope: TenantScope = OURS, name: str = "Dal") -> list[Audit]:
        """Audits a second apart."""
        made: list[Audit] = []
        for place in range(number):
            made += await self.write(a_record(self.clock, scope, f"{name} {place}"))
            self.clock.forward(seconds=1)
        return made

    async def interval(self, number: int, scope: TenantScope = OURS, name: str = "Dal") -> list[Audit]:
        """Some audits, and the seal over them."""
        made = await self.some(number, scope, name)
        await self.seal()
        return made

    async def seal(self) -> None:
        """Let the interval end, and close it."""
        self.clock.forward(minutes=6)
        await self.sealer.step(ALL)

    async def bundle(self, scope: TenantScope = OURS, **period) -> list[bytes]:
        return [line async for line in self.bundles.lines(scope, **period)]

    async def close(self) -> None:
        await self._journal.close()
