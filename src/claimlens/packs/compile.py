"""From a pack's sources to what the gate runs."""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from claimlens.domain.errors import ConditionError, PackInvalidError
from claimlens.domain.finding import Citation, Resolution, Severity
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.pack import Disclaimer, Negators, Pack
from claimlens.domain.pattern import Sequence
from claimlens.domain.rule import (
    AuthorisedClaim,
    BrandPolicy,
    Category,
    CheckRule,
    Contradiction,
    PersonalDataRule,
    Rewrite,
    RewriteAction,
    Rule,
)
from claimlens.domain.text import fold
from claimlens.packs.allergens import compile_allergens
from claimlens.packs.alternatives import compile_alternatives
from claimlens.packs.conditions import parse_condition
from claimlens.packs.nutrients import read_references
from claimlens.packs.pattern_compiler import PatternCompiler
from claimlens.packs.source import AuthorisedClaimSource, CitationSource, PackSource, RuleSource

Row = TypeVar("Row")

#: A rule of these categories is about the body: the words are a claim even inside a brand.
_BODY = frozenset(
    {
        Category.DISEASE,
        Category.WEIGHT_LOSS,
        Category.IMMUNITY,
        Category.HEALTH,
        Category.DETOX,
        Category.BEAUTY,
        Category.COGNITIVE,
        Category.STRUCTURE_FUNCTION,
        Category.ALCOHOL,
        Category.INFANT,
        Category.CHILDREN,
    }
)


def compile_pack(source: PackSource, shared_allergens: Any, digest: str) -> Pack:
    """The runnable pack of a jurisdiction. Raises PackInvalidError that names file, line and rule."""
    header = source.header
    if header.jurisdiction is None:
        raise PackInvalidError("pack.yaml names no jurisdiction", "pack.yaml")
    compiler = PatternCompiler(source.lists, source.misspelt, source.corpus)
    rules = tuple(compile_rule(rule, compiler) for rule in source.rules if rule.status == "stable")
    authorised = tuple(
        _authorised(claim, source.authorised_templates, compiler, header.jurisdiction) for claim in source.authorised
    )
    liquids = tuple(sequence for entry in source.lists.get("liquid_food", ()) for sequence in compiler.sequences(entry))
    return Pack(
        jurisdiction=header.jurisdiction,
        versions=dict(sorted(header.versions.items())),
        digest=digest,
        rules=rules,
        patterns=compiler.finish(),
        negators=Negators(
            before=_folded(source.lists.get("negator", ())),
            adjacent=_folded(source.lists.get("negator_adjacent", ())),
            after=_folded(source.lists.get("negator_after", ())),
            false=_folded(source.lists.get("pseudo_negator", ())),
        ),
        liquids=liquids,
        authorised=authorised,
        references=read_references(source.documents.get("nutrients") or {}, header.jurisdiction),
        allergens=compile_allergens(source.documents.get("allergens") or {}, shared_allergens or {}),
        personal_data=_rows(source, "pii", "pii", PersonalDataRule),
        disclaimers=_rows(source, "disclaimers", "disclaimers", Disclaimer),
        checks=_rows(source, "checks", "checks", CheckRule),
        offers=compile_alternatives(
            source.documents.get("alternatives"), source.documents.get("figures"), rules, header.languages
        ),
    )


