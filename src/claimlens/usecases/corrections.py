"""Put changes back into the text a file holds: everything else stays as it stood, to the character."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from claimlens.domain.errors import InputError
from claimlens.domain.finding import Change
from claimlens.kit.json_text import escape, skip_space, value_span

_LISTS = ("claims", "tags", "ingredients")


class CannotPlaceError(InputError):
    """A change does not fit the record: the text it starts from does not stand where it should."""


def corrected_record(source: str, record: dict[str, Any], changes: Sequence[Change]) -> str:
    """The JSON text of a record with its changes made. Raises CannotPlaceError.

    A change to nothing takes an entry out of its list; elsewhere it leaves an empty text.
    """
    whole_lists = {
        change.field.split("/")[1]
        for change in changes
        if not change.after
        and change.field.count("/") == 2
        and isinstance(record.get(change.field.split("/")[1]), list)
    } & set(_LISTS)
    edits: list[tuple[int, int, str]] = []
    for name in sorted(whole_lists):
        inside = [change for change in changes if _entry_of(name, change) is not None]
        edits.append(_edit(source, f"/{name}", _list_after(record, name, inside)))
    for change in changes:
        if any(_entry_of(name, change) is not None for name in whole_lists):
            continue
        pointer = _place(record, change)
        edits.append(_new_member(source, change) if pointer is None else _edit(source, pointer, change.after))
    for start, end, text in sorted(edits, reverse=True):
        source = source[:start] + text + source[end:]
    return source


def _entry_of(name: str, change: Change) -> int | None:
    """Which entry of a list a change is about; None when it is about something else."""
    steps = change.field.split("/")
    return int(steps[2]) if len(steps) == 3 and steps[1] == name and steps[2].isdecimal() else None


def _edit(source: str, pointer: str, value: object) -> tuple[int, int, str]:
    span = value_span(source, 0, pointer)
    if span is None:
        raise CannotPlaceError("the text to change is not in the record", pointer)
    return (*span, json.dumps(value, ensure_ascii=False))


def _new_member(source: str, change: Change) -> tuple[int, int, str]:
    """A field the record did not have, set after its name with the spacing that the record uses."""
    span = value_span(source, 0, "/name")
    if change.before or span is None or change.field.count("/") != 1:
        raise CannotPlaceError("the text to change is not in the record", change.field)
    opening = source.index("{") + 1
    separator = "," + (source[opening : skip_space(source, opening)] or " ")
    return (
        span[1],
        span[1],
        f"{separator}{json.dumps(change.field[1:])}: {json.dumps(change.after, ensure_ascii=False)}",
    )


def _list_after(record: dict[str, Any], name: str, changes: Iterable[Change]) -> list[Any]:
    entries = list(record[name])
    for change in changes:
        _place(record, change)
        place = int(change.field.split("/")[2])
        entry = entries[place]
        entries[place] = {**entry, _text_key(entry): change.after} if isinstance(entry, dict) else change.after
    removed = {int(change.field.split("/")[2]) for change in changes if not change.after}
    return [entry for place, entry in enumerate(entries) if place not in removed]


def _place(record: dict[str, Any], change: Change) -> str | None:
    """Where the text of a change stands in the record as submitted; None for a field it does not have.

    Items are tidier than records: one text may stand where a list is usual, an object where a text is.
    """
    field = change.field
    for pointer in _candidates(field):
        found = _value(record, pointer)
        if isinstance(found, dict) and not found.get("ingredients"):
            pointer, found = f"{pointer}/{_text_key(found)}", found.get(_text_key(found))
        if found == change.before and isinstance(found, str):
            return pointer
    if field.count("/") == 1 and not record.get(field[1:]) and not change.before:
        return f"{field}" if field[1:] in record else None
    raise CannotPlaceError("the text to change is not in the record", field)


def _candidates(field: str) -> list[str]:
    steps = field.split("/")
    found = [field]
    if len(steps) == 3 and steps[1] in _LISTS and steps[2] == "0":
        found.append(f"/{steps[1]}")
    return found


def _text_key(entry: dict[str, Any]) -> str:
    return next((key for key in ("name", "text", "title") if key in entry), "name")


def _value(record: Any, pointer: str) -> Any:
    current = record
    for step in pointer.split("/")[1:]:
        if isinstance(current, list) and step.isdecimal() and int(step) < len(current):
            current = current[int(step)]
        elif isinstance(current, dict):
            current = next((value for key, value in current.items() if escape(str(key)) == step), None)
        else:
            return None
    return current


def corrected_row(separator: str, columns: list[str], source: str, changes: Iterable[Change]) -> str:
    """The text of a row with its changes made; it is quoted anew. Raises CannotPlaceError."""
    cells = next(csv.reader(source.splitlines(keepends=True), delimiter=separator))
    for change in changes:
        steps = change.field.split("/")
        name = steps[1]
        if name not in columns:
            raise CannotPlaceError("the table has no column for it", change.field)
        column = columns.index(name)
        cells += [""] * (column + 1 - len(cells))
        cells[column] = _cell(cells[column], change)
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="").writerow(cells)
    return out.getvalue()


def _cell(cell: str, change: Change) -> str:
    if cell == change.before:
        return change.after
    if cell.lstrip()[:1] in ("{", "["):
        name = change.field.split("/")[1]
        source = f"{{{json.dumps(name)}: {cell}}}"
        corrected = corrected_record(source, json.loads(source), [change])
        begin, end = value_span(corrected, 0, f"/{name}") or (0, 0)
        return corrected[begin:end]
    parts = [part.strip() for part in cell.split("|") if part.strip()]
    steps = change.field.split("/")
    if (
        len(steps) == 3
        and steps[2].isdecimal()
        and int(steps[2]) < len(parts)
        and parts[int(steps[2])] == change.before
    ):
        parts[int(steps[2])] = change.after
        return " | ".join(part for part in parts if part)
    raise CannotPlaceError("the text to change is not in the cell", change.field)
