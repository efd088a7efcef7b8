"""Fix a file: offered changes are made, judged once more, and written only where nothing is left to do."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

import msgspec

from claimlens.domain.finding import Change, Finding, Resolution, Severity
from claimlens.domain.item import Item
from claimlens.domain.suppression import Answered, Suppression
from claimlens.domain.verdict import Outcome
from claimlens.gate.ingest import Defaults, Format, Read
from claimlens.gate.ingest.csv import open_table, record_of
from claimlens.gate.ingest.encoding import lines, whole
from claimlens.gate.ingest.record import read_record
from claimlens.gate.judge.suppressions import answer
from claimlens.kit.json_text import JsonReader, Problem
from claimlens.usecases.corrections import CannotPlaceError, corrected_record, corrected_row
from claimlens.usecases.menus import Answer, Checked, Judge, NotChecked

#: The forms that can be written back.
WRITABLE = (Format.JSON, Format.NDJSON, Format.CSV)


class Fixed(msgspec.Struct, frozen=True):
    """An item of the file after its changes: written anew (`source` differs from the entry's), or left as it was.

    `left` are the findings that nobody but a person can settle, `problem` says why a change could not be made.
    """

    answer: Answer
    changes: tuple[Change, ...] = ()
    source: str = ""
    left: tuple[Finding, ...] = ()
    problem: str = ""

    @property
    def is_corrected(self) -> bool:
        """Whether the item is written anew."""
        return bool(self.changes)

    @property
    def is_open(self) -> bool:
        """Whether something is left that a person has to do."""
        return bool(self.left or self.problem)


class Fixer:
    """Corrects the items of one file."""

    def __init__(
        self,
        judge: Judge,
        form: Format,
        heading: str,
        *,
        on_date: date,
        profile: str | None,
        suppressions: Sequence[Suppression],
    ) -> None:
        self._judge = judge
        self._form = form
        self._on_date = on_date
        self._profile = profile
        self._suppressions = suppressions
        self._reader = JsonReader()
        self._table = open_table([heading]) if form is Format.CSV else None

    def fix(self, found: Answer) -> Fixed:
        """One item, corrected where all of it can be."""
        if isinstance(found, NotChecked) or found.verdict.verdict is Outcome.ALLOW:
            return Fixed(found)
        verdict = found.verdict
        if not verdict.changes:
            return Fixed(found, left=_to_do(found.answered))
        try:
            source, item = self._changed(found, verdict.changes)
        except CannotPlaceError as error:
            return Fixed(found, left=_to_do(found.answered), problem=f"{error.pointer} {error.detail}")
        after = self._judged(item)
        if after.verdict.verdict is not Outcome.ALLOW:
            return Fixed(found, left=_to_do(found.answered) or _to_do(after))
        return Fixed(found, verdict.changes, source)

    def _changed(self, checked: Checked, changes: Sequence[Change]) -> tuple[str, Item]:
        entry = checked.entry
        if self._table:
            source = corrected_row(self._table.separator, self._table.columns, entry.source, changes)
            # A heading of the same columns, then the row: read as it will be read by whoever takes the file.
            row = next(open_table([self._heading_line(), source]).rows)
            record = record_of(self._table.columns, row.cells, self._reader)
        else:
            # What cannot be written back is changed all the same, as a record: the person wants to see the change.
            text = entry.source if self._form in WRITABLE else json.dumps(entry.record)
            source = corrected_record(text, entry.record, changes)
            record = self._reader.value_at(source, 0)[0]
        if isinstance(record, Problem):
            raise CannotPlaceError(record.detail, record.pointer)
        again = read_record(record, entry.index, Defaults(checked.item.kind, checked.item.locale))
        if not isinstance(again, Read):
            raise CannotPlaceError(again.detail, again.pointer)
        return source, again.item

    def _heading_line(self) -> str:
        assert self._table
        return self._table.separator.join(self._table.heading) + "\n"

    def _judged(self, item: Item) -> Answered:
        (verdict,) = self._judge.check([item], locale=item.locale, profile=self._profile, on_date=self._on_date)
        return answer(verdict, self._suppressions, self._on_date)


def _to_do(answered: Answered) -> tuple[Finding, ...]:
    """The findings that count and that no change settles; all that count when every one has a change."""
    counting = [
        finding
        for index, finding in enumerate(answered.verdict.reasons)
        if index not in answered.suppressed and finding.severity is not Severity.INFO
    ]
    return tuple([finding for finding in counting if finding.resolution is not Resolution.AUTO] or counting)


def write_fixed(form: Format, texts: Iterable[str], fixed: Iterable[Fixed], write: Callable[[str], object]) -> None:
    """Copy a file with its corrected items in place of the old ones; nothing else changes.

    `texts` is the file once more, `fixed` its items in order.
    """
    if form is Format.JSON:
        _write_document(whole(texts), fixed, write)
    else:
        _write_lines(texts, fixed, write)


def _write_document(text: str, fixed: Iterable[Fixed], write: Callable[[str], object]) -> None:
    line, line_start, done = 1, 0, 0
    for one in fixed:
        entry = one.answer.entry
        while line < entry.line:
            line_start = text.index("\n", line_start) + 1
            line += 1
        if one.is_corrected:
            start = line_start + entry.column - 1
            write(text[done:start])
            write(one.source)
            done = start + len(entry.source)
    write(text[done:])


def _write_lines(texts: Iterable[str], fixed: Iterable[Fixed], write: Callable[[str], object]) -> None:
    waiting = (one for one in fixed if one.is_corrected)
    following = next(waiting, None)
    held: Iterator[tuple[int, str | None]] = iter(enumerate(lines(texts), start=1))
    for number, line in held:
        if line is None:
            raise CannotPlaceError(f"line {number} is too long to be copied")
        if following is None or following.answer.entry.line != number:
            write(line)
            continue
        entry = following.answer.entry
        # A row of a table may run over several lines.
        while len(line) < entry.column - 1 + len(entry.source):
            more = next(held)[1]
            line += more or ""
        write(line[: entry.column - 1] + following.source + line[entry.column - 1 + len(entry.source) :])
        following = next(waiting, None)
