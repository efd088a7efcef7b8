"""What can be served: each of the four services."""

from collections.abc import Callable
from typing import Any

import msgspec

from claimlens.config import Settings
from claimlens.domain.errors import ClaimLensError
from claimlens.domain.service import RECALL_LOOKUP, TERMS
from claimlens.entry.mcp.tools import Outcome, Tool, ToolError, schema
from claimlens.usecases.recall_keeper import RecallKeeper
from claimlens.wiring.answering import Logic, Part, open_logic


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A server: its name and tools, what a model is told of it, how long a request may be, what it rests on.

    `keeper`, if there is one, runs as long as the server.
    """

    name: str
    title: str
    instructions: str
    tools: tuple[Tool, ...]
    most_bytes: int
    look: Callable[[], list[Part]] = list
    close: Callable[[], None] = lambda: None
    keeper: RecallKeeper | None = None


_TITLES = {
    "read_label": (
        "Read label photos",
        "Reads photos of food labels: text lines with boxes and confidence, the nutrition table as numbers, "
        "ingredients, allergen statement, claims, barcode and FSSAI licence number.",
    ),
    "convert_units": (
        "Convert food units",
        "Converts amounts between food units, with the factor and its source: cups and spoons of a known ingredient, "
        "IU of vitamins, kJ and kcal, salt and sodium, per serving and per 100 g, daily values.",
    ),
    "lookup_recalls": (
        "Look up food recalls",
        "Looks up open recalls by name, brand, GTIN, lot and ingredients, with score, reason and the day of the data. "
        "`unknown` is no clean bill: some source is stale, failed or missing.",
    ),
    "suggest_alternatives": (
        "Suggest lawful wording",
        "Suggests wording in place of flagged claims. Every suggestion was judged by the gate before it is offered, "
        "and comes with its reason and citation.",
    ),
}
_CANNOT = {
    "type": "object",
    "description": "Why this payload could not be answered.",
    "properties": {"cannot": {"type": "string"}},
    "required": ["cannot"],
}


def service_offer(service: str, settings: Settings) -> Offer:
    """One of the four services. Raises ClaimLensError with one line if something it needs is missing."""
    try:
        logic = open_logic(service, settings)
    except ClaimLensError as error:
        raise ClaimLensError(f"{service} cannot be served: {error}") from None
    tool = service_tool(logic)
    keeper = None
    if service == RECALL_LOOKUP:
        from claimlens.wiring.recall_refresh import open_keeper

        keeper = open_keeper(settings)
    return Offer(
        name=service,
        title=tool.title,
        instructions=tool.description,
        tools=(tool,),
        most_bytes=TERMS[service].most_bytes,
        look=logic.look,
        close=logic.close,
        keeper=keeper,
    )


def service_tool(logic: Logic) -> Tool:
    """The one tool of a service: many payloads in a call, an answer for each."""
    terms = TERMS[logic.service]
    title, description = _TITLES[terms.tool]
    payload, given = schema(logic.payload)
    reply, told = schema(logic.reply)
    payloads = {"type": "array", "minItems": 1, "maxItems": terms.most_payloads, "items": payload}
    answers = {"type": "array", "items": {"anyOf": [reply, _CANNOT]}}

    def call(arguments: dict[str, Any]) -> Outcome:
        asked = _payloads(arguments, terms.most_payloads)
        found = logic.answer(asked)
        return Outcome({"answers": list(found)}, len(asked), sum("cannot" in answer for answer in found))

    return Tool(
        name=terms.tool,
        title=title,
        description=f"{description} Answers stand in the order of `payloads`; `cannot` in one says why there is none.",
        arguments={"type": "object", "properties": {"payloads": payloads}, "required": ["payloads"], "$defs": given},
        result={"type": "object", "properties": {"answers": answers}, "required": ["answers"], "$defs": told},
        call=call,
    )


def _payloads(arguments: dict[str, Any], most: int) -> list[dict[str, Any]]:
    payloads = arguments.get("payloads")
    if not isinstance(payloads, list):
        raise ToolError("`payloads` is missing; it is a list of objects, one for each item")
    if not 1 <= len(payloads) <= most:
        raise ToolError(f"{len(payloads)} payloads; a call has 1 to {most}")
    for number, payload in enumerate(payloads):
        if not isinstance(payload, dict):
            raise ToolError(f"payloads[{number}] is no object")
    return payloads
