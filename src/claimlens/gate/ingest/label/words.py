"""Words that begin the parts of a label, in English, German, French, Spanish and Italian.

Labels are short and their parts begin at few places, so plain alternations are quick enough; every repeat is bounded.
"""

import re

#: Where a part may begin: at the start of a paragraph or behind the end of a sentence.
_BEGIN = r"(?:^|(?<=[.;!?:|•)\n])\s*)"
_WITHIN = r"(?:^|(?<=[.;!?:|•)])\s*|(?<=\s))"
_WHAT = r"\s*:?\s+(?P<what>[^.\n]{2,200})"


def _any(*alternatives: str) -> str:
    return "(?:" + "|".join(alternatives) + ")"


def _compiled(*parts: str) -> re.Pattern[str]:
    return re.compile("".join(parts), re.IGNORECASE)


_INGREDIENTS = _any(
    "(?:list of )?ingredients?", r"zutaten(?:liste|verzeichnis)?", "ingr[ée]dients?", "ingredientes", "ingredienti",
    "composition", "composici[oó]n", "composizione",
)  # fmt: skip
_NUTRITION = _any(
    r"nutrition(?:al)?\b", r"nährwert\w*", r"valeurs? nutriti\w*", r"d[ée]claration nutritionnelle",
    r"(?:informaci[oó]n|valor(?:es)?) nutric\w*", r"valori nutriz\w*", r"dichiarazione nutriz\w*",
    r"information nutrit\w*", r"informazioni nutriz\w*",
)  # fmt: skip
_ALLERGY = _any(
    r"(?:allergy|allergen)\w*\s*(?:advice|information|info|statement|warning|:)", r"allergens?\s*:",
    r"allerg(?:ie|en)hinweis\w*", r"allerg[eè]nes?\s*:", r"al[eé]rgenos?\s*:", r"allergeni\s*:",
    r"contains?\s*:?\s(?!no\b|less|only|\d)", r"enth[äa]lt\b", r"contient\b", r"contiene\b",
    "may (?:also )?contain", r"kann\s+(?:auch\s+)?spuren", r"kann\b.{0,60}enthalten",
    "peut contenir", r"traces? (?:éventuelles|possibles)", "puede contener", "pu[oò] contenere",
)  # fmt: skip
_TRADE = _any(
    r"storage\b", "store (?:in|at|below|under)", "keep (?:in|refrigerated|cool|frozen)", "best before", "use by",
    "expiry", r"exp\.", "mfg", "pkd", "batch", "lot (?:no|number)", "net (?:wt|weight|quantity|contents)",
    "manufactured", "marketed by", "produced", "packed (?:by|in|for)", "distributed", "imported by", "customer care",
    r"made in (?!a\b|an\b)", "serving (?:size|suggestion)", "mindestens haltbar", "nettofüllmenge", "hergestellt",
    r"(?:kühl|trocken)\b.{0,20}lager\w*", "à consommer", "conserver", "conservation", "poids net", "fabriqué",
    "consumir", "conservar", "peso neto", "fabricado", r"da consumar\w*", "conservare", "peso netto",
    "prodotto (?:da|in)", "fssai", r"lic\. ?no",
)  # fmt: skip

