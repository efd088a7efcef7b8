"""What a person reads: a line for each clean item, a block for each finding, a summary.

The text is made here, in rows of styled parts. `plain.py` writes rows without colour, `terminal.py` with it; verdicts
are words and signs first, colours second.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from claimlens.domain.finding import Change, Finding, Resolution, Severity
from claimlens.domain.notice import NOTICE
from claimlens.domain.suppression import Suppression
from claimlens.domain.verdict import Outcome, Verdict
from claimlens.kit.word_diff import word_diff
from claimlens.usecases.menus import Answer, Checked, NotChecked, Tally
from claimlens.usecases.reports import Run, own_gaps, own_reasons

#: Ways out that are shown of a finding; the best come first, machines get them all.
_MOST_SUGGESTIONS = 3
#: Longest text that is shown whole; of a longer one its beginning.
_SHOWN = 600
_SIGNS = {Outcome.ALLOW: "✓", Outcome.MODIFY: "✎", Outcome.BLOCK: "✕"}
_RESOLUTIONS = {Resolution.EVIDENCE: "evidence needed", Resolution.HUMAN: "a person decides"}


class Part(NamedTuple):
    """A piece of text and how it is shown: a verdict or severity, `strong`, `soft`, `out`, `in`, `link` or nothing."""

    text: str
    style: str = ""


class Row(NamedTuple):
    """A line of the report: how far it is indented, a label of fixed width, and the parts, wrapped beside the label."""

    parts: tuple[Part, ...] = ()
    indent: int = 0
    label: Part = Part("")
    width: int = 0


WriteRow = Callable[[Row], object]


class PrettyReport:
    """Writes rows as the answers come."""

    def __init__(self, write: WriteRow, run: Run) -> None:
        self._write = write
        self._run = run
        self._file = ""
        self._spaced = True

    def add(self, answer: Answer) -> None:
        """Write one answer; findings stand apart by blank lines, clean items one below the other."""
        if answer.file != self._file:
            self._file = answer.file
            if len(self._run.files) > 1:
                self._write(Row())
                self._write(Row((Part("standard input" if answer.file == "-" else answer.file, "strong"),)))
        rows = list(not_read_rows(answer) if isinstance(answer, NotChecked) else checked_rows(answer))
        if len(rows) > 1 and not self._spaced:
            self._write(Row())
        for row in rows:
            self._write(row)
        if len(rows) > 1:
            self._write(Row())
        self._spaced = len(rows) > 1

    def close(self, tally: Tally, failures: tuple[str, ...]) -> None:
        """Write the summary; none when there was nothing to sum up."""
        if not tally.items and not tally.not_read:
            return
        if not self._spaced:
            self._write(Row())
        for row in summary_rows(tally, self._run, failures):
            self._write(row)


def checked_rows(checked: Checked) -> Iterator[Row]:
    """The rows of a judged item."""
    verdict = checked.verdict
    yield head_row(checked, Part(f"{_SIGNS[verdict.verdict]} {verdict.verdict.upper()}", verdict.verdict.value))
    yield from finding_rows(checked, [finding for _, finding in own_reasons(verdict)])
    yield from change_rows(verdict.changes)
    if verdict.verdict is not Outcome.ALLOW or verdict.allergens.undeclared:
        yield from _open_rows(verdict)


def head_row(checked: Checked, label: Part) -> Row:
    """The first row of an item: what became of it, its name, where it stands."""
    verdict = checked.verdict
    place = f"  {verdict.item_id}" + (f"  line {checked.entry.line}" if checked.entry.line else "")
    parts = [Part(shortened(checked.item.name, 120), "strong"), Part(place, "soft")]
    if verdict.needs_review:
        parts.append(Part("  needs review", "info"))
    if verdict.verdict is Outcome.ALLOW and (gaps := own_gaps(verdict)):
        parts.append(Part(f"  not checked: {', '.join(gaps)}", "soft"))
    return Row(tuple(parts), label=label, width=9)


def finding_rows(checked: Checked, findings: Sequence[Finding]) -> Iterator[Row]:
    """The rows of an item's findings, the heaviest first; those of one rule and reason share theirs."""
    for group in _alike(checked, findings):
        yield from _group_rows(group)


def change_rows(changes: Sequence[Change]) -> Iterator[Row]:
    """The rows of changes, word by word."""
    for change in changes:
        yield _labelled("change", Part(f"{change.field}  ", "soft"), *_difference(change.before, change.after))


class _Group(NamedTuple):
    """Findings that differ in place and words only: they are explained once."""

    findings: list[Finding]
    suppressed: Suppression | None
    expired: Suppression | None


def _alike(checked: Checked, findings: Sequence[Finding]) -> list[_Group]:
    groups: dict[object, _Group] = {}
    places = {id(finding): index for index, finding in enumerate(checked.verdict.reasons)}
    for finding in findings:
        index = places.get(id(finding), -1)
        suppressed = checked.answered.suppressed.get(index)
        expired = checked.answered.expired.get(index)
        key = (finding.rule_id, finding.why, finding.severity, finding.suggestions, suppressed, expired)
        groups.setdefault(key, _Group([], suppressed, expired)).findings.append(finding)
    return sorted(groups.values(), key=lambda group: -group.findings[0].severity.rank)


