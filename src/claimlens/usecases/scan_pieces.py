"""One piece of a scan: its rows become items, each is judged as `check` does it, and all is counted."""

import csv
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Any

import msgspec

from claimlens.domain.finding import Severity
from claimlens.domain.item import Item
from claimlens.domain.jurisdiction import Jurisdiction, jurisdiction_of
from claimlens.domain.pack import Pack
from claimlens.domain.scan import Columns, Counts, Done, Form, Piece, Terms
from claimlens.gate.ingest.columns import read_cells, read_row, wanted_columns
from claimlens.gate.ingest.csv import separator_of
from claimlens.gate.ingest.entry import Defaults, Entry, Read, Unread
from claimlens.gate.ingest.ndjson import value_of
from claimlens.gate.ingest.record import id_of, read_record
from claimlens.gate.record import counting_rules
from claimlens.kit.json_text import JsonReader
from claimlens.ports.scans import ResultRows, ScanPlace, ScanSources
from claimlens.usecases.checks import Checker
from claimlens.usecases.menus import Answer, Checked, NotChecked, check_menu, is_note
from claimlens.usecases.reports.wire import verdict_bytes

#: Items judged together, as in a check of a file.
BATCH = 200
#: Kinds of gaps that are counted apart.
_MOST_GAPS = 50
INTERNAL = "INTERNAL_ERROR"
_encoder = msgspec.json.Encoder(enc_hook=str)
_packer = msgspec.msgpack.Encoder(enc_hook=str)


class PieceJudge:
    """Judges pieces by one law; opened once in each process."""

    def __init__(self, checker: Checker, sources: ScanSources, columns: Columns, terms: Terms) -> None:
        self._checker = checker
        self._sources = sources
        self._columns = columns
        self._terms = terms
        self._defaults = Defaults(terms.kind, terms.locale)
        self._categories: dict[Jurisdiction, dict[str, str]] = {}

    def write(self, piece: Piece, place: ScanPlace, rows: ResultRows) -> Done:
        """Judge a piece and write what came of it; what says that it is done is written last.

        Raises ClaimLensError if the piece cannot be read or its results not be written.
        """
        counts = Counts()
        bad: list[bytes] = []
        for answer, row in self.answers(piece):
            self.count(answer, counts)
            if isinstance(answer, Checked):
                rows.add(self._result(answer))
            else:
                bad.append(_bad_row(answer, row))
        if bad:
            place.write(f"bad-rows/{piece.name}.ndjson", b"".join(bad))
        place.write(f"results/{piece.name}.parquet", rows.close())
        return Done(piece=piece.number, counts=counts)

    def answers(self, piece: Piece) -> Iterator[tuple[Answer, Any]]:
        """The answer for every row of a piece in its order, with the row as it was read."""
        entries = self._entries(piece)
        while batch := list(islice(entries, BATCH)):
            answers = self._judged(piece.source, [entry for entry, _ in batch])
            yield from zip(answers, [row for _, row in batch], strict=True)

    def count(self, answer: Answer, counts: Counts) -> None:
        """Count one answer."""
        counts.rows += 1
        if isinstance(answer, NotChecked):
            _one(counts.bad, answer.entry.code)
            return
        item, verdict = answer.item, answer.verdict
        market = jurisdiction_of(item.locale)
        counts.items += 1
        counts.needs_review += verdict.needs_review
        counts.suppressed += len(answer.answered.suppressed)
        _one(counts.verdicts.setdefault(market.value, {}), verdict.verdict.value)
        _one(counts.kinds.setdefault(item.kind.value, {}), verdict.verdict.value)
        worst: dict[str, Severity] = {}
        for index, finding in enumerate(verdict.reasons):
            if not is_note(finding) and index not in answer.answered.suppressed:
                known = worst.get(finding.rule_id)
                if known is None or known.rank < finding.severity.rank:
                    worst[finding.rule_id] = finding.severity
        if worst:
            categories = self.categories_of(market)
            for rule, severity in worst.items():
                _one(counts.rules.setdefault(rule, {}), severity.value)
            for category in {
                categories.get(rule, "other") for rule, severity in worst.items() if severity is not Severity.INFO
            }:
                _one(counts.categories, category)
        for gap in verdict.not_checked:
            what = gap.partition(":")[0]
            _one(counts.not_checked, what if len(counts.not_checked) < _MOST_GAPS else "others")
        counts.pack_versions.update(verdict.pack_versions)

    def _entries(self, piece: Piece) -> Iterator[tuple[Entry, Any]]:
        reader = JsonReader()
        heading: list[str] = []
        if piece.form is Form.CSV:
            heading = next(csv.reader([piece.heading], delimiter=separator_of(piece.heading)), [])
        columns, defaults = self._columns, self._defaults

        def wanted(names: Sequence[str]) -> list[str]:
            return wanted_columns(columns, names)

        for position, values, text, problem in self._sources.rows(piece, wanted):
            entry: Entry | None
            if problem:
                entry = Unread(position, f"item-{position + 1}", "", problem)
            elif piece.form is Form.NDJSON:
                entry = _of_line(position, text, columns, defaults, reader)
            elif isinstance(values, list):
                entry = read_cells(heading, values, position, columns, defaults, reader)
            else:
                entry = read_row(values, position, columns, defaults, tabular=True)
            if entry is not None:
                yield entry, text or values

    def _judged(self, source: str, entries: list[Entry]) -> list[Answer]:
        try:
            return self._checked(source, entries)
        except Exception as error:  # one item must not cost the others their verdicts
            if len(entries) > 1:
                return [answer for entry in entries for answer in self._judged(source, [entry])]
            (entry,) = entries
            index, item_id = (entry.index, entry.item.id) if isinstance(entry, Read) else (0, "")
            detail = f"the gate stumbled over it: {type(error).__name__}: {(str(error).splitlines() or [''])[0]:.200}"
            return [NotChecked(source, Unread(index, item_id, "", detail, code=INTERNAL))]

    def _checked(self, source: str, entries: list[Entry]) -> list[Answer]:
        terms = self._terms
        return list(
            check_menu(
                entries,
                self._checker,
                file=source,
                on_date=terms.on,
                profile=terms.profile,
                suppressions=terms.suppressions,
            )
        )

    def _result(self, answer: Checked) -> dict[str, Any]:
        item, verdict = answer.item, answer.verdict
        return {
            "source": answer.file,
            "position": answer.entry.index,
            "item_id": item.id,
            "item_digest": item_digest(item),
            "locale": item.locale,
            "verdict": verdict.verdict.value,
            "needs_review": verdict.needs_review,
            "rules": counting_rules(answer.answered),
            "reasons": [
                {
                    "rule_id": one.rule_id,
                    "severity": one.severity.value,
                    "resolution": one.resolution.value,
                    "field": one.field,
                    "start": one.span[0],
                    "end": one.span[1],
                    "matched_text": one.matched_text,
                }
                for one in verdict.reasons
            ],
            "changes": [{"field": one.field, "before": one.before, "after": one.after} for one in verdict.changes],
            "contains": [one.allergen for one in verdict.allergens.contains],
            "may_contain": [one.allergen for one in verdict.allergens.may_contain],
            "allergens_complete": verdict.allergens.complete,
            "not_checked": verdict.not_checked,
            "pack_digest": self._terms.digests[jurisdiction_of(item.locale).value],
            "document": verdict_bytes(answer).decode(),
        }

    def categories_of(self, market: Jurisdiction) -> dict[str, str]:
        """The category of each rule of a market."""
        known = self._categories.get(market)
        if known is None:
            known = self._categories[market] = categories_of(self._checker.examiner(market).pack)
        return known


