"""Transforms that an operator switched off for a while; every process goes by it within a second."""

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from claimlens.domain.errors import ClaimLensError, InvalidError
from claimlens.domain.profile import TRANSFORMS
from claimlens.domain.tenant import Principal
from claimlens.ports.cache import Invalidations
from claimlens.ports.clock import Clock
from claimlens.ports.switches import SwitchStore
from claimlens.usecases.access_log import access_line
from claimlens.usecases.fields import one_line
from claimlens.usecases.permissions import require

#: How long what was read is believed.
LIFETIME = timedelta(seconds=1)
#: For how long at most: what shall stay off for longer is a change of the profile.
LONGEST = timedelta(days=7)
_NAME = "transforms"
_MOST_REASON = 500


class SwitchedOff(msgspec.Struct, frozen=True, kw_only=True):
    """One transform that does not run until a moment, who switched it off, when and why."""

    transform: str
    until: datetime
    reason: str
    by: str
    since: datetime


class Transforms:
    """Switches transforms off and on. Verdicts given meanwhile name in `not_checked` what did not run."""

    def __init__(self, switches: SwitchStore, clock: Clock, words: Invalidations) -> None:
        self._switches = switches
        self._clock = clock
        self._words = words
        self._seen: Mapping[str, SwitchedOff] = {}
        self._seen_at: datetime | None = None
        words.on("switch", self._forget)

    async def off(self) -> frozenset[str]:
        """The names of those that are off now, for who judges. While the store is out: as last seen."""
        return frozenset(await self.paused())

    async def paused(self) -> Mapping[str, SwitchedOff]:
        """As `off`, with until when and why."""
        now = self._clock.now()
        if self._seen_at is None or not timedelta(0) <= now - self._seen_at < LIFETIME:
            # Those who come while the store is being asked go by what was seen before.
            self._seen_at = now
            with contextlib.suppress(ClaimLensError):
                self._seen = await self._read()
        if not self._seen:
            return self._seen
        return {name: each for name, each in self._seen.items() if each.until > now}

    async def list_off(self) -> tuple[SwitchedOff, ...]:
        """Those that are off now, in the order of the gate."""
        now = self._clock.now()
        found = await self._read()
        return tuple(found[name] for name in TRANSFORMS if name in found and found[name].until > now)

    async def disable(self, principal: Principal, transform: str, lasting: timedelta, reason: str) -> SwitchedOff:
        """Switch one off for so long, with a line in the access log. Raises InvalidError."""
        require(principal, "profiles.switch")
        _check(transform)
        if not timedelta(0) < lasting <= LONGEST:
            raise InvalidError((("/for", f"for more than nothing and at most {LONGEST.days} days"),))
        now = self._clock.now()
        one = SwitchedOff(
            transform=transform,
            until=now + lasting,
            reason=one_line(reason, "/reason", most=_MOST_REASON),
            by=principal.actor,
            since=now,
        )
        await self._write(principal, "transform:disable", transform, one)
        return one

    async def enable(self, principal: Principal, transform: str) -> bool:
        """Let it run again; whether it was off."""
        require(principal, "profiles.switch")
        _check(transform)
        was_off = transform in await self.off()
        await self._write(principal, "transform:enable", transform, None)
        return was_off

    async def _write(self, principal: Principal, action: str, transform: str, after: SwitchedOff | None) -> None:
        assert principal.platform is not None
        now = self._clock.now()
        found = {name: each for name, each in (await self._read()).items() if each.until > now}
        before = found.pop(transform, None)
        if after is not None:
            found[transform] = after
        delta = {"off": [msgspec.to_builtins(before), msgspec.to_builtins(after)]}
        line = access_line(principal, self._clock, action, transform, delta)
        await self._switches.write(principal.platform, _NAME, {"off": msgspec.to_builtins(found)}, line)
        await self._words.announce("switch", _NAME)

    async def _read(self) -> dict[str, SwitchedOff]:
        value = await self._switches.read(_NAME)
        return msgspec.convert((value or {}).get("off", {}), dict[str, SwitchedOff])

    def _forget(self, _: str) -> None:
        self._seen_at = None


def _check(transform: str) -> None:
    if transform not in TRANSFORMS:
        raise InvalidError((("/transform", f"no {transform!r:.40} among {', '.join(TRANSFORMS)}"),))
