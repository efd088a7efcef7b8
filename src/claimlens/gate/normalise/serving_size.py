"""How much a serving is: in grams or millilitres, as stated, or as somebody found out about "1 cup"."""

from claimlens.domain.nutrition import Learned
from claimlens.domain.quantity import Amount
from claimlens.gate.normalise.amounts import Stated
from claimlens.gate.normalise.measures import Measured, read_measure


class ServingSize:
    """The size of a table's serving. `said` is where and how it was stated, `learned` what was found out of that."""

    __slots__ = ("grams", "learned", "millilitres", "said")

    def __init__(self) -> None:
        self.grams: float | None = None
        self.millilitres: float | None = None
        self.said: tuple[str, str] | None = None
        self.learned: Learned | None = None

    @property
    def is_known(self) -> bool:
        """Whether its weight or its volume is known."""
        return self.grams is not None or self.millilitres is not None

    @property
    def is_exact(self) -> bool:
        """Whether what is known is one figure."""
        return self.learned is None or self.learned.low == self.learned.high

    @property
    def is_stated(self) -> bool:
        """Whether the table says how much a serving is, be it in spoons."""
        return self.is_known or (self.said is not None and isinstance(read_measure(self.said[1]), Measured))

    def state(self, pointer: str, said: str, stated: Stated) -> None:
        """Remember how a serving was stated whose weight and volume were not; the first time counts."""
        if stated.kind == "serving" and stated.grams is None and stated.millilitres is None and self.said is None:
            self.said = pointer, said

    def take(self, grams: float | None, millilitres: float | None) -> None:
        """It is so much; None: not known."""
        self.grams, self.millilitres = grams, millilitres

    def learn(self, known: Learned) -> None:
        """It is as `known` says: reckoned with by the middle of the span, `widened` by the span."""
        middle = (known.low + known.high) / 2
        self.take(*((middle, None) if known.unit == "g" else (None, middle)))
        self.learned = known

    def widened(self, per_hundred: Amount) -> Amount:
        """An amount per 100 that was reckoned with the middle: as vague as the size is."""
        if self.learned is None:
            return per_hundred
        middle = (self.learned.low + self.learned.high) / 2
        low, high = per_hundred.low * middle / self.learned.high, per_hundred.high * middle / self.learned.low
        return Amount(low, high, per_hundred.below)
