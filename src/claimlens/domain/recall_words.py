"""The words by which a recall is found: folded, without endings, pack sizes and what every recall says."""

import re

from claimlens.domain.text import fold

#: No name of a food depends on them.
_EMPTY = frozenset(
    "a an and as at by de des di du en et for from from in into la le les of on or per st the to und von with "
    "without x la el los las del con "
    "recall recalls recalled recalling product products brand brands various assorted pack packs packet packaged "
    "package packaging net wt weight qty quantity size sizes item items count ct each case cases box boxes bag bags "
    "bottle bottles can cans jar jars tub tubs pouch pouches tray trays container containers piece pieces unit units "
    "oz ounce ounces fl lb lbs g gm gr grm gram grams kg kgs mg ml l ltr liter litre cl pt qt gal gallon gallons "
    "inc llc ltd limited co corp corporation company plc gmbh bv sa srl spa lp dba group international foods food "
    "upc sku gtin ean approximately approx about new original".split()
)

#: Words of any kitchen and any shelf: they tell one food from another, but by themselves they name no product.
GENERIC = frozenset(
    """
    almond apple apricot artificial asian assorted avocado baby bacon baked banana bar barbecue basil bbq bean beef beer
    berry beverage biscuit bite black blend blue blueberry boiled bottled bowl brand bread breakfast breast broccoli
    broth brown bun burger burrito butter cake candy caramel carrot cashew cereal cheddar cheese cheesecake cherry
    chicken chilled chili chilli chip chocolate chopped chunk cinnamon classic coated coconut cod coffee cold cooked
    cookie corn cracker cranberry cream creamy crisp crispy crunchy cucumber curry cut dairy dark date deli delicious
    dessert dip dipped double dressing dried drink dry egg extra fat fig filet fillet fish flake flavor flavored flavour
    flavoured flour free fresh fried frozen fruit garden garlic ginger gluten golden grain granola grape green grilled
    ground ham hazelnut herb herbal home homemade honey hot hummus ice instant italian jam juice kernel kitchen lamb
    large lean leaf lemon lettuce light lime little low lunch made mango market meal meat medium milk mini mint mix
    mixed mozzarella muesli muffin mushroom mustard natural noodle nut oat oatmeal oil olive onion orange organic own
    pancake paprika pasta paste pastry pea peach peanut pecan pepper pesto pickle pie pineapple pistachio pizza plain
    plant plum pork potato powder powdered premium pretzel protein pudding pumpkin pure quality quick raisin ranch
    raspberry raw ready red reduced rice ripe roast roasted roll salad salami salmon salsa salt salted sandwich sauce
    sausage savory savoury sea seafood seasoned seasoning seed selection serve sesame shake shrimp slice sliced small
    smoked smoothie snack soft soup sour soy soya special spice spiced spicy spinach spread squash steak stick
    strawberry style sugar supplement sweet syrup tablet taco tahini tea tender toast tofu tomato tortilla traditional
    tuna turkey ultimate unsalted vanilla vegan vegetable vegetarian vitamin walnut water wheat white whole wrap yellow
    yoghurt yogurt zero grade free-range value finest simply best lait fromage poulet farine huile sel sucre pain sauce
    käse milch brot hähnchen wurst nuss queso leche pollo aceite pane latte formaggio olio riso
    """.split()
)


#: `M&S`, `H-E-B`, `B.C.`: letters that are one word.
_INITIALS = re.compile(r"(?<!\w)\w(?:[-.&]\w)+(?!\w)")


def _run_together(match: re.Match[str]) -> str:
    return "".join(sign for sign in match[0] if sign not in "-.&")


def words_of(text: str) -> list[str]:
    """The telling words of a text in order, each once.

    `Sainsbury’s Pitted Black Olives 120g` gives `sainsbury`, `pitted`, `black`, `olive`.
    """
    folded = fold(_INITIALS.sub(_run_together, text.replace("'", "").replace("’", "")))
    found: dict[str, None] = {}
    for word in folded.split():
        if len(word) > 1 and word not in _EMPTY and not word[0].isdigit():
            stem = stem_of(word)
            if stem not in _EMPTY:
                found[stem] = None
    return list(found)


def stem_of(word: str) -> str:
    """A word without the ending of the plural; the same for all of its spellings here, and no more than that."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes", "oes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
