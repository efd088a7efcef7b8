"""What a change of settings would do to the verdicts that were given last, before anybody saves it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import msgspec

from claimlens.domain.audit import Audit
from claimlens.domain.errors import ClaimLensError, InvalidError
from claimlens.domain.finding import Severity
from claimlens.domain.suppression import Answered
from claimlens.domain.tenant import Principal, Tenant
from claimlens.domain.verdict import Outcome
from claimlens.ports.accounts import AccessLog
from claimlens.ports.audits import AuditFilter, AuditStore
from claimlens.ports.clock import Clock
from claimlens.usecases.access_log import access_line
from claimlens.usecases.authentication import scope_within
from claimlens.usecases.checks import Checker
from claimlens.usecases.permissions import require
from claimlens.usecases.profiles import Gaps, checked_off
from claimlens.usecases.rejudging import Conditions, Kept, answered_under, kept_in, rejudged
from claimlens.usecases.tenants import TenantChange, Tenants

#: Audits that are judged again: unless somebody says otherwise, and at most.
USUAL_AUDITS, MOST_AUDITS = 200, 1_000
#: Verdicts that are named one by one.
MOST_NAMED = 50
#: Items judged in one go, so that others get their turn.
_TOGETHER = 25


class Sample(msgspec.Struct, frozen=True):
    """An item that comes with the packs: the example of a rule."""

    rule_id: str
    kept: Kept


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """One verdict that would be another. `reviewed`: whether it needs a person, before and after.

    `audit_id` is empty for a sample, whose `item_id` is that of its rule.
    """

    audit_id: str
    item_id: str
    name: str
    locale: str
    before: Outcome
    after: Outcome
    reviewed: tuple[bool, bool]


class Transition(msgspec.Struct, frozen=True):
    """So many verdicts would go from one outcome to another."""

    before: Outcome
    after: Outcome
    count: int


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a change would do to the newest audits, or to the samples of the packs where there is none (`of_samples`).

    `audits` were looked at (at most `most`, the oldest of `since`); `unread` of them hold no item that can be judged
    again. `counting` are the findings above info that count, now and then. `changed` verdicts would be others:
    `transitions` counts them, `verdicts` names the first. `to_review` would need a person and do not now, `from_review`
    the other way round. Both sides are judged by today's law.
    """

    most: int
    of_samples: bool = False
    audits: int
    unread: int
    since: datetime | None
    counting: tuple[int, int]
    changed: int
    transitions: tuple[Transition, ...]
    to_review: int
    from_review: int
    verdicts: tuple[Shift, ...]


class TriedChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a tenant's settings that was not saved, and what it would do."""

    saved: bool
    dry_run: DryRun


class _Side(msgspec.Struct, frozen=True):
    """One of two states of the settings; the transforms that are off differ from profile to profile."""

    conditions: Conditions
    off: Callable[[str], frozenset[str]]

    def of(self, profile: str) -> Conditions:
        return msgspec.structs.replace(self.conditions, off=self.off(profile))


