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
    "Two soft tacos filled with pulled jackfruit, pickled cabbage and a smoky mayonnaise",
    "Thin crust baked in the stone oven with tomato, basil and torn buffalo mozzarella",
    "Steamed in banana leaf with coconut, green chilli and a squeeze of lime",
    "Our chef folds the dough by hand every morning and rests it for a whole day",
    "Sticky rice, mango and a drizzle of coconut cream make this the way to end a meal",
    "Layers of sponge, custard and seasonal berries under a cloud of whipped cream",
    "Grilled over charcoal and brushed with garlic butter, sold by the half or whole",
    "With a soft boiled egg, nori and a broth that simmers for eighteen hours",
    "Chunky potatoes, peas and cauliflower in a dry curry with mustard seeds",
    "Shredded duck, hoisin, cucumber and spring onion rolled into thin pancakes",
    "Ask for it plain, with cheese, or the full works with bacon and fried onions",
    "A bowl of black lentils left on the tandoor overnight, finished with cream",
    "Crunchy lettuce, croutons, anchovy and a dressing made with aged parmesan",
    "Crisp on the outside and fluffy inside, dusted with chaat masala and sumac",
    "Poached pears, dark chocolate and roasted hazelnuts on a buttery biscuit base",
    "Hot and sour with tiger prawns, lemongrass, galangal and bird's eye chilli",
    "Stone ground corn, refried beans, guacamole and a charred tomato salsa",
    "Slices of cured ham, melon and rocket with a splash of aged balsamic",
    "Half a roast chicken with bread sauce, stuffing, crisp potatoes and gravy",
    "Iced and shaken with jaggery, black salt, mint and roasted cumin",
    "Flat noodles in a wok with bean sprouts, egg, crushed peanuts and tamarind",
    "The lunch plate changes with the market, ask us what is on today",
    "Deep fried in a light batter and served with tartare sauce and mushy peas",
    "Swirled with salted caramel, baked until golden and sliced while still warm",
)
_CLAIMS = (
    "Low fat and high in protein.", "Boosts your immunity the natural way.", "Helps you lose weight fast.",
    "100% natural, no preservatives.", "Gluten free on request.", "A superfood for the whole family.",
    "Good for your heart.", "No added sugar.", "Fresh and healthy.", "Detoxes the body overnight.",
)  # fmt: skip
INGREDIENTS = (
    "onion, tomato, ginger, garlic, sunflower oil, salt, cumin, coriander, turmeric, wheat flour, water, yeast, "
    "butter (milk), sugar, sesame seeds, rice, lentils, mustard seeds, curry leaves, coconut, green chilli, "
    "chicken (42%), cream (milk), tomato paste, cashew nuts, rapeseed oil, spices, potato, egg, mayonnaise (egg), "
    "celery, parsley, lemon juice, black pepper, vinegar, corn starch, carrot, basil"
).split(", ")
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
            ingredients=_list(rng) if rng.random() < ingredients else None,
            nutrition=rng.choice(_NUTRITION) if rng.random() < nutrition else None,
            kind=Kind.MENU_ITEM,
        )


def _list(rng: random.Random) -> str:
    listed = ", ".join(rng.sample(INGREDIENTS, rng.randrange(5, 10)))
    return listed + (". May contain fish" if rng.random() < 0.2 else "")
