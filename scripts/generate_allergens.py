#!/usr/bin/env python3
"""Write packs/<in|us|gb|eu>/allergens.yaml from the facts tables.

    python scripts/generate_allergens.py FACTS_DIR [PACKS_DIR]

FACTS_DIR holds eu_gb_allergens.csv and in_us_allergens.csv. Every row of a table is in the pack of its jurisdiction, as
terms of an entry, as a trap that must stay silent or, with what stands for it, under `handled`. Rows are
named by their `id`; the rows of eu_gb_allergens.csv have none and are named `allergen/record_type/language/term`.
"""

import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

IDS = {"soya": "soybeans"}
LANGUAGES = {
    "eu": ["en", "in", "hi", "fr", "de", "es", "it", "nl", "sv", "da", "fi"],
    "gb": ["en", "in", "hi", "fr", "de", "es", "it"],
    "us": ["en", "in", "hi", "es"],
    "in": ["en", "in", "hi"],
}
GROUPS = {
    "cereals containing gluten": "gluten",
    "milk": "milk",
    "egg": "eggs",
    "fish": "fish",
    "crustacean": "crustaceans",
    "molluscs": "molluscs",
    "peanut": "peanuts",
    "tree nuts": "nuts",
    "soy": "soybeans",
    "sesame": "sesame",
    "sulphites": "sulphites",
    "mustard": "mustard",
    "celery": "celery",
    "lupin": "lupin",
}
MEMBERS = {
    "AL-TN-ALMOND": "almond",
    "AL-TN-CASHEW": "cashew",
    "AL-TN-PISTACHIO": "pistachio",
    "AL-TN-WALNUT": "walnut",
    "AL-TN-HAZELNUT": "hazelnut",
    "AL-TN-PECAN": "pecan",
    "AL-TN-BRAZIL": "brazil nut",
    "AL-TN-MACADAMIA": "macadamia",
    "AL-TN-PINENUT": "pine nut",
    "AL-TN-CHIRONJI": "charoli",
    "AL-TN-REMOVED": "other nut",
    "AL-WHEAT-FLOUR": "wheat",
    "AL-SEMOLINA": "wheat",
    "AL-WHEAT-BREADS": "wheat",
    "AL-HING": "wheat",
}
#: False-friend rows of the Indian and US table: what each says about which allergen ("not", "contains").
FALSE_FRIENDS: dict[str, tuple[tuple[str, str], ...]] = {
    "AL-FF-BESAN": (("gluten", "not"), ("peanuts", "not")),
    "AL-FF-NUTWORDS": (("nuts", "not"),),
    "AL-FF-BUTTERWORDS": (("milk", "not"),),
    "AL-FF-OYSTERMUSHROOM": (("molluscs", "not"), ("crustaceans", "not")),
    "AL-FF-SOYVSWHEAT": (("soybeans", "contains"), ("gluten", "contains")),
    "AL-COCONUT": (("nuts", "not"),),
}
HANDLED = {
    "AL-FF-LACTOSEFREE": "the engine reads 'lactose free' as a statement about lactose and leaves milk standing",
    "AL-FF-EGGFREE": "'eggless' and 'egg-free' are statements of absence (shared scopes); eggplant is an exception",
    "AL-FF-MAYO": "'eggless' and 'vegan' beside mayonnaise take the egg out of it (shared scopes)",
    "AL-XC-FRYER": "wording of cross contact: shared scopes (may contain)",
    "AL-XC-MAYCONTAIN": "wording of cross contact: shared scopes (may contain)",
}
#: Terms of a row that contradict the row's own kind, or that are no words of a menu.
SKIPPED_TERMS = {
    "AL-FF-BUTTERWORDS": {"butterscotch"},
    "AL-FF-OYSTERMUSHROOM": {"crab cake mushroom", "chicken of the woods"},
    "AL-FF-NUTWORDS": {"chestnut"},
    "AL-MUSTARD": {"wasabi imitation"},
    "AL-CELERY": {"ajwain leaf"},
}
_NO_NAME = re.compile(r"\b(with|made|thickened|bound|coatings?|mixes|garnish|without|blend|food|toppings?)\b")


