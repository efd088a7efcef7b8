"""From findings to allow | modify | block."""

from collections.abc import Iterable

from claimlens.domain.finding import Finding, Resolution, Severity
from claimlens.domain.verdict import Outcome


def outcome(findings: Iterable[Finding]) -> Outcome:
    """`block` if any finding is `block`; else `modify` if any is `modify`; else `allow`."""
    result = Outcome.ALLOW
    for finding in findings:
        if finding.severity is Severity.BLOCK:
            return Outcome.BLOCK
        if finding.severity is Severity.MODIFY:
            result = Outcome.MODIFY
    return result


def needs_review(findings: Iterable[Finding]) -> bool:
    """Whether a finding waits for evidence or for a person."""
    return any(f.resolution in (Resolution.EVIDENCE, Resolution.HUMAN) for f in findings)
