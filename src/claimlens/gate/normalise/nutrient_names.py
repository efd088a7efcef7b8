"""What a key of a nutrition table means: which nutrient, which unit and which basis its name carries.

`fat`, `of which saturates`, `Fett (g)`, `energy-kcal_100g`, `saturatedFatContent`, `vitamin_c_mg_per_serving`.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

import msgspec

from claimlens.domain.nutrients import NUTRIENTS, canonical_nutrient
from claimlens.gate.normalise.amounts import UNITS, Stated, read_basis
from claimlens.gate.normalise.nutrient_words import NAMES

Role = Literal["nutrient", "basis", "serving_size", "servings", "block", "list", "ignored", "unknown"]

_MEANT: dict[str, str] = {name: nutrient for nutrient, names in NAMES.items() for name in names.split()} | {
    nutrient: nutrient for nutrient in NUTRIENTS
}
_BASIS_KEYS = frozenset(
    "basis per base reference_basis nutrition_data_per reference nutrition_basis per_unit bezug bezugsgrosse pour "
    "amount_per".split()
)
_SERVING_KEYS = frozenset(
    "serving_size serving serving_weight portion portion_size portion_weight servingsize portionsgrosse taille_portion "
    "serving_quantity serving_g serving_ml portion_g portion_ml tamano_porcion porzione reference_portion "
    "weight_per_serving serving_size_g serving_size_ml".split()
)
_SERVINGS_KEYS = frozenset(
    "servings servings_per_container servings_per_pack portions portions_per_pack servings_per_package "
    "number_of_servings servings_in_pack".split()
)
_LIST_KEYS = frozenset(
    "nutrients nutriments values nutrition facts items rows table nutrition_facts nutrition_information food_nutrients "
    "label_nutrients data per_nutrient vitamins minerals macros micros macronutrients".split()
)
#: "Typical values per 100 g".
_TABLE_WORDS = frozenset(
    "typical average nutrition nutritional nutrients nutriments values value quantity amount amounts information facts "
    "declaration content composition table approx approximate nahrwerte nahrwertangaben nahrwert nahrwertinformation "
    "durchschnittliche mittlere valeurs valeur nutritionnelles nutritionnelle moyennes moyenne "
    "informacion nutricional valores valor nutricionales medios medio valori valore nutrizionali nutrizionale medi "
    "dichiarazione informazioni".split()
)
_IGNORED = re.compile(
    r"^(type|context|id|name|title|note|notes|source|comment|comments|remark|remarks|url|lang|language|nova|nutriscore"
    r"|ecoscore|state|preparation|as_sold|version|updated|serving_unit|serving_name|currency|measured_in|method|lab|date)$"
    r"|nova_group|nutrition_score|nutriscore|carbon_footprint|fruits_vegetables|_label$|_modifier$|_prepared\b|_estimate"
    r"|^nutrition_data|serving_size_(unit|text|imported)|_(rdi|ri|dv|nrv|rda)(_pct|_percent)?$"
)
#: The share of a daily reference, beside an amount or instead of it.
_SHARE = re.compile(r"(.+?)_(?:rdi|ri|dv|nrv|rda|vnr|vrn|daily_value)(?:_pct|_percent|_%)?")
_LEADING = re.compile(
    r"^(?:of_which_|davon_|dont_|de_los_cuales_|de_las_cuales_|di_cui_|thereof_|including_|incl_|includes_|which_|an_|en_"
    r"|total_|content_of_)+"
)
#: "Sodium, Na".
_SYMBOL = re.compile(r"_(?:na|ca|fe|k|zn|cu|mn|se|cl|cr|mo|mg|p|i|f)$")
#: "Fat, total"; "Fat of which saturates" is about saturates.
_TRAILING = re.compile(r"_(?:total|totale|totales|totali|gesamt|insgesamt)$")
_PART_OF = re.compile(r"^.+_(?:of_which|davon|dont|de_los_cuales|de_las_cuales|di_cui)_")
_BRACKETS = re.compile(r"\([^()]*\)")
#: In brackets these make another nutrient of it: "Fibre (soluble)".
_NARROWS = re.compile(
    r"solub|added|ajout|a[nñ]ad|aggiunt|zugesetzt|net\b|free|satur|ges[aä]ttigt|trans|mono|poly|poli|omega|cis|starch"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: No camel's hump: "Energy (kJ)".
_UNITS_IN_CAPITALS = re.compile(r"k(?:J|Cal|CAL)\b|m(?:G|CG|L)\b")
_INTERNATIONAL = re.compile(r"international units?\b", re.IGNORECASE)
_SPLIT = re.compile(r"[^0-9a-z%]+")
_UNIT_WORDS = frozenset(UNITS) - {"%", "cal", "calorie", "calories", "percent", "ie", "ui", "l"}
_PER_WORDS = frozenset(("per", "pro", "pour", "par", "por", "je"))
_BASIS_ENDS = frozenset(("100g", "100ml", "serving", "portion", "day", "dose"))


class Meaning(msgspec.Struct, frozen=True, gc=False):
    """What a key says. `part` is "unit" for `fat_unit`, "value" for `fat_value`, "share" for `iron_dv`.

    `crowd` marks Open Food Facts' way.
    """

    role: Role
    nutrient: str = ""
    unit: str = ""
    basis: Stated | None = None
    part: Literal["", "value", "unit", "share"] = ""
    schema_org: bool = False
    crowd: bool = False


@lru_cache(maxsize=8192)
def meaning_of(key: str) -> Meaning:
    """What `key` means. `unknown` keys carry their folded name as `nutrient`: any snake_case key may be one."""
    if len(key) > 80:
        return Meaning("unknown")
    schema_org = key.endswith("Content")
    folded = _fold(key.removesuffix("Content") if schema_org else key)
    nutrient = _nutrient(folded)
    if nutrient:
        return Meaning("nutrient", nutrient, schema_org=schema_org)
    if folded in _SERVING_KEYS:
        return Meaning("serving_size", unit=folded.rsplit("_", 1)[-1] if folded.endswith(("_g", "_ml")) else "")
    for names, role in _ROLES:
        if folded in names:
            return Meaning(role)
    share = _SHARE.fullmatch(folded)
    if share and (nutrient := _nutrient(share[1])):
        return Meaning("nutrient", nutrient, "%", part="share")
    if not folded or _IGNORED.search(folded):
        return Meaning("ignored")
    meaning = _compound(key, folded, schema_org)
    if meaning.role == "unknown" and _BRACKETS.search(key):
        return _without_brackets(key) or meaning
    return meaning


def _without_brackets(key: str) -> Meaning | None:
    """What "Vitamin B1 (Thiamin)" or "Protein (N x 6.25)" means: the name before, if the brackets only explain it."""
    inside = " ".join(_BRACKETS.findall(key))
    if _NARROWS.search(inside.lower()):
        return None
    outer = meaning_of(" ".join(_BRACKETS.sub(" ", key).split()))
    named = _nutrient(_fold(inside))
    return outer if outer.role == "nutrient" and named in ("", outer.nutrient) else None


_ROLES: tuple[tuple[frozenset[str], Role], ...] = (
    (_BASIS_KEYS, "basis"),
    (_SERVINGS_KEYS, "servings"),
    (_LIST_KEYS, "list"),
)


def _compound(key: str, folded: str, schema_org: bool) -> Meaning:
    """A name with a unit, a basis or a part at its end, peeled off word by word."""
    words = folded.split("_")
    unit = ""
    part: Literal["", "value", "unit"] = ""
    basis_words: list[str] = []
    while len(words) > 1 and _nutrient("_".join(words)) == "":
        last = words[-1]
        if last in ("value", "amount", "quantity") and not part:
            part = "value"
        elif last in ("unit", "units") and not part:
            part = "unit"
        elif (
            last in _BASIS_ENDS
            or last in _PER_WORDS
            or last == "100"
            or (basis_words and last == "daily")
            or (last in _UNIT_WORDS and words[-2] == "100" and not unit)
        ):
            basis_words.insert(0, last)
        elif last in _UNIT_WORDS and not unit:
            unit = UNITS[last]
        elif last in ("%", "pct", "percent") and not unit:
            unit = "%"
        elif not (last == "in" and unit):
            break
        words.pop()
    basis = read_basis(" ".join(basis_words)) if basis_words else None
    if basis is not None and basis.kind == "":
        basis = None
    name = "_".join(words)
    nutrient = _nutrient(name)
    if not nutrient and (name in _PER_WORDS or name in _BASIS_ENDS or name == "100"):
        whole = read_basis(folded.replace("_", " "))
        return Meaning("block", basis=whole) if whole.kind else Meaning("unknown", folded)
    if basis is not None and _TABLE_WORDS.issuperset(words):
        return Meaning("block", basis=basis)
    crowd = basis is not None and ("-" in key or bool(part))
    if nutrient:
        return Meaning("nutrient", nutrient, unit, basis, part, schema_org, crowd or "-" in key)
    whole = read_basis(folded.replace("_", " "))
    if whole.kind and not unit and not part and folded.startswith(("per_", "pro_", "pour_", "par_", "por_")):
        return Meaning("block", basis=whole)
    return Meaning("unknown", canonical_nutrient(name), unit, basis, part, schema_org, crowd)


def _nutrient(folded: str) -> str:
    meant = _MEANT.get(folded)
    if meant is None:
        stripped = _LEADING.sub("", folded)
        meant = _MEANT.get(stripped) or _MEANT.get(_SYMBOL.sub("", stripped)) or _MEANT.get(_TRAILING.sub("", stripped))
        meant = meant or _MEANT.get(_PART_OF.sub("", folded))
    return meant or ""


def _fold(key: str) -> str:
    key = _CAMEL.sub("_", _UNITS_IN_CAPITALS.sub(lambda match: match[0].lower(), key))
    key = _INTERNATIONAL.sub("IU", key)
    plain = unicodedata.normalize("NFKD", key.lower().replace("ß", "ss").replace("µ", "u").replace("μ", "u"))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return _SPLIT.sub("_", plain).strip("_")
