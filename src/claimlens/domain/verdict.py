"""The answer for one item."""

from enum import StrEnum

import msgspec

from claimlens.domain.finding import Change, Finding

JsonNumber = int | float


class Outcome(StrEnum):
    """allow | modify | block."""

    ALLOW = "allow"
    MODIFY = "modify"
    BLOCK = "block"


class AllergenEntry(msgspec.Struct, frozen=True, gc=False):
    """One allergen and the submitted words that imply it (`because`, each once, in order of appearance)."""

    allergen: str
    because: tuple[str, ...]


class AllergenSummary(msgspec.Struct, frozen=True, gc=False):
    """What the text says about allergens.

    `complete: false` makes every allergen that is not listed *unknown*, never absent. `undeclared` are allergens that
    the text implies and `allergens_declared` leaves out.
    """

    complete: bool
    contains: tuple[AllergenEntry, ...] = ()
    may_contain: tuple[AllergenEntry, ...] = ()
    undeclared: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """allow | modify | block for one item, with reasons, changes, and what could not be checked.

    Same item, profile, pack digests, date and service answers give the same bytes.
    """

    item_id: str
    verdict: Outcome
    needs_review: bool
    reasons: tuple[Finding, ...]
    changes: tuple[Change, ...]
    allergens: AllergenSummary
    nutrition: dict[str, JsonNumber | str]
    not_checked: tuple[str, ...]
    degraded_services: tuple[str, ...]
    pack_versions: dict[str, str]
