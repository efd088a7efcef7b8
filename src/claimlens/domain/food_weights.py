"""What a cup, a spoon, a slice or a piece of a food weighs, as the US Department of Agriculture published it.

Source of every row: USDA National Nutrient Database for Standard Reference, release 27, file WEIGHT (succeeded by SR
Legacy in FoodData Central): public domain. The number is the food's NDB number, the weights are grams for one measure
as published; volumes are US customary.

How full a cup is depends on who fills it and on what the food is made like: such weights are *typical*. By how much
they may be off (± percent) was read off nine tenths of the US labels of foods of that name that state grams beside cups
or spoons (branded foods of FoodData Central, February 2026), where at least twenty do; else it is that of a food like
it, and 10 % of liquids.
"""

from functools import cache

import msgspec

from claimlens.domain.references import head_words, keyword_form
from claimlens.domain.unit_factors import VOLUME_IN_ML


class FoodWeight(msgspec.Struct, frozen=True):
    """A food of the table: `grams` for one of each measure, `density` in g/ml (None where no volume was weighed).

    `spread` says how far they may be off either way: 0.1 is a tenth.
    """

    ndb: str
    food: str
    grams: dict[str, float]
    density: float | None
    spread: float

    @property
    def source(self) -> str:
        """The row, as one cites it."""
        return f"USDA SR27 no. {self.ndb} ({self.food})"


