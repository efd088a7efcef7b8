"""The gate as tools for writers and agents."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from claimlens.config import Settings
from claimlens.domain.errors import InputError
from claimlens.entry.mcp.offers import Offer
from claimlens.entry.mcp.tools import Outcome, Tool, ToolError, schema
from claimlens.usecases.writing_wire import (
    CheckArguments,
    CheckReply,
    ExplainArguments,
    ExplainReply,
    JurisdictionsReply,
    NoArguments,
    SuggestArguments,
    SuggestReply,
)
from claimlens.wiring.writing import open_writing_desk

GATE = "gate"
_MOST_BYTES = 1024 * 1024
_INSTRUCTIONS = (
    "ClaimLens judges food text by the law of a market before it is published: allow, modify or block, with the rule "
    "and the law for every reason. Ask check_claims before you publish a line, suggest_wording when it says modify or "
    "block. Whatever stands in abstained_because was not judged: never tell it as a pass. Ask for the market if you do "
    "not know it; a locale is never guessed. A clean pre-screen is not legal advice."
)

A = TypeVar("A", bound=msgspec.Struct)


def gate_offer(settings: Settings) -> Offer:
    """The gate with its four tools. Raises PackError if the packs cannot be used."""
    desk = open_writing_desk(settings)
    return Offer(
        name=GATE,
        title="ClaimLens: may this be said of this food, here?",
        instructions=_INSTRUCTIONS,
        tools=(
            _tool(
                "check_claims",
                "Check food text",
                "Judges a text, or up to 50 items with ingredients and nutrition, by the law of a locale: allow, "
                "modify or block, each finding with rule, exact words, law and what to write instead.",
                (CheckArguments, CheckReply),
                desk.check,
            ),
            _tool(
                "explain_rule",
                "Explain a rule",
                "What a rule finds, why, the law, what the numbers must be, examples that it finds and lets through.",
                (ExplainArguments, ExplainReply),
                desk.explain,
            ),
            _tool(
                "suggest_wording",
                "Suggest lawful wording",
                "What may be said instead of a text: an edit that is enough by itself, and other wordings; each was "
                "judged by the same gate and is allowed. Tell what is known of the food: claims need their numbers.",
                (SuggestArguments, SuggestReply),
                desk.suggest,
            ),
            _tool(
                "list_jurisdictions",
                "List markets",
                "The markets and locales that can be judged, with the rule packs and their versions.",
                (NoArguments, JurisdictionsReply),
                lambda _: desk.jurisdictions(),
            ),
        ),
        most_bytes=_MOST_BYTES,
    )


def _tool(
    name: str, title: str, description: str, shapes: tuple[type[A], Any], answer: Callable[[A], msgspec.Struct]
) -> Tool:
    takes, gives = shapes
    asked, given = schema(takes)
    replied, told = schema(gives)

    def call(arguments: dict[str, Any]) -> Outcome:
        try:
            reply = answer(msgspec.convert(arguments, takes))
        except (msgspec.ValidationError, InputError) as error:
            raise ToolError(str(error)) from None
        return Outcome(msgspec.to_builtins(reply))

    # The root of a schema is an object, not a reference to one: older clients read nothing else.
    return Tool(
        name=name,
        title=title,
        description=description,
        arguments=_rooted(asked, given),
        result=_rooted(replied, told),
        call=call,
    )


def _rooted(reference: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    name = reference["$ref"].rpartition("/")[2]
    rest = {key: value for key, value in definitions.items() if key != name}
    return {**definitions[name], "$defs": rest} if rest else dict(definitions[name])
