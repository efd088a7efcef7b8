"""Everyday entries of a nutrition table, read at one glance and remembered: labels repeat themselves."""

from functools import lru_cache

from claimlens.domain.nutrients import unit_of
from claimlens.domain.quantity import INFINITE, Amount
from claimlens.domain.unit_factors import ENERGY_IN_KJ, MASS_IN_G
from claimlens.gate.normalise.amounts import read_amount
from claimlens.gate.normalise.nutrient_names import meaning_of

#: More than this in 100 g is impossible (pure fat has 900 kcal).
MOST_PER_100: dict[str, float] = {"g": 100.0, "mg": 1e5, "ug": 1e8, "kcal": 930.0, "kj": 3900.0, "%": 100.0}


@lru_cache(maxsize=32768)
def plain_entry(key: str, value: str | float) -> tuple[str, str | None, Amount] | None:
    """(nutrient, block, amount) of an everyday entry such as "fat": "8 g" or "fat_100g": 8.0; None for all others.

    Everyday: the key names a nutrient, the unit is clear, nothing but the two is needed to read it.
    """
    meaning = meaning_of(key)
    nutrient = meaning.nutrient
    if meaning.role != "nutrient" or meaning.part or meaning.schema_org:
        return None
    into = unit_of(nutrient)
    if isinstance(value, str):
        reading = read_amount(value)
        if reading.state != "amount" or reading.also is not None or reading.basis is not None:
            return None
        unit, low, high, below = reading.unit or meaning.unit, reading.low, reading.high, reading.below
    else:
        unit = meaning.unit or (into if into in ("g", "kcal", "kj") and nutrient != "energy" else "")
        low = high = float(value)
        below = False
    if unit in ("kcal", "kj") and nutrient in ("energy", "energy_kcal", "energy_kj"):
        nutrient, into = f"energy_{unit}", unit
    if nutrient == "energy":
        return None
    if unit != into:
        factor = converter(unit, into) if unit not in ENERGY_IN_KJ else None
        if factor is None:
            return None
        low, high = tidied(low * factor), tidied(high * factor)
    if high > MOST_PER_100[into]:
        return None
    basis = meaning.basis
    if basis is None:
        return nutrient, None, Amount(low, high, below)
    if basis.kind in ("100g", "100ml") and (basis.grams or basis.millilitres) == 100.0:
        return nutrient, basis.kind, Amount(low, high, below)
    return None


@lru_cache(maxsize=512)
def converter(unit: str, into: str) -> float | None:
    """How many `into` one `unit` is; None if they measure different things."""
    for factors in (MASS_IN_G, ENERGY_IN_KJ):
        if unit in factors and into in factors:
            return factors[unit] / factors[into]
    return None


def tidied(value: float) -> float:
    """`value` without float noise in the last digits."""
    return float(f"{value:.12g}") if value != INFINITE else value
