"""A stored audit as people look at it."""

from datetime import date
from typing import Any

import msgspec

from claimlens.domain.item import Item, Kind
from claimlens.domain.suppression import Answered, Suppression
from claimlens.domain.verdict import Verdict
from claimlens.gate.ingest.entry import Defaults
from claimlens.gate.ingest.record import item_of
from claimlens.usecases.reports.view import cells_of, columns_of, view_of


class Recalled(msgspec.Struct, frozen=True):
    """What a record holds: the item, the answer for it, and the record itself as decoded JSON."""

    item: Item
    answered: Answered
    record: dict[str, Any]


def recalled(record: bytes) -> Recalled:
    """The item and the answer of an audit record."""
    document: dict[str, Any] = msgspec.json.decode(record)
    stored = {key: value for key, value in document["item"].items() if key != "image"}
    marks = tuple(document.get("brand_names", ()))
    # Records from before the kind stood in them leave it to the item.
    kind = Kind(document["kind"]) if "kind" in document else None
    item = item_of(stored, 0, Defaults(kind, document["locale"], marks))
    verdict = document["verdict"]
    suppressed: dict[int, Suppression] = {}
    expired: dict[int, Suppression] = {}
    reasons = []
    for index, reason in enumerate(verdict["reasons"]):
        for key, found in (("suppressed", suppressed), ("suppression_expired", expired)):
            if key in reason:
                found[index] = _suppression(reason[key])
        reasons.append({key: value for key, value in reason.items() if not key.startswith("suppress")})
    answer = msgspec.convert({**verdict, "reasons": reasons}, Verdict)
    return Recalled(item, Answered(answer, suppressed, expired), document)


def public_of(found: Recalled) -> Recalled:
    """Without what is the tenant's own: the item's id, who suppressed a finding and why."""

    def covered(by: dict[int, Suppression]) -> dict[int, Suppression]:
        return {
            index: msgspec.structs.replace(each, author="the organisation", reason="its reason is not shown here")
            for index, each in by.items()
        }

    answered = found.answered
    verdict = msgspec.structs.replace(answered.verdict, item_id="shared")
    item = msgspec.structs.replace(found.item, id="shared")
    return Recalled(item, Answered(verdict, covered(answered.suppressed), covered(answered.expired)), found.record)


def recorded_view(record: bytes) -> dict[str, Any]:
    """What a page shows of an audit record: the item's view, its allergen matrix, and the record's own figures."""
    return shown(recalled(record))


def shown(found: Recalled) -> dict[str, Any]:
    """As `recorded_view`."""
    item = view_of(found.item, found.answered)
    columns = columns_of([item])
    return {"item": item, "columns": columns, "cells": cells_of(item, columns), "record": found.record}


def _suppression(wire: dict[str, Any]) -> Suppression:
    return Suppression(
        rule=wire["rule"], reason=wire["reason"], author=wire["author"], expires=date.fromisoformat(wire["expires"])
    )
