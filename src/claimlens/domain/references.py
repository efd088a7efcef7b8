"""What a jurisdiction's law says about nutrients in general: daily references, factors, levels, reference amounts."""

import re
from typing import Literal

import msgspec

from claimlens.domain.quantity import Amount
from claimlens.domain.text import fold


class DailyReference(msgspec.Struct, frozen=True):
    """How much of a nutrient a day's diet is reckoned to hold, in the nutrient's own unit.

    `low` and `high` differ where the law has no single figure (a man's and a woman's allowance): a test that
    depends on which one is meant stays open. `carries_levels` is true where "source of" and "high" are counted in it.
    """

    low: float
    high: float
    carries_levels: bool
    instrument: str
    confidence: str

    @property
    def amount(self) -> Amount:
        """The reference as an amount."""
        return Amount(self.low, self.high)


class LevelShares(msgspec.Struct, frozen=True):
    """The percent of the daily reference that a word such as "source of" needs, by basis; None: no such route."""

    solid: float | None = None
    liquid: float | None = None
    portion: float | None = None
    day: float | None = None
    racc: float | None = None


class ReferenceAmount(msgspec.Struct, frozen=True):
    """The amount customarily eaten of a category of food (US: RACC). `small`: 30 g or 2 tablespoons at most."""

    id: str
    category: str
    amount: float
    unit: Literal["g", "ml"]
    small: bool
    keywords: tuple[str, ...]
    confidence: str


class NutrientReferences(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about nutrients that the packs decide and the engine does not.

    `kcal_per_g` are the law's energy factors. `fibre_in_carbohydrate` says whether a label's carbohydrate figure
    includes fibre. `iu` is the size of one international unit in the nutrient's unit. `trace` is the most that the word
    "trace" may hide, in the nutrient's unit ("*": any other nutrient counted in g). `label_measures` are what a cup, a
    spoon, a fluid ounce (in ml) and an ounce (in g) mean on the market's labels, where its law says so.
    `reference_keywords` leads from a folded keyword to its place in `reference_amounts`.
    """

    daily: dict[str, DailyReference] = {}
    daily_name: str = "daily reference"
    levels: dict[str, LevelShares] = {}
    kcal_per_g: dict[str, float] = {}
    fibre_in_carbohydrate: Literal["yes", "no", "either"] = "no"
    kj_per_kcal: float = 4.184
    salt_per_sodium: float = 2.5
    alcohol_g_per_ml: float = 0.789
    energy_tolerance: float = 0.2
    energy_floor_kcal: float = 15.0
    iu: dict[str, float] = {}
    trace: dict[str, float] = {}
    label_measures: tuple[tuple[str, float], ...] = ()
    reference_amounts: tuple[ReferenceAmount, ...] = ()
    reference_keywords: dict[str, int] = {}
    reference_amount_name: str = "reference amount"
    reference_amount_not_before: tuple[str, ...] = ()
    beverage_words: frozenset[str] = frozenset()
    not_beverage_words: frozenset[str] = frozenset()


def head_words(name: str) -> list[str]:
    """The words that say what a dish is, each in the singular: up to the first "with", comma, bracket or dash.

    The last of them names the food: "Low fat oat cookies, 30 g" is about cookies.
    """
    return [_singular(word) for word in fold(_TAIL.split(name[:200], maxsplit=1)[0]).split()]


def keyword_form(keyword: str) -> str:
    """A keyword in the form in which it is looked up among `head_words`."""
    return " ".join(map(_singular, fold(keyword).split()))


_TAIL = re.compile(r"[,(\[|–—:;\n]| - | with | served | topped | in | on ", re.IGNORECASE)


def _singular(word: str) -> str:
    """The same form for a word and its plural (cookie, cookies → cooky); not always a word."""
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-2] if word.endswith(("oes", "ches", "shes")) else word[:-1]
    return word[:-2] + "y" if len(word) > 4 and word.endswith("ie") else word
