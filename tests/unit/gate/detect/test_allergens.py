"""What texts of many languages contain, may contain and are free from."""

import pytest

from tests.unit.gate.detect.allergen_packs import absent, contained, possible, see

# (jurisdiction, text, contains, may contain, free from)
ENGLISH = """
gb | wheat flour, sugar, salted butter, free range eggs | gluten milk eggs | |
gb | Oat drink (water, oats 10%), sunflower oil | gluten | |
gb | pearl barley, rye sourdough, spelt crackers | gluten | |
gb | Smoked haddock, whole milk, peppercorns | fish milk | |
gb | king prawns, brown crab meat, lobster bisque | crustaceans | |
gb | mussels, razor clams, squid ink risotto | molluscs | |
gb | celeriac, celery salt, wholegrain mustard | celery mustard | |
gb | tahini, toasted sesame oil, hummus | sesame | |
gb | lupin flour, lupini beans | lupin | |
gb | dried apricots (preservative: sulphur dioxide), E 223, wine (contains sulphites) | sulphites | |
gb | roasted peanuts, groundnut oil, satay (peanuts) | peanuts | |
gb | cashew nuts, Brazil nuts, macadamias, pecans, flaked almonds | nuts | |
gb | tofu, edamame, miso paste, tamari | soybeans | |
gb | Worcester sauce | | |
gb | Worcester sauce (water, vinegar, tamarind) | | |
gb | Flourless torte: dark chocolate, butter, eggs | milk eggs | |
gb | Walnut cake made without flour: walnuts, eggs | nuts eggs | |
gb | Oats. Milled on equipment shared with soya and milk | gluten | soybeans milk |
gb | Seeds. Walnuts and celery are also used in this bakery | | nuts celery |
gb | Also handled in our kitchen: fish, mustard | | fish mustard |
us | Corn chips. Made in a plant that uses ingredients such as milk and almonds | | milk nuts |
gb | Scones baked in our bakery with butter | gluten milk | |
eu | Reis. Im gleichen Betrieb werden Milch und Senf verarbeitet | | milk mustard |
eu | Hirse. Sesam und Soja werden auf derselben Anlage abgefüllt | | sesame soybeans |
eu | Mit Butter und Eiern in unserer Backstube gebacken | milk eggs | |
eu | Maïs soufflé, sucre. Fabriqué dans une usine manipulant du céleri | | celery |
eu | Soufflé aux œufs et à la crème | eggs milk | |
eu | Riz. Du lait et des amandes sont utilisés dans le même atelier | | milk nuts |
eu | Higos. La leche y el apio se manipulan en nuestro obrador | | milk celery |
eu | Bizcocho sin harina de trigo: almendra, huevo | nuts eggs | | gluten
eu | Riso. Nello stesso stabilimento vengono lavorati arachidi e latte | | peanuts milk |
eu | Rijst, suiker, zout, EI | eggs | |
eu | Rijst. In dezelfde fabriek worden noten en melk verwerkt | | nuts milk |
in | चावल। इसमें दूध हो सकता है। | | milk |
gb | mayonnaise (rapeseed oil, egg yolk, vinegar) | eggs | |
gb | cocoa butter, peanut butter, shea butter | peanuts | |
gb | butter beans, butternut squash, cream of tartar | | |
gb | coconut milk, creamed coconut, desiccated coconut | | |
gb | almond milk, oat milk, soya cream | nuts gluten soybeans | |
gb | soya milk powder, almond butter | soybeans nuts | |
gb | nutmeg, water chestnuts, doughnut peach, nutritional yeast | gluten | |
gb | eggplant, oyster mushrooms, milk thistle, crab apple jelly | | |
gb | buckwheat flour, gram flour, rice flour, cornflour | | |
gb | rice noodles, corn tortillas, chickpea pasta | | |
gb | banana bread | gluten | |
gb | pistachio ice cream | nuts milk | |
gb | lactic acid, sodium lactate, lactobacillus | | |
gb | wheat glucose syrup, dextrose (wheat), barley glucose syrup | | |
gb | fully refined soybean oil | | |
gb | soybean oil | soybeans | |
gb | emulsifier: lecithin (sunflower) | | |
gb | emulsifier: lecithins (soya) | soybeans | |
gb | preservative (egg lysozyme), E1105 | eggs | |
gb | beef, potatoes, carrots, thyme | | |
gb | pan fried potatoes at the bar, sole trader | | |
gb | pine nuts, chestnuts | | |
us | pine nuts, chestnuts | nuts | |
us | enriched flour (wheat flour, niacin), nonfat dry milk, half & half | gluten milk | |
us | imitation crab (pollock, wheat starch, egg whites) | fish gluten eggs | |
gb | Contains: Milk, Soya. May contain: Peanuts, Nuts. | milk soybeans | peanuts nuts |
gb | Oats, honey. May contain traces of nuts, milk and sesame | gluten | nuts milk sesame |
gb | Not suitable for nut or peanut allergy sufferers | | nuts peanuts |
gb | Made in a factory that also handles fish and crustaceans. Contains egg. | eggs | fish crustaceans |
gb | Prepared in a kitchen where nuts are used; beef, rice | | nuts |
gb | We cannot guarantee that our chips are gluten free | | gluten |
gb | Nuts may be present. Barley. | gluten | nuts |
gb | Cashews may be present, mustard may occur | | nuts mustard |
gb | chocolate drops (may contain milk), walnuts | nuts | milk |
gb | flapjack (oats), hazelnuts (traces) | gluten | nuts |
gb | may contain cereals containing gluten, celery | | gluten celery |
gb | May contain nuts Contains milk | milk | nuts |
gb | May contain peanuts (e.g. groundnut paste), sesame | | peanuts sesame |
us | Produced on shared equipment with tree nuts, wheat and eggs | | nuts gluten eggs |
us | CONTAINS WHEAT AND MILK. MAY CONTAIN SOY. | gluten milk | soybeans |
us | this line also processes almonds | | nuts |
gb | Free from milk, egg and nuts | | | milk eggs nuts
gb | Free from artificial colours, gluten and milk, made with almonds | nuts | | gluten milk
gb | nut-free, dairy free, egg free | | | nuts milk eggs
gb | egg and milk free, with soya | soybeans | | eggs milk
gb | Gluten free bread (rice flour, milk powder) | milk | | gluten
gb | gluten-free oats | gluten | | gluten
gb | No nuts, milk or eggs. Contains wheat | gluten | | nuts milk eggs
gb | does not contain peanuts or sesame | | | peanuts sesame
gb | contains no egg, contains milk | milk | | eggs
gb | no added sugar, milk, wheat | milk gluten | |
gb | sugar free syrup, milk | milk | |
gb | lactose free milk | milk | | milk
gb | free range eggs, free flowing salt, milk | eggs milk | |
gb | milk free from antibiotics | milk | |
gb | dairy-free ice cream, egg-free mayonnaise | | | milk eggs
gb | vegan cheese, vegan mayo, plant-based butter | | |
gb | This dish is not nut free | | nuts |
gb | Without celery. Mustard seeds. | mustard | | celery
"""

