"""The menu as it may be published: the latest text of each item with its changes made."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from claimlens.domain.audit import Audit
from claimlens.domain.errors import InputError
from claimlens.domain.finding import Change
from claimlens.domain.review import Decision, Review
from claimlens.domain.tenant import Principal
from claimlens.kit.json_text import JsonReader
from claimlens.ports.accounts import AccessLog
from claimlens.ports.audits import AuditStore
from claimlens.ports.clock import Clock
from claimlens.ports.reviews import ReviewStore
from claimlens.usecases.access_log import access_line
from claimlens.usecases.audits import limit_of
from claimlens.usecases.corrections import corrected_record
from claimlens.usecases.pages import cursor_at, position_of
from claimlens.usecases.permissions import require

#: Items of one page: the most, and what comes when nothing is said.
MOST_ITEMS, USUAL_ITEMS = 1_000, 200
#: What ClaimLens says about an item stands under this key beside the item's own fields.
OWN_KEY = "_claimlens"
_AT_ONCE = 20
_encoder = msgspec.json.Encoder()


class MenuExport:
    """Pages of a tenant's items, in order of their ids: a cursor holds however much is judged meanwhile."""

    def __init__(self, audits: AuditStore, reviews: ReviewStore, access: AccessLog, clock: Clock) -> None:
        self._audits = audits
        self._reviews = reviews
        self._access = access
        self._clock = clock

    async def page(self, principal: Principal, query: Mapping[str, str]) -> tuple[bytes, str]:
        """NDJSON of the items after `cursor`, at most `limit`, and the cursor of the next page, empty on the last.

        The last line is `{"_summary": ...}`. Raises InvalidError for a cursor or limit that cannot be read.
        """
        require(principal, "menu.export")
        limit, after = limit_of(query, MOST_ITEMS, USUAL_ITEMS), position_of(query.get("cursor", ""))
        found = list(await self._audits.latest_by_item(principal.scope, after_item=after, limit=limit + 1))
        next_cursor = cursor_at(found[limit - 1].item_id) if len(found) > limit else ""
        del found[limit:]
        seen = {"count": len(found), "filter": {"after": after} if after else {}}
        await self._access.add(principal.scope, access_line(principal, self._clock, "menu:export", "", seen))
        decided = await self._reviews.among(principal.scope, [audit.id for audit in found if audit.needs_review])
        lines = []
        for number, audit in enumerate(found, start=1):
            lines.append(cleaned(audit, decided.get(audit.id)))
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
        summary = {"count": len(found), "next_cursor": next_cursor or None}
        return b"".join([line + b"\n" for line in [*lines, _encoder.encode({"_summary": summary})]]), next_cursor


def cleaned(audit: Audit, review: Review | None = None) -> bytes:
    """The item of an audit with its changes made and everything else carried along, as JSON on one line.

    Where a person overrode the verdict the item stands as it was submitted; `decision` says what people decided.

    `open` under OWN_KEY names the fields whose change could not be made: their text stands as it was submitted.
    """
    record = msgspec.json.decode(audit.record)
    item, verdict = record["item"], record["verdict"]
    changes = [Change(**change) for change in verdict["changes"]]
    if review is not None and review.decision is Decision.OVERRIDE:
        changes = []
    left: list[str] = []
    try:
        item = _changed(item, changes)
    except InputError:
        for change in changes:
            try:
                item = _changed(item, [change])
            except InputError:
                left.append(change.field)
    said = {
        "verdict": verdict["verdict"],
        "needs_review": verdict["needs_review"],
        "locale": record["locale"],
        "judged_at": record["ts"],
        "audit_id": record["audit_id"],
        "open": left,
        **({"decision": review.decision} if review is not None else {}),
    }
    return _encoder.encode({**item, "id": audit.item_id, OWN_KEY: said})


def _changed(item: dict[str, Any], changes: list[Change]) -> dict[str, Any]:
    if not changes:
        return item
    source = corrected_record(_encoder.encode(item).decode(), item, changes)
    changed: dict[str, Any] = JsonReader().value_at(source, 0)[0]
    return changed
