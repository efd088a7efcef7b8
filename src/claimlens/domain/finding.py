"""A finding: what a transform saw, why it matters, and how it can be resolved."""

from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """How much a finding weighs; the heaviest one makes the verdict."""

    INFO = "info"
    MODIFY = "modify"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """0 for info, 1 for modify, 2 for block."""
        return _RANKS[self]


_RANKS = {Severity.INFO: 0, Severity.MODIFY: 1, Severity.BLOCK: 2}


class Resolution(StrEnum):
    """How a finding can be resolved.

    `auto`: a change is offered. `evidence`: a number, certificate or study is needed. `human`: a person decides.
    `none`: nothing to do (the finding informs).
    """

    AUTO = "auto"
    EVIDENCE = "evidence"
    HUMAN = "human"
    NONE = "none"


class Citation(msgspec.Struct, frozen=True, gc=False):
    """Where the law stands. `url` is the official publication."""

    instrument: str
    section: str
    url: str


class Suggestion(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A wording that may be used instead, and what makes it lawful for this item."""

    text: str
    because: str = ""
    citation: Citation | None = None


class Finding(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One reason of a verdict.

    `field` is a JSON Pointer into the item as submitted, `span` is `(start, end)` in code points of that string
    (end exclusive) and covers every submitted character involved. An item-level finding (something is missing)
    has an empty `matched_text` and the span (0, 0). `type` is set for personal data only.
    """

    rule_id: str
    transform: str
    severity: Severity
    resolution: Resolution
    field: str
    span: tuple[int, int]
    matched_text: str
    why: str
    citation: Citation
    source: str
    suggestions: tuple[Suggestion, ...]
    type: str = ""


class Change(msgspec.Struct, frozen=True, gc=False):
    """An edit that would make one field publishable: the whole text before and after."""

    field: str
    before: str
    after: str
