"""Is the item a liquid? Limits differ, and the law leaves the decision to whoever applies it."""

from typing import Any

from claimlens.domain.item import Kind
from claimlens.domain.references import NutrientReferences, head_words
from claimlens.gate.normalise.amounts import read_basis, read_serving_size

_LONGEST_WORD = 3


def is_liquid(kind: Kind, nutrition: Any, name: str, references: NutrientReferences) -> bool | None:
    """True, False, or None where nothing tells.

    Figures per 100 ml make a liquid; then the food the name ends on decides ("lassi" is one, "malt drink mix" is not),
    then the kind of item, figures per 100 g, and last a serving in ml. `references` has the pack's words for drinks.
    """
    basis = _stated_basis(nutrition)
    if basis == "100ml":
        return True
    named = _named(name, references)
    if named is False:
        return False
    if named is True or kind in (Kind.BEVERAGE, Kind.ALCOHOL):
        return True
    if basis == "100g":
        return False
    return True if _served_by_volume(nutrition) else None


def _stated_basis(nutrition: Any) -> str:
    if isinstance(nutrition, dict):
        for key in ("basis", "per", "nutrition_data_per"):
            stated = nutrition.get(key)
            if isinstance(stated, str):
                return read_basis(stated).kind
        if "per_100ml" in nutrition:
            return "100ml"
        if "per_100g" in nutrition:
            return "100g"
    return ""


def _served_by_volume(nutrition: Any) -> bool:
    size = nutrition.get("serving_size") or nutrition.get("servingSize") if isinstance(nutrition, dict) else None
    if not isinstance(size, str):
        return False
    grams, millilitres = read_serving_size(size)
    return grams is None and millilitres is not None


def _named(name: str, references: NutrientReferences) -> bool | None:
    """What the last known word of the dish's name says."""
    drinks, others = references.beverage_words, references.not_beverage_words
    if not drinks:
        return None
    words = head_words(name)
    for end in range(len(words), 0, -1):
        for start in range(max(0, end - _LONGEST_WORD), end):
            word = " ".join(words[start:end])
            if word in others:
                return False
            if word in drinks:
                return True
    return None
