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
    if len(word) > 4 and word.endswith("ie"):
        return word[:-2] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes", "oes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


# Words of any kitchen and any shelf: they tell one food from another, but by themselves they name no product.
_KITCHEN = """
    aceite almond anchovy apple apricot artichoke artificial asian asparagus assorted aubergine avocado baby bacon bagel
    baguette baked banana bar barbecue barley basil bbq bean beef beer beetroot berry best beverage biryani biscuit bite
    black blend blue blueberry boiled bottled bowl brand bread breakfast breast brie broccoli brot broth brown brownie
    bulgur bun burger burrito butter cabbage cake camembert candy cantaloupe caramel cardamom carrot cashew celery
    cereal cheddar cheese cheesecake cherry chicken chickpea chili chilled chilli chip chocolate chopped chorizo chunk
    chutney cider cilantro cinnamon classic clove coated cocoa coconut cod coffee cold cooked cookie coriander corn
    courgette couscous crab cracker cranberry cream creamy crisp crispy croissant crunchy cube cucumber cumin curry
    custard cut daal dairy dal dark date deli delicious dessert diced dill dip dipped donut dosa double doughnut
    dressing dried drink dry duck dumpling egg eggplant espresso extra falafel farine fat feta fig filet filled fillet
    finest fish flake flavor flavored flavour flavoured flour formaggio free free-range fresh fried fromage frozen fruit
    fry garden garlic gelato ghee ginger gluten gnocchi golden goose gouda grade grain granola grape grapefruit gravy
    green grilled ground guava halloumi ham hazelnut herb herbal home homemade honey hot huile hummus hähnchen ice idli
    instant italian jam juice kale kebab kernel ketchup kitchen kiwi kombucha korma käse lait lamb large lasagna lasagne
    lassi latte leaf lean leche leek lemon lentil lettuce light lime little loaf lobster low lunch lychee macaroni
    mackerel made mango marinade market masala mascarpone mayo mayonnaise meal meat medium melon milch milk millet mini
    mint mix mixed mocha mousse mozzarella muesli muffin mushroom mussel mustard naan natural noodle nugget nuss nut
    nutmeg oat oatmeal oil olio olive onion orange oregano organic own oyster pain pancake pane paneer papaya paprika
    paratha parmesan parsley pasta paste pastrami pastry patty pea peach peanut pecan penne pepper pepperoni pesto
    pickle pie pineapple pistachio pita pizza plain plant plum pollo pomegranate pork potato poulet powder powdered
    prawn premium pretzel prosciutto protein prune pudding pulled pumpkin pure quality queso quick quinoa radish raisin
    raita ramen ranch raspberry raw ready red reduced relish rhubarb rice ricotta ripe riso risotto roast roasted roll
    roti rye saffron salad salami salmon salsa salt salted samosa sandwich sardine sauce sausage savory savoury sea
    seafood seasoned seasoning seed sel selection semi serve sesame shake shallot shredded shrimp simply skim skimmed
    slice sliced small smoked smoothie snack soft sorbet soup sour soy soya spaghetti special spelt spice spiced spicy
    spinach spread squash squid steak stick stir stock strawberry stuffed style sucre sugar supplement sushi sweet syrup
    tablet taco tahini tapioca tart tea tender thyme tikka toast tofu tomato topped tortilla traditional trifle trout
    tuna turkey turmeric udon ultimate unsalted value vanilla veal vegan vegetable vegetarian venison vinegar vitamin
    waffle walnut water watermelon wheat white whole wine wonton wrap wurst yellow yoghurt yogurt zero zucchini
    """
#: The words of any kitchen, as `words_of` gives them.
GENERIC = frozenset(map(stem_of, _KITCHEN.split()))
