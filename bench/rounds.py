"""What every bench shares: the machine it ran on, rounds that take turns, ratios with their spread, and the report.

Seconds mean little on a machine that others use too. So a figure stands beside a peer or a floor that was measured in
turns with it, and the ratio of each round is what counts: what else the machine does meets both.
"""

import gc
import json
import os
import platform
import statistics
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

#: Does its work once; the processor seconds that took.
Round = Callable[[], float]


class Spread(NamedTuple):
    """Smallest, middle and largest of several rounds."""

    least: float
    median: float
    most: float

    def __str__(self) -> str:
        return f"{shown(self.median)} ({shown(self.least)}–{shown(self.most)})"


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value."""
    return Spread(min(values), statistics.median(values), max(values))


def shown(value: float) -> str:
    """A figure with three digits that count."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def here(work: Callable[[], object]) -> Round:
    """Work of this process as a round."""

    def once() -> float:
        gc.collect()
        began = time.process_time()
        work()
        return time.process_time() - began

    return once


def in_turns(sides: Mapping[str, Round], rounds: int) -> dict[str, list[float]]:
    """Seconds of each side, round by round; each round begins with another side."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    names = list(sides)
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            seconds[name].append(sides[name]())
    return seconds


def ratios(slower: Sequence[float], faster: Sequence[float]) -> Spread:
    """How many times as long one side took as the other, round by round."""
    return spread([one / other for one, other in zip(slower, faster, strict=True)])


class Report:
    """Figures as they are printed and kept."""

    def __init__(self, bench: str) -> None:
        self.kept: dict[str, Any] = {"bench": bench, "machine": machine(), "figures": {}, "ratios": [], "notes": []}
        print(f"{bench}: {described(self.kept['machine'])}\n")

    def figure(self, name: str, value: Spread | float, unit: str, goal: str = "") -> None:
        """Something measured in a unit; it holds for this machine at this hour."""
        kept = value._asdict() if isinstance(value, Spread) else value
        self.kept["figures"][name] = {"value": kept, "unit": unit, "goal": goal}
        told = str(value) if isinstance(value, Spread) else shown(value)
        print(f"  {name:<62}{told:>24} {unit:<11}{f'goal {goal}' if goal else ''}")

    def ratio(self, name: str, peer: str, value: Spread, goal: str = "") -> None:
        """Something beside a peer or a floor of the same run; it holds elsewhere too."""
        self.kept["ratios"].append({"name": name, "peer": peer, **value._asdict(), "goal": goal})
        told = f"{name} / {peer}"
        print(f"  {told:<62}{value!s:>24} {'x':<11}{f'goal {goal}' if goal else ''}")

    def note(self, text: str) -> None:
        """What a reader must know: a version, a peer that is missing."""
        self.kept["notes"].append(text)
        print(f"  {text}")

    def write(self, file: Path | None) -> None:
        """Keep the figures, if a file is named."""
        if file is not None:
            file.write_text(json.dumps(self.kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def machine() -> dict[str, Any]:
    """What the figures depend on besides the code."""
    options = sysconfig.get_config_var("CONFIG_ARGS") or ""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "python": f"{platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}",
        "optimised": "--enable-optimizations" in options,
        "load_before": round(os.getloadavg()[0], 2),
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def described(told: Mapping[str, Any]) -> str:
    """A machine in one line."""
    build = "profile-guided build" if told["optimised"] else "built without --enable-optimizations"
    return (
        f"{told['cpu']}, {told['cores']} cores, {told['system']}; {told['python']}, {build};"
        f" load before {told['load_before']}"
    )


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
