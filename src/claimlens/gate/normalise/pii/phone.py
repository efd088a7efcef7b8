"""Telephone numbers.

A linear scan finds runs of digit groups. Inside a run, numbers written the way the market writes them are taken first
(the form is proof enough, because numbers kept for fiction and placeholders are unknown to the numbering plans); what
is left counts when words around it say so. The phonenumbers library judges forms that alone prove little.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from claimlens.gate.normalise.pii.checks import has_gtin_check_digit
from claimlens.gate.normalise.pii.hits import PiiHit
from claimlens.gate.normalise.pii.number_context import Purpose, purpose
from claimlens.gate.normalise.pii.numbering import MAX_DIGITS, NumberingPlan, WrittenNumber

_RUN = re.compile(r"[+(]{0,3}[0-9](?:[ \t.\-/()]{0,4}[0-9]){5,}")
_GROUP = re.compile(r"[0-9]+")
_EXTENSION = re.compile(
    r" ?,? ?(?:x|ext|extn|extension|durchwahl|poste|int)\.? ?:? ?[0-9]{1,5}(?![0-9])", re.IGNORECASE
)
_ALTERNATIVE_END = re.compile(r"/[0-9]{1,3}(?![\w/]|[ .-]?[0-9])")
#: "1-800-FLOWERS", "1800 PIZZA 99"
_VANITY = re.compile(
    r"(?<![\w-])(?:\+?1[ .-]?)?\(?(?:800|833|844|855|866|877|888)\)?[ .-]?"
    r"(?=[0-9-]{0,4}[A-Z])(?:[A-Z0-9]-?){6,10}[A-Z0-9](?![\w-])"
)
_DATE_OR_TIME = re.compile(
    r"^(?:[0-3]?[0-9]([./-])[01]?[0-9]\1(?:19|20)?[0-9]{2}\b|(?:19|20)[0-9]{2}([./-])[01]?[0-9]\2[0-3]?[0-9](?![0-9])"
    r"|[0-2]?[0-9]\.[0-5][0-9] ?- ?[0-2]?[0-9]\.[0-5][0-9](?![0-9])|(?:19|20)[0-9]{2} ?[-/] ?(?:19|20)[0-9]{2}$)"
)
#: A label without a space: "Ph9876543210".
_LABEL_BEFORE = re.compile(r"(?<![^\W_])(?:call|ph|phone|tel|mob|mobile|no|whatsapp|cell|fax)$", re.IGNORECASE)
_TIME_RANGE = re.compile(r"(?<![0-9.])[0-2]?[0-9]\.[0-5][0-9] ?- ?[0-2]?[0-9]\.[0-5][0-9](?![0-9]|\.[0-9])")
_MIN_DIGITS = 7
_MAX_GROUPS = 16


def find_phones(text: str, region: str) -> list[PiiHit]:
    """Telephone numbers in `text` (plain signs, see `plain_view`), extensions included."""
    hits: list[PiiHit] = []
    asked = NumberingPlan(region)
    for run in _RUN.finditer(text):
        hits += _in_run(text, run, asked)
    if hits:
        hits = [PiiHit("phone", hit.start, _with_tail(text, hit.end)) for hit in hits]
    return hits


def find_vanity_phones(text: str) -> list[PiiHit]:
    """Toll-free numbers spelt with letters ("1-800-FLOWERS")."""
    return [PiiHit("phone", m.start(), m.end()) for m in _VANITY.finditer(text)]


def _with_tail(text: str, end: int) -> int:
    tail = _EXTENSION.match(text, end) or _ALTERNATIVE_END.match(text, end)
    return tail.end() if tail else end


def _in_run(text: str, run: re.Match[str], plan: NumberingPlan) -> Iterator[PiiHit]:
    groups = _free_groups(text, [(m.start(), m.end()) for m in _GROUP.finditer(text, *run.span())])
    if sum(end - start for start, end in groups) < _MIN_DIGITS:
        return
    whole = _number(text, groups, 0, len(groups))
    if max(whole.shape) <= 2 and _TIME_RANGE.search(whole.written):
        return
    said = purpose(text, whole.start, whole.end)
    if said is Purpose.OTHER and not whole.written.startswith(("+", "(+")):
        return
    if said is not Purpose.PHONE and _is_trade_number(whole):
        return
    free_from = 0
    i = 0
    while i < len(groups):
        taken = _longest_in_national_form(text, groups, i, plan, said)
        if taken is None:
            i += 1
            continue
        yield from _by_context(text, groups, free_from, i, said)
        number, i = taken
        free_from = i
        yield PiiHit("phone", number.start, number.end)
    yield from _by_context(text, groups, free_from, len(groups), said)


def _free_groups(text: str, groups: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The groups of a run without a first or last one that belongs to a word or a quantity ("... (10am")."""
    end = groups[-1][1]
    after = text[end : end + 2]
    decimal = after[:1] == "," and after[1:].isdigit() and len(groups) > 1
    if (decimal or after[:1].isalpha() or after[:1] in ("_", "%", "°", "₹")) and not _EXTENSION.match(text, end):
        groups = groups[:-1]
    if groups:
        start = groups[0][0]
        before = text[max(0, start - 12) : start].rstrip("(+")
        if before and (before[-1].isalnum() or before[-1] == "_") and not _LABEL_BEFORE.search(before):
            groups = groups[1:]
    return groups


