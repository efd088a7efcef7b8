"""What runs since when: each start of a process leaves word, and so does who rolls back."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog

from claimlens.domain.deployment import Deployment, DeploymentKind, is_older
from claimlens.domain.errors import ClaimLensError
from claimlens.domain.tenant import PlatformScope, Principal
from claimlens.ports.clock import Clock
from claimlens.ports.deployments import DeploymentStore
from claimlens.usecases.access_log import access_line
from claimlens.usecases.fields import one_line
from claimlens.usecases.permissions import require
from claimlens.usecases.versions import Versions

_MOST_NOTE = 300
_log = structlog.get_logger()


class _Start(msgspec.Struct, frozen=True):
    """A start of this process that the store does not know yet."""

    id: str
    ts: datetime
    part: str
    scope: PlatformScope


class Deployments:
    """Keeps starts and roll-backs, and lists them."""

    def __init__(self, store: DeploymentStore, versions: Versions, clock: Clock, host: str) -> None:
        self._store = store
        self._versions = versions
        self._clock = clock
        self._host = host
        self._waiting: _Start | None = None

    async def started(self, scope: PlatformScope, part: str) -> None:
        """Note that this process has started as a part (`server`, `worker`); never raises.

        What cannot be written now is written by `catch_up`, once.
        """
        self._waiting = _Start(self._clock.new_id(), self._clock.now(), part, scope)
        await self.catch_up()

    async def catch_up(self) -> None:
        """Write what could not be written before; never raises."""
        start = self._waiting
        if start is None:
            return
        try:
            before = await self._store.latest(start.scope, limit=1, part=start.part)
            now = await self._now(start.id, DeploymentKind.START, start.part, "")
            if before and is_older(now.version, before[0].version):
                note = f"the version before was {before[0].version}"
                now = msgspec.structs.replace(now, kind=DeploymentKind.ROLLBACK, note=note)
            await self._store.add(start.scope, msgspec.structs.replace(now, ts=start.ts))
        except ClaimLensError as error:
            _log.warning("start_not_noted", part=start.part, reason=str(error))
            return
        self._waiting = None

    async def record(self, principal: Principal, kind: DeploymentKind, part: str, note: str) -> Deployment:
        """Note a deployment or a roll-back that somebody made, with a line in the access log. Raises InvalidError."""
        scope = _scope(principal, "deployments.write")
        made = await self._now(
            self._clock.new_id(), kind, one_line(part, "/part", most=40), one_line(note, "/note", most=_MOST_NOTE)
        )
        delta = {"kind": [None, str(kind)], "version": [None, made.version], "note": [None, made.note]}
        line = access_line(principal, self._clock, f"deployment:{kind}", made.id, delta)
        await self._store.add(scope, made, line)
        return made

    async def latest(self, principal: Principal, limit: int) -> Sequence[Deployment]:
        """The last ones, newest first."""
        return await self._store.latest(_scope(principal, "deployments.read"), limit=limit)

    async def _now(self, row_id: str, kind: DeploymentKind, part: str, note: str) -> Deployment:
        runs = await self._versions.look()
        return Deployment(
            id=row_id,
            ts=self._clock.now(),
            kind=kind,
            part=part,
            version=runs.version,
            migration=runs.migration,
            packs={name: pack.digest for name, pack in runs.packs.items()},
            host=self._host,
            note=note,
        )


def _scope(principal: Principal, action: str) -> PlatformScope:
    require(principal, action)
    assert principal.platform is not None
    return principal.platform
