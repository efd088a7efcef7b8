"""Checks of the engine's own on what a label declares; the words and the law come from the pack's `checks.yaml`."""

from claimlens.domain.finding import Finding
from claimlens.domain.rule import CheckRule
from claimlens.domain.verdict import AllergenSummary


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


def undeclared_allergens(summary: AllergenSummary, rule: CheckRule | None, must_declare: frozenset[str]) -> list[Finding]:
    """A finding if the text implies allergens that the law wants declared and `allergens_declared` leaves out."""
    if rule is None:
        return []
    because = {entry.allergen: entry.because for entry in summary.contains}
    left_out = [a for a in summary.undeclared if a in must_declare]
    if not left_out:
        return []
    named = "; ".join(f"{a} ({', '.join(because.get(a, ())[:3])})" for a in left_out)
    return [item_finding(rule, "detect.allergens", f"Left out: {named}.", "/allergens_declared")]


def contradicting_energy(explanation: str, rule: CheckRule | None) -> list[Finding]:
    """A finding for a declared energy that the other figures do not add up to."""
    if rule is None:
        return []
    detail = explanation[:1].upper() + explanation[1:]
    return [item_finding(rule, "normalize.nutrition", detail if detail.endswith(".") else f"{detail}.", "/nutrition")]
