"""Figures that the label's other figures settle: kJ ↔ kcal, salt ↔ sodium, alcohol, per 100 from a serving."""

from claimlens.domain.quantity import INFINITE, Amount
from claimlens.domain.references import NutrientReferences

_MG_PER_G = 1000.0


def complete(
    amounts: dict[str, Amount], derived: dict[str, str], references: NutrientReferences, *, per_100_ml: bool
) -> None:
    """Add to `amounts` what follows from them; `derived` says of each addition where it comes from."""
    kcal, kj = amounts.get("energy_kcal"), amounts.get("energy_kj")
    if kcal is not None and kj is None:
        amounts["energy_kj"] = scaled(kcal, references.kj_per_kcal)
        derived["energy_kj"] = "from the energy in kcal"
    elif kj is not None and kcal is None:
        amounts["energy_kcal"] = scaled(kj, 1 / references.kj_per_kcal)
        derived["energy_kcal"] = "from the energy in kJ"
    salt, sodium = amounts.get("salt"), amounts.get("sodium")
    if salt is not None and sodium is None:
        amounts["sodium"] = scaled(salt, _MG_PER_G / references.salt_per_sodium)
        derived["sodium"] = "from salt"
    elif sodium is not None and salt is None:
        amounts["salt"] = scaled(sodium, references.salt_per_sodium / _MG_PER_G)
        derived["salt"] = "from sodium"
    if per_100_ml and "abv" in amounts and "alcohol" not in amounts:
        amounts["alcohol"] = scaled(amounts["abv"], references.alcohol_g_per_ml)
        derived["alcohol"] = "from the alcohol by volume"


def per_hundred(serving: dict[str, Amount], size: float) -> dict[str, Amount]:
    """Amounts per 100 g or 100 ml from those in a serving of `size` g or ml. A percentage by volume stays as it is."""
    factor = 100.0 / size
    return {nutrient: amount if nutrient == "abv" else scaled(amount, factor) for nutrient, amount in serving.items()}


def scaled(amount: Amount, factor: float) -> Amount:
    """`amount` times `factor`, without float noise in the last digits."""
    low = float(f"{amount.low * factor:.12g}")
    if amount.low == amount.high:
        return Amount(low, low)
    high = amount.high if amount.high == INFINITE else float(f"{amount.high * factor:.12g}")
    return Amount(low, high, amount.below)