def _group_rows(group: _Group) -> Iterator[Row]:
    finding = group.findings[0]
    parts: list[Part] = []
    for one in group.findings:
        words = f"“{shortened(one.matched_text, 200)}” " if one.matched_text else ""
        parts += [Part(words, "soft" if group.suppressed else "strong"), Part(f"{one.field}  ", "soft")]
    parts.append(Part(finding.rule_id, "soft"))
    if group.suppressed:
        yield _labelled("quiet", *parts)
        answer = group.suppressed
        yield _labelled("", Part(f"suppressed by {answer.author} until {answer.expires}: {answer.reason}", "soft"))
        return
    if finding.resolution in _RESOLUTIONS:
        parts.append(Part(f"  {_RESOLUTIONS[finding.resolution]}", "soft"))
    yield _labelled(finding.severity.value, *parts, style=finding.severity.value)
    yield _labelled("", Part(finding.why))
    if group.expired:
        ended = f"The suppression by {group.expired.author} ended on {group.expired.expires}; this counts again."
        yield _labelled("", Part(ended, Severity.MODIFY.value))
    if finding.severity is Severity.INFO:
        return
    citation = finding.citation
    yield _labelled("law", Part(f"{citation.instrument}, {citation.section}  "), Part(citation.url, "link"))
    for suggestion in finding.suggestions[:_MOST_SUGGESTIONS]:
        because = f"  ({suggestion.because})" if suggestion.because else ""
        yield _labelled("instead", Part(suggestion.text), Part(because, "soft"))


def _open_rows(verdict: Verdict) -> Iterator[Row]:
    allergens = verdict.allergens
    known = [f"contains {entry.allergen}" for entry in allergens.contains]
    known += [f"may contain {entry.allergen}" for entry in allergens.may_contain]
    if not allergens.complete:
        known.append("the rest unknown")
    if known:
        yield _labelled("allergens", Part(", ".join(known), "soft"))
    if allergens.undeclared:
        yield _labelled("undeclared", Part(", ".join(allergens.undeclared), Severity.MODIFY.value))
    if gaps := own_gaps(verdict):
        yield _labelled("unknown", Part(", ".join(gaps), "soft"))


def _labelled(label: str, *parts: Part, style: str = "soft") -> Row:
    return Row(tuple(part for part in parts if part.text), indent=2, label=Part(label, style), width=10)


def _difference(before: str, after: str) -> Iterator[Part]:
    if len(before) + len(after) > 4 * _SHOWN:
        yield Part(shortened(before, _SHOWN), "out")
        yield Part(shortened(after, _SHOWN), "in")
        return
    for piece in word_diff(before, after):
        yield Part(piece.text, "" if piece.part == "same" else piece.part)


def not_read_rows(missed: NotChecked) -> Iterator[Row]:
    """The rows of an item that was not judged."""
    entry = missed.entry
    place = f"  line {entry.line}" if entry.line else ""
    yield Row((Part(entry.item_id, "strong"), Part(place, "soft")), label=Part("? UNREAD", "info"), width=9)
    yield _labelled("", Part(f"{entry.pointer}  " if entry.pointer else "", "soft"), Part(entry.detail))


def summary_rows(tally: Tally, run: Run, failures: tuple[str, ...]) -> Iterator[Row]:
    """What the run came to."""
    counts: list[Part] = [Part(f"{tally.items} {'item' if tally.items == 1 else 'items'}:  ", "strong")]
    for outcome in reversed(Outcome):
        count = tally.outcomes[outcome]
        counts.append(Part(f"{_SIGNS[outcome]} {count} {outcome.value}   ", outcome.value if count else "soft"))
    if tally.needs_review:
        counts.append(Part(f"{tally.needs_review} need review   ", "info"))
    if tally.not_read:
        counts.append(Part(f"? {tally.not_read} not read   ", "info"))
    if tally.suppressed:
        counts.append(Part(f"{tally.suppressed} findings suppressed   ", "soft"))
    yield Row(tuple(counts))
    for failure in failures:
        yield Row((Part(failure, Outcome.BLOCK.value),))
    if tally.not_checked:
        what = ", ".join(f"{what} ({count})" for what, count in sorted(tally.not_checked.items()))
        yield Row((Part(f"Not checked, so never a pass: {what}", "soft"),))
    for note in tally.notes:
        yield Row((Part(note, "soft"),))
    packs = ", ".join(f"{pack} {version}" for pack, version in sorted(tally.pack_versions.items()))
    yield Row((Part(f"Law in force on {run.on_date}" + (f"; packs: {packs}" if packs else ""), "soft"),))
    yield Row((Part(NOTICE, "soft"),))


def shortened(text: str, length: int) -> str:
    """The text on one line and no longer than `length`."""
    # A megabyte is not split into words to show a line of it.
    line = " ".join(text[: 4 * length].split())
    return line if len(line) <= length and len(text) <= 4 * length else line[: length - 1] + "…"
