"""Reports of a run: each form takes the answers one by one and closes with what was counted.

Every report carries `domain.notice.NOTICE` and is the same bytes for the same answers.
"""

from collections.abc import Callable
from datetime import date
from typing import Protocol

import msgspec

from claimlens.domain.finding import Finding
from claimlens.domain.notice import NOTICE
from claimlens.domain.service import SERVICES
from claimlens.domain.verdict import Verdict
from claimlens.usecases.menus import Answer, Tally, is_note

Write = Callable[[str], object]


class Run(msgspec.Struct, frozen=True):
    """What holds for a whole run: the day by whose law it judges, the files in order, the version of the engine."""

    on_date: date
    files: tuple[str, ...]
    version: str
    suppressions: str = ""


class Report(Protocol):
    """A report under way. `add` is called in the order of the files, `close` once, also after a failure."""

    def add(self, answer: Answer) -> None:
        """Take one answer."""
        ...

    def close(self, tally: Tally, failures: tuple[str, ...]) -> None:
        """Finish; `failures` are the files that could not be read, one line each."""
        ...


def summary(tally: Tally, run: Run, failures: tuple[str, ...]) -> dict[str, object]:
    """The counts of a run as they stand in the JSON forms."""
    return {
        "items": tally.items,
        **{outcome.value: count for outcome, count in tally.outcomes.items()},
        "needs_review": tally.needs_review,
        "not_read": tally.not_read,
        "suppressed": tally.suppressed,
        "expired_suppressions": tally.expired,
        "not_checked": dict(sorted(tally.not_checked.items())),
        "files_not_read": list(failures),
        "date": run.on_date.isoformat(),
        "pack_versions": dict(sorted(tally.pack_versions.items())),
        "notes": list(tally.notes),
        "version": run.version,
        "notice": NOTICE,
    }


def own_gaps(verdict: Verdict) -> tuple[str, ...]:
    """What could not be checked for want of something in the item; a service that is out concerns the whole run."""
    return tuple(what for what in verdict.not_checked if what not in SERVICES)


def own_reasons(verdict: Verdict) -> list[tuple[int, Finding]]:
    """The findings to show with an item, numbered as in the verdict; a note for every item is told once for the run."""
    return [(index, finding) for index, finding in enumerate(verdict.reasons) if not is_note(finding)]
