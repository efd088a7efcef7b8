"""The figures as Markdown; written again and again while it runs, so that a run that is cut leaves what it had."""

import statistics
from collections import defaultdict
from pathlib import Path

import msgspec

from claimlens.domain.objectives import P95_MS
from tests.soak.asks import FEED_ITEMS, NAMED, ONE_FEED_IN, ROUTES
from tests.soak.books import Compared
from tests.soak.figures import Latencies, Results
from tests.soak.kills import VICTIMS, WINDOW, Kill
from tests.soak.watch import FLAT, Life

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


class Step(msgspec.Struct):
    """So many clients, each asking again when it is answered: answers a second, p95 of each kind in ms."""

    clients: int
    rate: float
    p95: dict[str, float]

    @property
    def is_within(self) -> bool:
        return all(kind in self.p95 and self.p95[kind] <= P95_MS[route] for kind, route in ROUTES.items())


class Run(msgspec.Struct, kw_only=True):
    """Everything that is known of a run. Moments are those of the monotonic clock."""

    command: str
    machine: str
    day: str
    seed: int
    state: str
    steps: list[Step] = []
    share: float = 0.0
    rate: float = 0.0
    begun: float = 0.0
    ended: float = 0.0
    kills: list[Kill] = []
    lives: list[Life] = []
    compared: Compared | None = None
    seals: str = ""
    hooks: str = ""
    jobs: str = ""
    wrong: list[str] = []


def windows(kills: list[Kill], now: float) -> list[tuple[float, float]]:
    """The kill windows, in order; they do not overlap, for one process is killed at a time."""
    return [(kill.at, min(kill.until, now)) for kill in kills]


def over_budget(run: Run, results: Results) -> list[str]:
    """The routes whose p95 outside the kill windows is not what is promised."""
    found = []
    for kind, route in ROUTES.items():
        measured = results.latencies(kind, windows(run.kills, run.ended), inside=False)
        if measured is None or measured.p95 > P95_MS[route]:
            told = f"{measured.p95:.0f} ms" if measured else "not known"
            found.append(f"p95 of {route} outside the kill windows is {told}; {P95_MS[route]} ms are promised")
    return found


def written(run: Run, results: Results) -> str:
    """The whole of the figures."""
    minutes = (run.ended - run.begun) / 60
    lines = [
        f"`{run.command}`",
        "",
        f"{run.day}; {run.machine}; seed {run.seed}; {run.state}.",
        "",
        *_load(run, results, minutes),
        "",
        *_held(run, results),
        "",
        *_times(run, results),
        "",
        *_killed(run),
        "",
        *_memory(run),
    ]
    if run.wrong:
        lines += ["", "What does not hold:", "", *(f"- {line}" for line in run.wrong[:40])]
    return "\n".join(lines) + "\n"


def write(path: Path, text: str) -> None:
    """Between the two marks of a page that has them, else as the whole file; in one step."""
    page = path.read_text(encoding="utf-8") if path.exists() else ""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    whole = f"{head}{BEGIN}\n\n{text}\n{END}{tail}" if begin and end else text
    made = path.with_name(f".{path.name}.new")
    made.write_text(whole, encoding="utf-8")
    made.replace(path)


def _load(run: Run, results: Results, minutes: float) -> list[str]:
    answered = len(results.answered)
    verdicts = sum(done.items for done in results.answered)
    return [
        "| load | |",
        "| --- | --- |",
        f"| the mix | one request in {ONE_FEED_IN} is a feed of {FEED_ITEMS} items, the others are of one item; "
        f"{NAMED:.0%} have an `Idempotency-Key` |",
        f"| as fast as it goes: clients at once, requests/s, p95 of one item and of a feed | {_steps(run)} |",
        f"| the load, due at even distances | {run.rate:.0f} requests/s{_share(run)} |",
        f"| lasted | {minutes:.1f} minutes |",
        f"| answered | {answered:,} requests, {verdicts:,} verdicts |",
    ]


def _steps(run: Run) -> str:
    return "<br>".join(
        f"{step.clients}: {step.rate:.0f}/s, " + ", ".join(f"{step.p95.get(kind, 0):.0f} ms" for kind in ROUTES)
        for step in run.steps
    )


