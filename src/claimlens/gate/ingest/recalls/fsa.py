"""Food alerts of the UK Food Standards Agency: `{"items": [...]}` from data.food.gov.uk/food-alerts."""

import re
from typing import Any

import msgspec

from claimlens.domain.errors import InputError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.recall import Recall, RecallStatus, gtin14
from claimlens.gate.ingest.recalls.rows import (
    Imported,
    RowError,
    collect,
    day,
    day_of,
    gtins_in,
    lot_list,
    mapping,
    needed,
    text,
    union,
)

_KINDS = {"AA": "allergy alert", "PRIN": "product recall", "FAFA": "food alert for action"}
_FIRM = re.compile(r"\s+(?:recalls?|is recalling|withdraws?|takes precautionary)\b", re.IGNORECASE)
_UPDATE = re.compile(r"^update \d+\s*[:\-–]\s*", re.IGNORECASE)
#: Whole words only; a business of several names ("X and Y") keeps them as one brand each.
_AND = re.compile(r"\s+(?:and|or)\s+|,\s*")


def knows(document: object) -> bool:
    """Whether a JSON document has this shape."""
    return (
        isinstance(document, dict)
        and isinstance(items := document.get("items"), list)
        and all(isinstance(row, dict) and "notation" in row for row in items[:1])
    )


def read(document: object) -> Imported:
    """The recalls of a document; an alert that a later one of the same file replaces is closed.

    Raises InputError for another shape.
    """
    if isinstance(document, dict) and isinstance(document.get("items"), dict):
        document = {"items": [document["items"]]}  # one alert asked for by its id
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        raise InputError("FSA alerts: there is no list 'items' in it")
    rows = document["items"]
    found = collect(rows, _recall)
    replaced = {
        str(row["previousAlert"].get("@id") if isinstance(row["previousAlert"], dict) else row["previousAlert"]).rsplit(
            "/", 1
        )[-1]: str(row.get("notation"))
        for row in rows
        if isinstance(row, dict) and row.get("previousAlert")
    }
    recalls = tuple(
        msgspec.structs.replace(recall, status=RecallStatus.CLOSED, closed_as=f"replaced by {replaced[recall.id]}")
        if recall.id in replaced and replaced[recall.id] != recall.id
        else recall
        for recall in found.recalls
    )
    return msgspec.structs.replace(found, recalls=recalls)


def _recall(row: Any) -> Recall:
    row = mapping(row)
    notation, title = needed(row, "notation"), needed(row, "title")
    products = [one for one in _list(row, "productDetails") if text(one, "productName")]
    batches = [batch for one in products for batch in _list(one, "batchDescription")]
    status = text(_one(row, "status"), "label", "notation").lower() or "published"
    problems = _list(row, "problem")
    codes = tuple(code for one in (*products, *batches) if (code := gtin14(text(one, "productCode", "batchCode"))))
    if status not in ("published", "withdrawn", "cancelled", "closed", "archived"):
        raise RowError(f"status is {status!r:.40}")
    return Recall(
        source="fsa",
        id=notation,
        title=_UPDATE.sub("", title),
        products=tuple(dict.fromkeys(text(one, "productName") for one in products)) or (_product(title),),
        market=Jurisdiction.GB,
        published=day(row, "created", "modified"),
        status=RecallStatus.OPEN if status == "published" else RecallStatus.CLOSED,
        closed_as="" if status == "published" else status,
        brands=_brands(row, title),
        gtins=union(codes, gtins_in(*(text(one, "productCode") for one in products))),
        lots=tuple(
            dict.fromkeys(
                lot for batch in batches for lot in lot_list(text(batch, "batchCode", "lotNumber")) if not gtin14(lot)
            )
        ),
        allergens=tuple(
            dict.fromkeys(
                label for one in problems for allergen in _list(one, "allergen") if (label := text(allergen, "label"))
            )
        ),
        hazard="; ".join(dict.fromkeys(filter(None, map(_hazard, problems)))) or text(row, "description"),
        classification=next(
            (_KINDS[kind] for url in _strings(row.get("type")) if (kind := url.rsplit("/", 1)[-1]) in _KINDS), ""
        ),
        updated=day_of(text(row, "modified")),
        countries=tuple(filter(None, (text(one, "label") for one in _list(row, "country")))) or ("United Kingdom",),
        url=text(row, "alertURL"),
    )


def _hazard(problem: dict[str, Any]) -> str:
    allergens = ", ".join(filter(None, (text(one, "label") for one in _list(problem, "allergen"))))
    if allergens:
        return f"undeclared allergen: {allergens}"
    for kind in ("pathogenRisk", "hazardCategory", "reason"):
        if label := text(_one(problem, kind), "label"):
            return label
    return text(problem, "riskStatement", "reason", most=300)


def _brands(row: dict[str, Any], title: str) -> tuple[str, ...]:
    names = [text(_one(row, key), "commonName") for key in ("reportingBusiness", "otherBusiness")]
    head = _FIRM.split(_UPDATE.sub("", title), maxsplit=1)
    if len(head) > 1:
        names.append(head[0])
    return tuple(dict.fromkeys(part for name in names for part in _AND.split(_UPDATE.sub("", name)) if part))


def _product(title: str) -> str:
    rest = _FIRM.split(title, maxsplit=1)
    return re.split(r"\s+(?:because|due to|as it|over)\b", rest[-1], maxsplit=1)[0]


def _list(row: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = row.get(key)
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def _one(row: dict[str, Any], key: str) -> dict[str, Any]:
    return next(iter(_list(row, key)), {})


def _strings(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
