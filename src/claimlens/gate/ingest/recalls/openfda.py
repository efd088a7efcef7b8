"""openFDA food enforcement reports: `{"meta": …, "results": [...]}`, as the API and the bulk files have them."""

import re
from typing import Any

from claimlens.domain.errors import InputError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.recall import Recall
from claimlens.gate.ingest.recalls.rows import (
    Imported,
    RowError,
    collect,
    day,
    day_of,
    gtins_in,
    lots_in,
    mapping,
    needed,
    status_of,
    text,
)

_OPEN = {"ongoing": True, "pending": True, "completed": False, "terminated": False}
#: Where the name of the food ends in a description that goes on with everything on the label.
_END = re.compile(
    r"\b(?:ingredients?\b|net\.? ?(?:wt|weight|qty|contents?)\b|upc\b|item (?:#|no|code|number)|contains\b|"
    r"distributed by|dist\.? by|manufactured (?:by|for|in)|packed (?:by|in)|packaged in|produced for|produced by|"
    r"product of\b|keep (?:refrigerated|frozen)|\d+(?:\.\d+)?[ -]?(?:fl\.? )?(?:oz|ounces?|lbs?|g|kg|ml)\b)",
    re.IGNORECASE,
)
_BRAND = re.compile(r"^\W*((?:[\w'’&.+-]+ ){0,4}?[\w'’&.+-]+)\s+brand\b", re.IGNORECASE)
_FIRM = re.compile(
    r"[,.]?\s*\b(?:inc|llc|l\.l\.c|ltd|limited|corp|corporation|co|company|lp|l\.p|plc|gmbh|incorporated|"
    r"usa|u\.s\.a|us|dba)\b\.?",
    re.IGNORECASE,
)
_ALLERGEN = re.compile(
    r"\b(milk|eggs?|fish|shellfish|crustacean|tree nuts?|almonds?|pecans?|walnuts?|cashews?|pistachios?|hazelnuts?|"
    r"peanuts?|wheat|soy(?:bean)?s?|sesame|sulfites?)\b",
    re.IGNORECASE,
)


def knows(document: object) -> bool:
    """Whether a JSON document has this shape."""
    return (
        isinstance(document, dict)
        and isinstance(results := document.get("results"), list)
        and all(isinstance(row, dict) and "recall_number" in row for row in results[:1])
        and "meta" in document
    )


def read(document: object) -> Imported:
    """The recalls of a document. Raises InputError for another shape."""
    if not isinstance(document, dict) or not isinstance(document.get("results"), list):
        raise InputError("openFDA: there is no list 'results' in it")
    meta = document.get("meta")
    as_of = day_of(text(meta, "last_updated")) if isinstance(meta, dict) else None
    return collect(document["results"], _recall, as_of)


def _recall(row: Any) -> Recall:
    row = mapping(row)
    number, description = needed(row, "recall_number"), needed(row, "product_description")
    status = needed(row, "status").lower()
    if status not in _OPEN:
        raise RowError(f"status is {status!r:.40}; it is one of {', '.join(_OPEN)}")
    codes = f"{text(row, 'code_info', most=20_000)} {text(row, 'more_code_info', most=20_000)}"
    firm, hazard, event = text(row, "recalling_firm"), text(row, "reason_for_recall"), text(row, "event_id")
    return Recall(
        source="openfda",
        id=number,
        title=description[:200],
        products=(product_of(description),),
        market=Jurisdiction.US,
        published=day(row, "report_date", "recall_initiation_date", "center_classification_date"),
        status=status_of(_OPEN[status]),
        closed_as="" if _OPEN[status] else status,
        brands=_brands(description, firm),
        gtins=gtins_in(description, codes),
        lots=lots_in(description, codes),
        allergens=tuple(dict.fromkeys(word.lower() for word in _ALLERGEN.findall(hazard)))
        if "declar" in hazard.lower() or "allergen" in hazard.lower()
        else (),
        hazard=hazard,
        classification=text(row, "classification"),
        countries=("US",),
        url=f"https://www.accessdata.fda.gov/scripts/ires/?Event={event}" if event.isdigit() else "",
    )


def product_of(description: str) -> str:
    """The name of the food at the head of a description."""
    head = description.replace("***", " ")
    cut = next((match.start() for match in _END.finditer(head) if match.start() > 8), len(head))
    name = head[: min(cut, 160)].strip(" ,;:.-\"'()[]*")
    return name if len(name) > 3 else head[:160]


def _brands(description: str, firm: str) -> tuple[str, ...]:
    short = " ".join(_FIRM.sub(" ", firm).split()).strip(" ,.")
    named = _BRAND.match(description)
    return tuple(dict.fromkeys(name for name in (named[1] if named else "", short) if name))
