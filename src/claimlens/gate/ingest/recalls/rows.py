"""What the importers of recalls share: rows counted, recalls of one number joined, dates, codes out of free text."""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

import msgspec

from claimlens.domain.errors import InputError
from claimlens.domain.recall import Recall, RecallStatus, gtin14, normal_lot
from claimlens.gate.ingest.encoding import decoded, lines, whole
from claimlens.kit.wellformed import is_wellformed

_CODE = re.compile(r"(?<![\w.])\d(?:[ \-\u2013]{0,2}\d){7,13}(?![\w%])")
_LOT = re.compile(r"\b(?:lots?|batch(?:es)?)\b(?:\s*(?:codes?|numbers?|nos?\.?|#))*\s*[:#.]*\s*", re.IGNORECASE)
_LOT_CODE = re.compile(r"#?([A-Za-z0-9][A-Za-z0-9/\-]{1,24})(?:\s*(?:,|;|&|\band\b|\bor\b)\s*)?")
_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?!\d)|(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
MOST_CODES = 500


class BadRow(msgspec.Struct, frozen=True):
    """A row that became no recall: its number, 1 for the first record, its own id if it has one, and why."""

    row: int
    id: str
    reason: str


class Imported(msgspec.Struct, frozen=True):
    """What a file holds; `joined` rows have the number of an earlier row. `data_as_of`: None for an empty file."""

    recalls: tuple[Recall, ...]
    bad: tuple[BadRow, ...]
    joined: int
    rows: int
    data_as_of: date | None


class RowError(Exception):
    """This row is no recall; the message says why."""


def collect(rows: Iterable[Any], recall_of: Callable[[Any], Recall], as_of: date | None = None) -> Imported:
    """The recalls of rows. `recall_of` raises RowError for a row that is none."""
    found: dict[str, Recall] = {}
    bad: list[BadRow] = []
    joined = count = 0
    for count, row in enumerate(rows, 1):
        try:
            if isinstance(row, RowError):
                raise row
            recall = recall_of(row)
        except RowError as error:
            bad.append(BadRow(count, id_of(row), str(error)))
            continue
        if recall.id in found:
            joined += 1
            recall = join(found[recall.id], recall)
        found[recall.id] = recall
    newest = max((recall.updated or recall.published for recall in found.values()), default=None)
    return Imported(tuple(found.values()), tuple(bad), joined, count, as_of or newest)


def join(one: Recall, other: Recall) -> Recall:
    """Two rows of one recall: the newer one's words, the codes and hazards of both."""
    old, new = sorted((one, other), key=lambda recall: recall.updated or recall.published)
    hazards = dict.fromkeys(part for recall in (old, new) for part in recall.hazard.split("; ") if part)
    return msgspec.structs.replace(
        new,
        products=union(old.products, new.products),
        brands=union(old.brands, new.brands),
        gtins=union(old.gtins, new.gtins),
        lots=union(old.lots, new.lots),
        ingredients=union(old.ingredients, new.ingredients),
        allergens=union(old.allergens, new.allergens),
        countries=union(old.countries, new.countries),
        hazard="; ".join(hazards)[:2_000],
    )


def union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Both, each once, in order."""
    return tuple(dict.fromkeys((*one, *other)))


def id_of(row: Any) -> str:
    """What a bad row calls itself, for its report."""
    if isinstance(row, dict):
        for key in ("recall_number", "notation", "reference", "NOTIFICATION_REFERENCE", "id"):
            if isinstance(row.get(key), str):
                return str(row[key])[:80]
    return ""


def text_of(data: bytes) -> str:
    """The text of a file. Raises InputError for none."""
    return whole(decoded([data]))


def json_of(data: bytes) -> Any:
    """The JSON value of a file. Raises InputError, with its place, for what is none."""
    try:
        return json.loads(text_of(data))
    except json.JSONDecodeError as error:
        raise InputError(f"no JSON: {error.msg}, line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise InputError("no JSON: nested beyond all reason") from None


def table(text: str) -> Iterator[dict[str, str] | RowError]:
    """The rows of a table by their column's name (lower case, `_` for spaces). Raises InputError without a heading."""
    heading_line = text.split("\n", 1)[0]
    separator = max(",;\t|", key=heading_line.count)
    reader = csv.reader((line or "\n" for line in lines([text])), delimiter=separator)
    heading = [name.strip().strip("\ufeff").lower().replace(" ", "_") for name in next(reader, [])]
    if len(heading) < 2:
        raise InputError("no table: its first line names no columns")
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield RowError(f"no row of a table: {error}")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(heading):
            yield RowError(f"{len(cells)} cells under {len(heading)} columns")
        else:
            yield dict(zip(heading, (cell.strip() for cell in cells), strict=False))


def mapping(row: Any) -> dict[str, Any]:
    """A record that is a JSON object. Raises RowError."""
    if not isinstance(row, dict):
        raise RowError(f"a record is an object, this is {type(row).__name__}")
    return row


def text(row: dict[str, Any], *keys: str, most: int = 2_000) -> str:
    """The first of the fields that holds text or a number, without space around it. Raises RowError for half a sign."""
    for key in keys:
        value = row.get(key)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            continue
        found = " ".join(str(value).split())
        if not is_wellformed(found):
            raise RowError(f"{key} holds bytes that are no text")
        if found:
            return found[:most]
    return ""


def needed(row: dict[str, Any], *keys: str) -> str:
    """As `text`. Raises RowError if there is none."""
    found = text(row, *keys)
    if not found:
        raise RowError(f"no {keys[0]}")
    return found


def day_of(value: str) -> date | None:
    """`20260812`, `2026-08-12`, `2026-08-12T…` or `12-08-2026` (day first) as a date; None for anything else."""
    match = _DAY.match(value.strip())
    if match is None:
        return None
    year, month, day = (match[1], match[2], match[3]) if match[1] else (match[6], match[5], match[4])
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def day(row: dict[str, Any], *keys: str) -> date:
    """The first of the fields that holds a date. Raises RowError if none does."""
    for key in keys:
        found = day_of(text(row, key))
        if found is not None:
            return found
    given = text(row, *keys)
    raise RowError(f"{keys[0]} is no date: {given!r:.40}" if given else f"no {keys[0]}")


def gtins_in(*texts: str) -> tuple[str, ...]:
    """Every GTIN in free text whose check digit is right, as 14 digits."""
    found = (gtin14(match[0]) for text in texts for match in _CODE.finditer(text))
    return tuple(dict.fromkeys(code for code in found if code))[:MOST_CODES]


def lots_in(*texts: str) -> tuple[str, ...]:
    """The codes that follow "lot" or "batch" in free text, normalised."""
    found: dict[str, None] = {}
    for text in texts:
        for match in _LOT.finditer(text):
            at = match.end()
            while (code := _LOT_CODE.match(text, at)) and any(sign.isdigit() for sign in code[1]):
                lot = normal_lot(code[1])
                if len(lot) >= 3:
                    found[lot] = None
                at = code.end()
    return tuple(found)[:MOST_CODES]


def lot_list(value: str) -> tuple[str, ...]:
    """Lots listed in one field, parted by comma, semicolon, bar or line."""
    parts = (normal_lot(part) for part in re.split(r"[,;|\n]| and ", value))
    return tuple(dict.fromkeys(lot for lot in parts if len(lot) >= 3 and any(c.isdigit() for c in lot)))[:MOST_CODES]


def status_of(is_open: bool) -> RecallStatus:
    """Open or closed."""
    return RecallStatus.OPEN if is_open else RecallStatus.CLOSED
