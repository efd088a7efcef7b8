"""A recall: a food that its authority, or its maker, has called back. What is asked about one, and what answers."""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from claimlens.domain.jurisdiction import Jurisdiction


class RecallStatus(StrEnum):
    """Whether the source says that the recall still runs."""

    OPEN = "open"
    CLOSED = "closed"


class Recall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One recall as its source published it.

    `id` is the source's own number and one recall's alone within `source`. `products` are the names of the foods,
    without pack sizes and ingredient lists, empty if it names none; `brands` are the names under which they were
    sold, the recalling firm's among them. `gtins` are GTIN-14, `lots` normalised (`normal_lot`). `ingredients` are
    those that the recall itself is about, when the source says so; `allergens` those not declared. `market` is the
    jurisdiction whose authority speaks. `closed_as` says why a recall counts as closed.
    """

    source: str
    id: str
    title: str
    products: tuple[str, ...]
    market: Jurisdiction
    published: date
    status: RecallStatus = RecallStatus.OPEN
    closed_as: str = ""
    brands: tuple[str, ...] = ()
    gtins: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    ingredients: tuple[str, ...] = ()
    allergens: tuple[str, ...] = ()
    hazard: str = ""
    classification: str = ""
    updated: date | None = None
    countries: tuple[str, ...] = ()
    url: str = ""


class RecallQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an item. Codes as submitted; no market asks in all of them."""

    name: str = ""
    brand: str = ""
    gtin: str = ""
    lots: tuple[str, ...] = ()
    ingredients: tuple[str, ...] = ()
    market: Jurisdiction | None = None


class RecallMatch(msgspec.Struct, frozen=True, kw_only=True):
    """A recall that may be of the item: how sure from 0 to 1, why in words, and which of its fields agreed."""

    recall: Recall
    score: float
    reason: str
    fields: tuple[str, ...]


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """What the index holds of one source.

    `data_as_of`: the day up to which the source had spoken when it was read. `starting`: only the small set that came
    with the program, which finds something but never says that there is nothing. `failure`: why the last import
    failed; empty once one succeeded.
    """

    source: str
    rows: int
    open_rows: int
    markets: tuple[Jurisdiction, ...]
    data_as_of: date
    imported_at: datetime
    starting: bool = False
    failed_at: datetime | None = None
    failure: str = ""


def gtin14(code: str) -> str:
    """A GTIN as 14 digits, its spaces and hyphens dropped; empty if its check digit is wrong.

    8, 12, 13 or 14 digits, or 11: a UPC whose first zero a spreadsheet has eaten.
    """
    digits = "".join(sign for sign in code if sign not in " -\u00a0\u2010\u2011\u2012\u2013.")
    if not (digits.isascii() and digits.isdigit() and len(digits) in (8, 11, 12, 13, 14)) or not digits.strip("0"):
        return ""
    weighed = sum(int(sign) * (3 if place % 2 else 1) for place, sign in enumerate(reversed(digits)))
    return "" if weighed % 10 else digits.zfill(14)


def normal_lot(lot: str) -> str:
    """A lot code without signs and case: `l-2301 a` is `L2301A`."""
    return "".join(sign for sign in lot.upper() if sign.isascii() and sign.isalnum())
