"""`recall.lookup` on the wire: what a client sends for an item, and what comes back."""

from typing import Any, Literal

import msgspec

from claimlens.domain.errors import UnknownLocaleError
from claimlens.domain.jurisdiction import Jurisdiction, jurisdiction_of
from claimlens.domain.recall import RecallMatch, RecallQuery


class RecallPayload(msgspec.Struct, frozen=True):
    """One item: a name, brand, gtin or ingredients at least. Without `market` or `locale` every market is asked."""

    name: str | None = None
    brand: str | None = None
    gtin: str | int | None = None
    lot: str | None = None
    lots: list[str] | None = None
    ingredients: str | list[str] | None = None
    market: str | None = None
    locale: str | None = None


class MatchReply(msgspec.Struct, frozen=True, kw_only=True):
    """A recall that may be of the item. `score` is from 0 to 1.

    `fields` are those of the item that agreed: only an open recall of the very `gtin` and `lot` blocks.
    """

    source: str
    id: str
    title: str
    score: float
    reason: str
    fields: list[str]
    products: list[str] = []
    brands: list[str] = []
    hazard: str = ""
    allergens: list[str] = []
    classification: str = ""
    status: str = "open"
    closed_as: str = ""
    date: str = ""
    market: str = ""
    url: str = ""


class SourceReply(msgspec.Struct, frozen=True):
    """A source that was asked; `state` is fresh, stale, failed or starting."""

    source: str
    state: str
    data_as_of: str
    attribution: str


class FailedSource(msgspec.Struct, frozen=True):
    """A source whose silence means nothing; `reason` is stale, failed, starting or missing."""

    source: str
    reason: str
    detail: str


class RecallReply(msgspec.Struct, frozen=True, kw_only=True):
    """What is known. `none` only if every source of the market is fresh and has no open recall of the item."""

    outcome: Literal["found", "none", "unknown"]
    matches: list[MatchReply] = []
    closed: list[MatchReply] = []
    data_as_of: str | None = None
    sources: list[SourceReply] = []
    failed_sources: list[FailedSource] = []


def match_reply(match: RecallMatch) -> MatchReply:
    """A match as it is told."""
    recall = match.recall
    return MatchReply(
        source=recall.source,
        id=recall.id,
        title=recall.title,
        products=list(recall.products),
        brands=list(recall.brands),
        hazard=recall.hazard,
        allergens=list(recall.allergens),
        classification=recall.classification,
        status=recall.status.value,
        closed_as=recall.closed_as,
        date=recall.published.isoformat(),
        market=recall.market.value,
        url=recall.url,
        score=match.score,
        reason=match.reason,
        fields=list(match.fields),
    )


def query_of(payload: dict[str, Any]) -> RecallQuery | str:
    """The query of a payload, or why it is none."""
    try:
        given = msgspec.convert(payload, RecallPayload)
    except msgspec.ValidationError as error:
        return str(error)
    market = None
    try:
        if given.market:
            market = Jurisdiction(given.market.upper())
        elif given.locale:
            market = jurisdiction_of(given.locale)
    except UnknownLocaleError as error:
        return str(error)
    except ValueError:
        return f"market is {given.market!r:.20}; it is one of {', '.join(Jurisdiction)}"
    ingredients = given.ingredients or []
    if isinstance(ingredients, str):
        ingredients = ingredients.replace(";", ",").split(",")
    query = RecallQuery(
        name=given.name or "",
        brand=given.brand or "",
        gtin=str(given.gtin or ""),
        lots=(*(given.lots or ()), *((given.lot,) if given.lot else ())),
        ingredients=tuple(ingredients),
        market=market,
    )
    if not (query.name or query.brand or query.gtin or query.ingredients):
        return "nothing to look up: no name, brand, gtin or ingredients"
    return query