#: NDB number | food | grams for one of a measure ± percent | names. A starred name may have any words before it.
_ROWS = """
01001 | butter | cup 227, tbsp 14.2, stick 113, pat 5 ± 20 | butter, salted butter, unsalted butter, beurre, \
mantequilla, burro, makhan
01003 | butter oil, anhydrous | cup 205, tbsp 12.8 ± 15 | *ghee, *clarified butter, butterschmalz, butter oil
01009 | cheddar, shredded | cup 113, slice 28 ± 30 | *cheddar, *cheddar cheese, *grated cheese, *shredded cheese
01012 | cottage cheese, large curd | cup 210 ± 15 | *cottage cheese, hüttenkäse
01017 | cream cheese | cup 232, tbsp 14.5 ± 15 | *cream cheese, frischkäse
01019 | feta, crumbled | cup 150 ± 30 | *feta, *feta cheese
01026 | mozzarella, whole milk, shredded | cup 112 ± 10 | *mozzarella, *mozzarella cheese
01032 | parmesan, grated | cup 100, tbsp 5 ± 25 | *parmesan, *parmesan cheese, *parmigiano
01036 | ricotta, whole milk | cup 246 ± 10 | *ricotta, *ricotta cheese
01049 | half and half | cup 242, tbsp 15 ± 10 | half and half
01053 | heavy whipping cream | cup 238, tbsp 15 ± 10 | *heavy cream, *whipping cream, *double cream, schlagsahne, \
crème entière, panna
01056 | sour cream | cup 230, tbsp 12 ± 10 | *sour cream, saure sahne
01077 | milk, 3.25 % fat | cup 244, tbsp 15 ± 10 | *milk, *milch, *lait, *leche, *latte intero, doodh
01088 | buttermilk, low fat | cup 245 ± 10 | *buttermilk, *buttermilch, chaas, chhaas
01095 | sweetened condensed milk | cup 306 ± 10 | *condensed milk
01096 | evaporated milk | cup 252 ± 10 | *evaporated milk
01116 | plain whole-milk yogurt | cup 245 ± 40 | *yogurt, *yoghurt, *joghurt, *yaourt, *yogur, curd, dahi, plain curd
01123 | egg, whole | piece 50, cup 243 ± 25 | egg, large egg, fried egg, boiled egg, poached egg, ei, œuf, huevo, uovo
01124 | egg white | piece 33, cup 243 ± 15 | *egg white, eiweiß
01125 | egg yolk | piece 17, cup 243 ± 15 | *egg yolk, eigelb
02009 | chili powder | tsp 2.7, tbsp 8 ± 35 | *chili powder, *chilli powder, *chile powder
02010 | ground cinnamon | tsp 2.6, tbsp 7.8 ± 25 | cinnamon, ground cinnamon, zimt, cannelle, canela, cannella
02014 | cumin seed | tsp 2.1, tbsp 6 ± 40 | *cumin seed, jeera
02015 | curry powder | tsp 2, tbsp 6.3 ± 50 | *curry powder
02020 | garlic powder | tsp 3.1, tbsp 9.7 ± 40 | *garlic powder
02021 | ground ginger | tsp 1.8, tbsp 5.2 ± 40 | *ground ginger, *ginger powder
02028 | paprika | tsp 2.3, tbsp 6.8 ± 40 | paprika, ground paprika, smoked paprika
02030 | ground black pepper | tsp 2.3, tbsp 6.9 ± 40 | *black pepper, *ground pepper
02043 | ground turmeric | tsp 3, tbsp 9.4 ± 50 | turmeric, ground turmeric, turmeric powder, haldi, kurkuma, curcuma
02046 | prepared yellow mustard | tsp 5, cup 249 ± 15 | mustard, yellow mustard, dijon mustard, senf, moutarde, \
mostaza, senape
02047 | table salt | tsp 6, tbsp 18, cup 292 ± 35 | salt, table salt, salz, sel, sal, sale, namak
02048 | cider vinegar | tsp 5, tbsp 14.9, cup 239 ± 10 | *vinegar, *essig, *vinaigre, *vinagre, *aceto
02050 | vanilla extract | tsp 4.2, tbsp 13, cup 208 ± 15 | *vanilla extract
04002 | lard | cup 205, tbsp 12.8 ± 10 | lard, schmalz, saindoux, manteca de cerdo, strutto
04025 | mayonnaise | tbsp 13.8, cup 220 ± 10 | *mayonnaise, *mayo, *mayonesa, *maionese
04044 | soybean oil | tsp 4.5, tbsp 13.6, cup 218 ± 10 | *oil, *öl, *huile, *aceite
04053 | olive oil | tsp 4.5, tbsp 13.5, cup 216 ± 10 | *olive oil, *olivenöl, huile d'olive, aceite de oliva, \
olio d'oliva
08037 | granola, homemade | cup 122 ± 35 | *granola
09003 | apple, medium | piece 182 ± 25 | apple, red apple, green apple, apfel, pomme, manzana, mela
09016 | apple juice | cup 248 ± 10 | *juice, *saft, jus, *zumo, *succo
09019 | applesauce, unsweetened | cup 244 ± 15 | *applesauce, *apple sauce, apfelmus
09032 | dried apricots, halves | cup 130 ± 30 | *dried apricots
09040 | banana, medium | piece 118 ± 25 | banana, ripe banana, banane, plátano
09042 | blackberries | cup 144 ± 30 | blackberries, fresh blackberries
09050 | blueberries | cup 148 ± 30 | blueberries, fresh blueberries
09070 | sweet cherries, pitted | cup 154 ± 20 | cherries, sweet cherries, fresh cherries
09087 | dates, chopped | cup 147 ± 20 | *chopped dates
09094 | dried figs | cup 149 ± 20 | *dried figs
09132 | grapes | cup 151 ± 30 | *grapes
09148 | kiwifruit | piece 69 ± 25 | *kiwi, *kiwifruit
11886 | tomato juice | cup 243 ± 10 | *tomato juice
11887 | tomato paste | cup 262, tbsp 16 ± 10 | *tomato paste, tomatenmark
11888 | tomato puree | cup 250 ± 10 | *tomato puree, *tomato purée
11935 | catsup | tbsp 17, cup 240 ± 15 | *ketchup, *catsup
12014 | pumpkin seed kernels, dried | cup 129 ± 25 | *pumpkin seeds, kürbiskerne
12023 | sesame seeds | cup 144, tbsp 9 ± 30 | *sesame seeds, til
12036 | sunflower seed kernels | cup 140 ± 20 | *sunflower seeds, sonnenblumenkerne
12061 | almonds, whole | cup 143 ± 30 | almonds, whole almonds, raw almonds, roasted almonds, mandeln, amandes, \
almendras, mandorle, badam
12085 | cashews, dry roasted | cup 137 ± 20 | cashews, roasted cashews, cashew nuts, kaju
12104 | coconut meat, shredded | cup 80 ± 30 | *fresh coconut, *grated coconut
12118 | canned coconut milk | cup 226, tbsp 15 ± 10 | *coconut milk
12119 | coconut water | cup 240 ± 10 | *coconut water, nariyal pani
12142 | pecans, halves | cup 99 ± 20 | pecans, pecan halves
12151 | pistachios | cup 123 ± 30 | pistachios, roasted pistachios, pista
12155 | walnuts, chopped | cup 117 ± 30 | walnuts, chopped walnuts, walnüsse, akhrot
12166 | sesame butter, tahini | tbsp 15 ± 10 | *tahini, *tahin
12195 | almond butter | tbsp 16, cup 250 ± 10 | *almond butter
12220 | flaxseed, whole | cup 168, tbsp 10.3 ± 45 | *flaxseed, *flax seeds, *linseed
16033 | kidney beans, boiled | cup 177 ± 20 | *boiled kidney beans, *cooked kidney beans
16056 | chickpeas, raw | cup 200 ± 15 | *dry chickpeas, *raw chickpeas
16057 | chickpeas, boiled | cup 164 ± 20 | *boiled chickpeas, *cooked chickpeas
16069 | lentils, raw | cup 192 ± 15 | *dry lentils, *raw lentils
16070 | lentils, boiled | cup 198 ± 20 | *boiled lentils, *cooked lentils
16087 | peanuts | cup 146 ± 40 | peanuts, roasted peanuts, salted peanuts, erdnüsse, moongphali
16098 | peanut butter, smooth | tbsp 16, cup 258 ± 10 | *peanut butter, erdnussbutter
16120 | soy milk | cup 243 ± 10 | *soy milk, *soya milk, *soymilk
16123 | soy sauce | tsp 5.3, tbsp 16, cup 255 ± 10 | *soy sauce, *soya sauce, sojasauce
16126 | tofu, firm | cup 252 ± 15 | *tofu
16157 | chickpea flour | cup 92 ± 50 | *chickpea flour, *gram flour, *besan
16158 | hummus, commercial | tbsp 15, cup 246 ± 15 | *hummus, *houmous
19165 | cocoa powder, unsweetened | cup 86, tbsp 5.4 ± 45 | *cocoa powder, cocoa, kakao, cacao en poudre
19270 | ice cream | cup 132 ± 50 | *ice cream, *eiscreme, glace, *helado, *gelato
19293 | frozen yogurt, soft-serve | cup 144 ± 25 | *frozen yogurt
19296 | honey | cup 339, tbsp 21 ± 10 | *honey, *honig, *miel, *miele, shahad
19297 | jams and preserves | tbsp 20 ± 25 | *jam, *preserves, *marmalade, *konfitüre, *confiture, *mermelada
19304 | molasses | cup 337, tbsp 20 ± 10 | *molasses, *treacle
19334 | brown sugar, packed | cup 220, tsp 4.6 ± 35 | *brown sugar
19335 | granulated sugar | cup 200, tsp 4.2 ± 20 | sugar, white sugar, granulated sugar, caster sugar, zucker, \
sucre, azúcar, zucchero, cheeni
19336 | powdered sugar, unsifted | cup 120, tbsp 8 ± 10 | *powdered sugar, *icing sugar, *confectioners sugar, \
puderzucker
19350 | light corn syrup | cup 341, tbsp 22 ± 10 | *corn syrup
19353 | maple syrup | cup 315, tbsp 20 ± 10 | *maple syrup, ahornsirup
19807 | popcorn, oil-popped | cup 11 ± 45 | popped popcorn, salted popcorn, buttered popcorn
20012 | bulgur, dry | cup 140 ± 15 | *dry bulgur
20013 | bulgur, cooked | cup 182 ± 20 | *cooked bulgur
20027 | cornstarch | cup 128 ± 15 | *cornstarch, *cornflour, maisstärke, maïzena
20028 | couscous, dry | cup 173 ± 15 | *dry couscous
20029 | couscous, cooked | cup 157 ± 20 | *cooked couscous
20035 | quinoa, uncooked | cup 170 ± 15 | *uncooked quinoa, *raw quinoa
20036 | brown rice, raw | cup 185 ± 15 | *raw brown rice, *uncooked brown rice
20037 | brown rice, cooked | cup 195 ± 20 | *cooked brown rice
20038 | oats | cup 156 ± 20 | oat groats
20044 | white rice, raw | cup 185 ± 15 | *raw rice, *uncooked rice, *dry rice
20045 | white rice, cooked | cup 158 ± 20 | *cooked rice, *steamed rice, *boiled rice
20061 | rice flour, white | cup 158 ± 25 | *rice flour
20066 | semolina | cup 167 ± 15 | *semolina, sooji, suji, rava, grieß, semoule
20077 | wheat bran | cup 58 ± 40 | *wheat bran
20078 | wheat germ | cup 115 ± 35 | *wheat germ
20080 | whole-wheat flour | cup 120 ± 25 | *whole wheat flour, *wholemeal flour, atta
20081 | wheat flour, all-purpose | cup 125 ± 30 | all-purpose flour, all purpose flour, plain flour, white flour, \
wheat flour, flour, maida, weizenmehl, mehl, farine, farine de blé, harina, farina
20083 | bread flour | cup 137 ± 15 | *bread flour
20137 | quinoa, cooked | cup 185 ± 30 | *cooked quinoa
"""
_LONGEST_NAME = 4
_VOLUMES = ("cup", "tbsp", "tsp")  # the larger the measure, the better it was weighed


