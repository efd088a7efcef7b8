"""What is sealed under a former secret of the installation is sealed anew under the present one."""

from collections.abc import Sequence

import msgspec

from claimlens.domain.errors import SecretError
from claimlens.domain.installation_key import SEALED
from claimlens.domain.tenant import PlatformScope, Principal
from claimlens.ports.accounts import AccessLog
from claimlens.ports.clock import Clock
from claimlens.ports.installation_keys import SealedStore
from claimlens.ports.secrets import InstallationBox
from claimlens.usecases.access_log import access_line
from claimlens.usecases.permissions import require

_AT_ONCE = 100


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the sealed values of one table stand: under the present secret, a former one, or one that is not at hand."""

    table: str
    present: int
    former: int
    lost: int


class Resealing:
    """Goes through every sealed value. It may be killed at any moment and begun again; the service may run beside."""

    def __init__(self, store: SealedStore, box: InstallationBox, log: AccessLog, clock: Clock) -> None:
        self._store = store
        self._box = box
        self._log = log
        self._clock = clock

    async def look(self, scope: PlatformScope) -> Sequence[Standing]:
        """How everything stands."""
        return [await self._walk(scope, place, change=False) for place in SEALED]

    async def run(self, principal: Principal) -> Sequence[Standing]:
        """Seal anew what is under a former secret; how everything stood before. What is lost stays as it is."""
        require(principal, "installation.rotate")
        assert principal.platform is not None
        found = [await self._walk(principal.platform, place, change=True) for place in SEALED]
        counts = {each.table: each.former for each in found}
        await self._log.add(principal.scope, access_line(principal, self._clock, "secret:rotate", "", counts))
        return found

    async def _walk(self, scope: PlatformScope, place: str, *, change: bool) -> Standing:
        present = former = lost = 0
        purpose, after = SEALED[place], ""
        while rows := await self._store.page(scope, place, after=after, limit=_AT_ONCE):
            after = rows[-1][0]
            for row_id, sealed in rows:
                try:
                    if self._box.is_current(purpose, sealed):
                        present += 1
                        continue
                    plain = self._box.open(purpose, sealed)
                except SecretError:
                    lost += 1
                    continue
                former += 1
                if change:
                    # If somebody wrote it meanwhile it stays theirs: whoever writes seals under the present secret.
                    await self._store.replace(scope, place, row_id, sealed, self._box.seal(purpose, plain))
        return Standing(table=place, present=present, former=former, lost=lost)
