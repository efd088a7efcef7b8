"""Notifications of the EU's RASFF: CSV exports, the JSON of RASFF Window's search and of the open data API."""

import re
from typing import Any

from claimlens.domain.errors import InputError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.recall import Recall
from claimlens.gate.ingest.recalls.rows import Imported, collect, day, gtins_in, mapping, needed, status_of, table, text

#: Field → how a column or key is named: in exports, in RASFF Window, in the open data API.
_NAMES = {
    "reference": ("reference", "notification_reference"),
    "date": ("date", "ecvalidationdate", "notif_date", "validation_date"),
    "subject": ("subject", "notif_subject"),
    "product": ("product_name", "productname"),
    "category": ("product_category", "productcategory", "product_category_desc", "category"),
    "type": ("product_type", "producttype", "notification_type_desc", "type"),
    "classification": ("classification", "notificationclassification", "notification_classificat_desc"),
    "risk": ("risk_decision", "riskdecision", "risk_decision_desc"),
    "notifying": ("notifying_country", "notifyingcountry", "notifyng_country_desc"),
    "distribution": ("distribution", "distribution_country_desc", "distributioncountries"),
    "hazards": ("hazards", "hazard", "hazard_desc", "hazard_category_name"),
    "page": ("notifid", "notif_id"),
}
#: Where what was found ends and the food begins.
_IN = re.compile(r"\b(?:in|on the label of|labelling of|for|packaging of|presence in|content of)\b", re.IGNORECASE)
_FROM = re.compile(r"\s+(?:from|via|origin|originating|produced in|manufactured in|imported from)\b", re.IGNORECASE)
_NO_FOOD = re.compile(
    r"\b(?:undeclared|not declared|allergens?|missing|traces?|presence|labell?ing|too high|high content)\b",
    re.IGNORECASE,
)
_LANGUAGES = re.compile(r"\s*//?\s*|\.\s+(?=[A-Z])")


def knows(document: object) -> bool:
    """Whether a JSON document has one of the two shapes."""
    rows = _rows(document)
    return rows is not None and all(isinstance(row, dict) and _plain(row).get("reference") for row in rows[:1])


def read_json(document: object) -> Imported:
    """The notifications of a document. Raises InputError for another shape."""
    rows = _rows(document)
    if rows is None:
        raise InputError("RASFF: there is no list 'notifications' or 'value' in it")
    return collect(rows, lambda row: _recall(_plain(mapping(row))))


def read_csv(source: str) -> Imported:
    """The notifications of a table. Raises InputError if its heading names no reference and subject."""
    heading = source.split("\n", 1)[0].lower()
    if "reference" not in heading or "subject" not in heading:
        raise InputError("RASFF: the heading names no reference and subject")
    return collect(table(source), lambda row: _recall(_plain(row)))


def _rows(document: object) -> list[Any] | None:
    if isinstance(document, dict):
        document = next((document[key] for key in ("notifications", "value") if key in document), None)
    return document if isinstance(document, list) else None


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """The row under our names, with texts only."""
    lower = {str(key).lower().replace(" ", "_"): value for key, value in row.items()}
    found = {}
    for field, names in _NAMES.items():
        value = next((lower[name] for name in names if lower.get(name) not in (None, "", [])), "")
        found[field] = _spoken(value)
    return found


def _spoken(value: Any) -> str:
    """A text, number, named thing, or list of them, as text."""
    if isinstance(value, dict):
        value = next((value[key] for key in ("description", "organizationName", "name") if key in value), "")
    if isinstance(value, list):
        return ",".join(filter(None, map(_spoken, value)))
    return str(value) if isinstance(value, str | int | float) else ""


def _recall(row: dict[str, Any]) -> Recall:
    reference, subject = needed(row, "reference"), needed(row, "subject")
    english = _english(subject)
    food = text(row, "product") or product_of(english)
    rejected = "border rejection" in text(row, "classification").lower()
    countries = re.split(r"\s*(?:,|\*\*\*)\s*", f"{text(row, 'notifying')},{text(row, 'distribution')}")
    page = text(row, "page")
    hazards = [" ".join(part.split()) for part in text(row, "hazards").split(",")]
    return Recall(
        source="rasff",
        id=reference,
        title=english,
        products=(food,) if food else (),
        market=Jurisdiction.EU,
        published=day(row, "date"),
        status=status_of(not rejected),
        closed_as="refused at the border" if rejected else "",
        gtins=gtins_in(subject),
        hazard="; ".join(filter(None, hazards)) or english,
        classification="; ".join(filter(None, (text(row, "classification"), text(row, "risk")))),
        countries=tuple(dict.fromkeys(filter(None, countries))),
        url=f"https://webgate.ec.europa.eu/rasff-window/screen/notification/{page}"
        if page.isdigit()
        else "https://webgate.ec.europa.eu/rasff-window/screen/search",
    )


def _english(subject: str) -> str:
    """The part in English of a subject in two languages, which is its last."""
    parts = [part.strip(" .") for part in _LANGUAGES.split(subject) if len(part) > 12]
    return parts[-1] if len(parts) > 1 else subject


def product_of(subject: str) -> str:
    """The food that a subject speaks of, "sauces" in "undeclared allergens in sauces from the Netherlands".

    Empty if it names none.
    """
    parts = _IN.split(_FROM.split(subject, maxsplit=1)[0])
    food = parts[-1].strip(" .,")
    if len(parts) == 1 and _NO_FOOD.search(food):
        return ""
    return food
