"""Exit codes: 1 goes before 2, 2 before 3."""

from typing import TYPE_CHECKING

from claimlens.domain.finding import Severity

if TYPE_CHECKING:
    from claimlens.usecases.menus import Tally

CLEAN = 0
USAGE = 1
FINDINGS = 2
INCOMPLETE = 3
INTERRUPTED = 130


def exit_code(tally: "Tally", *, failed: bool, fail_on: str, require_complete: bool) -> int:
    """The exit code of a run. `fail_on` is a severity or `never`; `failed`: a file could not be read."""
    if failed or tally.unknown_locale:
        return USAGE
    if fail_on != "never":
        least = Severity(fail_on).rank
        if any(count for severity, count in tally.findings.items() if severity.rank >= least):
            return FINDINGS
    if tally.not_read or (require_complete and tally.incomplete):
        return INCOMPLETE
    return CLEAN
