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
from claimlens.ports.seals import KeptSeal, SealKey, SealStore
from claimlens.usecases.authentication import scope_of

_log = structlog.get_logger()

#: What was committed later than this after its moment goes into the next seal.
SETTLED = timedelta(seconds=30)
#: How long an interval is, unless configured.
INTERVAL = timedelta(minutes=5)
#: No seal covers more; a tenant with more has several for an interval.
MOST_MEMBERS = 2_048
_TENANTS_AT_ONCE = 200


class Sealer:
    """Closes intervals. One for each process that may seal; they keep out of each other's way."""

    def __init__(
        self,
        seals: SealStore,
        key: SealKey,
        clock: Clock,
        *,
        interval: timedelta = INTERVAL,
        may_change_key: bool = True,
    ) -> None:
        """`may_change_key` False: go on with chains of this key only, and begin new ones."""
        self._seals = seals
        self._may_change_key = may_change_key
        self._key = key
        self._clock = clock
        self._interval = interval
        self._name = key_name(key.public_key)

    async def step(self, scope: PlatformScope) -> bool:
        """Seal every interval that is over; False: nothing is left to do before the next one ends."""
        await self.seal_before(scope, self._end_of_interval())
        return False

    async def seal_before(self, scope: PlatformScope, before: datetime) -> int:
        """Seal what is older than a moment, tenant by tenant; how many audits. 0 if somebody else is at it."""
        sealed, after = 0, ""
        async with self._seals.alone() as mine:
            while mine:
                names = await self._seals.tenants_waiting(scope, before, after=after, limit=_TENANTS_AT_ONCE)
                for name in names:
                    try:
                        sealed += await self._seal_tenant(scope, name, before)
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

    async def _seal_tenant(self, scope: PlatformScope, tenant_id: str, before: datetime) -> int:
        owner, sealed = scope_of(scope, tenant_id), 0

        def make(members: Sequence[Member], last: Signed | None, standing: Standing) -> Signed:
            self._hold_to_key(last)
            seal = seal_of(tenant_id, members, last, standing, self._clock.now(), self._name)
            statement = statement_of(seal)
            signed = Signed(statement, self._key.sign(SEAL_LINE + statement))
            # A copy of the head outside the store: with it a cut tail shows, even one cut with all its seals.
            _log.info("audits_sealed", tenant=tenant_id, seal=seal.number, count=seal.count, head=signed.digest())
            return signed

        while True:
            count = await self._seals.seal_next(owner, before, limit=MOST_MEMBERS, make=make)
            sealed += count
            if count < MOST_MEMBERS:
                return sealed

    def check_key(self, last: KeptSeal | None) -> None:
        """Raises SecretError if a tenant's last seal is of another key and this sealer may not change it."""
        with contextlib.suppress(msgspec.DecodeError):  # what somebody wrote into is for the verification to find
            self._hold_to_key(last.signed if last else None)

    def _hold_to_key(self, last: Signed | None) -> None:
        before = msgspec.json.decode(last.statement, type=Seal).key if last else self._name
        if before != self._name and not self._may_change_key:
            raise SecretError(
                f"the seals so far were signed with the key {before}, the one here is {self._name};"
                " set CLAIMLENS_SEAL_KEY or CLAIMLENS_SECRET_KEY as the service has it"
            )

    def _end_of_interval(self) -> datetime:
        """The end of the last interval that is over and settled; intervals begin at midnight UTC."""
        settled = self._clock.now() - SETTLED
        midnight = settled.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + (settled - midnight) // self._interval * self._interval