def _number(text: str, groups: list[tuple[int, int]], first: int, last: int) -> WrittenNumber:
    start, end = groups[first][0], groups[last - 1][1]
    parts = groups[first:last]
    gaps = tuple(text[a[1] : b[0]] for a, b in pairwise(parts))
    opening = start
    while opening > 0 and text[opening - 1] in "+(" and start - opening < 3:
        opening -= 1
    inside = text[opening:end]
    if inside.count("(") > inside.count(")"):
        opening += inside.index("(") + 1
    written = text[opening:end]
    digits = "".join(text[a:b] for a, b in parts)
    return WrittenNumber(opening, end, written, digits, tuple(b - a for a, b in parts), gaps)


def _longest_in_national_form(
    text: str, groups: list[tuple[int, int]], first: int, plan: NumberingPlan, said: Purpose
) -> tuple[WrittenNumber, int] | None:
    last, digits = first, 0
    while last < len(groups) and last - first < _MAX_GROUPS:
        digits += groups[last][1] - groups[last][0]
        if digits > MAX_DIGITS:
            break
        last += 1
    for end in range(last, first, -1):
        number = _number(text, groups, first, end)
        if len(number.digits) < _MIN_DIGITS:
            return None
        part_of_run = first > 0 or end < len(groups)
        if part_of_run and max(number.shape) == 1:
            return None  # single spaced digits are one number or none
        if said is Purpose.COUNTED and not plan.writes_plainly(number):
            continue
        if plan.writes(number, said) and not _DATE_OR_TIME.match(number.written):
            return number, end
    return None


def _by_context(text: str, groups: list[tuple[int, int]], first: int, last: int, said: Purpose) -> Iterator[PiiHit]:
    """What stands between numbers of a known form: a number of its own when the words before say so."""
    if said is not Purpose.PHONE or first >= last:
        return
    while first < last - 1 and groups[last - 1][1] - groups[first][0] > 40:
        last -= 1
    number = _number(text, groups, first, last)
    if _MIN_DIGITS <= len(number.digits) <= 13 and not _DATE_OR_TIME.match(number.written):
        yield PiiHit("phone", number.start, number.end)


def _is_trade_number(whole: WrittenNumber) -> bool:
    """FSSAI licences, GTINs and their spaced forms: 12 to 14 digits that no telephone number is written in."""
    digits, shape = whole.digits, whole.shape
    if whole.written.startswith(("+", "(+")):
        return False
    if len(digits) == 14 and digits[0] in "12" and len(shape) != 3:
        return True
    if shape in ((1, 5, 5, 1), (1, 6, 6), (1, 5, 5), (6, 6), (4, 4), (8,), (12,), (13,), (14,)):
        return has_gtin_check_digit(digits) or shape in ((1, 5, 5, 1), (1, 6, 6))
    return False
