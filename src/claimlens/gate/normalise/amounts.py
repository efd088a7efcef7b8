"""Read what a label prints for an amount: "8,9 g", "<0.5 g", "3-4 g", "trace", "176 kJ / 42 kcal", "30 mg (38 % NRV)".

Also the texts beside it: a basis ("per portion (30 g)") and a serving size ("1 cup (240 ml)"). Pure functions of short
texts, so their answers are kept: labels repeat themselves.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

import msgspec

from claimlens.domain.quantity import INFINITE
from claimlens.domain.unit_factors import ENERGY_IN_KJ, MASS_IN_G, VOLUME_IN_ML

#: Longer texts are no amount.
LONGEST = 120

_SPELLINGS: dict[str, tuple[str, ...]] = {
    "kg": ("kgs", "kilo", "kilogram", "kilograms", "kgm"),
    "g": (
        "gm",
        "gms",
        "gr",
        "grm",
        "gram",
        "grams",
        "gramm",
        "gramme",
        "grammes",
        "gramo",
        "gramos",
        "grammo",
        "grammi",
    ),
    "mg": ("mgs", "mgm", "milligram", "milligrams", "milligramm", "milligrammes", "miligramos", "milligrammi"),
    "ug": ("μg", "mcg", "mcgs", "ugm", "microgram", "micrograms", "mikrogramm", "microgrammes", "microgramos"),
    "ng": ("nanogram", "nanograms"),
    "oz": ("onz", "ounce", "ounces"),
    "lb": ("lbs", "pound", "pounds"),
    "l": ("lt", "ltr", "ltrs", "litre", "litres", "liter", "liters", "litro", "litros", "litri"),
    "dl": (),
    "cl": ("centilitre", "centilitres"),
    "ml": ("mls", "mlt", "millilitre", "millilitres", "milliliter", "milliliters", "mililitros", "millilitri"),
    "fl_oz": ("floz", "ozl", "oza"),
    "cup": ("cups",),
    "tbsp": ("tbsps", "tbs", "tablespoon", "tablespoons"),
    "tsp": ("tsps", "teaspoon", "teaspoons"),
    "pint": ("pints",),
    "kj": ("kilojoule", "kilojoules", "joules", "kjoule"),
    "mj": ("megajoule", "megajoules"),
    "kcal": (
        "cal",
        "cals",
        "calorie",
        "calories",
        "kcals",
        "kilocalorie",
        "kilocalories",
        "kalorien",
        "calorias",
        "kilocalorias",
    ),
    "iu": ("ie", "ui", "i.u"),
    "%": ("percent", "prozent", "pct"),
}
UNITS: dict[str, str] = {unit: unit for unit in _SPELLINGS} | {
    spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings
}
_METRIC = frozenset(("kg", "g", "mg", "l", "dl", "cl", "ml"))
_HOUSEHOLD = frozenset(("cup", "tbsp", "tsp", "pint"))

_NUMBER = r"\d{1,3}(?:[ '’]\d{3})+(?:[.,]\d+)?(?![\d])|\d+(?:[.,]\d+)*|[.,]\d+"
_TOKEN = re.compile(rf"({_NUMBER})|([^\W\d_]+(?:\.[^\W\d_])*)|([<>≤≥~±+/()%,;:*=-])")

_ABSENT = frozenset("|-|--|n/a|na|n.a.|n.a|none declared|not given|unknown|null|k.a.|?".split("|"))
_NOTHING = frozenset("nil|none|zero|no|0|keine|aucun|aucune|sin|ninguno|nessuno|not detected|nd".split("|"))
_TRACE = frozenset("trace|traces|tr|tr.|trace amounts|negligible|spuren|spur|en traces|traza|trazas|tracce".split("|"))
#: Phrases whose single words would mislead; the longer ones first.
_PHRASES: tuple[tuple[str, str], ...] = (
    ("not less than", "min"),
    ("no less than", "min"),
    ("at least", "min"),
    ("au moins", "min"),
    ("al menos", "min"),
    ("almeno", "min"),
    ("no more than", "max"),
    ("not more than", "max"),
    ("more than", ">"),
    ("up to", "max"),
    ("at most", "max"),
)
_BELOW = frozenset(
    ("<", "under", "below", "unter", "weniger", "moins", "menos", "meno", "inférieur", "inferior", "less")
)
_AT_MOST = frozenset(("≤", "max", "maximum", "maximal", "upto", "bis", "jusqu", "hasta", "fino", "höchstens"))
_AT_LEAST = frozenset((">", "≥", "min", "minimum", "mindestens", "over", "above", "minimo", "mini", "über"))
_FILLERS = frozenset(
    "~ ± ca c circa approx approximately about around env environ etwa aprox than als de à a to at of que di da = : "
    "the contains provides ( ) total *".split()
)
_RANGE = frozenset(("-", "to", "bis", "à", "a", "and"))
_PER = frozenset(("per", "pro", "pour", "par", "por", "je", "/", "each"))


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What a text says: an interval and its unit ("" if none, "%" as printed), or why it says nothing.

    `state`: `amount`, `trace`, `absent` (the label leaves it open), `bad` (`problem` says why).
    `also` is a second amount printed beside the first (kcal after kJ), `basis` is set where the text says "per …".
    """

    state: Literal["amount", "trace", "absent", "bad"]
    low: float = 0.0
    high: float = 0.0
    below: bool = False
    unit: str = ""
    problem: str = ""
    also: "Reading | None" = None
    basis: "Stated | None" = None


