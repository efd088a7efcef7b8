"""What the gate asks of the world outside. It yields questions and is sent the answers; None means nobody answered."""

from enum import StrEnum
from typing import Any

import msgspec


class Question(msgspec.Struct, frozen=True):
    """One batched call to one service: a payload for each item that needs it."""

    service: str
    payload: tuple[dict[str, Any], ...]


Answer = tuple[dict[str, Any], ...] | None


class Outside(StrEnum):
    """What the world outside has to do with a check.

    `apart`: nothing; the packs and the item's own words are the whole matter. `unasked`: the quick way; what a service
    would have told is not checked, and the verdict says so. `asked`: the services are asked.
    """

    APART = "apart"
    UNASKED = "unasked"
    ASKED = "asked"
