"""Purge: what is past its retention goes, by the schedules of `domain/retention.py` or when somebody asks for it."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from claimlens.domain.retention import POLICIES, Data, Purged
from claimlens.domain.tenant import LEAST_RETENTION_DAYS, PlatformScope
from claimlens.ports.clock import Clock
from claimlens.ports.retention import RetentionStore

_log = structlog.get_logger()


class Retention:
    """Purges. It may be killed at any moment; one at a time in an installation."""

    def __init__(self, store: RetentionStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def step(self, scope: PlatformScope) -> bool:
        """Purge what is due; False: nothing more is due now."""
        due = []
        for data, policy in POLICIES.items():
            last = await self._store.last(scope, data)
            if last is None or self._clock.now() - last >= policy.every:
                due.append(data)
        if due:
            await self.purge(scope, due)
        return False

    async def purge(
        self, scope: PlatformScope, only: Collection[Data] = (), *, dry_run: bool = False
    ) -> Sequence[Purged] | None:
        """Purge these kinds, or all; what each came to. None: somebody else is at it."""
        chosen = [data for data in Data if data in only or not only]
        if dry_run:
            return [await self._would(scope, data) for data in chosen]
        async with self._store.alone() as mine:
            return [await self._run(scope, data) for data in chosen] if mine else None

    async def _run(self, scope: PlatformScope, data: Data) -> Purged:
        run_id, begun = self._clock.new_id(), asyncio.get_running_loop().time()
        await self._store.begun(scope, run_id, data, self._clock.now())
        purged = await (self._owned(scope, data) if POLICIES[data].kept is None else self._others(scope, data))
        purged = _timed(purged, asyncio.get_running_loop().time() - begun)
        await self._store.finished(scope, run_id, purged, self._clock.now())
        _log.info("purged", data=data, removed=purged.removed, partitions=len(purged.partitions))
        return purged

    async def _owned(self, scope: PlatformScope, data: Data) -> Purged:
        now = self._clock.now()
        latest = now.replace(microsecond=0) - timedelta(days=LEAST_RETENTION_DAYS)
        removed, dropped, in_use = await self._store.drop_partitions(scope, data, latest, now)
        held = []
        for owner in await self._store.owners(scope, data):
            if owner.legal_hold:
                held.append(owner.tenant_id)
                continue
            while count := await self._store.remove_owned(scope, data, owner, now):
                removed += count
        return Purged(data=data, before=latest, removed=removed, partitions=dropped, in_use=in_use, held=tuple(held))

    async def _others(self, scope: PlatformScope, data: Data) -> Purged:
        before = self._before(data)
        removed, dropped, in_use = await self._store.drop_partitions(scope, data, before, self._clock.now())
        while count := await self._store.remove(scope, data, before):
            removed += count
        return Purged(data=data, before=before, removed=removed, partitions=dropped, in_use=in_use)

    async def _would(self, scope: PlatformScope, data: Data) -> Purged:
        now = self._clock.now()
        if POLICIES[data].kept is not None:
            before = self._before(data)
            return Purged(data=data, before=before, removed=await self._store.count(scope, data, before))
        owners = await self._store.owners(scope, data)
        counts = [
            await self._store.count(scope, data, owner.cutoff(now), owner) for owner in owners if not owner.legal_hold
        ]
        return Purged(
            data=data,
            before=now.replace(microsecond=0) - timedelta(days=LEAST_RETENTION_DAYS),
            removed=sum(counts),
            held=tuple(owner.tenant_id for owner in owners if owner.legal_hold),
        )

    def _before(self, data: Data) -> datetime:
        kept = POLICIES[data].kept
        assert kept is not None
        return self._clock.now() - kept


def _timed(purged: Purged, seconds: float) -> Purged:
    return msgspec.structs.replace(purged, seconds=round(seconds, 3))
