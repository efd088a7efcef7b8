"""Made-up menus for measuring: about 60 words an item, lawful copy with a claim now and then."""

import random
from collections.abc import Iterator

from claimlens.domain.item import Item, Kind

_STYLES = (
    "Slow-cooked",
    "Char-grilled",
    "Crispy",
    "Wood-fired",
    "Hand-rolled",
    "Smoky",
    "Spiced",
    "Golden",
    "Roasted",
    "Braised",
)
_MAINS = (
    "lamb shoulder",
    "paneer tikka",
    "chicken thigh",
    "aubergine",
    "salmon fillet",
    "chickpea curry",
    "pork belly",
    "mushroom risotto",
    "tofu steak",
    "beef short rib",
)
_SIDES = (
    "garlic mash",
    "jeera rice",
    "seasonal greens",
    "rocket salad",
    "buttered naan",
    "skin-on fries",
    "pickled onions",
    "mint chutney",
    "roast potatoes",
    "herb couscous",
)
_SENTENCES = (
    "Marinated overnight in yoghurt, ginger and our own blend of whole spices",
    "Finished at the table with brown butter, lemon and a handful of soft herbs",
    "Served in a warm bowl with a rich red wine sauce and crushed black pepper",
    "A favourite of the house since we opened, generous enough for two to share",
    "Cooked low and slow until the meat falls away, then glazed and grilled to order",
    "Topped with toasted seeds, spring onion and a spoonful of cool cucumber raita",
    "Comes with your choice of bread, and extra chilli on the side if you like it hot",
    "Tossed with olive oil, cherry tomatoes, capers and shavings of aged hard cheese",
)
_CLAIMS = (
    "Low fat and high in protein.", "Boosts your immunity the natural way.", "Helps you lose weight fast.",
    "100% natural, no preservatives.", "Gluten free on request.", "A superfood for the whole family.",
    "Good for your heart.", "No added sugar.", "Fresh and healthy.", "Detoxes the body overnight.",
)  # fmt: skip
_INGREDIENTS = (
    "onion, tomato, ginger, garlic, sunflower oil, salt, cumin, coriander, turmeric",
    "wheat flour, water, yeast, butter (milk), sugar, salt, sesame seeds",
    "rice, lentils, mustard seeds, curry leaves, coconut, green chilli, salt",
    "chicken (42%), cream (milk), tomato paste, cashew nuts, rapeseed oil, spices, salt",
    "potato, egg, mayonnaise (egg, mustard), celery, parsley, lemon juice. May contain fish",
)
_NUTRITION = (
    {"basis": "per_100g", "energy": "182 kcal", "fat": "8.1 g", "saturates": "2.4 g", "carbohydrate": "15 g",
     "sugars": "3.2 g", "protein": "12 g", "salt": "0.9 g"},
    {"basis": "per_100g", "energy_kcal": 95, "fat": 2.1, "carbohydrate": 12, "sugars": 4, "fibre": 2.5,
     "protein": 5.5, "salt": 0.4},
)  # fmt: skip


def items(
    count: int, seed: int = 7, *, claims: float = 0.15, nutrition: float = 0.3, ingredients: float = 0.5
) -> Iterator[Item]:
    """`count` items, the same for the same seed.

    The shares say how many carry a claim, a nutrition table, ingredients.
    """
    rng = random.Random(seed)
    for i in range(count):
        words = rng.sample(_SENTENCES, 3)
        if rng.random() < claims:
            words.insert(rng.randrange(4), rng.choice(_CLAIMS).removesuffix("."))
        side, other = rng.sample(_SIDES, 2)
        yield Item(
            id=f"item-{i}",
            name=f"{rng.choice(_STYLES)} {rng.choice(_MAINS)} with {side}"
            + (f", {i % 12 + 2} pieces" if rng.random() < 0.2 else ""),
            description=". ".join(words) + f". With {side} and {other}.",
            ingredients=rng.choice(_INGREDIENTS) if rng.random() < ingredients else None,
            nutrition=rng.choice(_NUTRITION) if rng.random() < nutrition else None,
            kind=Kind.MENU_ITEM,
        )