GERMAN = """
eu | Weizenmehl, Zucker, Vollei, Butter | gluten eggs milk | |
eu | WEIZENVOLLKORNMEHL, Haferflocken, Dinkelgrieß, Gerstenmalzextrakt | gluten | |
eu | _Weizen_mehl, _Soja_lecithin, __Voll__milchpulver | gluten soybeans milk | |
eu | Süßmolkenpulver, Magermilchjoghurt, Butterreinfett, Sahne | milk | |
eu | Kakaobutter, Erdnussbutter, Butternusskürbis | peanuts | |
eu | Haselnussmark, gemahlene Mandeln, Walnüsse, Cashewkerne | nuts | |
eu | Kokosnuss, Muskatnuss, Pinienkerne, Esskastanien | | |
eu | Buchweizenmehl, Maismehl, Reismehl, Kartoffelstärke | | |
eu | Sellerieknolle, Selleriesalz, Senfkörner, Sesamöl | celery mustard sesame | |
eu | Eigelb, Hühnereiweiß, Eierteigwaren | eggs gluten | |
eu | Brot, Butter, Salz und Ei | gluten milk eggs | |
eu | Reis, Wein, Eisen, Zwiebeln, Eistee | | |
eu | Milchsäure, Leberkäse, Lachsschinken, Genussmittel | | |
eu | Lachsfilet, Thunfisch, Matjeshering, Räucherforelle | fish | |
eu | Tintenfisch, Miesmuscheln, Austernsauce | molluscs | |
eu | Nordseekrabben, Garnelen, Flusskrebse | crustaceans | |
eu | Austernpilze, Zimt | | |
eu | Lupinenmehl, Sojasauce (Soja, Weizen) | lupin soybeans gluten | |
eu | Trockenfrüchte (geschwefelt), Konservierungsstoff: Natriummetabisulfit, Schwefeldioxid | sulphites | |
eu | ungeschwefelte Aprikosen | | |
eu | Kokosmilch, Sojamilch, Mandelmilch, Haferdrink | soybeans nuts gluten | |
eu | Kann Spuren von Nüssen, Milch und Sesam enthalten. | | nuts milk sesame |
eu | Kann Erdnüsse, Soja und Ei enthalten. Zutaten: Roggen | gluten | peanuts soybeans eggs |
eu | Kann auch Anteile von Lupine und Senf enthalten | | lupin mustard |
eu | Schokolade (enthält Milch). Spuren von Gluten möglich | milk | gluten |
eu | In unserem Betrieb werden auch Schalenfrüchte und Fisch verarbeitet | | nuts fish |
eu | Glutenfrei, ohne Ei, ohne Nüsse und Soja | | | gluten eggs nuts soybeans
eu | nussfreies Müsli, milchfrei | | | nuts milk
eu | gluten- und laktosefrei | | | gluten milk
eu | frei von Gluten, Milch und Ei. Mit Sesam. | sesame | | gluten milk eggs
eu | enthält keine Erdnüsse, mit Mandeln | nuts | | peanuts
eu | Glukosesirup (Weizen), Weizendextrose | | |
eu | vegane Butter, veganer Käse | | |
"""

