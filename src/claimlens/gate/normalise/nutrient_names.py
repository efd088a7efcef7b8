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

Role = Literal["nutrient", "basis", "serving_size", "servings", "block", "list", "ignored", "unknown"]

#: What labels call a nutrient, after folding (lower case, no accents, "_" between words). English, German, French,
#: Spanish, Italian, and the words of Indian and US labels.
_NAMES: dict[str, str] = {
    "energy": "energy energie energia valor_energetico valore_energetico brennwert valeur_energetique energy_value "
    "energetic_value energiewert apport_energetique urja",
    "energy_kcal": "calories calorie kcal calorias calorie_kcal kalorien kilocalories energy_kcal cal energie_kcal",
    "energy_kj": "kj kilojoules energy_kj joules energie_kj",
    "fat": "fat fats total_fat total_fats fett fette matieres_grasses matiere_grasse graisses lipides lipidos grasas grasa "
    "grassi total_lipid_fat lipids oil_fat vasa chikna lipidi grasas_totales grassi_totali total_lipid",
    "saturates": "saturates saturated_fat saturated_fats sat_fat satfat saturated saturated_fatty_acids sfa fatty_acids_total_saturated "
    "gesattigte_fettsauren gesattigte acides_gras_satures satures grasas_saturadas saturadas acidi_grassi_saturi saturi grassi_saturi "
    "acidos_grasos_saturados ags",
    "trans_fat": "trans_fat trans_fats trans transfat trans_fatty_acids tfa fatty_acids_total_trans transfette transfettsauren "
    "acides_gras_trans grasas_trans acidi_grassi_trans",
    "mono_unsaturates": "mono_unsaturates monounsaturates monounsaturated_fat mono_unsaturated_fat monounsaturated mufa "
    "fatty_acids_total_monounsaturated einfach_ungesattigte_fettsauren acides_gras_mono_insatures monoinsatures "
    "grasas_monoinsaturadas monoinsaturadas acidi_grassi_monoinsaturi monoinsaturi mono_unsaturated_fatty_acids",
    "poly_unsaturates": "poly_unsaturates polyunsaturates polyunsaturated_fat poly_unsaturated_fat polyunsaturated pufa "
    "fatty_acids_total_polyunsaturated mehrfach_ungesattigte_fettsauren acides_gras_polyinsatures polyinsatures "
    "grasas_poliinsaturadas poliinsaturadas acidi_grassi_polinsaturi polinsaturi poly_unsaturated_fatty_acids",
    "unsaturates": "unsaturates unsaturated_fat unsaturated unsaturated_fats ungesattigte_fettsauren",
    "omega3": "omega3 omega_3 omega_3_fat omega_3_fatty_acids omega_3_fettsauren n_3 acides_gras_omega_3 acidos_grasos_omega_3",
    "ala": "ala alpha_linolenic_acid linolenic_acid alpha_linolensaure acide_alpha_linolenique",
    "epa_dha": "epa_dha epa_and_dha epa_plus_dha",
    "epa": "epa eicosapentaenoic_acid",
    "dha": "dha docosahexaenoic_acid",
    "linoleic_acid": "linoleic_acid linolsaure acide_linoleique",
    "cholesterol": "cholesterol cholesterin cholesterine colesterol colesterolo",
    "carbohydrate": "carbohydrate carbohydrates carbs carb total_carbohydrate total_carbohydrates total_carbs available_carbohydrate "
    "kohlenhydrate glucides hidratos_de_carbono carbohidratos carboidrati carbohydrate_by_difference hydrates_de_carbone",
    "sugars": "sugars sugar total_sugar total_sugars zucker sucres azucares azucar zuccheri sugars_total sucre zucchero cheeni "
    "sugars_total_including_nlea",
    "added_sugars": "added_sugars added_sugar sugars_added includes_added_sugars zugesetzter_zucker sucres_ajoutes azucares_anadidos "
    "zuccheri_aggiunti includes_added_sugar",
    "starch": "starch starke amidon almidon amido",
    "polyols": "polyols polyol polyole mehrwertige_alkohole polioles polialcoli sugar_alcohol sugar_alcohols alcools_de_sucre "
    "polyalcohols polyalkohole",
    "erythritol": "erythritol erythrit",
    "fibre": "fibre fiber dietary_fibre dietary_fiber total_fibre total_fiber fibres ballaststoffe fibres_alimentaires fibra "
    "fibra_alimentaria fibre_alimentari fiber_total_dietary ballaststoff fibras resha total_dietary_fiber total_dietary_fibre",
    "soluble_fibre": "soluble_fibre soluble_fiber",
    "insoluble_fibre": "insoluble_fibre insoluble_fiber",
    "protein": "protein proteins total_protein eiweiss eiweiß proteine proteines proteinas proteinen proteina prot eiweisse "
    "proteins_total",
    "salt": "salt salt_equivalent salz sel sal sale namak total_salt",
    "sodium": "sodium natrium sodio na",
    "alcohol": "alcohol ethanol alkohol alcool",
    "abv": "abv alcohol_by_volume alcohol_vol alc alc_vol alcohol_abv volume_alcohol",
    "vitamin_a": "vitamin_a vitamine_a vitamina_a retinol vitamin_a_rae vit_a",
    "thiamin": "thiamin thiamine vitamin_b1 vitamine_b1 vitamina_b1 b1 tiamina vit_b1 thiamin_b1 thiamine_b1",
    "riboflavin": "riboflavin vitamin_b2 vitamine_b2 vitamina_b2 b2 riboflavine riboflavina vit_b2 riboflavin_b2",
    "niacin": "niacin vitamin_b3 vitamine_b3 vitamina_b3 vitamin_pp b3 niacine niacina vit_b3 nicotinamide niacin_b3",
    "pantothenic_acid": "pantothenic_acid vitamin_b5 vitamine_b5 b5 pantothensaure acide_pantothenique acido_pantotenico "
    "pantothenate",
    "vitamin_b6": "vitamin_b6 vitamine_b6 vitamina_b6 b6 pyridoxine vit_b6 vitamin_b_6",
    "biotin": "biotin vitamin_b7 biotine biotina b7 vitamin_h",
    "folate": "folate folic_acid vitamin_b9 vitamine_b9 vitamina_b9 b9 folsaure folacin acide_folique acido_folico folate_dfe "
    "folate_total folates",
    "vitamin_b12": "vitamin_b12 vitamine_b12 vitamina_b12 b12 cobalamin vit_b12 vitamin_b_12 cyanocobalamin methylcobalamin",
    "vitamin_c": "vitamin_c vitamine_c vitamina_c ascorbic_acid vit_c vitamin_c_total_ascorbic_acid",
    "vitamin_d": "vitamin_d vitamine_d vitamina_d vitamin_d3 vitamin_d2 d3 vit_d cholecalciferol vitamin_d_d2_d3",
    "vitamin_e": "vitamin_e vitamine_e vitamina_e tocopherol vit_e alpha_tocopherol",
    "vitamin_k": "vitamin_k vitamine_k vitamina_k vitamin_k1 vitamin_k2 vit_k phylloquinone",
    "calcium": "calcium kalzium calcio ca calcium_ca",
    "chloride": "chloride chlorid chlorure cloruro",
    "chromium": "chromium chrom chrome cromo chromium_iii",
    "choline": "choline cholin",
    "copper": "copper kupfer cuivre cobre rame",
    "fluoride": "fluoride fluorid fluorure fluoruro",
    "iodine": "iodine jod iode yodo iodio",
    "iron": "iron eisen fer hierro ferro iron_fe",
    "magnesium": "magnesium magnesio mg_magnesium",
    "manganese": "manganese mangan manganeso",
    "molybdenum": "molybdenum molybdan molybdene molibdeno",
    "phosphorus": "phosphorus phosphor phosphore fosforo",
    "potassium": "potassium kalium potasio potassio",
    "selenium": "selenium selen selenio",
    "zinc": "zinc zink zinco",
    "caffeine": "caffeine koffein cafeine cafeina caffeina",
    "beta_glucan": "beta_glucan beta_glucans betaglucan oat_beta_glucan",
    "plant_sterols": "plant_sterols phytosterols plant_stanols plant_sterols_stanols plant_sterols_and_stanols",
    "lactose": "lactose laktose lactosa lattosio",
}
_MEANT: dict[str, str] = {name: nutrient for nutrient, names in _NAMES.items() for name in names.split()} | {
    nutrient: nutrient for nutrient in NUTRIENTS
}
_BASIS_KEYS = frozenset(
    "basis per base reference_basis nutrition_data_per reference nutrition_basis per_unit bezug bezugsgrosse pour amount_per".split()
)
_SERVING_KEYS = frozenset(
    "serving_size serving serving_weight portion portion_size portion_weight servingsize portionsgrosse taille_portion "
    "serving_quantity serving_g serving_ml portion_g portion_ml tamano_porcion porzione reference_portion weight_per_serving".split()
)
_SERVINGS_KEYS = frozenset(
    "servings servings_per_container servings_per_pack portions portions_per_pack servings_per_package number_of_servings "
    "servings_in_pack".split()
)
_LIST_KEYS = frozenset(
    "nutrients nutriments values nutrition facts items rows table nutrition_facts nutrition_information food_nutrients "
    "label_nutrients data per_nutrient vitamins minerals macros micros macronutrients".split()
)
_IGNORED = re.compile(
    r"^(type|context|id|name|title|note|notes|source|comment|comments|remark|remarks|url|lang|language|nova|nutriscore|ecoscore"
    r"|state|preparation|as_sold|version|updated|serving_unit|serving_name|currency|measured_in|method|lab|date)$"
    r"|nova_group|nutrition_score|nutriscore|carbon_footprint|fruits_vegetables|_label$|_modifier$|_prepared\b|_estimate|^nutrition_data"
    r"|serving_size_(unit|text|imported)|_(rdi|ri|dv|nrv|rda)(_pct|_percent)?$"
)
_LEADING = re.compile(
    r"^(?:of_which_|davon_|dont_|de_los_cuales_|de_las_cuales_|di_cui_|thereof_|including_|incl_|includes_|which_|an_|en_|total_|"
    r"en_total_|content_of_)+"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SPLIT = re.compile(r"[^0-9a-z%]+")
_UNIT_WORDS = frozenset(unit for unit in UNITS if unit not in ("%", "cal", "calorie", "calories", "percent", "ie", "ui", "l"))
_PER_WORDS = frozenset(("per", "pro", "pour", "par", "por", "je"))
_BASIS_ENDS = frozenset(("100g", "100ml", "serving", "portion", "day", "dose"))


class Meaning(msgspec.Struct, frozen=True, gc=False):
    """What a key says. `part` is "unit" for `fat_unit`, "value" for `fat_value`; `crowd` marks Open Food Facts' way."""

    role: Role
    nutrient: str = ""
    unit: str = ""
    basis: Stated | None = None
    part: Literal["", "value", "unit"] = ""
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
    if not folded or _IGNORED.search(folded):
        return Meaning("ignored")
    return _compound(key, folded, schema_org)


_ROLES: tuple[tuple[frozenset[str], Role], ...] = (
    (_BASIS_KEYS, "basis"),
    (_SERVINGS_KEYS, "servings"),
    (_LIST_KEYS, "list"),
)


def _compound(key: str, folded: str, schema_org: bool) -> Meaning:
    """A name with a unit, a basis or a part at its end, peeled off word by word."""
    words = folded.split("_")
    unit, part, basis_words = "", "", []
    while len(words) > 1 and _nutrient("_".join(words)) == "":
        last = words[-1]
        if last in ("value", "amount", "quantity") and not part:
            part = "value"
        elif last in ("unit", "units") and not part:
            part = "unit"
        elif last in _BASIS_ENDS or last in _PER_WORDS or last == "100" or (basis_words and last == "daily"):
            basis_words.insert(0, last)
        elif last in _UNIT_WORDS and words[-2] == "100" and not unit:
            basis_words.insert(0, last)
        elif last in _UNIT_WORDS and not unit:
            unit = UNITS[last]
        elif last in ("%", "pct", "percent") and not unit:
            unit = "%"
        else:
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
        meant = _MEANT.get(stripped) if stripped != folded else None
    return meant or ""


def _fold(key: str) -> str:
    key = _CAMEL.sub("_", key)
    plain = unicodedata.normalize("NFKD", key.lower().replace("ß", "ss").replace("µ", "u").replace("μ", "u"))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return _SPLIT.sub("_", plain).strip("_")
