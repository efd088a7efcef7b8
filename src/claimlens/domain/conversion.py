"""A conversion: from which figure to which, by which factors, and who says so."""

from enum import StrEnum
from typing import NoReturn

import msgspec

from claimlens.domain.quantity import Amount, tidy


class Exactness(StrEnum):
    """How sure a factor is: defined, rounded by the rule that sets it, or usual and different from case to case."""

    EXACT = "exact"
    ROUNDED = "rounded"
    TYPICAL = "typical"


_ORDER = tuple(Exactness)


class CannotConvert(Exception):
    """There is no honest figure; the text says why, in a line for whoever asked."""


def cannot(reason: str) -> NoReturn:
    """Raises CannotConvert."""
    raise CannotConvert(reason)


class Factor(msgspec.Struct, frozen=True):
    """One `unit` of what stands before is `value` of what comes after; `low` and `high` where that is not settled.

    `value` None: nothing between `low` and `high` is likelier than the rest.
    """

    value: float | None
    low: float
    high: float
    exactness: Exactness
    source: str

    def inverse(self) -> "Factor":
        """The way back."""
        value = None if self.value is None else 1 / self.value
        return Factor(value, 1 / self.high, 1 / self.low, self.exactness, self.source)


def settled(value: float, source: str, exactness: Exactness = Exactness.EXACT) -> Factor:
    """A factor that is one number."""
    return Factor(value, value, value, exactness, source)


def between(low: float, high: float, source: str, exactness: Exactness = Exactness.TYPICAL) -> Factor:
    """A factor somewhere in a span."""
    return Factor(None, low, high, exactness, source) if low != high else settled(low, source, exactness)


def typical(value: float, spread: float, source: str) -> Factor:
    """A usual value that may be off by `spread` (0.1: 10 %) either way."""
    return Factor(value, value * (1 - spread), value * (1 + spread), Exactness.TYPICAL, source)


class Step(msgspec.Struct, frozen=True):
    """A factor on the way, as it is shown: `before` and `after` name the units."""

    before: str
    after: str
    factor: int | float | str
    exactness: Exactness
    source: str


class Conversion(msgspec.Struct, frozen=True):
    """A figure on its way to another unit; `factor` is what it was multiplied with so far, None if that is a span."""

    value: float | None
    low: float
    high: float
    unit: str
    steps: tuple[Step, ...] = ()
    exactness: Exactness = Exactness.EXACT
    factor: float | None = 1.0

    def to(self, unit: str, factor: Factor) -> "Conversion":
        """The figure in `unit`. A factor of 1 to the same unit leaves no trace."""
        if unit == self.unit and factor.low == factor.high == 1:
            return self
        value = None if self.value is None or factor.value is None else self.value * factor.value
        step = Step(self.unit, unit, _wire(factor.value, factor.low, factor.high), factor.exactness, factor.source)
        worse = max(self.exactness, factor.exactness, key=_ORDER.index)
        product = None if self.factor is None or factor.value is None else self.factor * factor.value
        low, high = self.low * factor.low, self.high * factor.high
        return Conversion(value, low, high, unit, (*self.steps, step), worse, product)

    @property
    def wire_value(self) -> int | float | str:
        """The figure for JSON: a number, or "low-high" where nothing in between is likelier."""
        return _wire(self.value, self.low, self.high)

    @property
    def source(self) -> str:
        """Who says so: every source once, in the order of the steps."""
        return "; ".join(dict.fromkeys(step.source for step in self.steps)) or "no conversion needed"


def _wire(value: float | None, low: float, high: float) -> int | float | str:
    if value is not None:
        return tidy(value, 9)
    return Amount(tidy(low, 9), tidy(high, 9)).wire()