class DryRuns:
    """Judges recorded items again, a bounded number of them, one dry run at a time beside the event loop.

    `gaps` tells which transforms do not run now, `samples` gives those of a profile.
    """

    def __init__(
        self,
        checker: Checker,
        tenants: Tenants,
        audits: AuditStore,
        access: AccessLog,
        clock: Clock,
        gaps: Callable[[], Awaitable[Gaps]],
        samples: Callable[[str], Awaitable[Sequence[Sample]]],
    ) -> None:
        self._checker = checker
        self._tenants = tenants
        self._audits = audits
        self._access = access
        self._clock = clock
        self._gaps = gaps
        self._samples = samples
        self._one_at_a_time = asyncio.Lock()

    async def of_settings(
        self, principal: Principal, tenant_id: str, change: TenantChange, *, most: int = USUAL_AUDITS
    ) -> TriedChange:
        """What a change of brand names and suppressions would do. Raises what saving it would raise."""
        before, after = await self._tenants.planned(principal, tenant_id, change)
        off = (await self._gaps()).off
        found = await self._compare(principal, before, self._side(before, off), self._side(after, off), most)
        return TriedChange(saved=False, dry_run=found)

    async def of_profile(
        self, principal: Principal, profile: str, off: frozenset[str], *, most: int = USUAL_AUDITS
    ) -> DryRun:
        """What it would do to the audits of one's own tenant if these transforms of a profile were off.

        Where none of them was judged by that profile: to the samples of the packs. Raises NotFoundError, InvalidError.
        """
        require(principal, "profiles.read")
        gaps = await self._gaps()
        now, paused = gaps.off, frozenset(gaps.paused)
        planned_off = frozenset(checked_off(profile, tuple(off)))

        def planned(name: str) -> frozenset[str]:
            return planned_off | paused if name == profile else now(name)

        tenant = principal.tenant
        return await self._compare(
            principal, tenant, self._side(tenant, now), self._side(tenant, planned), most, profile=profile
        )

    def _side(self, tenant: Tenant, off: Callable[[str], frozenset[str]]) -> _Side:
        on = self._clock.now().date()
        settings = tenant.settings.on(on)
        conditions = Conditions(on=on, brand_names=settings.brand_names, suppressions=settings.suppressions)
        return _Side(conditions, off)

    async def _compare(
        self, principal: Principal, tenant: Tenant, before: _Side, after: _Side, most: int, *, profile: str = ""
    ) -> DryRun:
        require(principal, "audits.read")
        if not 1 <= most <= MOST_AUDITS:
            raise InvalidError((("/audits", f"1 to {MOST_AUDITS:,} audits are judged again"),))
        scope = scope_within(principal, tenant.id)
        async with self._one_at_a_time:
            rows = await self._audits.page(scope, AuditFilter(), after=None, limit=most)
            rows = [row for row in rows if not profile or row.profile == profile]
            samples = await self._samples(profile) if profile and not rows else []
            cases = rows or samples
            shifts: list[Shift] = []
            unread, counting = 0, (0, 0)
            for start in range(0, len(cases), _TOGETHER):
                part = cases[start : start + _TOGETHER]
                found, missed, counted = await asyncio.to_thread(self._shifts, part, before, after)
                shifts += found
                unread += missed
                counting = counting[0] + counted[0], counting[1] + counted[1]
        seen = {"count": len(rows), "filter": {"dry_run": most}}
        line = access_line(principal, self._clock, "audit:read", "", seen, tenant_id=tenant.id)
        await self._access.add(scope, line)
        summed = _summed(rows, shifts, unread, counting, most)
        return msgspec.structs.replace(summed, of_samples=True, audits=len(samples)) if samples else summed

    def _shifts(
        self, cases: Sequence[Audit | Sample], before: _Side, after: _Side
    ) -> tuple[list[Shift], int, tuple[int, int]]:
        """The verdicts of some audits that would be others, how many could not be judged, and findings that count."""
        shifts, unread, counted = [], 0, [0, 0]
        for case in cases:
            kept = case.kept if isinstance(case, Sample) else kept_in(case.record)
            if kept is None:
                unread += 1
                continue
            old, new = before.of(kept.profile), after.of(kept.profile)
            try:
                was = rejudged(self._checker, kept, old)
                same = (old.brand_names, old.off) == (new.brand_names, new.off)
                now = was if same else rejudged(self._checker, kept, new)
            except ClaimLensError:
                unread += 1
                continue
            answers = answered_under(was, old), answered_under(now, new)
            for side, answered in enumerate(answers):
                counted[side] += _counting(answered)
            was, now = answers[0].verdict, answers[1].verdict
            if (was.verdict, was.needs_review) != (now.verdict, now.needs_review):
                shifts.append(
                    Shift(
                        audit_id="" if isinstance(case, Sample) else case.id,
                        item_id=case.rule_id if isinstance(case, Sample) else case.item_id,
                        name=kept.item.name[:200],
                        locale=kept.locale,
                        before=was.verdict,
                        after=now.verdict,
                        reviewed=(was.needs_review, now.needs_review),
                    )
                )
        return shifts, unread, (counted[0], counted[1])


def _counting(answered: Answered) -> int:
    reasons = enumerate(answered.verdict.reasons)
    return sum(each.severity is not Severity.INFO and i not in answered.suppressed for i, each in reasons)


def _summed(rows: Sequence[Audit], shifts: list[Shift], unread: int, counting: tuple[int, int], most: int) -> DryRun:
    changed = [each for each in shifts if each.before is not each.after]
    pairs = dict.fromkeys([(each.before, each.after) for each in changed], 0)
    for each in changed:
        pairs[each.before, each.after] += 1
    # What gets stricter comes first: that is what stops a menu.
    order = list(Outcome)
    heaviest = sorted(pairs.items(), key=lambda pair: (order.index(pair[0][0]) - order.index(pair[0][1]), -pair[1]))
    named = sorted(shifts, key=lambda each: order.index(each.before) - order.index(each.after))
    return DryRun(
        most=most,
        audits=len(rows),
        unread=unread,
        since=rows[-1].ts if rows else None,
        counting=counting,
        changed=len(changed),
        transitions=tuple([Transition(before, after, count) for (before, after), count in heaviest]),
        to_review=sum(each.reviewed == (False, True) for each in shifts),
        from_review=sum(each.reviewed == (True, False) for each in shifts),
        verdicts=tuple(named[:MOST_NAMED]),
    )
