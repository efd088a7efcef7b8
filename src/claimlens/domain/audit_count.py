"""Audits counted over a stretch of time."""

from collections.abc import Iterable

import msgspec


class AuditCount(msgspec.Struct, kw_only=True):
    """How many audits, by verdict; how many need a person, were given with a service out; how often each rule counted.

    Audits of test keys are left out, but for the rules in them: `test_rules`.
    """

    allow: int = 0
    modify: int = 0
    block: int = 0
    needs_review: int = 0
    degraded: int = 0
    rules: dict[str, int] = {}
    test_rules: dict[str, int] = {}

    @property
    def audits(self) -> int:
        """All of them."""
        return self.allow + self.modify + self.block

    @property
    def flagged(self) -> int:
        """Those that may not be published as submitted."""
        return self.modify + self.block


def total(counts: Iterable[AuditCount]) -> AuditCount:
    """The sum."""
    found = AuditCount()
    rules: dict[str, int] = {}
    for count in counts:
        found.allow += count.allow
        found.modify += count.modify
        found.block += count.block
        found.needs_review += count.needs_review
        found.degraded += count.degraded
        for rule, times in count.rules.items():
            rules[rule] = rules.get(rule, 0) + times
    found.rules = rules
    return found