def categories_of(pack: Pack) -> dict[str, str]:
    """Rule → its category; of the engine's own checks the part of the gate that makes them."""
    found: dict[str, str] = {rule.id: rule.category.value for rule in pack.rules}
    found |= {check.rule_id: check.check for check in pack.checks if check.rule_id not in found}
    return found | {rule.rule_id: "personal_data" for rule in pack.personal_data}


def item_digest(item: Item) -> bytes:
    """16 bytes that tell items apart whose judgement may differ; what is never judged is left out."""
    return blake2b(_packer.encode(msgspec.structs.replace(item, extra={})), digest_size=16).digest()


def _of_line(position: int, text: str, columns: Columns, defaults: Defaults, reader: JsonReader) -> Entry | None:
    record, problem = value_of(reader, text)
    if problem is not None:
        return Unread(position, id_of(record, position), problem.pointer, problem.detail)
    if not isinstance(record, dict):
        return read_record(record, position, defaults)
    if "_summary" in record and "name" not in record:
        return None
    return read_row(record, position, columns, defaults)


def _bad_row(answer: NotChecked, row: Any) -> bytes:
    missed = answer.entry
    text = row if isinstance(row, str) else _encoder.encode(row).decode()
    told = {
        "source": answer.file,
        "position": missed.item_index,
        "item_id": missed.item_id,
        "code": missed.code,
        "pointer": missed.pointer,
        "detail": missed.detail,
        "row": text,
    }
    return _encoder.encode({key: _sound(value) for key, value in told.items()}) + b"\n"


def _sound(value: Any) -> Any:
    """Bytes that are no UTF-8 written out, so that the line itself is."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _one(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1
