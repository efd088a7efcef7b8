"""Open Food Facts as tables: its CSV export and its Parquet file, brought into the shape of its JSON products.

CSV: one column a nutrient (`fat_100g`), tags in one cell with commas. Parquet: texts as a list of `{lang, text}`, of
which `main` is the product's own language, nutrients as a list of `{name, 100g, serving, ...}`.
"""

from typing import Any

#: What of a product bears on its judgement.
COLUMNS = frozenset(
    "code lang lc product_name generic_name ingredients_text brands labels categories_tags nutriments quantity"
    " serving_size".split()
)
_TEXTS = ("product_name", "generic_name", "ingredients_text")


def product_of(row: dict[str, Any]) -> dict[str, Any]:
    """The product that a row stands for; a JSON product itself."""
    product = {key: value for key, value in row.items() if value is not None}
    for field in _TEXTS:
        texts = product.get(field)
        if isinstance(texts, list):
            del product[field]
            for one in texts:
                if isinstance(one, dict) and isinstance(one.get("text"), str):
                    language = one.get("lang")
                    product[field if language == "main" else f"{field}_{language}"] = one["text"]
    tags = product.get("categories_tags")
    if isinstance(tags, str):
        product["categories_tags"] = [tag.strip() for tag in tags.split(",")]
    nutriments = product.get("nutriments")
    if isinstance(nutriments, list):
        product["nutriments"] = _listed(nutriments)
    elif nutriments is None:
        amounts = {key: value for key, value in product.items() if key.endswith(("_100g", "_serving"))}
        if amounts:
            product["nutriments"] = amounts
    return product


def _listed(nutriments: list[Any]) -> dict[str, Any]:
    found = {}
    for one in nutriments:
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            for suffix in ("100g", "serving"):
                if one.get(suffix) is not None:
                    found[f"{one['name']}_{suffix}"] = _shortest(one[suffix])
    return found


def _shortest(amount: Any) -> Any:
    """A figure kept in single precision, as somebody typed it: 0.2 and not 0.20000000298."""
    return float(f"{amount:.7g}") if isinstance(amount, float) else amount