FRENCH = """
eu | farine de blé, œufs frais, beurre, lait entier | gluten eggs milk | |
eu | FARINE DE BLE, JAUNES D'OEUFS, CREME FRAICHE | gluten eggs milk | |
eu | semoule de blé dur, malt d'orge, flocons d'avoine, épeautre | gluten | |
eu | farine de riz, semoule de maïs, blé noir, sarrasin | | |
eu | beurre de cacao, lait de coco, crème de cassis, noix de muscade | | |
eu | lait d'amande, boisson au soja, beurre de cacahuète | nuts soybeans peanuts | |
eu | noix de Saint-Jacques, moules, encornets | molluscs | |
eu | noix de cajou, cerneaux de noix, noisettes, pâte d'amande | nuts | |
eu | laitue, chou, eau, huile de tournesol | | |
eu | fruits à coque, arachides, graines de sésame | nuts peanuts sesame | |
eu | crevettes, tourteau, chair de crabe | crustaceans | |
eu | filet de cabillaud, anchois, thon albacore, sauce nuoc mam | fish | |
eu | céleri-rave, moutarde de Dijon, farine de lupin | celery mustard lupin | |
eu | conservateur : disulfite de sodium, anhydride sulfureux | sulphites | |
eu | lécithine de tournesol, acide lactique | | |
eu | protéines laitières, lactosérum, emmental | milk | |
eu | sirop de glucose de blé, dextrose de blé | | |
eu | salade de pain de sucre, scarole et eau | | |
eu | le pain de campagne et le beurre de la ferme | gluten milk | |
eu | oeuf à la coque | eggs | |
eu | Peut contenir des traces de fruits à coque, de soja et de lait. | | nuts soybeans milk |
eu | Traces éventuelles d'œufs et de céleri | | eggs celery |
eu | Présence possible de moutarde. Contient du gluten. | gluten | mustard |
eu | Fabriqué dans un atelier utilisant des arachides et du sésame. Farine de seigle. | gluten | peanuts sesame |
eu | Sans gluten, sans lait ni œufs, farine de maïs | | | gluten milk eggs
eu | ne contient pas de lactose, contient des amandes | nuts | | milk
eu | fromage végétal, crème végétale | | |
"""

