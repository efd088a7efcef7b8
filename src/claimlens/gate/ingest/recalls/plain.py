"""Any other source as a table: `docs/reference/recalls.md` says which columns it has."""

import re
from typing import Any

from claimlens.domain.errors import InputError
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.recall import Recall, gtin14
from claimlens.gate.ingest.recalls.rows import (
    Imported,
    RowError,
    collect,
    day,
    day_of,
    lot_list,
    needed,
    status_of,
    table,
    text,
)

NEEDED = ("id", "product", "date")
#: Column → other names for it.
ALSO = {
    "id": ("recall_id", "reference", "number"),
    "product": ("product_name", "name"),
    "date": ("published", "recall_date"),
    "brand": ("brands",),
    "gtin": ("gtins", "ean", "upc", "barcode"),
    "lot": ("lots", "batch", "batches"),
    "ingredient": ("ingredients",),
    "allergen": ("allergens",),
    "hazard": ("reason",),
    "class": ("classification",),
    "country": ("countries",),
}
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_OPEN = {"": True, "open": True, "ongoing": True, "closed": False, "completed": False, "terminated": False}


def read(source_text: str, source: str, market: Jurisdiction | None) -> Imported:
    """The recalls of a table, of the given source; rows without a market are of `market`.

    Raises InputError for a source that is no name, or a heading without the columns needed.
    """
    if not _NAME.fullmatch(source):
        raise InputError(f"a table needs the name of its source (a-z, 0-9, _ and -), not {source!r:.40}")
    heading = {name.strip().lower() for name in re.split(r"[,;\t|]", source_text.split("\n", 1)[0])}
    missing = [name for name in NEEDED if not heading & {name, *ALSO.get(name, ())}]
    if missing:
        raise InputError(f"the heading has no column {', '.join(missing)}")
    return collect(table(source_text), lambda row: _recall(row, source, market))


def _recall(row: dict[str, Any], source: str, market: Jurisdiction | None) -> Recall:
    said = text(row, "market").upper()
    if said and said not in Jurisdiction.__members__:
        raise RowError(f"market is {said!r:.20}; it is one of {', '.join(Jurisdiction)}")
    where = Jurisdiction(said) if said else market
    if where is None:
        raise RowError("no market, in the row or given for the file")
    status = text(row, "status").lower()
    if status not in _OPEN:
        raise RowError(f"status is {status!r:.40}; it is open or closed")
    written = _several(row, "gtin")
    gtins = tuple(dict.fromkeys(gtin14(code) for code in written))
    if "" in gtins:
        raise RowError(f"gtin is {written[gtins.index('')]!r:.40}; its check digit or length is wrong")
    product = needed(row, "product", *ALSO["product"])
    return Recall(
        source=source,
        id=needed(row, "id", *ALSO["id"]),
        title=text(row, "title") or product,
        products=tuple(part for name in product.split("|") if (part := name.strip())),
        market=where,
        published=day(row, "date", *ALSO["date"]),
        status=status_of(_OPEN[status]),
        closed_as="" if _OPEN[status] else status,
        brands=_several(row, "brand"),
        gtins=gtins,
        lots=lot_list(text(row, "lot", *ALSO["lot"])),
        ingredients=_several(row, "ingredient"),
        allergens=_several(row, "allergen"),
        hazard=text(row, "hazard", *ALSO["hazard"]),
        classification=text(row, "class", *ALSO["class"]),
        updated=day_of(text(row, "updated")),
        countries=_several(row, "country"),
        url=_url(text(row, "url")),
    )


def _several(row: dict[str, Any], name: str) -> tuple[str, ...]:
    parts = text(row, name, *ALSO.get(name, ())).split("|")
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _url(url: str) -> str:
    if url and not url.startswith(("https://", "http://")):
        raise RowError(f"url is {url!r:.60}; it begins with https://")
    return url