def _share(run: Run) -> str:
    if not run.steps:
        return ", as it was told"
    most = "the most that kept the promised p95s" if any(step.is_within for step in run.steps) else "the most of these"
    return f", {run.share:.0%} of {most}"


def _held(run: Run, results: Results) -> list[str]:
    counts = results.statuses()
    again = sum(bool(done.saw) for done in results.answered)
    replayed = sum(done.is_replayed for done in results.all)
    given_up = sum(done.status == 0 for done in results.all)
    lines = [
        "| what the clients hold against the store | |",
        "| --- | --- |",
        f"| asked more than once, and answered | {again:,} ({counts[-1]:,} refused connections, {counts[0]:,} cut off, "
        f"{counts[409]:,} × 409, {counts[503]:,} × 503) |",
        f"| answered from what was kept for their key | {replayed:,} |",
        f"| cut off without a key, so not sent again | {given_up:,} |",
    ]
    if run.compared is None:
        return [*lines, "| the books | not compared yet |"]
    found = run.compared
    return [
        *lines,
        f"| audits of answered verdicts | {found.held:,} |",
        f"| **lost** | **{found.lost}** |",
        f"| **doubled**, for one key or one request | **{found.doubled}** |",
        f"| requests done in part; audits that nobody asked for | {found.torn}; {found.unknown} |",
        f"| bulk jobs | {run.jobs} |",
        f"| webhooks | {run.hooks} |",
        f"| seals | {run.seals} |",
    ]


def _times(run: Run, results: Results) -> list[str]:
    lines = [
        WINDOW,
        "",
        "| route | where | requests | p50 | p95 | p99 | longest | promised p95 |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    spans = windows(run.kills, run.ended)
    for kind, route in ROUTES.items():
        for where, inside in (("outside the windows", False), ("inside", True)):
            found = results.latencies(kind, spans, inside=inside)
            promised = f"{P95_MS[route]} ms" if not inside else ""
            lines.append(f"| `{route}` | {where} | {_row(found)} | {promised} |")
    covered = sum(end - begin for begin, end in spans)
    share = covered / max(run.ended - run.begun, 1)
    return [*lines, "", f"The windows are {share:.0%} of the time."]


def _row(found: Latencies | None) -> str:
    if found is None:
        return "0 | | | |"
    return f"{found.count:,} | {found.p50:.1f} ms | {found.p95:.1f} ms | {found.p99:.1f} ms | {found.longest:,.0f} ms"


def _killed(run: Run) -> list[str]:
    lines = [
        "| killed (SIGKILL) | times | back after, median | longest | all healthy again after, longest |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for victim in VICTIMS:
        kills = [kill for kill in run.kills if kill.victim == victim and kill.back]
        if not kills:
            lines.append(f"| {victim} | 0 | | | |")
            continue
        back = [kill.back - kill.at for kill in kills]
        well = [kill.well - kill.at for kill in kills if kill.well]
        told = f"{max(well):.0f} s" if well else "not seen"
        lines.append(f"| {victim} | {len(kills)} | {statistics.median(back):.1f} s | {max(back):.1f} s | {told} |")
    return lines


def _memory(run: Run) -> list[str]:
    by_name: dict[str, list[Life]] = defaultdict(list)
    for life in run.lives:
        by_name[life.name].append(life)
    lines = [
        FLAT,
        "",
        "| process | lives | longest life | first third | last third | slope | highest |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, lives in sorted(by_name.items()):
        longest = max(lives, key=lambda life: life.at[-1] - life.at[0])
        lasted = (longest.at[-1] - longest.at[0]) / 60
        thirds = longest.thirds()
        told = f"{thirds[0]:.0f} MB | {thirds[1]:.0f} MB | {longest.slope():+.2f} MB/min" if thirds else "| | "
        highest = max(mb for life in lives for mb in life.mb)
        lines.append(f"| {name} | {len(lives)} | {lasted:.1f} min | {told} | {highest:.0f} MB |")
    return lines
