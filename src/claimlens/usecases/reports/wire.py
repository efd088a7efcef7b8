"""Answers as JSON bytes: the verdict as every entry shares it, marked where a suppression speaks."""

from typing import Any

import msgspec

from claimlens.domain.suppression import Suppression
from claimlens.usecases.menus import Checked, NotChecked

_encoder = msgspec.json.Encoder()


def verdict_bytes(checked: Checked) -> bytes:
    """The verdict; a reason that a suppression covers carries it as `suppressed` or `suppression_expired`."""
    answered = checked.answered
    if not answered.suppressed and not answered.expired:
        return _encoder.encode(answered.verdict)
    document: dict[str, Any] = msgspec.to_builtins(answered.verdict)
    reasons = list(document["reasons"])
    for key, marked in (("suppressed", answered.suppressed), ("suppression_expired", answered.expired)):
        for index, suppression in marked.items():
            reasons[index] = {**reasons[index], key: suppression_wire(suppression)}
    return _encoder.encode({**document, "reasons": reasons})


def suppression_wire(suppression: Suppression) -> dict[str, Any]:
    """Who answers for a finding, why, and until when."""
    return {
        "rule": suppression.rule,
        "reason": suppression.reason,
        "author": suppression.author,
        "expires": suppression.expires.isoformat(),
    }


def unread_bytes(missed: NotChecked) -> bytes:
    """Where an item stands that could not be read, and why."""
    entry = missed.entry
    return _encoder.encode(
        {
            "file": missed.file,
            "item_index": entry.item_index,
            "item_id": entry.item_id,
            "line": entry.line or None,
            "pointer": entry.pointer,
            "detail": entry.detail,
        }
    )


def encode(value: Any) -> str:
    """A value as JSON text on one line."""
    return _encoder.encode(value).decode()