def main(arguments: list[str]) -> int:
    if not 1 <= len(arguments) <= 2:
        print(__doc__, file=sys.stderr)
        return 1
    facts = Path(arguments[0])
    packs = Path(arguments[1]) if len(arguments) == 2 else Path(__file__).resolve().parent.parent / "packs"
    eu_gb = read(facts / "eu_gb_allergens.csv")
    in_us = read(facts / "in_us_allergens.csv")
    for jurisdiction in ("eu", "gb"):
        write(packs, jurisdiction, european(eu_gb, jurisdiction))
    for jurisdiction in ("in", "us"):
        write(packs, jurisdiction, indian_or_american(in_us, eu_gb, jurisdiction))
    return 0


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


class Pack:
    """Entries gathered by what they say, in the order of the table."""

    def __init__(self) -> None:
        self.duties: dict[str, dict[str, Any]] = {}
        self.handled: dict[str, list[str]] = defaultdict(list)  # what stands for the rows -> their names
        self._entries: dict[tuple[str, ...], list[str]] = {}

    def add(
        self,
        terms: Iterable[str],
        *,
        allergen: str,
        use: str,
        language: str,
        source: str,
        member: str = "",
        confidence: str = "",
        citation: str = "",
    ) -> None:
        key = (source, allergen, use, language, member, confidence, citation)
        said = self._entries.setdefault(key, [])
        said += [term for term in terms if term not in said]

    def entries(self) -> list[dict[str, Any]]:
        names = ("facts", "allergen", "use", "language", "member", "confidence", "citation")
        return [
            {name: [value] if name == "facts" else value for name, value in zip(names, key, strict=True) if value}
            | {"terms": terms}
            for key, terms in self._entries.items()
            if terms
        ]


# --- eu_gb_allergens.csv ---


def european(rows: list[dict[str, str]], jurisdiction: str) -> Pack:
    pack = Pack()
    for row in rows:
        allergen = IDS.get(row["allergen"], row["allergen"])
        reference = f"{row['allergen']}/{row['record_type']}/{row['language']}/{row['term']}"
        kind = row["record_type"]
        if kind == "definition":
            pack.handled["the duty to declare"].append(reference)
            how = "name the cereal" if allergen == "gluten" else "name the nut" if allergen == "nuts" else ""
            pack.duties[allergen] = {
                "required": True,
                "how": how or f"emphasise in the list of ingredients: {row['term']}",
                "citation": row["citation"],
            }
            if allergen == "soybeans":
                pack.duties[allergen]["exempt"] = []
        elif kind == "exemption":
            where = "a shared entry that names the row and the jurisdictions"
            if "EU only" in row["rule"] and jurisdiction != "eu":
                where = "EU only; GB keeps declaring"
            pack.handled[where].append(reference)
        elif kind == "context_rule":
            pack.handled["the shared scopes and how the engine reads them"].append(reference)
        else:
            add_word(pack, row, allergen, reference)
    return pack


def add_word(pack: Pack, row: dict[str, str], allergen: str, reference: str) -> None:
    use = {"yes": "contains", "maybe": "ask", "no": "not"}[row["match"]]
    term = row["term"].strip()
    note = row["notes"]
    if row["record_type"] == "non_match" and use == "not":
        if note.startswith("Negation") or "-free" in term:
            if reference:
                pack.handled["a statement of absence: the shared scopes"].append(reference)
            return
        if " " not in term and re.match(r"(Substring|Token)", note):
            use = "silent"  # only a part of the word looks like one, and words are met whole
    pack.add(
        [term],
        allergen=allergen,
        use=use,
        language=row["language"],
        source=f"{row['allergen']}/{row['record_type']}",
        confidence=row["status"],
        citation=row["citation"],
    )


# --- in_us_allergens.csv ---


def indian_or_american(rows: list[dict[str, str]], words: list[dict[str, str]], jurisdiction: str) -> Pack:
    pack = Pack()
    for row in rows:
        row_id = row["id"]
        if row_id in HANDLED:
            pack.handled[HANDLED[row_id]].append(row_id)
        elif row_id in FALSE_FRIENDS:
            for allergen, use in FALSE_FRIENDS[row_id]:
                add_terms(pack, row, allergen, use)
        else:
            add_allergen(pack, row, jurisdiction)
    for row in words:  # a word means the same food everywhere; only what must be declared differs
        if row["record_type"] in ("term", "dish", "brand_term", "non_match") and row["language"] in ("en", "in"):
            allergen = IDS.get(row["allergen"], row["allergen"])
            if jurisdiction == "us" and allergen == "nuts" and row["term"].startswith("pine"):
                continue
            if jurisdiction == "in" and allergen == "nuts" and row["term"].startswith(("pine", "chestnut")):
                continue
            add_word(pack, row, allergen, "")
    return pack


