"""What a reader gives for each item of a file."""

from typing import Any, NamedTuple

import msgspec

from claimlens.domain.item import Item, Kind


class Defaults(msgspec.Struct, frozen=True):
    """What holds for items that do not say it themselves.

    `locale` must be a known one or empty; it stands above the locale that a whole file states and below an item's own.
    `marks` are the publisher's own names (Item.marks).
    """

    kind: Kind | None = None
    locale: str = ""
    marks: tuple[str, ...] = ()


class Place(NamedTuple):
    """Where a record stands in its file, and its text there (see Read)."""

    line: int = 0
    column: int = 0
    source: str = ""


class Read(msgspec.Struct, frozen=True):
    """An item that was read.

    `index` counts the items of the file from 0; `line` and `column` say where it begins (from 1, in code points; 0: not
    known). `source` is the text of the record as it stands in the file (JSON, NDJSON, CSV, plain text; otherwise
    empty), `record` what was decoded from it. `label` is what was read of a photo, if the item comes from one.
    """

    item: Item
    index: int
    line: int = 0
    column: int = 0
    source: str = ""
    record: dict[str, Any] = {}
    label: dict[str, Any] = {}


class Unread(msgspec.Struct, frozen=True):
    """An item that could not be read and is therefore not judged: where, and why in one line.

    `pointer` is a JSON Pointer into the item, `code` the error code of InputError, the place as in Read.
    """

    item_index: int
    item_id: str
    pointer: str
    detail: str
    line: int = 0
    column: int = 0
    source: str = ""
    code: str = "INVALID_SCHEMA"


Entry = Read | Unread
