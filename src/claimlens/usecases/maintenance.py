"""The maintenance switch: gate and writes closed, reads open, seen by every process within a second."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from claimlens.domain.errors import ClaimLensError, MaintenanceError
from claimlens.domain.tenant import Principal
from claimlens.ports.cache import Invalidations
from claimlens.ports.clock import Clock
from claimlens.ports.switches import SwitchStore
from claimlens.usecases.access_log import access_line
from claimlens.usecases.fields import one_line
from claimlens.usecases.permissions import require

#: How long what was read is believed.
LIFETIME = timedelta(seconds=0.5)
_NAME = "maintenance"
_MOST_MESSAGE = 500
#: When to come back if no end is named or it has passed, and at most, in seconds.
_USUAL_WAIT_S, _MOST_WAIT_S = 60, 3600


class Switch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`until` is the announced end, for Retry-After; the switch stays on until somebody turns it off."""

    enabled: bool
    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    message: str = ""


class Maintenance:
    """Reads and turns the switch.

    `announced` gives the JSON of a switch beside the store's, None while there is none: the service is closed if either
    says so. What is there but cannot be read says so too.
    """

    def __init__(
        self,
        switches: SwitchStore,
        clock: Clock,
        words: Invalidations,
        announced: Callable[[], bytes | None] | None = None,
    ) -> None:
        self._announced = announced
        self._switches = switches
        self._clock = clock
        self._words = words
        self._seen = Switch(enabled=False)
        self._seen_at: datetime | None = None
        words.on("switch", self._forget)

    async def current(self) -> Switch:
        """The switch as it stands, at most half a second ago. While the store is out: as it was last seen."""
        from_file = self._from_file()
        return from_file if from_file.enabled else await self._from_store()

    async def read(self) -> Switch:
        """The switch as file and store say at this moment. Raises OverloadedError if the store is out."""
        from_file = self._from_file()
        return from_file if from_file.enabled else await self._read_store()

    def _from_file(self) -> Switch:
        text = self._announced() if self._announced is not None else None
        if text is None:
            return Switch(enabled=False)
        try:
            return msgspec.json.decode(text, type=Switch)
        except (msgspec.DecodeError, msgspec.ValidationError):
            return Switch(enabled=True)

    async def _from_store(self) -> Switch:
        now = self._clock.now()
        if self._seen_at is not None and timedelta(0) <= now - self._seen_at < LIFETIME:
            return self._seen
        # Those who come while the store is being asked are answered by what was seen before.
        self._seen_at = now
        try:
            self._seen = await self._read_store()
        except ClaimLensError:
            return self._seen
        return self._seen

    async def _read_store(self) -> Switch:
        value = await self._switches.read(_NAME)
        return msgspec.convert(value, Switch) if value is not None else Switch(enabled=False)

    async def require_open(self) -> None:
        """Raises MaintenanceError, with the message and when to come back, while the switch is on."""
        switch = await self.current()
        if switch.enabled:
            left = (switch.until - self._clock.now()).total_seconds() if switch.until else 0
            wait = min(int(left) + 1, _MOST_WAIT_S) if left > 0 else _USUAL_WAIT_S
            raise MaintenanceError(switch.message or "closed for maintenance", retry_after_s=wait)

    async def write(self, principal: Principal, switch: Switch) -> Switch:
        """Turn it, with a line in the access log."""
        require(principal, "maintenance.write")
        assert principal.platform is not None
        message = one_line(switch.message, "/message", most=_MOST_MESSAGE, least=0)
        after = msgspec.structs.replace(switch, message=message)
        before = await self._switches.read(_NAME)
        value = msgspec.to_builtins(after)
        line = access_line(principal, self._clock, "maintenance:switch", _NAME, {_NAME: [before, value]})
        await self._switches.write(principal.platform, _NAME, value, line)
        await self._words.announce("switch", _NAME)
        return after

    def _forget(self, _: str) -> None:
        self._seen_at = None
