"""A compiled rule pack: everything the gate needs to judge by the law of one jurisdiction."""

import msgspec

from claimlens.domain.allergen import AllergenTable
from claimlens.domain.alternative import OfferTable
from claimlens.domain.finding import Citation
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.pattern import PatternSet, Sequence
from claimlens.domain.references import NutrientReferences
from claimlens.domain.rule import AuthorisedClaim, CheckRule, PersonalDataRule, Rule


class Disclaimer(msgspec.Struct, frozen=True):
    """A statutory or customary statement; `when` says for people when it is due."""

    id: str
    text: str
    when: str
    citation: Citation


class Negators(msgspec.Struct, frozen=True):
    """Words that turn a claim round.

    `before`: up to three words ahead of it ("not", "never"). `adjacent`: directly ahead ("no", "without": they take
    the next
    word only). `after`: behind it (Hindi, German). `false`: phrases that only look like a negation ("not only").
    """

    before: tuple[str, ...] = ()
    adjacent: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    false: tuple[str, ...] = ()


class Pack(msgspec.Struct, frozen=True, kw_only=True):
    """One jurisdiction's law, compiled. `digest` is the SHA-256 over the source files it was made from."""

    jurisdiction: Jurisdiction
    versions: dict[str, str]
    digest: str
    rules: tuple[Rule, ...]
    patterns: PatternSet
    negators: Negators
    liquids: tuple[Sequence, ...]
    authorised: tuple[AuthorisedClaim, ...]
    references: NutrientReferences
    allergens: AllergenTable
    personal_data: tuple[PersonalDataRule, ...]
    disclaimers: tuple[Disclaimer, ...]
    checks: tuple[CheckRule, ...]
    offers: OfferTable = OfferTable()

    def check(self, name: str) -> CheckRule | None:
        """The pack's words for a check of the engine; None if this law has no such rule."""
        return next((rule for rule in self.checks if rule.check == name), None)
