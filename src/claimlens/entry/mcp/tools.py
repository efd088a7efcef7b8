"""A tool without the protocol: what it is called, what it takes and gives, and what it does."""

from collections.abc import Callable
from typing import Any

import msgspec

from claimlens.domain.errors import ClaimLensError


class ToolError(ClaimLensError):
    """The call cannot be answered as a whole; one line for whoever called."""


class Outcome(msgspec.Struct, frozen=True):
    """What a call gave; how many things it was about, and how many of them could not be answered."""

    result: dict[str, Any]
    count: int = 1
    cannot: int = 0


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """`arguments` and `result` are JSON Schemas. `call` may take its time; it raises ToolError."""

    name: str
    title: str
    description: str
    arguments: dict[str, Any]
    result: dict[str, Any]
    call: Callable[[dict[str, Any]], Outcome]


def schema(kind: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """(JSON Schema of a type, the definitions it refers to)."""
    (root,), definitions = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    return root, definitions
