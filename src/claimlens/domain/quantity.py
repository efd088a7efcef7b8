"""Amounts as a label gives them: exact, "<0.5", a range, a trace; and comparisons that may end in *unknown*.

Amounts are floats in the nutrient's own unit (`domain/nutrients.py`). Arithmetic leaves float noise far below any
figure a label prints: comparisons allow for it (`_NOISE`) and `tidy` removes it wherever a number is shown, so that
output is stable.
"""

from enum import StrEnum
from typing import Literal

import msgspec

Operator = Literal["<=", "<", ">=", ">"]

#: Relative error that comparisons forgive; labels carry at most four significant digits.
_NOISE = 1e-9

INFINITE = float("inf")


class Truth(StrEnum):
    """The three outcomes of a test on a number."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"


def tidy(value: float, digits: int = 6) -> int | float:
    """`value` to `digits` significant digits, an int where it is whole: 42.0 → 42, 0.30000000000000004 → 0.3."""
    if digits == 6 and value < 1000 and value == round(value, 3):  # what labels print, without formatting
        return int(value) if value % 1 == 0 else value
    short = float(f"{value:.{digits}g}")
    return int(short) if short.is_integer() else short


def shown(value: float) -> str:
    """`value` for people: at most four significant digits, never an exponent (0.05, 1234, 16.67)."""
    if value == 0:
        return "0"
    if value >= 1000:
        return str(round(value))
    text = f"{float(f'{value:.4g}'):.10f}".rstrip("0").rstrip(".")
    return text or "0"


class Amount(msgspec.Struct, frozen=True, gc=False):
    """All that is known of an amount: it lies in [low, high], and is less than `high` if `below`.

    "8 g" is (8, 8), "<0.5 g" is (0, 0.5, below), "3-4 g" is (3, 4), "at least 20 g" is (20, inf).
    """

    low: float
    high: float
    below: bool = False

    @property
    def exact(self) -> bool:
        """True if the label gave one number."""
        return self.low == self.high

    def scaled(self, factor: float) -> "Amount":
        """The amount in `factor` times as much food, or in another unit."""
        return Amount(self.low * factor, self.high * factor, self.below)

    def plus(self, other: "Amount") -> "Amount":
        """The sum: as vague as its parts."""
        return Amount(self.low + other.low, self.high + other.high, self.below or other.below)

    def compare(self, operator: Operator, limit: "Amount") -> Truth:
        """Whether `self operator limit` holds for every value the label allows, for none, or is open."""
        if operator in (">=", ">"):
            return self._at_least(limit, strict=operator == ">")
        return self._at_most(limit, strict=operator == "<")

    def _at_most(self, limit: "Amount", *, strict: bool) -> Truth:
        if _less(self.high, limit.low) or (not _less(limit.low, self.high) and (not strict or self.below)):
            return Truth.HOLDS
        if _less(limit.high, self.low) or (strict and not _less(self.low, limit.high)):
            return Truth.FAILS
        return Truth.UNKNOWN

    def _at_least(self, limit: "Amount", *, strict: bool) -> Truth:
        if _less(limit.high, self.low) or (not strict and not _less(self.low, limit.high)):
            return Truth.HOLDS
        if _less(self.high, limit.low) or ((strict or self.below) and not _less(limit.low, self.high)):
            return Truth.FAILS
        return Truth.UNKNOWN

    def text(self) -> str:
        """For people, without the unit: "8", "less than 0.5", "3 to 4", "at least 20"."""
        if self.low == self.high:
            return shown(self.low)
        if self.high == INFINITE:
            return f"at least {shown(self.low)}"
        if self.low == 0:
            return f"{'less than' if self.below else 'at most'} {shown(self.high)}"
        return f"{shown(self.low)} to {shown(self.high)}"

    def wire(self, digits: int = 6) -> int | float | str:
        """For JSON: a number where the label gave one, else "<0.5", "<=0.5", ">=20" or "3-4"."""
        if self.low == self.high:
            return tidy(self.low, digits)
        if self.high == INFINITE:
            return f">={tidy(self.low, digits)}"
        if self.low == 0:
            return f"{'<' if self.below else '<='}{tidy(self.high, digits)}"
        return f"{tidy(self.low, digits)}-{tidy(self.high, digits)}"


def exactly(value: float) -> Amount:
    """One number."""
    return Amount(value, value)


def _less(a: float, b: float) -> bool:
    """A < b by more than float noise."""
    if a == b:
        return False
    return a < b - _NOISE * max(abs(a), abs(b)) if b != INFINITE and a != INFINITE else a < b
