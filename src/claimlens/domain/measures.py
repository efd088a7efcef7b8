"""Kitchen and label measures: how much a unit is in g, ml or kJ, by whose rule.

`cup` alone says nothing: the measure names the system. `us_label` is the measure of a US Nutrition Facts panel, where a
cup is 240 ml by law; `us` the customary one, 236.6 ml.
"""

from claimlens.domain.conversion import Exactness, Factor, between, cannot, settled, typical
from claimlens.domain.unit_factors import ENERGY_IN_KJ, MASS_IN_G, VOLUME_IN_ML

SYSTEMS = ("us", "us_label", "metric", "imperial")

_SI = "SI prefix"
_POUND = "international pound of 1959: 0.45359237 kg"
_HB44 = "NIST Handbook 44, appendix C: US customary measure"
_LABEL = "21 CFR 101.9(b)(5)(viii)"
_UK = "Weights and Measures Act 1985, Schedule 1: imperial measure"
_METRIC = "metric kitchen measure: cup 250 ml, tablespoon 15 ml, teaspoon 5 ml"
_CALORIE = "thermochemical calorie: 4.184 J"
_PINCH = "measuring-spoon custom: a pinch is 1/16, a dash 1/8 of a teaspoon"
_DROP = "customary drop of water: 20 to the ml"
_METRIC_POUND = "metric pound of 500 g (Pfund, livre)"
_TOLA = "tola of 180 grains"
#: A drop is smaller of oil than of water and larger from a broad spout.
_DROP_SPREAD = 0.5
_PINCH_SPREAD = 0.5

_LABEL_ML = {"cup": 240.0, "tbsp": 15.0, "tsp": 5.0, "fl_oz": 30.0}
_METRIC_ML = {"cup": 250.0, "tbsp": 15.0, "tsp": 5.0}
_IMPERIAL = {
    "cup": "imperial_cup",
    "fl_oz": "imperial_fl_oz",
    "pint": "imperial_pint",
    "gallon": "imperial_gallon",
}
_CUSTOMARY = ("cup", "tbsp", "tsp", "fl_oz", "pint", "quart", "gallon")
#: Names for which no standard can be cited, and why.
UNDEFINED: dict[str, str] = {
    "katori": "a katori (bowl) has no standard size; give its ml or g",
    "glass": "a glass has no standard size; give its ml",
    "bowl": "a bowl has no standard size; give its ml or g",
    "plate": "a plate has no standard size; give its g",
    "spoon": "a spoon may be a tablespoon or a teaspoon",
    "handful": "a handful has no standard size; give its g",
    "scoop": "a scoop differs from product to product; give its g",
    "serving": "the size of a serving is not given",
    "pack": "the size of a pack is not given",
    "capsule": "the weight of a capsule or tablet is not given",
}
#: Units that are counted; what one weighs depends on the food.
COUNTED = ("piece", "slice", "stick", "pat")


def base_of(unit: str) -> str:
    """`g`, `ml` or `kj` for a unit of mass, volume or energy, else "" (counted, percent, IU, unknown)."""
    if unit in MASS_IN_G or unit in ("metric_pound", "tola"):
        return "g"
    if unit in VOLUME_IN_ML or unit in ("drop", "pinch", "dash"):
        return "ml"
    return "kj" if unit in ENERGY_IN_KJ else ""


def in_base(unit: str, system: str, market: str) -> Factor:
    """How much one `unit` is in its base (g, ml, kJ).

    `system` "" leaves it to the market: the US has its own measures, Great Britain imperial ones; a cup elsewhere is
    not defined. Raises CannotConvert with the reason.
    """
    if unit in ENERGY_IN_KJ:
        return settled(ENERGY_IN_KJ[unit], _CALORIE if unit == "kcal" else _SI)
    if unit in MASS_IN_G:
        return _mass(unit, system)
    if unit == "metric_pound":
        return settled(500.0, _METRIC_POUND, Exactness.ROUNDED)
    if unit == "tola":
        return settled(180 * MASS_IN_G["grain"], _TOLA)
    if unit == "drop":
        return typical(0.05, _DROP_SPREAD, _DROP)
    if unit in ("pinch", "dash"):
        return typical(VOLUME_IN_ML["tsp"] / (16 if unit == "pinch" else 8), _PINCH_SPREAD, _PINCH)
    if unit in ("ml", "l", "dl", "cl"):
        return settled(VOLUME_IN_ML[unit], _SI)
    if unit.startswith("imperial_"):
        return settled(VOLUME_IN_ML[unit], _UK)
    if unit in _CUSTOMARY:
        return _volume(unit, system, market)
    return cannot(f"{unit!r:.40} is no unit that is known here")


def _mass(unit: str, system: str) -> Factor:
    if unit == "oz" and system == "us_label":
        return settled(28.0, _LABEL, Exactness.ROUNDED)
    return settled(MASS_IN_G[unit], _POUND if unit in ("oz", "lb", "grain") else _SI)


def _volume(unit: str, system: str, market: str) -> Factor:
    if not system and market == "GB" and unit == "cup":  # a British cook's cup is either of the two
        return Factor(250.0, 250.0, VOLUME_IN_ML["imperial_cup"], Exactness.TYPICAL, f"{_METRIC}; {_UK}")
    system = system or {"US": "us", "GB": "imperial"}.get(market, "")
    if system == "us_label" and unit in _LABEL_ML:
        return settled(_LABEL_ML[unit], _LABEL, Exactness.ROUNDED)
    if system in ("us", "us_label"):
        return settled(VOLUME_IN_ML[unit], _HB44)
    if system == "imperial" and unit in _IMPERIAL:
        return settled(VOLUME_IN_ML[_IMPERIAL[unit]], _UK)
    if unit in ("tbsp", "tsp"):
        return settled(_METRIC_ML[unit], _METRIC, Exactness.ROUNDED)
    if unit in _METRIC_ML and system == "metric":
        return settled(_METRIC_ML[unit], _METRIC)
    name = unit.replace("_", " ")
    if system:
        return cannot(f"there is no {system} {name}")
    if unit == "fl_oz":
        return between(VOLUME_IN_ML["imperial_fl_oz"], _LABEL_ML["fl_oz"], f"{_UK}; {_LABEL}")
    return cannot(f"a {name} has no defined size here; say which one: US, {'metric' if unit == 'cup' else 'imperial'}")
