"""Made-up products in the shape of the Open Food Facts Parquet file: its columns, its lists of texts and nutrients."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.menus import INGREDIENTS

_TEXTS = pa.list_(pa.struct([("lang", pa.string()), ("text", pa.string())]))
_NUTRIENTS = pa.list_(
    pa.struct(
        [("name", pa.string()), ("value", pa.float32()), ("100g", pa.float32()), ("serving", pa.float32()),
         ("unit", pa.string())]
    )
)  # fmt: skip
SCHEMA = pa.schema(
    [
        ("code", pa.string()), ("lang", pa.string()), ("product_name", _TEXTS), ("generic_name", _TEXTS),
        ("ingredients_text", _TEXTS), ("brands", pa.string()), ("labels", pa.string()),
        ("categories_tags", pa.list_(pa.string())), ("quantity", pa.string()), ("serving_size", pa.string()),
        ("nutriments", _NUTRIENTS), ("image_url", pa.string()), ("last_modified_t", pa.int64()),
    ]
)  # fmt: skip
_WHAT = (
    "oat biscuits", "tomato soup", "muesli with berries", "strawberry yogurt", "orange juice", "dark chocolate",
    "sparkling water", "chicken curry", "wholemeal bread", "olive oil", "green tea", "protein bar", "rice cakes",
    "mango chutney", "almond drink", "cheddar", "smoked salmon", "tortilla chips", "honey", "baby porridge",
)  # fmt: skip
_HOW = (
    "Crunchy", "Family", "Golden", "Spicy", "Smooth", "Smoked", "Salted", "Chunky", "Mini", "Toasted", "Organic",
    "Light",
)  # fmt: skip
_ABOUT = (
    "A crisp snack for the break", "Made in small batches", "Low fat and high in protein", "Boosts your immunity",
    "Source of fibre", "No added sugar", "100% natural", "With a hint of lime", "Helps you lose weight fast",
    "Ready in three minutes", "Rich in vitamin C", "Keeps your gut healthy", "Slowly roasted", "Gluten free",
)  # fmt: skip
_LABELS = ("Vegetarian", "Vegan", "Organic", "No gluten", "Fair trade", "Green Dot", "High fibre", "No preservatives")
_NUTRIENT_NAMES = (
    ("energy-kcal", 20, 600, "kcal"), ("fat", 0, 40, "g"), ("saturated-fat", 0, 15, "g"),
    ("carbohydrates", 0, 80, "g"), ("sugars", 0, 40, "g"), ("fiber", 0, 12, "g"), ("proteins", 0, 25, "g"),
    ("salt", 0, 3, "g"),
)  # fmt: skip
#: Rows that differ in more than their code; so many are made, then they come again.
_DISTINCT = 50_000


def write(path: Path, rows: int, *, group: int = 20_000, seed: int = 9) -> None:
    """A file of so many products, the same for the same seed."""
    rng = random.Random(seed)
    made = pa.Table.from_pylist([_product(rng) for _ in range(min(rows, _DISTINCT))], SCHEMA)
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as out:
        for start in range(0, rows, group):
            count = min(group, rows - start)
            picks = pa.array([(start + i) % made.num_rows for i in range(count)])
            codes = pa.array([f"5{start + i:012d}" for i in range(count)])
            out.write_table(made.take(picks).set_column(0, SCHEMA.field("code"), codes))


def _product(rng: random.Random) -> dict[str, Any]:
    what = rng.choice(_WHAT)
    ingredients = ", ".join(rng.sample(INGREDIENTS, rng.randrange(4, 14))) if rng.random() < 0.7 else ""
    name = f"{rng.choice(_HOW)} {what}"
    return {
        "code": "",
        "lang": "en",
        "product_name": [{"lang": "main", "text": name}, {"lang": "en", "text": name}],
        "generic_name": _texts(". ".join(rng.sample(_ABOUT, 2)) + "." if rng.random() < 0.12 else ""),
        "ingredients_text": _texts(ingredients),
        "brands": rng.choice(("Mill & Sons", "Northfield", "Casa Verde", "Alpine", "")),
        "labels": ", ".join(rng.sample(_LABELS, rng.choice((0, 0, 0, 1, 1, 2)))),
        "categories_tags": ["en:foods", "en:beverages"] if what in ("orange juice", "green tea") else ["en:foods"],
        "quantity": rng.choice(("250 g", "1 l", "500 ml", "")),
        "serving_size": "30 g",
        "nutriments": list(_nutrients(rng)) if rng.random() < 0.75 else [],
        "image_url": "https://images.example/" + "x" * 40,
        "last_modified_t": 1_700_000_000,
    }


def _texts(text: str) -> list[dict[str, str]]:
    return [{"lang": "main", "text": text}, {"lang": "en", "text": text}] if text else []


def _nutrients(rng: random.Random) -> Iterator[dict[str, Any]]:
    for name, least, most, unit in _NUTRIENT_NAMES:
        amount = round(rng.uniform(least, most), 1)
        yield {"name": name, "value": amount, "100g": amount, "serving": round(amount * 0.3, 2), "unit": unit}
