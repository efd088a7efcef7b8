"""Records of USDA FoodData Central: branded foods as JSON (a record a line), and its tables as CSV or Parquet.

`branded_food.csv` holds no name: join it with `food.csv`, whose `description` is the name. The nutrients of a record
are per 100 g or 100 ml; where only those of the label are given, they are per serving.
"""

from typing import Any

from claimlens.domain.item import Kind

_ALSO = {
    "fdcId": "fdc_id", "brandOwner": "brand_owner", "brandName": "brand_name", "gtinUpc": "gtin_upc",
    "servingSize": "serving_size", "servingSizeUnit": "serving_size_unit", "shortDescription": "short_description",
    "brandedFoodCategory": "branded_food_category", "foodNutrients": "food_nutrients",
    "labelNutrients": "label_nutrients",
}  # fmt: skip
#: What of a record bears on its judgement.
COLUMNS = frozenset(_ALSO) | frozenset(_ALSO.values()) | {"description", "ingredients"}
#: By the number that the USDA gives a nutrient.
_NUMBERED = {
    "208": "energy_kcal", "268": "energy_kj", "203": "protein", "204": "fat", "205": "carbohydrate", "269": "sugars",
    "539": "added_sugars", "291": "fibre", "606": "saturates", "605": "trans_fat", "645": "mono_unsaturates",
    "646": "poly_unsaturates", "601": "cholesterol", "307": "sodium", "301": "calcium", "303": "iron",
    "304": "magnesium", "305": "phosphorus", "306": "potassium", "309": "zinc", "312": "copper", "315": "manganese",
    "317": "selenium", "401": "vitamin_c", "404": "thiamin", "405": "riboflavin", "406": "niacin",
    "415": "vitamin_b6", "417": "folate", "418": "vitamin_b12", "320": "vitamin_a", "328": "vitamin_d",
    "323": "vitamin_e", "430": "vitamin_k", "262": "caffeine",
}  # fmt: skip
_LABELLED = {
    "calories": ("energy_kcal", "kcal"), "fat": ("fat", "g"), "saturatedFat": ("saturates", "g"),
    "transFat": ("trans_fat", "g"), "cholesterol": ("cholesterol", "mg"), "sodium": ("sodium", "mg"),
    "carbohydrates": ("carbohydrate", "g"), "fiber": ("fibre", "g"), "sugars": ("sugars", "g"),
    "addedSugar": ("added_sugars", "g"), "protein": ("protein", "g"), "calcium": ("calcium", "mg"),
    "iron": ("iron", "mg"), "potassium": ("potassium", "mg"),
}  # fmt: skip
_UNITS = {"UG": "µg", "MG": "mg", "G": "g", "KCAL": "kcal", "KJ": "kJ"}
#: Words of the USDA's categories that say what kind of thing it is.
_KINDS = (
    ("alcohol", Kind.ALCOHOL),
    ("baby", Kind.INFANT),
    ("infant", Kind.INFANT),
    ("supplement", Kind.SUPPLEMENT),
    ("vitamin", Kind.SUPPLEMENT),
    ("soda", Kind.BEVERAGE),
    ("juice", Kind.BEVERAGE),
    ("drinks", Kind.BEVERAGE),
    ("beverage", Kind.BEVERAGE),
    ("water", Kind.BEVERAGE),
)


def record_of(row: dict[str, Any], position: int) -> dict[str, Any]:
    """The record of an item, with the words and units that `record.read_record` reads."""
    food = {_ALSO.get(key, key): value for key, value in row.items() if value is not None and value != ""}
    record: dict[str, Any] = {
        "id": str(food.get("fdc_id") or f"item-{position + 1}"),
        "name": food.get("description") or food.get("short_description"),
        "ingredients": food.get("ingredients"),
        "brand": str(food.get("brand_name") or food.get("brand_owner") or ""),
        "gtin": str(food.get("gtin_upc") or ""),
        "nutrition": _nutrition(food),
        "kind": _kind(str(food.get("branded_food_category") or "")),
    }
    return {key: value for key, value in record.items() if value}


def _kind(category: str) -> str:
    low = category.lower()
    return next((kind.value for word, kind in _KINDS if word in low), Kind.PACKAGED_FOOD.value)


def _nutrition(food: dict[str, Any]) -> dict[str, Any] | None:
    unit = str(food.get("serving_size_unit") or "").strip().lower()
    is_volume = unit in ("ml", "mlt", "l")
    listed, label = food.get("food_nutrients"), food.get("label_nutrients")
    per_100 = _numbered(listed) if isinstance(listed, list) else {}
    if per_100:
        return {"basis": "per_100ml" if is_volume else "per_100g", **per_100}
    if not isinstance(label, dict):
        return None
    per_serving = {
        field: f"{one['value']} {unit}"
        for key, (field, unit) in _LABELLED.items()
        if isinstance(one := label.get(key), dict) and one.get("value") is not None
    }
    size = food.get("serving_size")
    if not per_serving or size is None:
        return None
    return {"basis": "per_serving", "serving_size": f"{size} {'ml' if is_volume else 'g'}", **per_serving}


def _numbered(listed: list[Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in listed:
        if not isinstance(one, dict):
            continue
        inner = one.get("nutrient")
        told = inner if isinstance(inner, dict) else one
        field = _NUMBERED.get(str(told.get("number") or ""))
        unit = _UNITS.get(str(told.get("unitName") or "").upper())
        amount = one.get("amount", one.get("value"))
        if field and unit and isinstance(amount, int | float):
            found.setdefault(field, f"{amount} {unit}")
    return found
