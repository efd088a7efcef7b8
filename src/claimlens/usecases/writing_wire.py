"""What writers and agents ask of the gate, and what they are told: the tools of `claimlens mcp serve gate`."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from claimlens.domain.finding import Citation
from claimlens.domain.item import Kind

#: Items of one call, and code points of one text.
MOST_ITEMS, MOST_TEXT = 50, 20_000

Locale = Annotated[str, Meta(description="Whose law applies: en-IN, hi-IN, en-US, en-GB, en-IE, fr-FR, …")]
Text = Annotated[str, Meta(description="The words to be published", max_length=MOST_TEXT)]
Facts = Annotated[
    dict[str, Any],
    Meta(description="What is known of the food: name, description, ingredients, nutrition, kind, allergens_declared"),
]
Day = Annotated[date, Meta(description="Judge by the law in force on this day; default: today, UTC")]


class CheckArguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `text`, or up to 50 `items` as the API takes them."""

    locale: Locale
    text: Text | None = None
    items: Annotated[list[Any], Meta(min_length=1, max_length=MOST_ITEMS)] | None = None
    kind: Kind | None = None
    profile: str | None = None
    on: Day | None = None


class ExplainArguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rule."""

    rule_id: Annotated[str, Meta(description="As a finding names it: GB-HEALTH-IMMUNITY-001", max_length=200)]


class SuggestArguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text, and what is known of the food it speaks of: an authorised claim needs its numbers."""

    locale: Locale
    text: Text
    item: Facts | None = None
    kind: Kind | None = None
    on: Day | None = None


class NoArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing."""


class Abstention(msgspec.Struct, frozen=True):
    """Something that was not judged, so that its absence from the findings means nothing.

    `about` is a locale, a rule, a field (JSON Pointer) or a service.
    """

    reason: Literal[
        "unknown_locale", "unknown_profile", "unknown_rule", "unreadable", "missing_evidence", "not_checked"
    ]
    about: str
    detail: str


class ToldSuggestion(msgspec.Struct, frozen=True):
    """A wording, why it may be used, and the law it rests on."""

    text: str
    because: str
    citation: Citation


class ToldFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One reason. `span` counts code points of the field; `resolution` says who can resolve it."""

    rule_id: str
    severity: str
    resolution: str
    field: str
    span: tuple[int, int]
    matched_text: str
    why: str
    citation: Citation
    suggestions: list[ToldSuggestion]


class ToldChange(msgspec.Struct, frozen=True):
    """An edit that the gate judged again: the whole text of a field."""

    field: str
    before: str
    after: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One item. Without a verdict it was not judged, and `abstained_because` says why."""

    item_id: str
    jurisdiction: str | None = None
    verdict: Literal["allow", "modify", "block"] | None
    needs_review: bool = False
    findings: list[ToldFinding] = []
    changes: list[ToldChange] = []
    abstained_because: list[Abstention] = []


class CheckReply(msgspec.Struct, frozen=True, kw_only=True):
    """The verdicts. A clean pre-screen is not legal advice."""

    items: list[Checked]
    abstained_because: list[Abstention]
    pack_versions: dict[str, str] = {}


class ExplainReply(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as its authors wrote it; `page` is the whole of it in Markdown."""

    rule_id: str
    title: str = ""
    jurisdiction: str | None = None
    category: str = ""
    severity: str = ""
    confidence: str = ""
    why: str = ""
    citation: Citation | None = None
    in_force_from: date | None = None
    in_force_to: date | None = None
    must_hold: str = ""
    write_instead: list[str] = []
    found: list[str] = []
    not_found: list[str] = []
    page: str = ""
    abstained_because: list[Abstention] = []


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """Words to use instead of others. The gate has judged them with the same item: `allow`."""

    instead_of: str
    rule_id: str
    text: str
    because: str
    citation: Citation


class SuggestReply(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on the text; `wording` is the text as it may be published, if edits alone are enough."""

    jurisdiction: str | None
    verdict: Literal["allow", "modify", "block"] | None
    wording: str | None = None
    options: list[Option] = []
    abstained_because: list[Abstention] = []


class ToldJurisdiction(msgspec.Struct, frozen=True, kw_only=True):
    """A market: its locales, the profile that runs for it, and the rules it is judged by."""

    jurisdiction: str
    locales: list[str]
    profile: str
    languages: list[str]
    rules: int
    pack_versions: dict[str, str]


class JurisdictionsReply(msgspec.Struct, frozen=True):
    """Every market there is; any other locale is refused."""

    jurisdictions: list[ToldJurisdiction]
