"""Read a quantity of food as cooks and labels write it: "1 1/2 cups", "½ Tasse", "2 x 30 g", "3 c. à soupe (45 ml)".

Numbers are read as `amounts.py` reads them. What a unit is worth is not decided here.
"""

import re
import unicodedata
from functools import lru_cache

import msgspec

from claimlens.domain.measures import UNDEFINED, base_of
from claimlens.gate.normalise.amounts import LONGEST, UNITS, read_number


class Measured(msgspec.Struct, frozen=True):
    """So many of a unit. `system` is set where the text names it ("US cup"); `rest` is what follows ("flour").

    Things that are counted are pieces: "2 eggs" are two, with the rest "eggs".
    """

    value: float
    unit: str
    system: str = ""
    rest: str = ""


#: Spellings beyond those of amounts, folded. A name of `measures.UNDEFINED` is a unit too: its answer says why not.
_SPELLINGS: dict[str, str] = {
    "cup": "tasse tassen tasses taza tazas tazza tazze cupful cupfuls",
    "tbsp": (
        "el esslöffel essloffel c.à.s c.a.s cas cs c.à.soupe cuillère.à.soupe cuillères.à.soupe cuillere.a.soupe "
        "cuilleres.a.soupe cuillerée.à.soupe cda cdas cucharada cucharadas cucharada.sopera cucharadas.soperas "
        "cucchiaio cucchiai bada.chammach tbl tbls tablespoonful"
    ),
    "tsp": (
        "tl teelöffel teeloffel c.à.c c.a.c càc c.à.café cuillère.à.café cuillères.à.café cuillere.a.cafe "
        "cuilleres.a.cafe cdta cdtas cdita cucharadita cucharaditas cucchiaino cucchiaini chai.ka.chammach "
        "chota.chammach teaspoonful"
    ),
    "fl_oz": "fl.oz fl.ozs floz fluid.oz fluid.ounce fluid.ounces us.fl.oz",
    "pint": "pt pts pinte pinta",
    "quart": "qt qts quarts",
    "gallon": "gal gals gallons",
    "ml": "cc ccm cm3 मिली मिलीलीटर",
    "l": "लीटर",
    "g": "grs ग्राम",
    "kg": "kilos किलो किलोग्राम",
    "hg": "etto etti hectogram",
    "oz": "ozs unze unzen once onces onza onzas oncia once.weight",
    "lb": "libra libras libbra libbre",
    "metric_pound": "pfund livre livres",
    "tola": "tolas तोला",
    "grain": "grains",
    "drop": "drops tropfen goutte gouttes gota gotas goccia gocce boond",
    "pinch": "pinches prise prisen pincée pincées pincee pizca pizcas pizzico pizzichi chutki",
    "dash": "dashes",
    "piece": (
        "pieces pc pcs stück stueck stk pièce pièces piece.s unidad unidades ud uds pezzo pezzi nos unit units "
        "each large"
    ),
    "slice": "slices scheibe scheiben tranche tranches rebanada rebanadas loncha lonchas fetta fette",
    "stick": "sticks",
    "pat": "pats",
    "katori": "katoris कटोरी",
    "glass": "glasses glas gläser verre verres vaso vasos bicchiere bicchieri गिलास",
    "bowl": "bowls schale schüssel bol bols tazón ciotola",
    "plate": "plates teller assiette plato piatto thali",
    "spoon": "spoons spoonful löffel cuillère cuillere cuchara chammach chamach चम्मच",
    "handful": "handfuls handvoll poignée puñado manciata mutthi",
    "scoop": "scoops kugel kugeln boule boules",
    "serving": "servings portion portionen portions porción porciones porzione porzioni ración raciones",
    "pack": (
        "packs packet packets package packages packung paquet paquete confezione sachet sachets bar bars bottle can "
        "container containers pouch pouches bag bags tray trays box boxes pkg kit kits envelope envelopes carton jar "
        "tub dose flasche dose bouteille botella bottiglia lattina"
    ),
    "racc": "reference.amount",
    "capsule": (
        "capsules tablet tablets kapsel kapseln tablette tabletten gélule comprimé cápsula compressa softgel gummy"
    ),
    "j": "joule",
    "iu": "i.u i.e u.i",
}
_UNITS: dict[str, str] = (
    {name.replace(".", " "): unit for unit, names in _SPELLINGS.items() for name in names.split()}
    | {unit: unit for unit in _SPELLINGS}
    | UNITS
)
_LONGEST_UNIT = 3
#: "1.500 g" may be one and a half grams or a German's kilo and a half; of these units a separator is settled.
_SMALL = frozenset(("mg", "ug", "kcal", "kj", "iu"))
#: And nobody serves a thousand of these.
_KITCHEN = frozenset(("cup", "tbsp", "tsp", "fl_oz", "oz", "pint", "quart", "piece", "slice", "stick"))
_SYSTEMS: dict[str, str] = {
    "us": "us",
    "u s": "us",
    "american": "us",
    "customary": "us",
    "metric": "metric",
    "metrische": "metric",
    "imperial": "imperial",
    "uk": "imperial",
    "british": "imperial",
}
_LEVEL = frozenset(
    "level heaped rounded large small medium scant gehäufte gestrichener gestrichene rase rases bombée".split()
)
_FRACTIONS = str.maketrans({s: f" {unicodedata.normalize('NFKC', s).replace('⁄', '/')}" for s in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"})
_WORDS: dict[str, float] = {"a": 1.0, "an": 1.0, "one": 1.0, "ein": 1.0, "eine": 1.0, "une": 1.0, "un": 1.0} | {
    "una": 1.0, "half": 0.5, "two": 2.0, "three": 3.0, "ek": 1.0, "adha": 0.5, "aadha": 0.5,
}  # fmt: skip
_LEADING = re.compile(
    r"^(?:per|pro|par|por|je|pour|ca\.?|about|approx\.?|approximately|environ|etwa|circa|~|≈)[\s_]+", re.IGNORECASE
)
_NUMBER = r"\d{1,3}(?:[ '’]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)*|[.,]\d+"
_QUANTITY = re.compile(
    rf"^(?:(?P<times>\d{{1,3}}) ?[x×*] ?)?(?:(?P<whole>{_NUMBER})(?! ?/))?"
    r"(?:(?: ?|(?<=\d)-)(?P<upper>\d{1,3}) ?/ ?(?P<lower>\d{1,3}))?"
)
#: Letters, the vowel signs of Devanagari among them, and the 3 of cm3.
_UNIT_WORD = re.compile(r"(?:[^\W\d_]|[\u0900-\u0963])+3?")
_REFERENCE = re.compile(r"^(?:dv|nrv|rda|ri|rdi|vrn|vnr|daily values?)\b\s*")
_ANOTHER = re.compile(r"^(?:-|–|to |bis |à |or |/)\s*[\d½¼¾]")


@lru_cache(maxsize=4096)
def read_measure(text: str) -> Measured | str:
    """What `text` says, or why it says nothing. Never raises."""
    if len(text) > LONGEST:
        return "too long for an amount"
    folded = _folded(text)
    if folded.startswith(("-", "−")):
        return "a negative amount"
    folded = _LEADING.sub("", folded)
    match = _QUANTITY.match(folded)
    if match is None or not match.end():
        said, rest = _word(folded)
        unit, system, rest = _unit(rest)
        return Measured(said, unit, system, rest) if unit else "no amount with a unit"
    rest = folded[match.end() :].lstrip()
    if _ANOTHER.match(rest):
        return "two figures: convert each by itself"
    unit, system, rest = _unit(rest)
    value = _value(match, unit)
    if isinstance(value, str):
        return value
    if not unit:
        return Measured(value, "piece", rest=rest) if rest else "no amount with a unit"
    return Measured(value, unit, system, rest)


def food_measure(text: str) -> str:
    """`text` without its "per", if it is an amount of food whose weight can be known ("1 cup"); else ""."""
    read = read_measure(text)
    if isinstance(read, str) or read.unit in ("%", "iu") or base_of(read.unit) == "kj":
        return ""
    if read.unit in UNDEFINED and not in_brackets(read):
        return ""
    return _LEADING.sub("", text.strip())


def in_brackets(read: Measured) -> str:
    """The amount of food that stands in brackets behind another: "1 serving (1 cup)"; "" if none does."""
    if not read.rest.startswith("("):
        return ""
    inside = read.rest.strip("() ")
    found = read_measure(inside)
    return inside if isinstance(found, Measured) and base_of(found.unit) in ("g", "ml") else ""


def unit_named(name: str) -> tuple[str, str] | None:
    """(unit, system) of a unit's name alone, in any of the languages; None if it is not known."""
    if len(name) > LONGEST:
        return None
    unit, system, rest = _unit(_folded(name))
    return (unit, system) if unit and not rest else None


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.translate(_FRACTIONS)).replace("⁄", "/").lower()
    return " ".join(text.split())


def _word(rest: str) -> tuple[float, str]:
    """A number as a word, and what follows; without one it is 1 ("per cup")."""
    first, _, after = rest.partition(" ")
    if first not in _WORDS:
        return 1.0, rest
    value = _WORDS[first]
    return value, after.removeprefix("a ").removeprefix("an ") if value == 0.5 else after


def _value(match: re.Match[str], unit: str) -> float | str:
    whole, upper, lower = match["whole"], match["upper"], match["lower"]
    value = 0.0
    if whole:
        number = read_number(whole, unit if unit in _SMALL else "g" if unit in _KITCHEN else "")
        if number is None:
            return "the separator may mean thousands or decimals"
        value = number
    if upper:
        if int(lower) == 0 or (whole and int(upper) >= int(lower)):
            return "that is no fraction"
        value += int(upper) / int(lower)
    if not whole and not upper:
        return "no amount"
    return value * int(match["times"]) if match["times"] else value


def _unit(rest: str) -> tuple[str, str, str]:
    """(unit, system, what follows); unit "" if none stands there."""
    if rest.startswith("%"):
        return "%", "", _REFERENCE.sub("", rest[1:].strip())
    words = _UNIT_WORD.findall(rest)[: _LONGEST_UNIT + 2]
    skip, system = 0, ""
    while skip < len(words) and (words[skip] in _SYSTEMS or words[skip] in _LEVEL) and words[skip] not in _UNITS:
        system = _SYSTEMS.get(words[skip], system)
        skip += 1
    if skip and skip == len(words):
        return "", "", rest
    for count in range(min(_LONGEST_UNIT, len(words) - skip), 0, -1):
        unit = _UNITS.get(" ".join(words[skip : skip + count]))
        if unit is None:
            continue
        after = _behind(rest, words[: skip + count])
        named = re.match(r"\(?(us|u\.s\.|metric|imperial|uk)\)?(?=\s|$)", after)
        if named and not system:
            system, after = _SYSTEMS[named[1].replace(".", " ").strip()], after[named.end() :].strip()
        return unit, system, after
    return "", "", rest


def _behind(rest: str, words: list[str]) -> str:
    at = 0
    for word in words:
        at = rest.index(word, at) + len(word)
    return rest[at:].lstrip(" .)").strip()
