"""Lists that are read a page at a time, by cursors that say where the last page ended."""

import base64
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

from claimlens.domain.errors import InvalidError
from claimlens.kit.uuid7 import is_uuid
from claimlens.kit.wellformed import is_wellformed

Row = TypeVar("Row")

#: Rows of a page: the least, the most, and what comes when nothing is said.
LEAST_ROWS, MOST_ROWS, USUAL_ROWS = 1, 200, 50


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """Rows of a list; `next_cursor` is None on the last page."""

    rows: Sequence[Row]
    next_cursor: str | None = None


def cut(rows: Sequence[Row], limit: int, position: Callable[[Row], tuple[str, ...]]) -> Page[Row]:
    """The page out of `limit` rows and one more, if there is one: it shows that the list goes on."""
    if len(rows) <= limit:
        return Page(rows)
    return Page(rows[:limit], cursor_at(*position(rows[limit - 1])))


def cursor_at(*parts: str) -> str:
    """The cursor of a position; what is inside is no client's business."""
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).rstrip(b"=").decode()


def position_of(cursor: str) -> str:
    """The position of a cursor of one part, empty for no cursor. Raises InvalidError for one that we did not write."""
    return _parts(cursor, 1)[0] if cursor else ""


def moment_and_id_of(cursor: str) -> tuple[datetime, str] | None:
    """The position of a cursor of a moment and an id. Raises InvalidError for one that we did not write."""
    if not cursor:
        return None
    moment, row_id = _parts(cursor, 2)
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        raise _foreign() from None
    if found.tzinfo is None or not is_uuid(row_id):
        raise _foreign()
    return found, row_id


def _parts(cursor: str, count: int) -> tuple[str, ...]:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = msgspec.json.decode(raw, type=tuple[str, ...])
    except ValueError:
        raise _foreign() from None
    if len(found) != count or not all(is_wellformed(part) and "\0" not in part for part in found):
        raise _foreign()
    return found


def _foreign() -> InvalidError:
    return InvalidError((("", "the cursor is none of ours; leave it out to begin at the first page"),))