class Stated(msgspec.Struct, frozen=True, gc=False):
    """A basis as stated: its kind, and the amount of food it speaks of (grams or millilitres) where it says so."""

    kind: Literal["100g", "100ml", "serving", "day", "100kcal", ""]
    grams: float | None = None
    millilitres: float | None = None
    dose_form: bool = False


_NOT_GIVEN = Reading("absent")
_BARE_TRACE = Reading("trace")


@lru_cache(maxsize=16384)
def read_amount(text: str) -> Reading:
    """What `text` says. Never raises; what cannot be read is `bad` with the reason."""
    if len(text) > LONGEST:
        return Reading("bad", problem="too long for an amount")
    folded = _folded(text)
    if folded in _ABSENT:
        return _NOT_GIVEN
    if folded in _TRACE:
        return _BARE_TRACE
    if folded in _NOTHING:
        return Reading("amount")
    for phrase, sign in _PHRASES:
        if phrase in folded:
            folded = folded.replace(phrase, sign)
    return _read_tokens(list(_TOKEN.finditer(folded)), folded)


def _folded(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.translate(_APART)).strip().lower()
    return " ".join(text.translate(_SIGNS).split())


#: A fraction sign must not stick to the digit before it (1½ is not 11/2).
_APART = {ord(sign): f" {sign}" for sign in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"}
_SIGNS = str.maketrans("−–—⁄", "---/")


def _read_tokens(tokens: list[re.Match[str]], folded: str) -> Reading:
    bound = ""
    at = 0
    while at < len(tokens) and not tokens[at][1]:
        word = tokens[at][0]
        if word == "-" and at + 1 < len(tokens) and tokens[at + 1][1]:
            return Reading("bad", problem="a negative amount")
        if word in _TRACE:
            return _BARE_TRACE
        if word in _BELOW:
            bound = "below"
        elif word in _AT_MOST:
            bound = bound or "at most"
        elif word in _AT_LEAST:
            bound = bound or "at least"
        elif word not in _FILLERS:
            return Reading("bad", problem="not an amount")
        at += 1
    if at == len(tokens):
        return Reading("bad", problem="not an amount")
    low_text, at = tokens[at][1], at + 1
    unit, at = _unit(tokens, at)
    high_text = ""
    if at + 1 < len(tokens) and tokens[at][0] in _RANGE and tokens[at + 1][1]:
        high_text, at = tokens[at + 1][1], at + 2
        second_unit, at = _unit(tokens, at)
        if unit and second_unit and unit != second_unit:
            return Reading("bad", problem="a range in two units")
        unit = unit or second_unit
    if unit == "" and at < len(tokens):
        problem = _after_bare_number(tokens, at)
        if problem:
            return Reading("bad", problem=problem)
    low, high = read_number(low_text, unit), read_number(high_text or low_text, unit)
    if low is None or high is None:
        return Reading("bad", problem="the separator may mean thousands or decimals")
    if high < low:
        return Reading("bad", problem="a range that runs backwards")
    if bound == "at least":
        high = INFINITE
    elif bound:
        low = 0.0
    also, basis = _rest(tokens, at, folded)
    return Reading("amount", low, high, bound == "below" and high > 0, unit, also=also, basis=basis)


def _after_bare_number(tokens: list[re.Match[str]], at: int) -> str:
    """Why a number cannot be used that no unit follows; "" if it can."""
    following = tokens[at + 1] if at + 1 < len(tokens) else None
    if tokens[at][1] or (tokens[at][0] == "/" and following is not None and following[1]):
        return "a fraction or two numbers"
    return "its unit is not known" if tokens[at][2] and tokens[at][0] not in _PER else ""


def _rest(tokens: list[re.Match[str]], at: int, folded: str) -> tuple[Reading | None, Stated | None]:
    """What follows the first amount: the same in another unit, or the basis."""
    while at < len(tokens):
        word = tokens[at][0]
        if word in _PER and at + 1 < len(tokens):
            after = read_basis(folded[tokens[at + 1].start() :])
            if after.kind:
                return None, after
        if tokens[at][1]:
            unit, _ = _unit(tokens, at + 1)
            if unit in ENERGY_IN_KJ:
                value = read_number(tokens[at][1], unit)
                return (Reading("amount", value, value, unit=unit) if value is not None else None), None
        at += 1
    return None, None


def _unit(tokens: list[re.Match[str]], at: int) -> tuple[str, int]:
    """The unit at a place, and the place after it; "" if there is none."""
    if at >= len(tokens):
        return "", at
    word = tokens[at][0].rstrip(".")
    if word == "%":
        return "%", at + 1
    if word in ("fl", "fluid") and at + 1 < len(tokens) and UNITS.get(tokens[at + 1][0].rstrip(".")) == "oz":
        return "fl_oz", at + 2
    unit = UNITS.get(word, "")
    return (unit, at + 1) if unit else ("", at)


def read_number(text: str, unit: str) -> float | None:
    """The number, or None where a separator before three digits may mean thousands or decimals (`unit` may settle it).

    Two kinds of separator settle it, and so do repeats, a leading zero and spaces. Energy is never printed to three
    decimals and nothing holds a thousand grams in 100, which settles most of the rest.
    """
    text = text.replace(" ", "").replace("'", "").replace("’", "")
    dots, commas = text.count("."), text.count(",")
    if dots + commas == 0:
        return _float(text)
    if dots and commas:
        last = max(text.rfind("."), text.rfind(","))
        separator = "," if text[last] == "." else "."
        return _float(text.replace(separator, "").replace(",", "."))
    if dots + commas > 1:
        groups = re.split("[.,]", text)
        return _float("".join(groups)) if all(len(group) == 3 for group in groups[1:]) else None
    whole, _, decimals = text.replace(",", ".").partition(".")
    if len(decimals) != 3 or len(whole) > 3 or whole in ("", "0", "00", "000"):
        return _float(f"{whole}.{decimals}")
    if unit in ENERGY_IN_KJ:
        return _float(whole + decimals)
    if unit in ("mg", "ug", "iu", "ng"):
        return _float(whole + decimals) if commas else None
    return _float(f"{whole}.{decimals}") if unit else None


def _float(text: str) -> float | None:
    return float(text) if len(text) <= 30 else None


# --- the basis and the serving ------------------------------------------------------------------------------------

_DAY = re.compile(r"\bda(?:y|ily)\b|\btag(?:es\w*)?\b|\btäglich\w*|\bjour\w*|\bd[ií]a\b|\bdiari[ao]s?\b|\bgiorn\w*")
_SERVING = re.compile(
    r"serv|porti|porzion|raci[oó]n|stück|unit|piece|pack|\bpot\b|bottle|flasche|bouteille|botella|bottiglia|\bcan\b|"
    r"\bcup\b|glass|verre|bowl|plate|\bbar\b|riegel|barre|cookie|biscuit|slice|scheibe|tranche|dish|meal|sachet|"
    r"scoop|pouch|"
    r"container|item|recipe|katori|dose\b|tbsp|tsp|tablespoon|teaspoon|ration"
)
_DOSE_FORM = re.compile(r"capsul|kapsel|g[eé]lule|comprim|compres|tablet|gumm|softgel|lozenge|pill|drop|ampoule|stick")
_EITHER = re.compile(r"\b100 ?(?:g|ml) ?(?:/|or|ou|oder|o|bzw\.?) ?(?:100 ?)?(?:g|ml)\b")
_WHOLE = re.compile(r"(?:per|pro|par|por|je) (kg|kilo|l|litre|liter|litro)")
_HUNDRED_KCAL = re.compile(r"100\s*kcal")
#: What a tea bag makes is no weight of it, and the milk beside the cereal is none of the cereal.
_MAKES = re.compile(r"\b(?:makes|yields?|to make|ergibt|ergeben|donne|rinde|rende)\b.*")
_WITH = re.compile(r"\b(?:with|mit|avec|con)\b")
_AMOUNT_OF_FOOD = re.compile(
    rf"(?:(?<![\d.,/])(\d{{1,3}}) ?[x×*] ?)?(?:(?<![\d/⁄])({_NUMBER})(?![/⁄\d]) ?)?"
    r"(?:(\d{1,2} ?[/⁄] ?\d{1,2}) ?)?(fl\.? ?oz|fluid ounces?|[^\W\d_]+\.?)"
)


#: What a unit means on a market's labels, in g or ml, if that is another amount than by its definition.
Measures = tuple[tuple[str, float], ...]


@lru_cache(maxsize=2048)
def read_basis(text: str, measures: Measures = ()) -> Stated:
    """What numbers refer to: "per_100g", "per bar (35 g)", "per daily dose"; kind "" if it does not say."""
    if len(text) > LONGEST:
        return Stated("")
    folded = _folded(text).replace("_", " ")
    if _HUNDRED_KCAL.search(folded):
        return Stated("100kcal")
    grams, millilitres = _food(folded, measures=measures)
    if _EITHER.search(folded):
        return Stated("100g", 100.0, 100.0)
    if grams is None and millilitres is None and (whole := _WHOLE.fullmatch(folded)):
        return Stated("100g", 1000.0) if whole[1].startswith("k") else Stated("100ml", None, 1000.0)
    dose_form = _DOSE_FORM.search(folded) is not None
    if _DAY.search(folded):
        return Stated("day", grams, millilitres)
    if dose_form or _SERVING.search(folded):
        return Stated("serving", grams, millilitres, dose_form)
    if grams is not None:
        return Stated("100g", grams)
    if millilitres is not None:
        return Stated("100ml", None, millilitres)
    if folded in ("100", "per 100", "pro 100"):
        return Stated("100g", 100.0)
    return Stated("")


@lru_cache(maxsize=2048)
def read_serving_size(text: str, household: bool = False, measures: Measures = ()) -> tuple[float | None, float | None]:
    """(grams, millilitres) of a serving; a cup or a spoon counts only if `household` (a cup of flakes weighs little).

    (None, None) if there is none or if two figures contradict each other ("8 ml (240 ml)").
    """
    return (None, None) if len(text) > LONGEST else _food(_folded(text), household=household, measures=measures)


def _food(folded: str, *, household: bool = False, measures: Measures = ()) -> tuple[float | None, float | None]:
    folded = _MAKES.sub("", folded)
    beside = _WITH.search(folded)
    if beside is not None:
        alone = _food(folded[: beside.start()], household=household, measures=measures)
        if alone != (None, None):
            return alone
    own = dict(measures)
    grams: list[tuple[bool, float]] = []
    millilitres: list[tuple[bool, float]] = []
    spooned: list[tuple[bool, float]] = []
    for match in _AMOUNT_OF_FOOD.finditer(folded):
        times, number, fraction, word = match.groups()
        unit = "fl_oz" if word.startswith("fl") else UNITS.get(word.rstrip("."), "")
        value = read_number(number, unit) if number else None
        value = (value or 0.0) + _fraction(fraction) if fraction else value
        if value is None:
            continue
        value *= int(times) if times else 1
        if not 0 < value < 1e6:
            continue
        if unit in MASS_IN_G:
            grams.append((unit in _METRIC, value * own.get(unit, MASS_IN_G[unit])))
        elif unit in _HOUSEHOLD:
            spooned.append((False, value * own.get(unit, VOLUME_IN_ML[unit])))
        elif unit in VOLUME_IN_ML:
            millilitres.append((unit in _METRIC, value * own.get(unit, VOLUME_IN_ML[unit])))
    if any(metric for metric, _ in millilitres) and spooned:
        millilitres += spooned  # "8 ml (1 cup)": one of them is a misprint
    weight, volume = _agreed(grams), _agreed(millilitres)
    if weight is None and volume is None and household and not grams and not millilitres:
        volume = _agreed(spooned)
    return weight, volume


def _fraction(text: str) -> float:
    upper, lower = re.split(r"[/⁄]", text.replace(" ", ""))
    return int(upper) / int(lower) if int(lower) else 0.0


def _agreed(found: list[tuple[bool, float]]) -> float | None:
    if not found:
        return None
    size = next((value for metric, value in found if metric), found[0][1])
    if len(found) == 2 and not 0.7 < found[0][1] / found[1][1] < 1.4:
        return None
    return float(f"{size:.6g}")
