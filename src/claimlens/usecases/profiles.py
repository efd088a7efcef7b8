"""Profiles of the installation: which of their transforms are off for good, and how long services may take.

A profile never runs more than it came with: what is switched off stands in `not_checked` of every verdict.
"""

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from claimlens.domain.errors import ClaimLensError, InvalidError, NotFoundError
from claimlens.domain.profile import PROFILES, TRANSFORMS, Profile
from claimlens.domain.tenant import Principal
from claimlens.ports.cache import Invalidations
from claimlens.ports.clock import Clock
from claimlens.ports.switches import SwitchStore
from claimlens.usecases.access_log import access_line
from claimlens.usecases.asks import FEED_SERVICES_MS
from claimlens.usecases.fields import one_line
from claimlens.usecases.permissions import require
from claimlens.usecases.transforms import SwitchedOff, Transforms

#: How long what was read is believed.
LIFETIME = timedelta(seconds=1)
_PREFIX = "profile."
_MOST_REASON = 500
_LEAST_MS = 10
_NONE: frozenset[str] = frozenset()


class ProfileChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a profile shall be: the transforms that are off, the milliseconds services have together, and why.

    `services_ms` of None is the usual.
    """

    off: tuple[str, ...] = ()
    services_ms: int | None = None
    reason: str


class KeptProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A profile that somebody changed."""

    off: tuple[str, ...] = ()
    services_ms: int | None = None
    reason: str
    by: str
    since: datetime

    @property
    def is_changed(self) -> bool:
        """Whether it is other than it came."""
        return bool(self.off) or self.services_ms is not None


class TransformState(msgspec.Struct, frozen=True, kw_only=True):
    """A transform within a profile. `state`: on, off (for good), paused (until a moment, in every profile) or absent.

    An absent one is none of the profile's.
    """

    transform: str
    state: str
    paused: SwitchedOff | None = None


class ProfileView(msgspec.Struct, frozen=True, kw_only=True):
    """A profile as it judges now. `changed` says who changed it last and why, None if it is as it came."""

    id: str
    jurisdiction: str | None
    budget_ms: int
    services_ms: int
    usual_services_ms: int
    transforms: tuple[TransformState, ...]
    changed: KeptProfile | None


class Gaps(msgspec.Struct, frozen=True):
    """What does not run at a moment: in every profile until a moment, and for good in one of them."""

    paused: Mapping[str, SwitchedOff] = {}
    kept: Mapping[str, KeptProfile] = {}

    def off(self, profile: str) -> frozenset[str]:
        """The transforms of a profile that do not run."""
        kept = self.kept.get(profile)
        if kept is None or not kept.off:
            return frozenset(self.paused) if self.paused else _NONE
        return frozenset((*self.paused, *kept.off))

    def services_ms(self, profile: str, usual: float) -> float:
        """How long the services have for the items of a request that is judged by this profile."""
        kept = self.kept.get(profile)
        if kept is None or kept.services_ms is None or usual > FEED_SERVICES_MS:
            return usual
        return min(usual, kept.services_ms)


async def no_gaps() -> Gaps:
    """Nothing is switched off."""
    return Gaps()


