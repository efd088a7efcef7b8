"""How telephone numbers are written in the four markets, and what the phonenumbers library says of unclear ones."""

import re
from functools import lru_cache
from typing import NamedTuple

from claimlens.gate.normalise.pii.checks import has_gtin_check_digit
from claimlens.gate.normalise.pii.number_context import Purpose

#: The longest number of the international plan (E.164).
MAX_DIGITS = 15
#: Questions put to the library for one text: a real text needs a few, a hostile one is then judged by form alone.
_LIBRARY_CALLS = 48

_EU_MARKETS = ("DE", "FR", "ES", "IT", "IE", "NL", "BE", "AT", "PT", "PL")


class WrittenNumber(NamedTuple):
    """A run of digit groups as written: group lengths in `shape`, what stands between them in `gaps`."""

    start: int
    end: int
    written: str
    digits: str
    shape: tuple[int, ...]
    gaps: tuple[str, ...]

    @property
    def evenly_written(self) -> bool:
        """Whether one and the same sign stands between all groups."""
        return len({gap.strip() or " " for gap in self.gaps}) <= 1


class NumberingPlan:
    """The numbering habits of one market, and the library behind them (asked at most a few times a text)."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._calls = _LIBRARY_CALLS

    def writes(self, number: WrittenNumber, said: Purpose) -> bool:
        """Whether `number` has a form in which this market writes telephone numbers."""
        digits = number.digits
        if number.written.lstrip("(").startswith("+"):
            return 8 <= len(digits) <= MAX_DIGITS and self._possible(digits)
        if digits.startswith("00"):
            return len(digits) >= 10 and digits[2] != "0" and self._possible(digits[2:])
        if len(set(digits)) == 1 and said is not Purpose.PHONE:
            return False
        if _american_form(number):
            return True
        return _FORMS[self._region](number, self)

    def writes_plainly(self, number: WrittenNumber) -> bool:
        """Whether `number` is no mere count: in groups, with a trunk zero or `+`, or an Indian mobile."""
        if len(number.shape) > 1 or number.digits[0] == "0" or number.written.lstrip("(").startswith("+"):
            return True
        return self._region == "IN" and len(number.digits) == 10 and number.digits[0] in "6789"

    def valid(self, digits: str, *countries: str) -> bool:
        """Whether the numbering plan of one of `countries` knows this number."""
        for country in countries:
            if self._calls <= 0:
                return False
            self._calls -= 1
            if _library_knows(digits, country):
                return True
        return False

    def _possible(self, international: str) -> bool:
        if self._calls <= 0:
            return len(international) >= 10
        self._calls -= 1
        return _library_finds_possible(international)


@lru_cache(maxsize=1024)
def _library_knows(digits: str, country: str) -> bool:
    import phonenumbers  # costs tens of milliseconds: only texts with an unclear number pay for it

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(digits, country))
    except phonenumbers.NumberParseException:
        return False


@lru_cache(maxsize=1024)
def _library_finds_possible(international: str) -> bool:
    import phonenumbers

    for digits in (international, _without_trunk_zero(international)):
        try:
            if phonenumbers.is_possible_number(phonenumbers.parse("+" + digits, None)):
                return True
        except phonenumbers.NumberParseException:
            return False
    return False


def _without_trunk_zero(international: str) -> str:
    """`44 (0) 20 ...` as it is dialled from abroad."""
    return re.sub(r"^([1-9][0-9]?)0", r"\1", international, count=1)


def _round_groups(number: WrittenNumber) -> bool:
    """Groups that all end in 0 or 5 are a row of prices or amounts."""
    ends = [sum(number.shape[: i + 1]) - 1 for i in range(len(number.shape))]
    return len(ends) > 1 and all(number.digits[i] in "05" for i in ends)


def _american_form(number: WrittenNumber) -> bool:
    """`(212) 555-0187`, `212-555-0187`, `+1 212.555.0187`: recognised in every market."""
    digits, shape = number.digits, number.shape
    if shape[-3:] != (3, 3, 4) or len(shape) > 4 or (len(shape) == 4 and digits[0] != "1"):
        return False
    area = len(digits) - 10
    if digits[area] in "01" or digits[area + 3] in "01":
        return False
    gaps = [gap.strip() for gap in number.gaps[-2:]]
    return gaps == ["-", "-"] or gaps == [".", "."] or (gaps[0] == ")" and gaps[1] in ("-", "", "."))


def _indian_form(number: WrittenNumber, plan: NumberingPlan) -> bool:
    digits, shape = number.digits, number.shape
    if digits.startswith(("1800", "1860", "1801")) and shape[0] != 3:
        return 10 <= len(digits) <= (12 if len(shape) > 1 else 11) and not (len(shape) == 1 and len(digits) > 11)
    subscriber = digits
    if len(digits) == 12 and digits.startswith("91") and digits[2] != "0":
        subscriber = digits[2:]
    elif len(digits) in (11, 12) and digits[0] == "0":
        subscriber = digits[1:]
    if len(subscriber) == 10 and subscriber[0] in "6789" and (len(shape) <= 5 or max(shape) == 1):
        if max(shape) >= 4 or max(shape) == 1:
            return len(shape) == 1 or not _round_groups(number) or max(shape) > 4
        return False
    landline = digits[0] == "0" and digits[1] in "12345678" and len(digits) in (10, 11)
    if landline and len(shape) == 1:
        return len(digits) == 11 and plan.valid(digits, "IN")
    if landline:
        return 3 <= shape[0] + (shape[1] if shape[0] == 1 else 0) <= 5 and max(shape) >= 3
    return len(subscriber) == 10 and len(digits) == 12 and "-" in "".join(number.gaps) and shape[0] == 2


def _american_plan(number: WrittenNumber, plan: NumberingPlan) -> bool:
    digits, shape = number.digits, number.shape
    national = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
    if len(national) != 10 or national[0] in "01" or national[3] in "01":
        return False
    if shape[-3:] == (3, 3, 4):
        return not _round_groups(number)
    return len(shape) == 1 and not has_gtin_check_digit(digits.zfill(12)) and plan.valid(national, "US")


def _british_form(number: WrittenNumber, plan: NumberingPlan) -> bool:
    digits, shape = number.digits, number.shape
    if digits[0] != "0" or digits[1] in "046" or len(shape) > 6:
        return False
    if len(digits) in (10, 11):
        if len(shape) == 1:
            return digits.startswith("07") or plan.valid(digits, "GB")
        return max(shape) >= 3
    return len(digits) == 8 and digits.startswith("08") and plan.valid(digits, "GB")


def _european_form(number: WrittenNumber, plan: NumberingPlan) -> bool:
    digits, shape = number.digits, number.shape
    if digits[0] == "0":
        if len(digits) == 10 and shape in ((2, 2, 2, 2, 2), (1, 1, 2, 2, 2, 2), (4, 2, 2, 2), (4, 3, 3)):
            return number.evenly_written
        if not 8 <= len(digits) <= 13 or (len(shape) > 1 and max(shape) < 3) or len(shape) > 6:
            return False
        if len(shape) > 1 and number.gaps[0].strip() in ("/", ")") and 3 <= sum(shape[:1]) <= 6:
            return True
        return plan.valid(digits, *_EU_MARKETS)
    if digits[0] in "689" and len(digits) == 9 and shape in ((3, 3, 3), (3, 2, 2, 2), (2, 3, 2, 2), (2, 3, 4)):
        return number.evenly_written and not _round_groups(number) and plan.valid(digits, "ES", "PT")
    if digits[0] == "3" and len(digits) in (9, 10) and 1 < len(shape) <= 4 and shape[0] == 3:
        return not _round_groups(number) and plan.valid(digits, "IT")
    if digits.startswith("800") and 8 <= len(digits) <= 9 and len(shape) > 1:
        return not _round_groups(number) and plan.valid(digits, "IT", "ES")
    return False


_FORMS = {"IN": _indian_form, "US": _american_plan, "GB": _british_form, "EU": _european_form}
