"""A claim rule as the gate uses it: compiled patterns, tests on numbers and words, and what to say."""

from datetime import date
from enum import StrEnum

import msgspec

from claimlens.domain.condition import Condition
from claimlens.domain.finding import Citation, Resolution, Severity
from claimlens.domain.pattern import Sequence


class Confidence(StrEnum):
    """How well the law behind a rule was read: in its text, in somebody's summary, or from memory only."""

    VERIFIED = "verified"
    SECONDARY = "secondary"
    RECALLED = "recalled"


class Category(StrEnum):
    """What sort of claim a rule is about (closed list)."""

    NUTRIENT_CONTENT = "nutrient_content"
    COMPARATIVE = "comparative"
    HEALTH = "health"
    DISEASE = "disease"
    STRUCTURE_FUNCTION = "structure_function"
    ABSENCE = "absence"
    QUALITY = "quality"
    DIETARY = "dietary"
    ENDORSEMENT = "endorsement"
    SUPERLATIVE = "superlative"
    WEIGHT_LOSS = "weight_loss"
    IMMUNITY = "immunity"
    DETOX = "detox"
    GENERAL_WELLNESS = "general_wellness"
    CHILDREN = "children"
    ALCOHOL = "alcohol"
    INFANT = "infant"
    DISPARAGEMENT = "disparagement"
    ALLERGEN = "allergen"
    LABELLING = "labelling"
    BEAUTY = "beauty"
    COGNITIVE = "cognitive"
    OTHER = "other"


class Negation(StrEnum):
    """What a negating word before the match does (`decisions.md` 1).

    `excuses`: no claim is made. `reverses`: the claim is turned round, so this rule is silent.
    `ignores`: the words still sell; the finding becomes modify + human.
    """

    EXCUSES = "excuses"
    REVERSES = "reverses"
    IGNORES = "ignores"


class BrandPolicy(StrEnum):
    """Whether words inside the item's own brand are a claim."""

    IGNORES = "ignores"
    EXCUSES = "excuses"


class RewriteAction(StrEnum):
    """How the text is edited to make it publishable."""

    REMOVE = "remove"
    REPLACE = "replace"
    APPEND = "append"
    AUTHORISED = "authorised"
    NONE = "none"


class Rewrite(msgspec.Struct, frozen=True):
    """An edit; `text` is the replacement or the sentence to append."""

    action: RewriteAction = RewriteAction.NONE
    text: str = ""


class Contradiction(msgspec.Struct, frozen=True):
    """Words or allergens elsewhere in the item that make a claim false."""

    allergens: tuple[str, ...] = ()
    contains_only: bool = False
    ingredients: tuple[Sequence, ...] = ()
    severity: Severity = Severity.BLOCK


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One compiled claim rule. Empty `kinds` means every kind of item."""

    id: str
    title: str
    category: Category
    severity: Severity
    confidence: Confidence
    transform: str
    triggers: tuple[Sequence, ...]
    excuses: tuple[Sequence, ...] = ()
    excuses_near: tuple[Sequence, ...] = ()
    excuses_item: tuple[Sequence, ...] = ()
    requires_item: tuple[Sequence, ...] = ()
    kinds: tuple[str, ...] = ()
    not_kinds: tuple[str, ...] = ()
    negation: Negation = Negation.EXCUSES
    brand: BrandPolicy = BrandPolicy.EXCUSES
    skips_ingredient_names: bool = False
    condition: Condition | None = None
    on_fail: Severity = Severity.BLOCK
    function: str = ""
    contradiction: Contradiction | None = None
    resolution: Resolution = Resolution.HUMAN
    why: str = ""
    citation: Citation
    effective_from: date | None = None
    effective_to: date | None = None
    rewrite: Rewrite = Rewrite()
    suggestions: tuple[str, ...] = ()

    def in_force(self, on: date) -> bool:
        """Whether the rule applies on a day (`effective_to` is the last day)."""
        return (self.effective_from is None or self.effective_from <= on) and (
            self.effective_to is None or on <= self.effective_to
        )


class AuthorisedClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A health claim of the EU or GB register: wording, function, and the numbers it needs.

    `wordings` maps a language to the register's text in that language; English is always there.
    """

    id: str
    nutrient: str
    function: str
    wordings: dict[str, str]
    condition: Condition | None
    citation: Citation
    triggers: tuple[Sequence, ...] = ()
    requires_item: tuple[Sequence, ...] = ()
    needs: str = ""
    not_kinds: tuple[str, ...] = ()


#: Types of personal data that are looked for (closed list).
PERSONAL_DATA_TYPES = ("email", "phone", "postcode", "address", "url", "upi", "pan", "aadhaar", "card")


class PersonalDataRule(msgspec.Struct, frozen=True):
    """What to say about one type of personal data."""

    type: str
    rule_id: str
    why: str
    citation: Citation


class CheckRule(msgspec.Struct, frozen=True):
    """What to say when one of the engine's own checks fires (an undeclared allergen, say).

    `note` is a text that may be shown beside the item.
    """

    check: str
    rule_id: str
    severity: Severity
    resolution: Resolution
    why: str
    citation: Citation
    note: str = ""
