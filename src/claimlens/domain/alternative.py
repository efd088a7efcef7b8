"""What a pack offers to write instead of words that a rule stops, where the item's own numbers carry it."""

from typing import Literal

import msgspec

from claimlens.domain.condition import Condition
from claimlens.domain.finding import Citation

#: Where a nutrient's figure is told per serving: as the label has it, or wherever the label tells one.
Per = Literal["100 g", "100 ml", "serving", "day"]


class OfferedClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that may be made where `condition` holds and `unless` does not.

    `wordings` are by language. It is offered instead of claims about its `nutrients` (the first is the one it is about)
    and of the findings of `rules`. `strength`: it says something good of the item and may stand where a promise was.
    """

    id: str
    wordings: dict[str, str]
    nutrients: tuple[str, ...]
    condition: Condition
    citation: Citation
    unless: Condition | None = None
    rules: tuple[str, ...] = ()
    strength: bool = False
    not_kinds: tuple[str, ...] = ()


class FigureWords(msgspec.Struct, frozen=True, kw_only=True):
    """How a language states a figure: "12 g protein per 100 g".

    `figure` has the places {amount}, {unit}, {nutrient} and {per}, `energy` {kj}, {kcal} and {per}. Where `elided` is
    given, it stands for "de " before a name that starts with one of `elided_before`. `words` tell which nutrient a
    claim speaks of.
    """

    figure: str
    energy: str
    decimal: str = "."
    per: dict[Per, str]
    units: dict[str, str] = {}
    nutrients: dict[str, str]
    words: dict[str, tuple[str, ...]] = {}
    elided: str = ""
    elided_before: str = ""


class OfferTable(msgspec.Struct, frozen=True, kw_only=True):
    """All that a pack offers. Claims stand from the strongest to the weakest.

    `about` says of a rule without a figure of its own which nutrients its words are about. `plain` are the nutrients
    whose figure says no more than the label does; the figure of any other one is told where a claim about it holds, as
    the law takes "contains ..." for that claim. Empty: any figure may be told. `by_serving`: figures are told per
    serving where there are any. `strengths_instead_of`: categories and rules whose words promise something; a claim
    that is a strength may stand there. `general_functions` of the register may accompany a general word, in this order.
    """

    claims: tuple[OfferedClaim, ...] = ()
    about: dict[str, tuple[str, ...]] = {}
    figures: dict[str, FigureWords] = {}
    plain: frozenset[str] = frozenset()
    by_serving: bool = False
    figure_citation: Citation | None = None
    strengths_instead_of: frozenset[str] = frozenset()
    general_functions: tuple[str, ...] = ()


def with_nutrient(wording: str, name: str, words: FigureWords) -> str:
    """`wording` with the name in the place of "{nutrient}", elided where the language does so ("d’iode")."""
    if words.elided and name[:1].lower() in words.elided_before:
        wording = wording.replace("de {nutrient}", words.elided + "{nutrient}")
    return wording.replace("{nutrient}", name)
