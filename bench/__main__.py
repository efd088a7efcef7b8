"""`make bench`: items a second, latency, cold start; each beside a named baseline in the same run.

Baselines: the pack's own words as one Python `re` alternation with word borders (what one would write first), and the
bare Aho–Corasick scan
over the folded texts (the floor: no engine that looks at every word can be faster). Figures are medians of several
rounds.
"""

import argparse
import gc
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path

from ahocorasick_rs import AhoCorasick, MatchKind

from bench.menus import items
from claimlens.domain.item import Item
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.text import fold
from claimlens.usecases.checks import Checker
from claimlens.wiring import open_checker

_DAY = date(2026, 11, 23)
_BATCH = 200


def main() -> None:
    """Measure and print; `--json FILE` keeps the figures."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--items", type=int, default=10_000, help="items for the throughput figure")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--locale", default="en-GB")
    parser.add_argument(
        "--scale", action="store_true", help="also 200 to 2,000,000 items, for linear time and flat memory"
    )
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    checker = open_checker()
    pack = checker.examiner(Jurisdiction(_jurisdiction(options.locale))).pack
    figures: dict[str, object] = {
        "machine": _machine(),
        "locale": options.locale,
        "keys": len(pack.patterns.keys),
        "rules": len(pack.rules),
    }
    print(
        f"{figures['machine']}; {options.locale}: {len(pack.rules)} rules, "
        f"{len(pack.patterns.keys)} words and phrases\n"
    )
    batch_items = list(items(options.items))
    texts = ["\n".join(text for _, text in item.texts()) for item in batch_items]
    gc.freeze()  # the made-up items are the bench's own; a run that streams never holds them
    words = sum(len(text.split()) for text in texts) / len(texts)
    print(f"{options.items} items, {words:.0f} words each, batches of {_BATCH}")

    gate = _rate(lambda: _check_all(checker, batch_items, options.locale), options.items, options.rounds)
    folded = [fold(text) for text in texts]
    automaton = AhoCorasick(list(pack.patterns.keys), matchkind=MatchKind.Standard)
    floor = _rate(
        lambda: [automaton.find_matches_as_indexes(text, overlapping=True) for text in folded],
        options.items,
        options.rounds,
    )
    few = texts[:200]
    alternation = re.compile(_alternation(pack.patterns.keys), re.IGNORECASE)
    plain = _rate(lambda: [list(alternation.finditer(text)) for text in few], len(few), 1)
    _row("whole pipeline", gate, "items/s")
    _row("floor: bare Aho-Corasick scan of the folded texts", floor, "items/s")
    _row("baseline: the same words as one `re` alternation, matching only", plain, "items/s")
    print(f"  {'pipeline / alternation':<66}{gate / plain:>12.1f} x")
    print(f"  {'pipeline / floor':<66}{gate / floor:>12.3f} x\n")
    figures |= {"pipeline_items_s": gate, "floor_items_s": floor, "alternation_items_s": plain}

    one = _latency(checker, list(islice(items(2_000, seed=11), 2_000)), options.locale)
    print("one item, warm (ms)" + "".join(f"   {name} {value:.3f}" for name, value in one.items()) + "\n")
    figures["one_item_ms"] = one

    figures["cold_start_s"] = _cold(options.locale)
    print(
        f"`claimlens check` on 60 dishes, whole process: {figures['cold_start_s']:.2f} s "
        f"(python itself: {_python_start():.2f} s)\n"
    )

    ours, pints = _conversions(checker, options.rounds)
    _row("unit.convert: an amount with its factor and source", ours, "µs")
    _row("baseline: the same amounts by pint, without cups of honey", pints, "µs")
    figures |= {"conversion_us": ours, "pint_us": pints}
    print()

    if options.scale:
        figures["scale"] = _scale(checker, options.locale)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _jurisdiction(locale: str) -> str:
    from claimlens.domain.jurisdiction import jurisdiction_of

    return jurisdiction_of(locale)


def _machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


def _check_all(checker: Checker, many: Iterable[Item], locale: str) -> int:
    iterator: Iterator[Item] = iter(many)
    flagged = 0
    while batch := list(islice(iterator, _BATCH)):
        flagged += sum(v.verdict != "allow" for v in checker.check(batch, locale=locale, on_date=_DAY))
    return flagged


def _rate(work: Callable[[], object], count: int, rounds: int) -> float:
    seconds = []
    for _ in range(rounds):
        gc.collect()
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return count / statistics.median(seconds)


def _latency(checker: Checker, many: list[Item], locale: str) -> dict[str, float]:
    took = []
    for item in many:
        start = time.perf_counter()
        checker.check([item], locale=locale, on_date=_DAY)
        took.append((time.perf_counter() - start) * 1000)
    took.sort()
    return {"p50": took[len(took) // 2], "p95": took[int(len(took) * 0.95)], "p99": took[int(len(took) * 0.99)]}


def _conversions(checker: Checker, rounds: int) -> tuple[float, float]:
    """Microseconds for one conversion by the service and by pint."""
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
    ours = 1e6 / _rate(lambda: service.answer(payloads), len(payloads), rounds)
    registry: UnitRegistry[float] = UnitRegistry()
    amounts = [
        (f"{i / 8:g} {unit}", to) for i in range(1, 251) for unit, to in (("oz", "g"), ("ml", "tbsp"), ("kcal", "kJ"))
    ]
    registry.Quantity(amounts[0][0]).to(amounts[0][1])
    pints = 1e6 / _rate(lambda: [registry.Quantity(text).to(to) for text, to in amounts], len(amounts), rounds)
    return ours, pints


def _alternation(keys: Iterable[str]) -> str:
    words = sorted({key.strip() for key in keys}, key=len, reverse=True)
    return r"\b(?:" + "|".join(re.escape(word) for word in words) + r")\b"


def _cold(locale: str) -> float:
    menu = [{"id": i.id, "name": i.name, "description": i.description} for i in items(60)]
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump({"items": menu}, file)
        file.flush()
        command = [sys.executable, "-m", "claimlens", "check", file.name, "--locale", locale, "--fail-on", "never"]
        return _process_seconds(command)


def _python_start() -> float:
    return _process_seconds([sys.executable, "-c", "pass"])


def _process_seconds(command: list[str]) -> float:
    took = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def _scale(checker: Checker, locale: str) -> list[dict[str, float]]:
    rows = []
    for count in (200, 2_000, 20_000, 200_000, 2_000_000):
        start = time.process_time()
        _check_all(checker, items(count), locale)
        seconds = time.process_time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append({"items": count, "items_s": count / seconds, "peak_mb": peak})
        print(f"  {count:>9} items  {count / seconds:>9.0f} items/s, making them included  peak {peak:.0f} MB")
    return rows


def _row(name: str, value: float, unit: str) -> None:
    print(f"  {name:<66}{value:>12,.0f} {unit}")


if __name__ == "__main__":
    main()
