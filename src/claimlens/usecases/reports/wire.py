"""Answers as JSON bytes: the verdict as every entry shares it, marked where a suppression speaks."""

from typing import Any

import msgspec

from claimlens.gate.record import marked
from claimlens.usecases.menus import Checked, NotChecked

_encoder = msgspec.json.Encoder()


def verdict_bytes(checked: Checked) -> bytes:
    """The verdict; a reason that a suppression covers carries it as `suppressed` or `suppression_expired`.

    Of a photo, what was read stands beside it as `label`.
    """
    verdict = _encoder.encode(marked(checked.answered))
    return b'%b,"label":%b}' % (verdict[:-1], _encoder.encode(checked.entry.label)) if checked.entry.label else verdict


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
