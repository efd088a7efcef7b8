"""NDJSON: one item a line, any number of lines, constant memory."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from claimlens.domain.errors import InputError
from claimlens.gate.ingest.encoding import MAX_LINE, lines
from claimlens.gate.ingest.entry import Defaults, Entry, Place, Unread
from claimlens.gate.ingest.record import id_of, read_record
from claimlens.kit.json_text import JsonReader, Problem, skip_space


def read(texts: Iterable[str], defaults: Defaults) -> Iterator[Entry]:
    """The item of every line; blank lines and the closing `_summary` of an export are skipped.

    Raises InputError when the file holds no item at all.
    """
    count = 0
    for place, record, problem in records(texts):
        if problem is None and isinstance(record, dict) and "_summary" in record and "name" not in record:
            continue
        if problem is None:
            yield read_record(record, count, defaults, place)
        else:
            yield Unread(count, id_of(record, count), problem.pointer, problem.detail, *place)
        count += 1
    if not count:
        raise InputError("empty: there is nothing to check in it")


def records(texts: Iterable[str]) -> Iterator[tuple[Place, Any, Problem | None]]:
    """Place, value and problem of every line that is not blank."""
    reader = JsonReader()
    for number, line in enumerate(lines(texts), start=1):
        if line is None:
            yield Place(number, 1), None, Problem("", f"a line of more than {MAX_LINE:,} characters")
            continue
        source = line.strip(" \t\r\n")
        if source:
            yield Place(number, line.index(source) + 1, source), *value_of(reader, source)


def value_of(reader: JsonReader, source: str) -> tuple[Any, Problem | None]:
    """The one JSON value of a line, or what is wrong with it."""
    try:
        value, end, problem = reader.value_at(source, 0)
    except json.JSONDecodeError as error:
        return None, Problem("", f"not JSON: {error.msg} (column {error.pos + 1})")
    except RecursionError:
        return None, Problem("", "nested too deep")
    if problem is None and skip_space(source, end) < len(source):
        problem = Problem("", f"not one JSON value: something follows it (column {end + 1})")
    return value, problem