class Profiles:
    """Reads and changes them; every process goes by a change within two seconds."""

    def __init__(self, switches: SwitchStore, transforms: Transforms, clock: Clock, words: Invalidations) -> None:
        self._switches = switches
        self._transforms = transforms
        self._clock = clock
        self._words = words
        self._seen: Mapping[str, KeptProfile] = {}
        self._seen_at: datetime | None = None
        words.on("switch", self._forget)

    async def gaps(self) -> Gaps:
        """What does not run now, for who judges. While the store is out: as last seen."""
        now = self._clock.now()
        if self._seen_at is None or not timedelta(0) <= now - self._seen_at < LIFETIME:
            # Those who come while the store is being asked go by what was seen before.
            self._seen_at = now
            with contextlib.suppress(ClaimLensError):
                self._seen = await self._read()
        return Gaps(await self._transforms.paused(), self._seen)

    async def overview(self, principal: Principal) -> list[ProfileView]:
        """Every profile as it judges now."""
        require(principal, "profiles.read")
        paused = {each.transform: each for each in await self._transforms.list_off()}
        kept = await self._read()
        return [_view(profile, kept.get(profile.id), paused) for profile in PROFILES.values()]

    async def find(self, principal: Principal, profile_id: str) -> ProfileView:
        """One of them. Raises NotFoundError."""
        _known(profile_id)
        return next(each for each in await self.overview(principal) if each.id == profile_id)

    async def change(self, principal: Principal, profile_id: str, change: ProfileChange) -> ProfileView:
        """Let a profile be like this from now on, with a line in the access log.

        Raises NotFoundError; InvalidError for a transform that is none of the profile's, a time out of bounds, and
        where no reason is given.
        """
        require(principal, "profiles.switch")
        assert principal.platform is not None
        off = checked_off(profile_id, change.off)
        if change.services_ms is not None and not _LEAST_MS <= change.services_ms <= FEED_SERVICES_MS:
            raise InvalidError(
                (("/services_ms", f"services have {_LEAST_MS} to {FEED_SERVICES_MS:g} ms of a request"),)
            )
        before = (await self._read()).get(profile_id)
        after = KeptProfile(
            off=off,
            services_ms=change.services_ms,
            reason=one_line(change.reason, "/reason", most=_MOST_REASON),
            by=principal.actor,
            since=self._clock.now(),
        )
        delta = {
            "off": [list(before.off) if before else [], list(after.off)],
            "services_ms": [before.services_ms if before else None, after.services_ms],
            "reason": after.reason,
        }
        line = access_line(principal, self._clock, "profile:change", profile_id, delta)
        await self._switches.write(principal.platform, _PREFIX + profile_id, msgspec.to_builtins(after), line)
        await self._words.announce("switch", _PREFIX + profile_id)
        return await self.find(principal, profile_id)

    async def _read(self) -> dict[str, KeptProfile]:
        rows = await self._switches.read_all(_PREFIX)
        found = {name.removeprefix(_PREFIX): msgspec.convert(value, KeptProfile) for name, value in rows.items()}
        return {name: kept for name, kept in found.items() if kept.is_changed}

    def _forget(self, _: str) -> None:
        self._seen_at = None


def checked_off(profile_id: str, off: tuple[str, ...]) -> tuple[str, ...]:
    """Transforms of a profile that shall be off, in the order of the gate. Raises NotFoundError, InvalidError."""
    profile = _known(profile_id)
    for name in off:
        if name not in profile.transforms:
            own = ", ".join(each for each in TRANSFORMS if each in profile.transforms)
            raise InvalidError((("/off", f"{name!r:.40} is none of this profile's transforms: {own}"),))
    return tuple(name for name in TRANSFORMS if name in off)


def _known(profile_id: str) -> Profile:
    profile = PROFILES.get(profile_id)
    if profile is None:
        raise NotFoundError(f"there is no profile {profile_id!r:.40}; the profiles are {', '.join(PROFILES)}")
    return profile


def _view(profile: Profile, kept: KeptProfile | None, paused: Mapping[str, SwitchedOff]) -> ProfileView:
    def state(transform: str) -> TransformState:
        if transform not in profile.transforms:
            return TransformState(transform=transform, state="absent")
        if kept is not None and transform in kept.off:
            return TransformState(transform=transform, state="off")
        if transform in paused:
            return TransformState(transform=transform, state="paused", paused=paused[transform])
        return TransformState(transform=transform, state="on")

    asks = profile.jurisdiction is not None  # badges of web pages ask no service
    usual = int(FEED_SERVICES_MS) if asks else 0
    return ProfileView(
        id=profile.id,
        jurisdiction=profile.jurisdiction,
        budget_ms=profile.budget_ms,
        services_ms=usual if kept is None or kept.services_ms is None else min(usual, kept.services_ms),
        usual_services_ms=usual,
        transforms=tuple(state(name) for name in TRANSFORMS),
        changed=kept,
    )
