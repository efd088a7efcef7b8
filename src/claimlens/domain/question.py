"""What the gate asks of the world outside. It yields a question and is sent the answer; None means nobody answered."""

from typing import Any

import msgspec


class Question(msgspec.Struct, frozen=True):
    """One batched call to one service for all items of a request."""

    service: str
    payload: tuple[dict[str, Any], ...]


Answer = tuple[dict[str, Any], ...] | None
