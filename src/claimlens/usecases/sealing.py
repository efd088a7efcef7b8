"""Audits come under seals: each tenant's finished intervals, in batches, one sealer at a time."""

import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from claimlens.domain.errors import SecretError
from claimlens.domain.seal import SEAL_LINE, Member, Seal, Signed, Standing, key_name, seal_of, statement_of
from claimlens.domain.tenant import PlatformScope
from claimlens.ports.clock import Clock
from claimlens.ports.seals import KeptSeal, SealKey, SealKeys, SealStore
from claimlens.usecases.authentication import scope_of

_log = structlog.get_logger()

#: What was committed later than this after its moment goes into the next seal.
SETTLED = timedelta(seconds=30)
#: How long an interval is, unless configured.
INTERVAL = timedelta(minutes=5)
#: No seal covers more; a tenant with more has several for an interval.
MOST_MEMBERS = 2_048
_TENANTS_AT_ONCE = 200


class OneSealKey:
    """A SealKeys (`ports/seals.py`) of one key that never changes, for who needs no installation's."""

    def __init__(self, key: SealKey) -> None:
        self._key = key

    async def in_force(self) -> SealKey:
        """The key."""
        return self._key

    async def names(self) -> frozenset[str]:
        """Its name."""
        return frozenset({key_name(self._key.public_key)})


class Sealer:
    """Closes intervals. One for each process that may seal; they keep out of each other's way."""

    def __init__(
        self,
        seals: SealStore,
        keys: SealKeys,
        clock: Clock,
        *,
        interval: timedelta = INTERVAL,
        may_change_key: bool = True,
    ) -> None:
        """`may_change_key` False: go on with chains of keys that are known here only, and begin new ones."""
        self._seals = seals
        self._may_change_key = may_change_key
        self._keys = keys
        self._clock = clock
        self._interval = interval

    async def step(self, scope: PlatformScope) -> bool:
        """Seal every interval that is over; False: nothing is left to do before the next one ends."""
        await self.seal_before(scope, self._end_of_interval())
        return False

    async def seal_before(self, scope: PlatformScope, before: datetime) -> int:
        """Seal what is older than a moment, tenant by tenant; how many audits. 0 if somebody else is at it."""
        sealed, after = 0, ""
        key, known = await self._keys.in_force(), await self._known()
        async with self._seals.alone() as mine:
            while mine:
                names = await self._seals.tenants_waiting(scope, before, after=after, limit=_TENANTS_AT_ONCE)
                for name in names:
                    try:
                        sealed += await self._seal_tenant(scope, name, before, key, known)
                    except msgspec.DecodeError:
                        # Somebody wrote into the seal before: nothing can follow it. The other tenants' are whole.
                        _log.error("seal_unreadable", tenant=name)
                if len(names) < _TENANTS_AT_ONCE:
                    break
                after = names[-1]
        return sealed

    async def seal_settled(self, scope: PlatformScope) -> int:
        """Seal everything that is settled, without waiting for an interval to end; how many audits."""
        return await self.seal_before(scope, self._clock.now() - SETTLED)

    async def _seal_tenant(
        self, scope: PlatformScope, tenant_id: str, before: datetime, key: SealKey, known: frozenset[str] | None
    ) -> int:
        owner, sealed = scope_of(scope, tenant_id), 0

        def make(members: Sequence[Member], last: Signed | None, standing: Standing) -> Signed:
            _hold_to_keys(last, key, known)
            seal = seal_of(tenant_id, members, last, standing, self._clock.now(), key_name(key.public_key))
            statement = statement_of(seal)
            signed = Signed(statement, key.sign(SEAL_LINE + statement))
            # A copy of the head outside the store: with it a cut tail shows, even one cut with all its seals.
            _log.info("audits_sealed", tenant=tenant_id, seal=seal.number, count=seal.count, head=signed.digest())
            return signed

        while True:
            count = await self._seals.seal_next(owner, before, limit=MOST_MEMBERS, make=make)
            sealed += count
            if count < MOST_MEMBERS:
                return sealed

    async def check_key(self, last: KeptSeal | None) -> None:
        """Raises SecretError if a tenant's last seal is of a key unknown here and this sealer may not change it."""
        with contextlib.suppress(msgspec.DecodeError):  # what somebody wrote into is for the verification to find
            _hold_to_keys(last.signed if last else None, await self._keys.in_force(), await self._known())

    async def _known(self) -> frozenset[str] | None:
        """Keys that a chain may go on from; None: any."""
        return None if self._may_change_key else await self._keys.names()

    def _end_of_interval(self) -> datetime:
        """The end of the last interval that is over and settled; intervals begin at midnight UTC."""
        settled = self._clock.now() - SETTLED
        midnight = settled.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + (settled - midnight) // self._interval * self._interval


def _hold_to_keys(last: Signed | None, key: SealKey, known: frozenset[str] | None) -> None:
    if last is None or known is None:
        return
    before = msgspec.json.decode(last.statement, type=Seal).key
    if before not in known:
        raise SecretError(
            f"the seals so far were signed with the key {before}, the one here is {key_name(key.public_key)};"
            " set CLAIMLENS_SEAL_KEY or CLAIMLENS_SECRET_KEY as the service has it"
        )
