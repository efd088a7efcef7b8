"""Health claims by a register of lawful wordings (EU and GB: Regulation (EC) 1924/2006, Articles 10, 13, 14)."""

from collections.abc import Iterable

from claimlens.domain.condition import Level
from claimlens.domain.finding import Severity, Suggestion
from claimlens.domain.item import Item
from claimlens.domain.nutrients import canonical_nutrient
from claimlens.domain.nutrition import Nutrition
from claimlens.domain.quantity import Truth
from claimlens.domain.references import NutrientReferences
from claimlens.domain.rule import AuthorisedClaim
from claimlens.gate.judge.conditions import evaluate
from claimlens.gate.judge.portions import given

_MOST_SUGGESTIONS = 3


def qualifying(
    function: str,
    claims: Iterable[AuthorisedClaim],
    item: Item,
    nutrition: Nutrition,
    references: NutrientReferences,
    liquid: bool | None,
) -> list[tuple[AuthorisedClaim, str]]:
    """The register's claims for a function that the item's own numbers carry, each with the arithmetic."""
    if not nutrition:
        return []
    found = []
    for claim in claims:
        if claim.function != function or claim.condition is None or item.kind in claim.not_kinds:
            continue
        if isinstance(claim.condition, Level) and not given(canonical_nutrient(claim.condition.nutrient), nutrition):
            continue  # most claims of a function are for nutrients that the label does not name
        result = evaluate(claim.condition, nutrition, references, liquid=liquid)
        if result.outcome is Truth.HOLDS:
            found.append((claim, result.because))
    return found


def wording(claim: AuthorisedClaim, language: str) -> str:
    """The register's text in a language; English where the register of that language is not in the pack."""
    return claim.wordings.get(language) or claim.wordings["en"]


def suggestions(claims: list[tuple[AuthorisedClaim, str]], language: str) -> tuple[Suggestion, ...]:
    """What may be said instead, with the numbers that make it lawful for this item."""
    return tuple(
        Suggestion(wording(claim, language), because, claim.citation) for claim, because in claims[:_MOST_SUGGESTIONS]
    )


def weight_of(outcome: Truth) -> Severity:
    """How an authorised wording weighs by its numbers: they hold, fail, or are not given (`decisions.md` 2, 3)."""
    if outcome is Truth.HOLDS:
        return Severity.INFO
    return Severity.BLOCK if outcome is Truth.FAILS else Severity.MODIFY
