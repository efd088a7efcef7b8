"""What labels call a nutrient, in English, German, French, Spanish, Italian and on Indian and US packs.

Folded: lower case, accents off, "_" between words. "Of which", "total" and the like are taken off before the look-up.
"""

NAMES: dict[str, str] = {
    "energy": (
        "energy energie energia valor_energetico valore_energetico brennwert valeur_energetique energy_value "
        "energetic_value energiewert apport_energetique urja energy_kj_kcal energie_kj_kcal brennwert_kj_kcal"
    ),
    "energy_kcal": ("calories calorie kcal calorias calorie_kcal kalorien kilocalories energy_kcal cal energie_kcal"),
    "energy_kj": "kj kilojoules energy_kj joules energie_kj",
    "fat": (
        "fat fats total_fat total_fats fett fette matieres_grasses matiere_grasse graisses lipides lipidos grasas "
        "grasa grassi total_lipid_fat lipids oil_fat vasa chikna lipidi grasas_totales grassi_totali total_lipid"
    ),
    "saturates": (
        "saturates saturated_fat saturated_fats sat_fat satfat saturated saturated_fatty_acids sfa "
        "fatty_acids_total_saturated gesattigte_fettsauren gesattigte acides_gras_satures satures "
        "grasas_saturadas saturadas acidi_grassi_saturi saturi grassi_saturi acidos_grasos_saturados ags"
    ),
    "trans_fat": (
        "trans_fat trans_fats trans transfat trans_fatty_acids tfa fatty_acids_total_trans transfette "
        "transfettsauren trans_fettsauren acides_gras_trans grasas_trans acidi_grassi_trans"
    ),
    "mono_unsaturates": (
        "mono_unsaturates monounsaturates monounsaturated_fat mono_unsaturated_fat monounsaturated mufa "
        "fatty_acids_total_monounsaturated einfach_ungesattigte_fettsauren acides_gras_mono_insatures "
        "monoinsatures grasas_monoinsaturadas monoinsaturadas acidi_grassi_monoinsaturi monoinsaturi "
        "mono_unsaturated_fatty_acids"
    ),
    "poly_unsaturates": (
        "poly_unsaturates polyunsaturates polyunsaturated_fat poly_unsaturated_fat polyunsaturated pufa "
        "fatty_acids_total_polyunsaturated mehrfach_ungesattigte_fettsauren acides_gras_polyinsatures "
        "polyinsatures grasas_poliinsaturadas poliinsaturadas acidi_grassi_polinsaturi polinsaturi "
        "poly_unsaturated_fatty_acids"
    ),
    "unsaturates": "unsaturates unsaturated_fat unsaturated unsaturated_fats ungesattigte_fettsauren",
    "omega3": (
        "omega3 omega_3 omega_3_fat omega_3_fatty_acids omega_3_fettsauren n_3 acides_gras_omega_3 "
        "acidos_grasos_omega_3 acidi_grassi_omega_3"
    ),
    "ala": "ala alpha_linolenic_acid linolenic_acid alpha_linolensaure acide_alpha_linolenique",
    "epa_dha": "epa_dha epa_and_dha epa_plus_dha",
    "epa": "epa eicosapentaenoic_acid",
    "dha": "dha docosahexaenoic_acid",
    "linoleic_acid": "linoleic_acid linolsaure acide_linoleique",
    "cholesterol": "cholesterol cholesterin cholesterine colesterol colesterolo",
    "carbohydrate": (
        "carbohydrate carbohydrates carbs carb total_carbohydrate total_carbohydrates total_carbs "
        "available_carbohydrate available_carbohydrates kohlenhydrate glucides hidratos_de_carbono carbohidratos "
        "carboidrati carbohydrate_by_difference hydrates_de_carbone"
    ),
    "sugars": (
        "sugars sugar total_sugar total_sugars zucker sucres azucares azucar zuccheri sugars_total sucre zucchero "
        "cheeni sugars_total_including_nlea"
    ),
    "added_sugars": (
        "added_sugars added_sugar sugars_added includes_added_sugars zugesetzter_zucker sucres_ajoutes "
        "azucares_anadidos zuccheri_aggiunti includes_added_sugar"
    ),
    "starch": "starch starke amidon almidon amido",
    "polyols": (
        "polyols polyol polyole mehrwertige_alkohole polioles polialcoli sugar_alcohol sugar_alcohols "
        "alcools_de_sucre polyalcohols polyalkohole polyalcools polialcoholes polioli"
    ),
    "erythritol": "erythritol erythrit",
    "fibre": (
        "fibre fiber dietary_fibre dietary_fiber total_fibre total_fiber fibres ballaststoffe fibres_alimentaires "
        "fibra fibra_alimentaria fibre_alimentari fiber_total_dietary ballaststoff fibras resha "
        "total_dietary_fiber total_dietary_fibre fibra_dietetica"
    ),
    "soluble_fibre": (
        "soluble_fibre soluble_fiber fiber_soluble fibre_soluble soluble_dietary_fibre soluble_dietary_fiber "
        "losliche_ballaststoffe fibres_solubles fibra_soluble fibre_solubili"
    ),
    "insoluble_fibre": (
        "insoluble_fibre insoluble_fiber fiber_insoluble fibre_insoluble insoluble_dietary_fibre "
        "insoluble_dietary_fiber unlosliche_ballaststoffe fibres_insolubles fibra_insoluble fibre_insolubili"
    ),
    "protein": (
        "protein proteins total_protein eiweiss proteine proteines proteinas proteinen proteina prot eiweisse "
        "proteins_total"
    ),
    "salt": "salt salt_equivalent salz sel sal sale namak total_salt",
    "sodium": "sodium natrium sodio na",
    "alcohol": "alcohol ethanol alkohol alcool",
    "abv": "abv alcohol_by_volume alcohol_vol alc alc_vol alcohol_abv volume_alcohol",
    "vitamin_a": "vitamin_a vitamine_a vitamina_a retinol vitamin_a_rae vit_a",
    "thiamin": "thiamin thiamine vitamin_b1 vitamine_b1 vitamina_b1 b1 tiamina vit_b1 thiamin_b1 thiamine_b1",
    "riboflavin": "riboflavin vitamin_b2 vitamine_b2 vitamina_b2 b2 riboflavine riboflavina vit_b2 riboflavin_b2",
    "niacin": (
        "niacin vitamin_b3 vitamine_b3 vitamina_b3 vitamin_pp b3 niacine niacina vit_b3 nicotinamide niacin_b3 "
        "niacin_equivalents"
    ),
    "pantothenic_acid": (
        "pantothenic_acid vitamin_b5 vitamine_b5 b5 pantothensaure acide_pantothenique acido_pantotenico pantothenate"
    ),
    "vitamin_b6": "vitamin_b6 vitamine_b6 vitamina_b6 b6 pyridoxine vit_b6 vitamin_b_6",
    "biotin": "biotin vitamin_b7 biotine biotina b7 vitamin_h",
    "folate": (
        "folate folic_acid vitamin_b9 vitamine_b9 vitamina_b9 b9 folsaure folacin acide_folique acido_folico "
        "folate_dfe folate_total folates"
    ),
    "vitamin_b12": (
        "vitamin_b12 vitamine_b12 vitamina_b12 b12 cobalamin vit_b12 vitamin_b_12 cyanocobalamin methylcobalamin"
    ),
    "vitamin_c": "vitamin_c vitamine_c vitamina_c ascorbic_acid vit_c vitamin_c_total_ascorbic_acid",
    "vitamin_d": "vitamin_d vitamine_d vitamina_d vitamin_d3 vitamin_d2 d3 vit_d cholecalciferol vitamin_d_d2_d3",
    "vitamin_e": "vitamin_e vitamine_e vitamina_e tocopherol vit_e alpha_tocopherol",
    "vitamin_k": "vitamin_k vitamine_k vitamina_k vitamin_k1 vitamin_k2 vit_k phylloquinone",
    "calcium": "calcium kalzium calcio ca calcium_ca",
    "chloride": "chloride chlorid chlorure cloruro",
    "chromium": "chromium chrom chrome cromo chromium_iii",
    "choline": "choline cholin",
    "copper": "copper kupfer cuivre cobre rame",
    "fluoride": "fluoride fluorid fluorure fluoruro fluor",
    "iodine": "iodine jod iode yodo iodio",
    "iron": "iron eisen fer hierro ferro iron_fe",
    "magnesium": "magnesium magnesio mg_magnesium",
    "manganese": "manganese mangan manganeso",
    "molybdenum": "molybdenum molybdan molybdene molibdeno",
    "phosphorus": "phosphorus phosphor phosphore fosforo",
    "potassium": "potassium kalium potasio potassio",
    "selenium": "selenium selen selenio",
    "zinc": "zinc zink zinco cinc",
    "caffeine": "caffeine koffein cafeine cafeina caffeina",
    "beta_glucan": "beta_glucan beta_glucans betaglucan oat_beta_glucan",
    "plant_sterols": "plant_sterols phytosterols plant_stanols plant_sterols_stanols plant_sterols_and_stanols",
    "lactose": "lactose laktose lactosa lattosio",
}
