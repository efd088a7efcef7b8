"""A label that was read, as an item of a menu: for everything that judges files."""

from typing import Any

import msgspec

from claimlens.domain.label import Label
from claimlens.gate.ingest.entry import Defaults, Entry, Read, Unread
from claimlens.gate.ingest.label.record import record_of
from claimlens.gate.ingest.record import read_record


def entry_of(answer: dict[str, Any], item_id: str, defaults: Defaults) -> Entry:
    """The item of an answer of `ocr.label`; what could not be read is not judged."""
    if cannot := answer.get("cannot"):
        return Unread(0, item_id, "/image", str(cannot))
    label = msgspec.convert(answer, Label)
    known = {"id": item_id, **({"kind": defaults.kind.value} if defaults.kind else {})}
    record, places = record_of(label, known)
    entry = read_record(record, 0, defaults)
    if isinstance(entry, Read):
        return msgspec.structs.replace(entry, label={**answer, "fields": places})
    return entry
