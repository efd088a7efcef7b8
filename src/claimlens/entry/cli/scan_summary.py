"""The summary of a scan, for people and for programs."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from claimlens.domain.scan import Transitions
    from claimlens.usecases.scans import Summary

_MOST_RULES = 25
_ORDER = ("allow", "modify", "block")


def print_summary(summary: "Summary", *, as_json: bool) -> None:
    """Print it to standard output."""
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(summary), indent=1).decode() + "\n")
        return
    counts, terms = summary.counts, summary.terms
    asked = "services asked" if terms.asking else "services not asked"
    print(f"{summary.source}: {counts.rows:,} rows, {counts.items:,} items judged by the law of {terms.on}, {asked}")
    print(_verdicts("all", counts.outcomes))
    if len(counts.verdicts) > 1:
        print("\nby jurisdiction")
        for market, found in sorted(counts.verdicts.items()):
            print(_verdicts(market, found))
    elif counts.verdicts:
        print(f"  all of them by the law of {next(iter(counts.verdicts))}")
    if len(counts.kinds) > 1:
        print("\nby kind")
        for kind, found in sorted(counts.kinds.items()):
            print(_verdicts(kind, found))
    print(f"\n{counts.needs_review:,} need a person or evidence; {counts.suppressed:,} findings suppressed")
    _table("by category of rule (items; an item may be in several)", counts.categories)
    _rules(counts.rules)
    _table("not checked (items)", counts.not_checked)
    if counts.bad:
        _table(f"rows that are no items: {sum(counts.bad.values()):,}, all in bad-rows/", counts.bad)
    if summary.transitions:
        print_transitions(summary.transitions)
    for failed in summary.failed:
        print(f"not read: {failed}")


def print_transitions(found: "Transitions") -> None:
    """Print what has changed since an earlier scan."""
    print(f"\nsince the earlier scan: {found.compared:,} items in both")
    print(f"  {found.only_now:,} new, {found.only_before:,} gone")
    for one in found.verdicts:
        if one.before != one.after:
            why = "item unchanged" if one.same_item else "item changed"
            print(f"  {one.before:>8} -> {one.after:<8} {one.items:>12,}  {why}")
    _table("rules that count against items now and did not (items)", found.appeared)
    _table("rules that counted against items and do not now (items)", found.vanished)


def _verdicts(name: str, found: Mapping[str, int]) -> str:
    total = sum(found.values()) or 1
    shares = "  ".join(f"{one} {found.get(one, 0):,} ({100 * found.get(one, 0) / total:.1f} %)" for one in _ORDER)
    return f"  {name:<14}{shares}"


def _table(title: str, found: Mapping[str, int]) -> None:
    if found:
        print(f"\n{title}")
        for name, count in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_RULES]:
            print(f"  {name:<28}{count:>12,}")


def _rules(rules: Mapping[str, Mapping[str, int]]) -> None:
    if not rules:
        return
    print(f"\nby rule (items){' ' * 15}{'block':>12}{'modify':>12}{'info':>12}")

    def weight(pair: tuple[str, Mapping[str, int]]) -> tuple[int, int, str]:
        rule, found = pair
        return -(found.get("block", 0) + found.get("modify", 0)), -found.get("info", 0), rule

    shown = sorted(rules.items(), key=weight)
    for rule, found in shown[:_MOST_RULES]:
        print(f"  {rule:<28}" + "".join(f"{found.get(severity, 0):>12,}" for severity in ("block", "modify", "info")))
    if len(shown) > _MOST_RULES:
        print(f"  and {len(shown) - _MOST_RULES} rules more: summary.json names all")