#: Begins the list of ingredients.
INGREDIENTS = _compiled(
    r"(?:^|(?<=[.;!?|•]\s)|(?<=\s))", _INGREDIENTS, rf"(?:\s*/\s*{_INGREDIENTS}){{0,3}}\s*(?:\([^)]{{0,40}}\)\s*)?",
    r"\b\s*(?P<colon>[:;：]|$|(?-i:(?=\s*[A-ZÄÖÜÉÈ\d])))",
)  # fmt: skip
#: Ends it: another part of the label begins.
OTHER_PART = _compiled(_WITHIN, _any(_ALLERGY, _NUTRITION, _TRADE))
#: Sentences that say which allergens are in the food, or may be.
CONTAINS = _compiled(
    _BEGIN, r"(?:(?:allerg\w+|al[eé]rg\w+)\s*(?:advice|information|info|statement|warning)?\s*[:.–-]?\s*)?",
    _any("contains?", "enth[äa]lt", "contient", "contiene"), _WHAT,
)  # fmt: skip
DECLARED = _compiled(
    _BEGIN, "(?:allergens?|allerg[eè]nes?|al[eé]rgenos?|allergeni|allergene)",
    r"\s*:(?!\s*(?:see|for|siehe|voir|ver|vedi)\b)", _WHAT,
)  # fmt: skip
_SHARED = (
    r"(?:made|produced|manufactured|packed) (?:in|on) (?:a|an|the same) (?:facility|factory|line|equipment|site)"
    r"[^.\n]{0,40}?(?:handles?|process(?:es)?|uses?|contain(?:s|ing)?)"
)
MAY_CONTAIN = _compiled(
    _WITHIN, _any(
        "may (?:also )?contain(?: traces? of)?", _SHARED, r"kann(?:\s+auch)?(?:\s+spuren(?:\s+von)?)?",
        "peut contenir(?: des traces? (?:de|d'))?", "traces? [ée]ventuelles de",
        "puede contener(?: trazas de)?", "pu[oò] contenere(?: tracce di)?",
    ), _WHAT,
)  # fmt: skip
_VERB_LAST = re.compile(r"\s*enthalten\b", re.IGNORECASE)
#: Words for the allergens of Regulation (EU) 1169/2011, Annex II, and of the United States (FALCPA).
ALLERGENS = _compiled(r"\b", _any(
    "milk", "dairy", "lactose", "wheat", "gluten", "barley", "rye", "oats?", "spelt", r"soy\w*", r"eggs?", "nuts?",
    "peanuts?", "almonds?", "hazelnuts?", "walnuts?", "cashews?", "pistachios?", "fish", r"crustacean\w*", "shellfish",
    r"mollus[ck]\w*", "sesame", "mustard", "celery", r"lupin\w*", r"sul(?:f|ph)it\w*",
    r"milch\w*", r"laktose", r"weizen\w*", r"gerste\w*", r"roggen\w*", r"hafer\w*", r"dinkel\w*", r"soja\w*", "eier?",
    r"nüssen?", r"erdn[uü]ss\w*", "mandeln?", r"haseln[uü]ss\w*", r"waln[uü]ss\w*", r"fisch\w*", r"krebs\w*",
    r"weichtier\w*", r"sesam\w*", r"senf\w*", r"sellerie", r"lupinen?", r"schalenfrüchte\w*",
    "lait", "bl[ée]", "orge", "seigle", "avoine", "(?:œ|oe)ufs?", "noix", "noisettes?", "amandes?", "arachides?",
    "cacahu[èe]tes?", "poissons?", "crustac[ée]s", "s[ée]same", "moutarde", "c[ée]leri", "fruits? [àa] coque",
    "leche", "trigo", "cebada", "centeno", "avena", "huevos?", "frutos (?:secos|de c[áa]scara)", "cacahuetes?",
    "almendras?", "avellanas?", "nueces", "pescado", "s[ée]samo", "mostaza", "apio", "altramuces", "crust[áa]ceos",
    "latte", "frumento", "orzo", "segale", "uov[ao]", "frutta a guscio", "arachidi", "mandorle", "nocciole", "noci",
    "pesce", "senape", "sedano", "lupini", "crostacei",
), r"\b")  # fmt: skip
#: Begins a line that states a fact of trade and promotes nothing.
PLAIN_FACT = _compiled(r"\W*", _any(
    _TRADE, _NUTRITION, _INGREDIENTS + r"\b", "store", "keep", "use within", r"exp\b", "mfd", r"net\b", r"nett\b",
    "marketed", "packed", "imported", "consumer care", "contact", "made in", r"(?:\d+ )?servings?\b",
    r"nutrients?\b", "amount per", r"m\.?r\.?p",
    "price", r"rs\.?\s?\d", "₹", "€", "£", r"\$", "www", "http", r"tel\b", "phone", "email", "e-mail", r"lic\b",
    "country of origin", "product of", "typical values?", "average values?", "the % daily", "reference intake",
    "recycle",
    "percent daily", r"(?:per|pro|je|pour|por) (?:100|serving|portion)", r"% ?(?:daily|dv|nrv|ri|rda|vrn)",
    r"durchschnittlich\w*", "kühl", "trocken", "valeurs? moyenne", "valores? medio", "valori medi", r"peso\b",
    r"allerg\w*", r"al[eé]rgen\w*",
))  # fmt: skip


def without_verb(what: str) -> str:
    """`Spuren von Nüssen enthalten` without its last word: German says it at the end."""
    return _VERB_LAST.split(what)[0].strip()
