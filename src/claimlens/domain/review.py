"""What a person decided about an item that needed one."""

from datetime import datetime
from enum import StrEnum

import msgspec


class Decision(StrEnum):
    """`accept`: the corrected text is right. `edit`: the person's own text, judged anew. `override`: as submitted."""

    ACCEPT = "accept"
    EDIT = "edit"
    OVERRIDE = "override"


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A decision about one audit. `ts` and `item_id` are the audit's.

    `texts` are the texts of an edit, by JSON Pointer into the item; `new_audit_id` is the audit that judging them left.
    """

    audit_id: str
    tenant_id: str
    ts: datetime
    item_id: str
    decision: Decision
    reason: str
    decided_by: str
    decided_at: datetime
    texts: dict[str, str] = {}
    new_audit_id: str | None = None
