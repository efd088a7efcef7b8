"""The nutrients a label or a law may name: one key, one unit and one name for people each.

Other keys are allowed (`dried_fruit`, `wheat_bran_fibre`): they are masses in grams.
"""

import msgspec


class Nutrient(msgspec.Struct, frozen=True, gc=False):
    """A nutrient's unit (of every stored amount) and its name in a sentence."""

    unit: str
    name: str


#: In the order of a European nutrition declaration; then everything else by name.
_MACROS: dict[str, tuple[str, str]] = {
    "energy_kj": ("kj", "energy"),
    "energy_kcal": ("kcal", "energy"),
    "fat": ("g", "fat"),
    "saturates": ("g", "saturates"),
    "trans_fat": ("g", "trans fat"),
    "mono_unsaturates": ("g", "mono-unsaturates"),
    "poly_unsaturates": ("g", "polyunsaturates"),
    "unsaturates": ("g", "unsaturated fat"),
    "omega3": ("g", "omega-3"),
    "ala": ("g", "alpha-linolenic acid"),
    "epa_dha": ("mg", "EPA and DHA"),
    "epa": ("mg", "EPA"),
    "dha": ("mg", "DHA"),
    "linoleic_acid": ("g", "linoleic acid"),
    "cholesterol": ("mg", "cholesterol"),
    "carbohydrate": ("g", "carbohydrate"),
    "sugars": ("g", "sugars"),
    "added_sugars": ("g", "added sugars"),
    "starch": ("g", "starch"),
    "polyols": ("g", "polyols"),
    "erythritol": ("g", "erythritol"),
    "fibre": ("g", "fibre"),
    "soluble_fibre": ("g", "soluble fibre"),
    "insoluble_fibre": ("g", "insoluble fibre"),
    "protein": ("g", "protein"),
    "salt": ("g", "salt"),
    "sodium": ("mg", "sodium"),
    "alcohol": ("g", "alcohol"),
    "abv": ("%", "alcohol by volume"),
}
_OTHERS: dict[str, tuple[str, str]] = {
    "beta_glucan": ("g", "beta-glucan"),
    "betaine": ("mg", "betaine"),
    "biotin": ("ug", "biotin"),
    "caffeine": ("mg", "caffeine"),
    "calcium": ("mg", "calcium"),
    "chloride": ("mg", "chloride"),
    "choline": ("mg", "choline"),
    "chromium": ("ug", "chromium"),
    "cocoa_flavanols": ("mg", "cocoa flavanols"),
    "copper": ("mg", "copper"),
    "creatine": ("g", "creatine"),
    "fluoride": ("mg", "fluoride"),
    "folate": ("ug", "folate"),
    "iodine": ("ug", "iodine"),
    "iron": ("mg", "iron"),
    "lactose": ("g", "lactose"),
    "lactulose": ("g", "lactulose"),
    "magnesium": ("mg", "magnesium"),
    "manganese": ("mg", "manganese"),
    "melatonin": ("mg", "melatonin"),
    "molybdenum": ("ug", "molybdenum"),
    "monacolin_k": ("mg", "monacolin K"),
    "niacin": ("mg", "niacin"),
    "pantothenic_acid": ("mg", "pantothenic acid"),
    "phosphorus": ("mg", "phosphorus"),
    "plant_sterols": ("g", "plant sterols and stanols"),
    "potassium": ("mg", "potassium"),
    "riboflavin": ("mg", "riboflavin"),
    "selenium": ("ug", "selenium"),
    "taurine": ("mg", "taurine"),
    "thiamin": ("mg", "thiamin"),
    "vitamin_a": ("ug", "vitamin A"),
    "vitamin_b12": ("ug", "vitamin B12"),
    "vitamin_b6": ("mg", "vitamin B6"),
    "vitamin_c": ("mg", "vitamin C"),
    "vitamin_d": ("ug", "vitamin D"),
    "vitamin_e": ("mg", "vitamin E"),
    "vitamin_k": ("ug", "vitamin K"),
    "zinc": ("mg", "zinc"),
}
NUTRIENTS: dict[str, Nutrient] = {key: Nutrient(*row) for key, row in (_MACROS | _OTHERS).items()}