def compile_rule(rule: RuleSource, compiler: PatternCompiler) -> Rule:
    """One rule; raises PackInvalidError with its place."""
    try:
        condition = parse_condition(rule.condition) if rule.condition else None
        contradicted = rule.contradicted_by
        requires = _sequences(rule.requires_item, compiler)
        if contradicted is not None and _only_contradicts(rule) and not requires:
            requires = _sequences(contradicted.ingredients, compiler)
        return Rule(
            id=rule.id,
            title=rule.title,
            category=rule.category,
            severity=rule.severity,
            confidence=rule.confidence,
            transform="verify.nutrition_claims" if condition is not None else "detect.claims",
            triggers=_sequences(rule.triggers, compiler),
            excuses=_sequences(rule.excuses, compiler),
            excuses_near=_sequences(rule.excuses_near, compiler),
            excuses_item=_sequences(rule.excuses_item, compiler),
            requires_item=requires,
            kinds=rule.applies_to,
            not_kinds=rule.not_for,
            negation=rule.negation,
            brand=rule.brand or (BrandPolicy.IGNORES if rule.category in _BODY else BrandPolicy.EXCUSES),
            skips_ingredient_names=rule.ingredient_names == "skip",
            condition=condition,
            on_fail=rule.on_fail,
            function=rule.function,
            contradiction=None
            if contradicted is None
            else Contradiction(
                allergens=contradicted.allergens,
                contains_only=contradicted.contains_only,
                ingredients=_sequences(contradicted.ingredients, compiler),
                severity=contradicted.on_contradiction,
            ),
            resolution=_resolution(rule),
            why=rule.why.strip(),
            citation=_citation(rule.citation),
            effective_from=rule.citation.effective_from,
            effective_to=rule.citation.effective_to,
            rewrite=Rewrite(rule.rewrite.action, rule.rewrite.text),
            suggestions=rule.suggestions,
        )
    except ConditionError as error:
        raise PackInvalidError(f"condition {rule.condition!r}: {error}", rule.file, rule.line, rule.id) from None
    except PackInvalidError as error:
        raise PackInvalidError(error.detail, rule.file, rule.line, rule.id) from None


def _only_contradicts(rule: RuleSource) -> bool:
    """Whether the rule has nothing to say unless some word of the item contradicts the claim."""
    contradicted = rule.contradicted_by
    return (
        contradicted is not None
        and not contradicted.allergens
        and rule.severity is Severity.INFO
        and _resolution(rule) is Resolution.NONE
    )


def _resolution(rule: RuleSource) -> Resolution:
    if rule.resolution is not None:
        return rule.resolution
    if rule.rewrite.action is not RewriteAction.NONE:
        return Resolution.AUTO
    return Resolution.NONE if rule.severity is Severity.INFO else Resolution.HUMAN


def _sequences(patterns: Iterable[str], compiler: PatternCompiler) -> tuple[Sequence, ...]:
    return tuple(dict.fromkeys(s for pattern in patterns for s in compiler.sequences(pattern)))


def _citation(source: CitationSource) -> Citation:
    return Citation(source.instrument, source.section, source.url)


def _authorised(
    claim: AuthorisedClaimSource, templates: list[str], compiler: PatternCompiler, jurisdiction: Jurisdiction
) -> AuthorisedClaim:
    place = ("authorised_claims.yaml", 0, claim.id)
    try:
        return AuthorisedClaim(
            id=f"{jurisdiction}-AUTH-{claim.id}",
            nutrient=claim.nutrient,
            function=claim.function,
            wordings=claim.wordings,
            condition=parse_condition(claim.condition) if claim.condition else None,
            citation=_citation(claim.citation),
            triggers=_sequences(
                [
                    template.replace("<nutrient>", claim.nutrient_words).replace("<function>", claim.function_words)
                    for template in templates
                ],
                compiler,
            ),
            needs=claim.needs,
            not_kinds=claim.not_for,
        )
    except ConditionError as error:
        raise PackInvalidError(f"condition {claim.condition!r}: {error}", *place) from None
    except PackInvalidError as error:
        raise PackInvalidError(error.detail, *place) from None


def _folded(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fold(word).strip() for word in words))


def _rows(source: PackSource, document: str, key: str, kind: type[Row]) -> tuple[Row, ...]:
    """The rows of one of the small documents (personal data, disclaimers, checks)."""
    content = source.documents.get(document) or {}
    try:
        return msgspec.convert(content.get(key) or (), tuple[kind, ...])  # type: ignore[valid-type]
    except (msgspec.ValidationError, AttributeError) as error:
        raise PackInvalidError(str(error), f"{document}.yaml") from None