def food_weight(name: str) -> FoodWeight | None:
    """The row of a food called `name`, None if the table has none that surely fits.

    The end of the name says what a food is: "Clover honey, 500 g" is honey, "honey cake" is not.
    """
    words = head_words(name)
    exact, heads = _index()
    row = exact.get(" ".join(words))
    if row is None:
        for start in range(max(0, len(words) - _LONGEST_NAME), len(words)):
            row = heads.get(" ".join(words[start:]))
            if row is not None:
                break
    return row


@cache
def _index() -> tuple[dict[str, FoodWeight], dict[str, FoodWeight]]:
    """(by whole name, by the end of a name)."""
    exact: dict[str, FoodWeight] = {}
    heads: dict[str, FoodWeight] = {}
    for line in _ROWS.strip().splitlines():
        ndb, food, weights, names = (part.strip() for part in line.split("|"))
        weights, _, spread = weights.partition(" ± ")
        grams = {measure: float(weight) for measure, weight in (pair.split() for pair in weights.split(", "))}
        volume = next((measure for measure in _VOLUMES if measure in grams), None)
        density = grams[volume] / VOLUME_IN_ML[volume] if volume is not None else None
        row = FoodWeight(ndb, food, grams, density, int(spread) / 100)
        for name in names.split(", "):
            (heads if name.startswith("*") else exact)[keyword_form(name.removeprefix("*"))] = row
    return exact, heads
