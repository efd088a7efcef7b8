"""A suppression: somebody answers, by name and until a day, for a finding that stays visible but does not count."""

from datetime import date
from fnmatch import fnmatchcase

import msgspec

from claimlens.domain.finding import Finding
from claimlens.domain.verdict import Verdict


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered for. An empty part of the scope says nothing; one part at least is given.

    `rule`, `item` and `field` may hold `*` and `?`; `text` is the matched text, compared without regard to case.
    `expires` is the last day on which it holds; `line` is where it stands in its file.
    """

    rule: str
    item: str = ""
    field: str = ""
    text: str = ""
    reason: str
    author: str
    expires: date
    line: int = 0

    def covers(self, item_id: str, finding: Finding) -> bool:
        """Whether this speaks of the finding, whatever the day."""
        return (
            fnmatchcase(finding.rule_id, self.rule)
            and (not self.item or fnmatchcase(item_id, self.item))
            and (not self.field or fnmatchcase(finding.field, self.field))
            and (not self.text or finding.matched_text.casefold() == self.text.casefold())
        )


class Answered(msgspec.Struct, frozen=True):
    """A verdict after suppressions, with the suppression of each finding concerned, by its index in the reasons.

    `suppressed` findings do not count; `expired` ones would not if their suppression still held, so they do.
    """

    verdict: Verdict
    suppressed: dict[int, Suppression] = {}
    expired: dict[int, Suppression] = {}