SPANISH = """
eu | harina de trigo, huevo, leche desnatada, mantequilla | gluten eggs milk | |
eu | harina de arroz, harina de maíz, trigo sarraceno | | |
eu | manteca de cacao, leche de coco, nuez moscada | | |
eu | nueces, avellanas, almendra molida, cacahuetes | nuts peanuts | |
eu | gambas, langostinos y cangrejo | crustaceans | |
eu | mejillones, calamares, pulpo, almejas | molluscs | |
eu | merluza, atún, boquerones, salmón ahumado | fish | |
eu | apio, mostaza, sésamo, altramuces, soja | celery mustard sesame lupin soybeans | |
eu | metabisulfito sódico, sulfitos | sulphites | |
eu | Pan, aceite de oliva, sal y tomate | gluten | |
eu | queso curado, nata, suero de leche | milk | |
eu | Puede contener trazas de huevo, leche y frutos de cáscara. | | eggs milk nuts |
eu | Contiene gluten. Puede contener soja | gluten | soybeans |
eu | elaborado en instalaciones donde se manipula pescado | | fish |
eu | Sin gluten, sin lactosa, sin huevo. Leche de coco. | | | gluten milk eggs
eu | libre de cacahuete y sésamo | | | peanuts sesame
eu | queso vegano, leche vegetal | | |
"""

ITALIAN = """
eu | farina di grano tenero tipo 0, uova, burro, latte | gluten eggs milk | |
eu | farina di riso, farina di ceci, grano saraceno | | |
eu | burro di cacao, latte di cocco, noce moscata, lattuga | | |
eu | pasta di cacao, pasta di nocciole | nuts | |
eu | semola di grano duro, orzo perlato, farro e acqua | gluten | |
eu | mandorle, noci, pistacchi, arachidi | nuts peanuts | |
eu | cozze, vongole, seppie, polpo | molluscs | |
eu | gamberi, scampi, polpa di granchio | crustaceans | |
eu | acciughe, tonno, baccalà, pesce spada | fish | |
eu | sedano, senape, sesamo, lupini, soia | celery mustard sesame lupin soybeans | |
eu | parmigiano reggiano, mozzarella, panna | milk | |
eu | anidride solforosa, metabisolfito di sodio | sulphites | |
eu | Può contenere tracce di frutta a guscio, latte e soia. | | nuts milk soybeans |
eu | prodotto in uno stabilimento che utilizza anche arachidi. Contiene glutine. | gluten | peanuts |
eu | Senza glutine, senza lattosio. Riso. | | | gluten milk
eu | formaggio vegetale, panna vegetale | | |
"""

NORTHERN = """
eu | vehnäjauho, maitojauhe, kananmuna, voita | gluten milk eggs | |
eu | kookosmaito, maitohappo, kaakaovoi | | |
eu | kalaa, katkarapuja, simpukoita, selleriä, sinappia | fish crustaceans molluscs celery mustard | |
eu | Saattaa sisältää pieniä määriä pähkinää ja seesamia | | nuts sesame |
eu | gluteeniton, maidoton | | | gluten milk
eu | tarwebloem, melkpoeder, eigeel, roomboter | gluten milk eggs | |
eu | cacaoboter, kokosmelk, boekweitmeel, melkzuur | | |
eu | pindakaas, garnalen, mosselen, zalm | peanuts crustaceans molluscs fish | |
eu | Kan sporen van noten en sesam bevatten | | nuts sesame |
eu | glutenvrij, lactosevrij | | | gluten milk
eu | vetemjöl, mjölkpulver, äggula, hasselnötter | gluten milk eggs nuts | |
eu | kakaosmör, kokosmjölk, mjölksyra, bovete | | |
eu | Kan innehålla spår av mandel och soja | | nuts soybeans |
eu | glutenfri, laktosfri | | | gluten milk
"""

