"""The access log: the line of what is done now, what was done, and what a key has seen."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from claimlens.domain.access import Access
from claimlens.domain.errors import NotFoundError
from claimlens.domain.tenant import Principal
from claimlens.kit.spreadsheet import safe_cell
from claimlens.ports.accounts import AccessFilter, AccessLog, KeyStore
from claimlens.ports.clock import Clock
from claimlens.usecases.authentication import reach, scope_within
from claimlens.usecases.pages import Page, cut, moment_and_id_of
from claimlens.usecases.permissions import require

COLUMNS = ("ts", "tenant_id", "actor", "action", "target", "outcome", "ip", "correlation_id", "delta", "id")


def access_line(
    principal: Principal,
    clock: Clock,
    action: str,
    target: str = "",
    delta: dict[str, Any] | None = None,
    *,
    tenant_id: str | None = None,
    outcome: str = "ok",
) -> Access:
    """The line for what a principal does now; it goes into the log of its own tenant unless another is named."""
    return Access(
        id=clock.new_id(),
        ts=clock.now(),
        tenant_id=principal.scope.tenant_id if tenant_id is None else tenant_id,
        actor=principal.actor,
        action=action,
        target=target,
        delta=delta or {},
        ip=principal.ip,
        correlation_id=principal.correlation_id,
        outcome=outcome,
    )


def difference(before: msgspec.Struct, after: msgspec.Struct) -> dict[str, Any]:
    """What changed between two versions of a struct: {field: [before, after]}, in plain JSON values."""
    was, now = msgspec.to_builtins(before), msgspec.to_builtins(after)
    return {name: [was[name], now[name]] for name in now if was[name] != now[name]}


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One time that records were read or taken out: what was asked for and how many came."""

    ts: datetime
    action: str
    target: str
    ip: str
    delta: dict[str, Any]


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """What a key has done since a moment: how often each action, from which addresses, and what it has seen."""

    key_id: str
    tenant_id: str
    name: str
    role: str
    since: datetime | None
    first: datetime | None
    last: datetime | None
    last_used_at: datetime | None
    actions: dict[str, int]
    refused: int
    ips: tuple[str, ...]
    records: int
    readings: tuple[Reading, ...]


class AccessDesk:
    """Reads of the access log. `tenant_id` None: one's own tenant, for a platform administrator all of them."""

    def __init__(self, log: AccessLog, keys: KeyStore, clock: Clock) -> None:
        self._log = log
        self._keys = keys
        self._clock = clock

    async def page(
        self, principal: Principal, chosen: AccessFilter, *, tenant_id: str | None = None, cursor: str, limit: int
    ) -> Page[Access]:
        """Newest first. Raises InvalidError for a cursor that is none of ours."""
        require(principal, "access_log.read")
        after = moment_and_id_of(cursor)
        rows = await self._log.page(reach(principal, tenant_id), chosen, after=after, limit=limit + 1)
        return cut(rows, limit, lambda row: (row.ts.isoformat(), row.id))

    async def csv(
        self, principal: Principal, chosen: AccessFilter, *, tenant_id: str | None = None
    ) -> AsyncIterator[bytes]:
        """The lines as CSV with a heading, oldest first; texts that a spreadsheet would take for formulas are quoted.

        The export itself is the first line that is written to the log.
        """
        require(principal, "access_log.read")
        covered = reach(principal, tenant_id)
        asked = {name: value for name, value in msgspec.to_builtins(chosen).items() if value}
        line = access_line(principal, self._clock, "access_log:export", tenant_id or "", {"filter": asked})
        await self._log.add(principal.scope, line)
        return self._csv(self._log.export(covered, chosen))

    async def _csv(self, batches: AsyncIterator[Sequence[Access]]) -> AsyncIterator[bytes]:
        yield _rows([COLUMNS])
        async for batch in batches:
            yield _rows([_cells(line) for line in batch])

    async def exposure(self, principal: Principal, key_id: str, since: datetime | None) -> Exposure:
        """What a key has done and seen, for who investigates a leak. Raises NotFoundError."""
        require(principal, "access_log.read")
        key = await self._keys.find(reach(principal), key_id)
        if key is None:
            raise NotFoundError(f"there is no API key {key_id!r:.80}")
        chosen = AccessFilter(start=since, actor=f"key:{key.id}")
        actions: dict[str, int] = {}
        readings: list[Reading] = []
        first = last = None
        refused, ips = 0, set()
        async for batch in self._log.export(scope_within(principal, key.tenant_id), chosen):
            for line in batch:
                actions[line.action] = actions.get(line.action, 0) + 1
                refused += line.outcome == "refused"
                ips.add(line.ip)
                first, last = first or line.ts, line.ts
                if line.action.endswith((":read", ":export")):
                    readings.append(
                        Reading(ts=line.ts, action=line.action, target=line.target, ip=line.ip, delta=line.delta)
                    )
        return Exposure(
            key_id=key.id,
            tenant_id=key.tenant_id,
            name=key.name,
            role=key.role,
            since=since,
            first=first,
            last=last,
            last_used_at=key.last_used_at,
            actions=actions,
            refused=refused,
            ips=tuple(sorted(ips - {""})),
            records=sum(_count(reading.delta) for reading in readings),
            readings=tuple(readings),
        )


def _count(delta: dict[str, Any]) -> int:
    count = delta.get("count")
    return count if isinstance(count, int) else 1


def _cells(line: Access) -> list[str]:
    plain = msgspec.to_builtins(line)
    plain["delta"] = msgspec.json.encode(line.delta).decode() if line.delta else ""
    return [safe_cell(str(plain[column])) for column in COLUMNS]


def _rows(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()
