"""Profiles: which transforms run, and how long they may take, for a use."""

import msgspec

from claimlens.domain.errors import InputError
from claimlens.domain.jurisdiction import Jurisdiction

#: Transform names, in the order in which the gate runs them. A profile switches them; it never reorders them.
TRANSFORMS = (
    "redact.pii",
    "normalize.nutrition",
    "detect.claims",
    "detect.allergens",
    "detect.recalls",
    "verify.nutrition_claims",
    "suggest.alternatives",
    "rewrite.disclaimer",
)


class Profile(msgspec.Struct, frozen=True):
    """A named choice of transforms. `jurisdiction` is None where the locale decides (`claimlens_go`).

    `off` are those that an operator switched off for a while, in the order of the gate: a verdict names them.
    """

    id: str
    jurisdiction: Jurisdiction | None
    transforms: frozenset[str]
    budget_ms: int
    off: tuple[str, ...] = ()

    def runs(self, transform: str) -> bool:
        """Whether a transform is switched on."""
        return transform in self.transforms

    def without(self, transforms: frozenset[str]) -> "Profile":
        """The profile with some of its transforms switched off."""
        off = tuple(name for name in TRANSFORMS if name in transforms & self.transforms)
        return msgspec.structs.replace(self, transforms=self.transforms - transforms, off=off) if off else self


_ALL = frozenset(TRANSFORMS)

PROFILES: dict[str, Profile] = {
    **{
        f"menushield_{j.lower()}": Profile(f"menushield_{j.lower()}", j, _ALL, 150)
        for j in (Jurisdiction.IN, Jurisdiction.US, Jurisdiction.GB, Jurisdiction.EU)
    },
    "claimlens_go": Profile(
        "claimlens_go",
        None,
        frozenset({"normalize.nutrition", "detect.claims", "detect.allergens", "verify.nutrition_claims"}),
        120,
    ),
}


def profile_for(name: str | None, jurisdiction: Jurisdiction) -> Profile:
    """The named profile, or the jurisdiction's own. Raises InputError if it is unknown or made for another market."""
    if not name:
        return PROFILES[f"menushield_{jurisdiction.lower()}"]
    profile = PROFILES.get(name)
    if profile is None:
        raise InputError(f"unknown profile {name!r}; known profiles: {', '.join(PROFILES)}", "/profile")
    if profile.jurisdiction not in (None, jurisdiction):
        raise InputError(
            f"profile {name!r} judges by {profile.jurisdiction} law, the locale asks for {jurisdiction}", "/profile"
        )
    return profile
