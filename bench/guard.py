"""`make bench-guard`: has judging become more work? Never by the clock.

Two figures, each held against `bench/recorded.json`; more than 30 % above what is recorded fails.

- instructions: bytecode instructions that CPython executes while a fixed set of items is judged, counted by the
  interpreter's own trace. The same code gives the same number on any machine under any load. It sees the Python, not
  the C beneath it, and is recorded for each minor version of Python.
- ratio: processor seconds of judging beside those of a bare Aho-Corasick scan and of a fixed piece of Python over the
  same texts, in turns in one process, the least of the rounds of each. It sees C and caches too. On a busy machine it
  wavers by a fifth, so both ratios must say so, three times, before it is a regression.

`--only instructions` is what the tests run; `--record` writes the figures after a change that is meant.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

from ahocorasick_rs import AhoCorasick, MatchKind

from bench.menus import items
from bench.rounds import in_turns, shown
from claimlens.domain.jurisdiction import Jurisdiction
from claimlens.domain.text import fold
from claimlens.usecases.checks import Checker
from claimlens.wiring import open_checker

RECORDED = Path(__file__).with_name("recorded.json")
#: More than this above the recorded figure is a regression.
ALLOWED = 1.3
_DAY = date(2026, 11, 23)
_COUNTED, _TIMED = 200, 1_000
#: So many items take as long to judge as all texts take the other sides: none is interrupted more often than another.
_JUDGED = 150
_CHANCES = 2
_RATIO = "judging / "
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def main() -> int:
    """Measure, compare, print; 1 if there is a regression."""
    parser = argparse.ArgumentParser(prog="bench.guard", description=__doc__)
    parser.add_argument("--only", choices=("instructions", "ratio"))
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--record", action="store_true", help="write the figures instead of comparing them")
    options = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets decides a few instructions
        command = [sys.executable, "-m", "bench.guard", *sys.argv[1:]]
        return subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": "0"}, check=False).returncode
    checker = open_checker()
    found: dict[str, float] = {}
    if options.only != "ratio":
        found[f"instructions for an item, Python {_PYTHON}"] = instructions(checker) / _COUNTED
    if options.only != "instructions":
        ratios = floors(checker, options.rounds)
        for _ in range(_CHANCES):
            if options.record or not regressions(ratios, recorded()):
                break
            again = floors(checker, options.rounds)
            ratios = {name: min(value, again[name]) for name, value in ratios.items()}
        found |= ratios
    return record(found) if options.record else compare(found, recorded())


def instructions(checker: Checker) -> int:
    """Bytecode instructions of judging the fixed items, the same number every time."""
    batch = list(items(_COUNTED))

    def judge() -> None:
        checker.check(batch, locale="en-GB", on_date=_DAY)

    judge()  # what is remembered from item to item is there
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Callable[..., Any]:
        nonlocal count
        if event == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        elif event == "opcode":
            count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        judge()
    finally:
        sys.settrace(before)
    return count


def floors(checker: Checker, rounds: int) -> dict[str, float]:
    """Processor seconds of judging, in those of two things that a change of ours cannot make slower."""
    batch = list(items(_TIMED))
    texts = ["\n".join(text for _, text in item.texts()) for item in batch]
    folded = [fold(text) for text in texts]
    keys = checker.examiner(Jurisdiction.GB).pack.patterns.keys
    automaton = AhoCorasick(list(keys), matchkind=MatchKind.Standard)
    few = batch[:_JUDGED]
    sides = {
        "judging": _timed(lambda: checker.check(few, locale="en-GB", on_date=_DAY)),
        "scan": _timed(lambda: [automaton.find_matches_as_indexes(text, overlapping=True) for text in folded]),
        "python": _timed(lambda: [_plain(text) for text in texts]),
    }
    for work in sides.values():
        work()
    least = {name: min(seconds) / _TIMED for name, seconds in in_turns(sides, rounds).items()}
    least["judging"] *= _TIMED / _JUDGED
    return {
        f"{_RATIO}bare scan, processor seconds": least["judging"] / least["scan"],
        f"{_RATIO}plain Python, processor seconds": least["judging"] / least["python"],
    }


def _plain(text: str) -> dict[str, int]:
    """What an interpreter does all day: it walks, looks up, calls, builds."""
    counts: dict[str, int] = {}
    for word in text.split():
        word = word.strip(".,()").lower()
        if word.isalpha() and len(word) > 2:
            counts[word] = counts.get(word, 0) + 1
    return {word: count for word, count in sorted(counts.items()) if count}


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    def once() -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    return once


def recorded() -> dict[str, float]:
    """What was recorded."""
    figures: dict[str, float] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return figures


def regressions(found: dict[str, float], known: dict[str, float]) -> list[str]:
    """Figures that say that judging became too much work.

    Ratios only together: a busy machine takes the caches from one side more than from another, more work of ours shows
    beside each.
    """
    above = [name for name, value in found.items() if value > ALLOWED * known.get(name, value)]
    beside = [name for name in found if name.startswith(_RATIO)]
    together = all(name in above for name in beside)
    return [name for name in above if together or name not in beside]


def compare(found: dict[str, float], known: dict[str, float]) -> int:
    """Print each figure beside the recorded one; 1 if there is a regression."""
    fails = regressions(found, known)
    for name, value in found.items():
        if name not in known:
            print(f"{name}: {shown(value)}, not recorded here; `make bench-guard ARGS=--record` does")
            continue
        verdict = f"REGRESSION, {ALLOWED:g} is allowed" if name in fails else "holds"
        print(f"{name}: {shown(value)}, recorded {shown(known[name])}: {value / known[name]:.2f} x, {verdict}")
    if fails:
        print("If the work is meant: say why in the commit, and record with `make bench-guard ARGS=--record`.")
    return int(bool(fails))


def record(found: dict[str, float]) -> int:
    """Write the figures; those that were not measured stay."""
    kept = recorded() if RECORDED.exists() else {}
    kept |= {name: float(f"{value:.4g}") for name, value in found.items()}
    RECORDED.write_text(json.dumps(dict(sorted(kept.items())), indent=1) + "\n", encoding="utf-8")
    for name, value in found.items():
        print(f"{name}: {shown(value)} recorded")
    return 0


if __name__ == "__main__":
    sys.exit(main())
