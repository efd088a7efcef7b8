"""`python -m bench.engine`: items a second, latency, cold start; each beside a named baseline in the same run.

Baselines: the pack's own words as one Python `re` alternation with word borders (what one would write first), the bare
Aho-Corasick scan over the folded texts (the floor: no engine that looks at every word can be faster), pint for
conversions, the interpreter's own start for the cold one.
"""

import argparse
import gc
import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from ahocorasick_rs import AhoCorasick, MatchKind

from bench.matching import alternation_of, phrases_of
from bench.menus import items
from bench.rounds import Report, Spread, here, in_turns, ratios, spread
from claimlens.domain.item import Item
from claimlens.domain.jurisdiction import Jurisdiction, jurisdiction_of
from claimlens.domain.text import fold
from claimlens.usecases.checks import Checker
from claimlens.wiring import open_checker

_DAY = date(2026, 11, 23)
_BATCH = 200


def main() -> None:
    """Measure and print; `--json FILE` keeps the figures."""
    parser = argparse.ArgumentParser(prog="bench.engine", description=__doc__)
    parser.add_argument("--items", type=int, default=10_000, help="items for the throughput figure")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--locale", default="en-GB")
    parser.add_argument(
        "--scale", action="store_true", help="also 200 to 2,000,000 items, for linear time and flat memory"
    )
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    report = Report("engine")
    checker = open_checker()
    _throughput(report, checker, options)
    one = _latency(checker, list(islice(items(2_000, seed=11), 2_000)), options.locale)
    for name, value in one.items():
        report.figure(f"one item, warm, {name}", value, "ms", "<= 0.5" if name == "p95" else "")
    cold = _processes("-m", "claimlens", "check", "-", "--locale", options.locale, "--fail-on", "never")
    alone = _processes("-c", "pass")
    report.figure("`claimlens check` on 60 dishes, cold, whole process", cold, "s", "<= 0.6")
    report.ratio("`claimlens check`, cold", "Python's own start", Spread(*(one / alone.median for one in cold)))
    print()
    _conversions(report, checker, options.rounds)
    if options.scale:
        report.kept["scale"] = _scale(checker, options.locale)
    report.write(options.json)


def _throughput(report: Report, checker: Checker, options: argparse.Namespace) -> None:
    pack = checker.examiner(Jurisdiction(jurisdiction_of(options.locale))).pack
    batch_items = list(items(options.items))
    texts = ["\n".join(text for _, text in item.texts()) for item in batch_items]
    gc.freeze()  # the made-up items are the bench's own; a run that streams never holds them
    words = sum(len(text.split()) for text in texts) / len(texts)
    report.note(f"{options.locale}: {len(pack.rules)} rules, {len(pack.patterns.keys)} words and phrases")
    report.note(f"{options.items} items, {words:.0f} words each, batches of {_BATCH}\n")
    folded = [fold(text) for text in texts]
    few = texts[:60]
    automaton = AhoCorasick(list(pack.patterns.keys), matchkind=MatchKind.Standard)
    alternation = re.compile(alternation_of(phrases_of(pack.patterns.keys)), re.IGNORECASE)
    names = (
        "whole pipeline",
        "bare Aho-Corasick scan of the folded texts (floor)",
        "one `re` alternation, matching only",
    )
    sides = {
        names[0]: here(lambda: _check_all(checker, batch_items, options.locale)),
        names[1]: here(lambda: [automaton.find_matches_as_indexes(text, overlapping=True) for text in folded]),
        names[2]: here(lambda: [list(alternation.finditer(text)) for text in few]),
    }
    counts = dict(zip(names, (len(batch_items), len(folded), len(few)), strict=True))
    taken = in_turns(sides, options.rounds)
    each = {name: [one / counts[name] for one in took] for name, took in taken.items()}
    for name in names:
        report.figure(name, spread([1 / one for one in each[name]]), "items/s", ">= 10,000" if name == names[0] else "")
    for name in names[1:]:
        report.ratio(names[0], name, ratios(each[name], each[names[0]]))
    print()


def _check_all(checker: Checker, many: Iterable[Item], locale: str) -> int:
    iterator: Iterator[Item] = iter(many)
    flagged = 0
    while batch := list(islice(iterator, _BATCH)):
        flagged += sum(v.verdict != "allow" for v in checker.check(batch, locale=locale, on_date=_DAY))
    return flagged


def _latency(checker: Checker, many: list[Item], locale: str) -> dict[str, float]:
    took = []
    for item in many:
        start = time.perf_counter()
        checker.check([item], locale=locale, on_date=_DAY)
        took.append((time.perf_counter() - start) * 1000)
    took.sort()
    return {"p50": took[len(took) // 2], "p95": took[int(len(took) * 0.95)], "p99": took[int(len(took) * 0.99)]}


def _conversions(report: Report, checker: Checker, rounds: int) -> None:
    """One conversion by the service and by pint."""
    from pint import UnitRegistry

    from claimlens.usecases.unit_conversion import UnitConversion

    service = UnitConversion(lambda jurisdiction: checker.examiner(jurisdiction).pack.references)
    more = {"market": "US", "ingredient": "clover honey"}
    payloads = [
        {"convert": {"value": f"{i / 8:g} {unit}", "to": to} | more}
        for i in range(1, 2001)  # more than any cache of texts keeps
        for unit, to in (("cup", "g"), ("oz", "g"), ("ml", "tbsp"), ("kcal", "kJ"))
    ]
    service.answer(payloads[:1])
    registry: UnitRegistry[float] = UnitRegistry()
    amounts = [
        (f"{i / 8:g} {unit}", to) for i in range(1, 251) for unit, to in (("oz", "g"), ("ml", "tbsp"), ("kcal", "kJ"))
    ]
    registry.Quantity(amounts[0][0]).to(amounts[0][1])
    sides = {
        "unit.convert: an amount with its factor and source": here(lambda: service.answer(payloads)),
        "pint: the same amounts, without cups of honey": here(
            lambda: [registry.Quantity(text).to(to) for text, to in amounts]
        ),
    }
    counts = dict(zip(sides, (len(payloads), len(amounts)), strict=True))
    each = {name: [one / counts[name] for one in took] for name, took in in_turns(sides, rounds).items()}
    ours, theirs = each
    for name, took in each.items():
        report.figure(name, spread([1e6 * one for one in took]), "µs")
    report.ratio("unit.convert", "pint", ratios(each[theirs], each[ours]))
    print()


def _processes(*arguments: str) -> Spread:
    """Wall seconds of whole processes of this Python that get a menu of 60 dishes."""
    menu = {"items": [{"id": i.id, "name": i.name, "description": i.description} for i in items(60)]}
    told = json.dumps(menu).encode()
    took = []
    for _ in range(6):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], input=told, stdout=subprocess.DEVNULL, check=True)
        took.append(time.perf_counter() - began)
    return spread(took[1:])  # the first one reads the files into memory


def _scale(checker: Checker, locale: str) -> list[dict[str, Any]]:
    rows = []
    for count in (200, 2_000, 20_000, 200_000, 2_000_000):
        start = time.process_time()
        _check_all(checker, items(count), locale)
        seconds = time.process_time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append({"items": count, "items_s": count / seconds, "peak_mb": peak})
        print(f"  {count:>9} items  {count / seconds:>9.0f} items/s, making them included  peak {peak:.0f} MB")
    return rows


if __name__ == "__main__":
    main()
