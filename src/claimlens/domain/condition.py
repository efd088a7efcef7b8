"""What a law asks of an item's numbers, as a tree. Packs write it as text (`packs/conditions.py` reads it)."""

from typing import Literal

import msgspec

from claimlens.domain.quantity import Operator, Truth

#: What an amount is counted in. `100` is "per 100 g or 100 ml, as the label has it".
Basis = Literal["100g", "100ml", "100", "100kcal", "serving", "racc", "50g", "day"]


class Limit(msgspec.Struct, frozen=True, tag="limit"):
    """`fat <= 3 g/100g`. The amounts of `nutrients` are added up; `unit` is a unit or "%" (of the daily reference)."""

    nutrients: tuple[str, ...]
    operator: Operator
    value: float
    unit: str
    basis: Basis


class Share(msgspec.Struct, frozen=True, tag="share"):
    """`energy_from_protein >= 20 %`: percent of the energy, or of the fat, that comes from `nutrients`."""

    whole: Literal["energy", "fat"]
    nutrients: tuple[str, ...]
    operator: Operator
    percent: float


class Level(msgspec.Struct, frozen=True, tag="level"):
    """`vitamin_c >= source_of`: a named share of the daily reference, on the basis the pack's law sets for it."""

    nutrient: str
    level: str


class Size(msgspec.Struct, frozen=True, tag="size"):
    """`racc > 30 g`: the reference amount or the serving itself, in grams or millilitres."""

    of: Literal["racc", "serving"]
    operator: Operator
    value: float


class All(msgspec.Struct, frozen=True, tag="all"):
    """Every part must hold."""

    parts: tuple["Condition", ...]


class Some(msgspec.Struct, frozen=True, tag="some"):
    """One part is enough."""

    parts: tuple["Condition", ...]


class ByState(msgspec.Struct, frozen=True, tag="by_state"):
    """`solid: …; liquid: …`. A missing side means that the claim does not exist for that state."""

    solid: "Condition | None" = None
    liquid: "Condition | None" = None


Condition = Limit | Share | Level | Size | All | Some | ByState


class ConditionResult(msgspec.Struct, frozen=True):
    """What came of a condition: `because` is a clause for people, `missing` the figures an *unknown* waits for."""

    outcome: Truth
    because: str
    missing: tuple[str, ...] = ()


def nutrients_of(condition: Condition) -> frozenset[str]:
    """Every nutrient a condition asks about."""
    match condition:
        case Limit() | Share():
            return frozenset(condition.nutrients)
        case Level():
            return frozenset((condition.nutrient,))
        case Size():
            return frozenset()
        case All() | Some():
            return frozenset().union(*map(nutrients_of, condition.parts))
        case ByState():
            return frozenset().union(*(nutrients_of(side) for side in (condition.solid, condition.liquid) if side))


def main_nutrient(condition: Condition) -> str:
    """The nutrient a condition is about: the first one it names; empty if it names none."""
    match condition:
        case Limit() | Share():
            return condition.nutrients[0]
        case Level():
            return condition.nutrient
        case Size():
            return ""
        case All() | Some():
            return next((name for part in condition.parts if (name := main_nutrient(part))), "")
        case ByState():
            sides = (condition.solid, condition.liquid)
            return next((name for side in sides if side is not None and (name := main_nutrient(side))), "")
