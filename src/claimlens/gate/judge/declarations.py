"""Checks of the engine's own on what a label declares; the words and the law come from the pack's `checks.yaml`."""

from claimlens.domain.allergen import Level
from claimlens.domain.finding import Finding, Severity
from claimlens.domain.rule import CheckRule
from claimlens.domain.verdict import AllergenSummary
from claimlens.gate.detect.allergens import AllergenSighting

_MOST_WORDS = 3


def item_finding(rule: CheckRule, transform: str, detail: str, field: str) -> Finding:
    """A finding about the item as a whole: no words, a field to look at."""
    return Finding(
        rule_id=rule.rule_id,
        transform=transform,
        severity=rule.severity,
        resolution=rule.resolution,
        field=field,
        span=(0, 0),
        matched_text="",
        why=f"{rule.why} {detail}",
        citation=rule.citation,
        source=rule.citation.url,
        suggestions=(),
    )


def undeclared_allergens(summary: AllergenSummary, rule: CheckRule | None) -> list[Finding]:
    """A finding if the text implies allergens that the law wants declared and `allergens_declared` leaves out."""
    if rule is None:
        return []
    because = {entry.allergen: entry.because for entry in summary.contains}
    named = "; ".join(f"{a} ({', '.join(because.get(a, ())[:_MOST_WORDS])})" for a in summary.undeclared)
    return [item_finding(rule, "detect.allergens", f"Left out: {named}.", "/allergens_declared")]


def contradicted_absences(sighting: AllergenSighting, rule: CheckRule, known: list[Finding]) -> list[Finding]:
    """A finding for each "free from" that the item itself denies, unless a rule already blocks the same words."""
    findings = []
    for one in sighting.contradictions():
        absent, present = one.absent, one.present
        if any(
            f.severity is Severity.BLOCK
            and f.field == absent.pointer
            and f.span[0] < absent.span[1]
            and absent.span[0] < f.span[1]
            for f in known
        ):
            continue
        how = "contains" if one.level is Level.CONTAINS else "may contain"
        findings.append(
            Finding(
                rule_id=rule.rule_id,
                transform="detect.allergens",
                severity=rule.severity,
                resolution=rule.resolution,
                field=absent.pointer,
                span=absent.span,
                matched_text=absent.words,
                why=f"{rule.why} The item {how} {present.words}.",
                citation=rule.citation,
                source=rule.citation.url,
                suggestions=(),
            )
        )
    return findings


def contradicting_energy(explanation: str, rule: CheckRule) -> list[Finding]:
    """A finding for a declared energy that the other figures do not add up to."""
    detail = explanation[:1].upper() + explanation[1:]
    return [item_finding(rule, "normalize.nutrition", detail if detail.endswith(".") else f"{detail}.", "/nutrition")]