INDIAN = """
in | maida, ghee, paneer, dahi | gluten milk | |
in | atta, suji, rava, dalia | gluten | |
in | besan, ragi, jowar, bajra, singhare ka atta, makhana | | |
in | idli rava, poha, sabudana | | |
in | kaju, badam, pista, akhrot | nuts | |
in | moongphali, shengdana chutney | peanuts | |
in | til ladoo, gingelly oil | sesame | |
in | rai, sarson ka saag, kasundi | mustard | |
in | jhinga masala, chingri malai | crustaceans milk | |
in | surmai fry, Bombay duck, machli curry | fish | |
in | anda bhurji, egg curry | eggs | |
in | soya chunks, soya chaap | soybeans | |
in | Butter chicken, garlic naan, gulab jamun | milk gluten | |
in | INS 223, E220, INS 330 | sulphites | |
in | nariyal malai, coconut milk, vanaspati | | |
in | shahi jeera, curry leaves, ajwain | | |
in | lemon rice until late, dim lights | | |
in | Eggless cake | gluten | | eggs
in | मैदा, घी, काजू | gluten milk nuts | |
in | refined wheat flour (maida), milk solids, emulsifier (INS 322) | gluten milk | |
in | Shared fryer with prawns | | crustaceans |
in | Contains wheat. May contain peanuts and tree nuts | gluten | peanuts nuts |
"""


def _rows(*tables):
    lines = [line for table in tables for line in table.strip().splitlines()]
    return [tuple(part.strip() for part in (line + "|" * (4 - line.count("|"))).split("|")) for line in lines]


@pytest.mark.parametrize(
    ("jurisdiction", "text", "contains", "may", "free"),
    _rows(ENGLISH, GERMAN, FRENCH, SPANISH, ITALIAN, NORTHERN, INDIAN),
)
def test_what_a_text_says(jurisdiction, text, contains, may, free):
    seen = see(jurisdiction, text)
    assert contained(seen) == set(contains.split())
    assert possible(seen) == set(may.split())
    assert absent(seen) == set(free.split())


@pytest.mark.parametrize(
    ("name", "contains"),
    [
        ("Prawn curry", {"crustaceans"}),
        ("Paneer tikka", {"milk"}),
        ("Fish and chips", {"fish"}),
        ("Spaghetti carbonara", {"gluten", "eggs"}),
        ("Chocolate sponge cake", {"gluten", "eggs"}),
        ("Vegetable biryani", set()),
        ("Thai green curry", set()),
    ],
)
def test_a_dish_name_says_what_it_names(name, contains):
    assert contained(see("gb", name, "/name")) == contains


def test_a_word_of_another_language_counts_only_in_that_language():
    assert not see("eu", "Bar snacks, rape oil, pan juices and grilled pain relief").contains
    assert contained(see("eu", "Filet de bar et pain de la maison")) == {"fish", "gluten"}
    assert contained(see("eu", "Rape con patatas y pan")) == {"fish", "gluten"}


def test_the_locale_settles_the_language_of_a_bare_word():
    from tests.unit.gate.detect.allergen_packs import detector

    by_locale = detector("eu").detect([("/ingredients", "Pain")], ingredients_given=True, language="fr")
    assert contained(by_locale) == {"gluten"}
    assert not see("eu", "Pain").contains


def test_named_members_are_told():
    seen = see("gb", "rye flour, cashew pieces, cod, barley malt")
    assert {(mention.allergen, mention.member) for mention in seen.contains} >= {
        ("gluten", "rye"),
        ("gluten", "barley"),
        ("nuts", "cashew"),
    }


def test_words_and_spans_are_those_submitted():
    text = "Sucre, _Œuf_s 5 %, farine de  BLÉ, Süß**molke**npulver"
    for mention in see("eu", text).contains:
        start, end = mention.span
        assert text[start:end] == mention.words
    assert see("eu", text).contains[0].words.startswith("Œuf")


def test_a_line_of_a_photographed_label_is_no_sentence():
    wrapped = "May contain traces of\nnuts, milk and\nsesame."
    assert possible(see("gb", wrapped, "/ocr_text")) == {"nuts", "milk", "sesame"}
