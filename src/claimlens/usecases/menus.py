"""Check a whole file: entries in, answers out, in the order of the file and in constant memory."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Protocol

import msgspec

from claimlens.domain.finding import Finding, Severity
from claimlens.domain.item import Item
from claimlens.domain.jurisdiction import LOCALES
from claimlens.domain.suppression import Answered, Suppression
from claimlens.domain.verdict import Outcome, Verdict
from claimlens.gate.ingest import Entry, Read, Unread
from claimlens.gate.judge.suppressions import answer

#: Items judged together: enough to share one scan, few enough to show progress.
BATCH = 200
#: Kinds of gaps that are counted apart; a hostile file may have a new one in each item.
MOST_GAPS = 200
UNKNOWN_LOCALE = "UNKNOWN_LOCALE"
NO_LOCALE = f"no locale says whose law applies; known locales: {', '.join(LOCALES)}"


class Judge(Protocol):
    """What gives verdicts (usecases.checks.Checker)."""

    def check(self, items: Sequence[Item], *, locale: str, profile: str | None = None, on_date: date) -> list[Verdict]:
        """A verdict for each item, in order."""
        ...


class Checked(msgspec.Struct, frozen=True):
    """An item of a file and the answer for it."""

    file: str
    entry: Read
    answered: Answered

    @property
    def item(self) -> Item:
        """The item as read."""
        return self.entry.item

    @property
    def verdict(self) -> Verdict:
        """The verdict, suppressions counted."""
        return self.answered.verdict


class NotChecked(msgspec.Struct, frozen=True):
    """An item of a file that could not be read, and why."""

    file: str
    entry: Unread


Answer = Checked | NotChecked


class Tally(msgspec.Struct):
    """What a run found, counted. A suppressed finding is counted under `suppressed` only.

    `notes` are said once for the run, not with each item.
    """

    items: int = 0
    outcomes: dict[Outcome, int] = msgspec.field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    findings: dict[Severity, int] = msgspec.field(default_factory=lambda: dict.fromkeys(Severity, 0))
    needs_review: int = 0
    not_read: int = 0
    unknown_locale: int = 0
    suppressed: int = 0
    expired: int = 0
    not_checked: dict[str, int] = msgspec.field(default_factory=dict)
    degraded: set[str] = msgspec.field(default_factory=set)
    pack_versions: dict[str, str] = msgspec.field(default_factory=dict)
    notes: dict[str, None] = msgspec.field(default_factory=dict)

    @property
    def incomplete(self) -> bool:
        """Whether something about a judged item could not be checked."""
        return bool(self.not_checked)

    @property
    def allowed(self) -> int:
        """Items with nothing to do."""
        return self.outcomes[Outcome.ALLOW]

    def add(self, found: Answer) -> None:
        """Count one answer."""
        if isinstance(found, NotChecked):
            self.not_read += 1
            self.unknown_locale += found.entry.code == UNKNOWN_LOCALE
            return
        verdict = found.verdict
        self.items += 1
        self.outcomes[verdict.verdict] += 1
        self.needs_review += verdict.needs_review
        self.suppressed += len(found.answered.suppressed)
        self.expired += len(found.answered.expired)
        for index, finding in enumerate(verdict.reasons):
            if is_note(finding):
                self.notes.update(dict.fromkeys(f"{finding.why} {one.text}" for one in finding.suggestions))
            elif index not in found.answered.suppressed:
                self.findings[finding.severity] += 1
        for what in verdict.not_checked:
            if what not in self.not_checked and len(self.not_checked) >= MOST_GAPS:
                what = "others"
            self.not_checked[what] = self.not_checked.get(what, 0) + 1
        self.degraded.update(verdict.degraded_services)
        self.pack_versions.update(verdict.pack_versions)


def is_note(finding: Finding) -> bool:
    """Whether a finding only says that recalls are not known: the same words for every item of a run."""
    return finding.transform == "detect.recalls" and finding.severity is Severity.INFO


def check_menu(
    entries: Iterable[Entry],
    judge: Judge,
    *,
    file: str,
    on_date: date,
    profile: str | None = None,
    suppressions: Sequence[Suppression] = (),
) -> Iterator[Answer]:
    """An answer for every entry, in order. Raises what reading the entries raises.

    An entry without a locale is not judged: no market is ever guessed.
    """
    waiting: list[Read | Unread] = []
    for entry in entries:
        if isinstance(entry, Read) and not entry.item.locale:
            entry = Unread(
                entry.index, entry.item.id, "/locale", NO_LOCALE, entry.line, entry.column, entry.source, UNKNOWN_LOCALE
            )
        waiting.append(entry)
        if len(waiting) >= BATCH:
            yield from _answers(waiting, judge, file, on_date, profile, suppressions)
            waiting = []
    yield from _answers(waiting, judge, file, on_date, profile, suppressions)


def _answers(
    entries: list[Read | Unread],
    judge: Judge,
    file: str,
    on_date: date,
    profile: str | None,
    suppressions: Sequence[Suppression],
) -> Iterator[Answer]:
    items = [entry.item for entry in entries if isinstance(entry, Read)]
    # Every item states its locale by now, so the one given here decides nothing.
    verdicts = iter(judge.check(items, locale=items[0].locale, profile=profile, on_date=on_date) if items else [])
    for entry in entries:
        if isinstance(entry, Unread):
            yield NotChecked(file, entry)
        else:
            verdict = next(verdicts)
            yield Checked(file, entry, answer(verdict, suppressions, on_date) if suppressions else Answered(verdict))