#: Position in output; keys that are not here follow in alphabetical order.
ORDER: dict[str, int] = {key: place for place, key in enumerate(NUTRIENTS)}

#: Nutrients that are the sum of others, where the label gives the parts.
SUMS: dict[str, tuple[str, ...]] = {
    "unsaturates": ("mono_unsaturates", "poly_unsaturates"),
    "epa_dha": ("epa", "dha"),
}
#: Part → whole: a part that is not given is at most the whole, a whole at least its part.
WHOLE_OF: dict[str, str] = {
    "saturates": "fat",
    "trans_fat": "fat",
    "mono_unsaturates": "fat",
    "poly_unsaturates": "fat",
    "unsaturates": "fat",
    "omega3": "fat",
    "ala": "fat",
    "sugars": "carbohydrate",
    "starch": "carbohydrate",
    "polyols": "carbohydrate",
    "added_sugars": "sugars",
}
#: Other keys that the law's texts and the condition language use for the same thing.
_ALIASES: dict[str, str] = {
    "calories": "energy_kcal",
    "total_fat": "fat",
    "saturated_fat": "saturates",
    "satfat": "saturates",
    "trans": "trans_fat",
    "mufa": "mono_unsaturates",
    "monounsaturates": "mono_unsaturates",
    "pufa": "poly_unsaturates",
    "polyunsaturates": "poly_unsaturates",
    "omega_3": "omega3",
    "carbohydrates": "carbohydrate",
    "total_carbohydrate": "carbohydrate",
    "sugar": "sugars",
    "fiber": "fibre",
    "dietary_fiber": "fibre",
    "dietary_fibre": "fibre",
    "soluble_fiber": "soluble_fibre",
    "thiamine": "thiamin",
    "vitamin_b1": "thiamin",
    "vitamin_b2": "riboflavin",
    "vitamin_b3": "niacin",
    "vitamin_b5": "pantothenic_acid",
    "vitamin_b7": "biotin",
    "vitamin_b9": "folate",
    "folic_acid": "folate",
    "chromium_iii": "chromium",
    "phytosterols": "plant_sterols",
    "sterols": "plant_sterols",
}
_GRAMS = "g"


def canonical_nutrient(key: str) -> str:
    """The one key for a nutrient (`saturated_fat` → `saturates`); an unknown key stays as it is."""
    return _ALIASES.get(key, key)


def unit_of(nutrient: str) -> str:
    """The unit of every stored amount of this nutrient."""
    known = NUTRIENTS.get(nutrient)
    return known.unit if known else _GRAMS


def name_of(nutrient: str) -> str:
    """The nutrient in a sentence."""
    known = NUTRIENTS.get(nutrient)
    return known.name if known else nutrient.replace("_", " ")


#: A unit as people write it.
UNIT_NAMES: dict[str, str] = {"ug": "µg", "kj": "kJ", "iu": "IU"}


def unit_name(unit: str) -> str:
    """`ug` → "µg"; most units are written as they are."""
    return UNIT_NAMES.get(unit, unit)


def wire_key(nutrient: str) -> str:
    """The key in the verdict: the nutrient and its unit (`fat_g`, `vitamin_c_mg`, `energy_kj`)."""
    if nutrient in ("energy_kj", "energy_kcal"):
        return nutrient
    unit = unit_of(nutrient)
    return f"{nutrient}_{'pct' if unit == '%' else unit}"


def energy_source(nutrient: str) -> str:
    """The nutrient whose energy factor counts for this one: sugars burn as carbohydrate, saturates as fat."""
    if nutrient in ("polyols", "erythritol", "alcohol", "fibre"):
        return nutrient
    if nutrient.endswith("_fibre"):
        return "fibre"
    seen = nutrient
    while seen in WHOLE_OF:
        seen = WHOLE_OF[seen]
    return seen