def add_allergen(pack: Pack, row: dict[str, str], jurisdiction: str) -> None:
    allergen = next(id_ for group, id_ in GROUPS.items() if row["allergen_group"].startswith(group))
    status = row[f"status_{jurisdiction}"]
    member = MEMBERS.get(row["id"], "")
    add_duty(pack, allergen, member, status, row, jurisdiction)
    listed = status.startswith(("mandatory", "declaration")) or allergen not in ("nuts",)
    use = "ask" if row["id"] == "AL-HING" else "contains" if listed else "not" if jurisdiction == "us" else "ask"
    add_terms(pack, row, allergen, use, member)
    compounds = [
        term
        for term in split(row["compound_foods_to_check"])
        if len(term.split()) <= 3 and not _NO_NAME.search(term) and use != "not"
    ]
    common = {"source": row["id"], "language": "en", "confidence": row["status"], "citation": row["citation"]}
    pack.add(compounds, allergen=allergen, use="ask", member=member, **common)
    if row["id"] == "AL-TN-PECAN" or not row["id"].startswith("AL-TN-"):
        absent = re.compile(r"less$|\bfree\b")  # statements of absence: shared scopes
        looking_alike = [term for term in split(row["false_friends"]) if not absent.search(term)]
        pack.add(looking_alike, allergen=allergen, use="not", **common)


def add_terms(pack: Pack, row: dict[str, str], allergen: str, use: str, member: str = "") -> None:
    common = {"source": row["id"], "confidence": row["status"], "citation": row["citation"]}
    skipped = SKIPPED_TERMS.get(row["id"], set())
    for column, language in (("terms_en", "en"), ("terms_indian", "in")):
        terms = [t for t in split(row[column]) if t not in skipped and not re.search(r"-free|\bfree\b", t)]
        pack.add(terms, allergen=allergen, use=use, language=language, member=member, **common)


def add_duty(pack: Pack, allergen: str, member: str, status: str, row: dict[str, str], jurisdiction: str) -> None:
    required = status.startswith(("mandatory", "declaration"))
    duty = pack.duties.setdefault(allergen, {"required": False, "how": "", "citation": row["citation"]})
    if required:
        duty["required"] = True
        duty["how"] = duty["how"] or row[f"declare_as_{jurisdiction}"]
        if jurisdiction == "us" and allergen == "gluten":
            duty["members"] = ["wheat"]
        if jurisdiction == "us" and allergen in ("soybeans", "peanuts"):
            duty["exempt"] = ["oil"]
    elif not duty["required"]:
        duty["how"] = duty["how"] or row[f"declare_as_{jurisdiction}"]


def split(cell: str) -> list[str]:
    return [term for raw in cell.split(";") if (term := raw.strip()) and term != "-"]


# --- writing ---

HEADER = """\
# Generated by scripts/generate_allergens.py from {tables}.
# Do not edit: change the tables or packs/shared/allergens.yaml.
#
# `facts` names the rows: an id, or allergen/record_type of eu_gb_allergens.csv, whose row is then
# allergen/record_type/language/term. `confidence` is the tables' own mark.
"""


def write(packs: Path, jurisdiction: str, pack: Pack) -> None:
    document: dict[str, Any] = {
        "jurisdiction": jurisdiction.upper(),
        "languages": LANGUAGES[jurisdiction],
        "duties": pack.duties,
        "entries": pack.entries(),
        "handled": [{"facts": rows, "how": how} for how, rows in pack.handled.items()],
    }
    tables = "eu_gb_allergens.csv"
    if jurisdiction in ("in", "us"):
        tables = "in_us_allergens.csv (words also from eu_gb_allergens.csv)"
    folder = packs / jurisdiction
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120, default_flow_style=None)
    (folder / "allergens.yaml").write_text(HEADER.format(tables=tables) + text, encoding="utf-8")
    print(f"packs/{jurisdiction}/allergens.yaml: {sum(len(e['terms']) for e in document['entries'])} terms")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
