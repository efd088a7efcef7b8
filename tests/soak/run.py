"""A run from the start of the processes to the last line of the report."""

import contextlib
import json
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import msgspec

from tests.installation import Installation, installed, machine
from tests.soak import report
from tests.soak.asks import ROUTES
from tests.soak.beside import JOB_LINES, Hooks, Jobs
from tests.soak.books import compare, read_books
from tests.soak.figures import Results
from tests.soak.kills import PAUSE_S, Killer
from tests.soak.load import GIVE_UP_S, Plan
from tests.soak.watch import Watcher

_ROOT = Path(__file__).parents[2]
_WARM_UP_S = 5.0
#: So many clients ask as fast as they are answered, one step after the other, for the maximum.
_STEPS = (2, 4, 8, 16, 32)
_REPORT_EVERY_S = 60.0
#: Audits are sealed when they are older than 30 s.
_SEALABLE_S = 31.0
_WELL_S = 120.0


class Options(msgspec.Struct, kw_only=True):
    """What a run is like; `rate` 0 takes `share` of the maximum that is measured in steps of `step_s`."""

    minutes: float = 30.0
    share: float = 0.8
    step_s: float = 10.0
    rate: float = 0.0
    seed: int = 0
    pause_s: tuple[float, float] = PAUSE_S
    jobs_every_s: float = 60.0
    report: Path | None = None


class Soak:
    """One run; `report.Run` is what it has found so far."""

    def __init__(self, options: Options, installation: Installation, folder: Path) -> None:
        self.options = options
        self.installation = installation
        self.run = report.Run(
            command=f"make soak ARGS={shlex.quote(' '.join(sys.argv[1:]))}" if len(sys.argv) > 1 else "make soak",
            machine=machine(),
            day=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            seed=options.seed,
            state="it is being started",
            share=options.share,
        )
        self._folder = folder
        self.results = Results(folder / "load.ndjson")
        self._earlier = Results(folder / "before.ndjson")
        self._hooks = Hooks()
        self._jobs = Jobs(installation, options.jobs_every_s)
        self._watcher = Watcher(installation)
        self._killer = Killer(installation, options.seed, pause_s=options.pause_s)
        self._stopped = threading.Event()

    def go(self) -> report.Run:
        """Run to the end, or to the first SIGTERM or SIGINT; then check the books all the same."""
        self._hooks.subscribe(self.installation)
        with self._stopping():
            self._measure_maximum()
            self._soak()
        self._check()
        self._report(f"{len(self.run.wrong)} things do not hold" if self.run.wrong else "everything holds")
        self._hooks.close()
        return self.run

    def _measure_maximum(self) -> None:
        """The most that is answered with the promised p95s; without them, if no step kept them."""
        if self.options.rate:
            self.run.rate = self.options.rate
            return
        self._clients("warm", _WARM_UP_S, self._earlier).wait()
        for clients in _STEPS:
            step = Results(self._folder / f"step-{clients}.ndjson")
            began = time.monotonic()
            self._clients(f"step-{clients}", self.options.step_s, step, clients=clients).wait()
            # The clients need a moment to start.
            rate = step.read().rate(began + 1.5, began + self.options.step_s)
            p95 = {kind: found.p95 for kind in ROUTES if (found := step.latencies(kind, [], inside=False))}
            self.run.steps.append(report.Step(clients, rate, p95))
            self._earlier.all += step.all
        within = [step for step in self.run.steps if step.is_within] or self.run.steps
        self.run.rate = max(step.rate for step in within) * self.options.share
        print(f"{self.run.rate:.0f} requests/s from now on", file=sys.stderr)

    def _soak(self) -> None:
        self.run.begun = time.monotonic()
        clients = self._clients("soak", self.options.minutes * 60, self.results, rate=self.run.rate)
        for part in (self._watcher, self._jobs, self._killer):
            part.start()
        until = self.run.begun + self.options.minutes * 60
        while (left := until - time.monotonic()) > 0 and clients.poll() is None:
            if self._stopped.wait(min(left, _REPORT_EVERY_S)):
                break
            self._report(f"it runs, {left / 60:.0f} minutes are left")
        self.run.ended = time.monotonic()
        was_cut = self._stopped.is_set()
        if clients.poll() is None and was_cut:
            clients.terminate()
        self._killer.stop()
        self._jobs.stop()
        if clients.wait(timeout=GIVE_UP_S + 60) or was_cut:
            self.run.wrong.append("it was stopped early" if was_cut else f"the clients ended with {clients.returncode}")

    def _check(self) -> None:
        run, installation = self.run, self.installation
        self.results.read()
        self._report("the books are compared")
        self._wait_until_well()
        self._watcher.stop()
        asked = self._earlier.read().all + self.results.all
        run.wrong += [f"{done.name} was answered {done.wrong}" for done in asked if done.wrong][:20]
        run.wrong += [kill.wrong for kill in run.kills if kill.wrong]
        if late := sum(done.status == 0 and done.is_named for done in asked):
            run.wrong.append(f"{late} requests with a key were not answered within {GIVE_UP_S:.0f} s")
        run.wrong += report.over_budget(run, self.results)
        run.wrong += [
            f"{life.name} grew from {thirds[0]:.0f} to {thirds[1]:.0f} MB"
            for life in self._watcher.lives
            if life.grew and (thirds := life.thirds())
        ]
        unfinished = self._jobs.unfinished()
        run.wrong += unfinished
        blocked = {audit for done in asked for audit in done.blocked}
        missing = self._hooks.missing(blocked)
        run.compared = compare(asked, read_books(installation.database_url), self._jobs.sent, JOB_LINES)
        run.jobs = f"{len(self._jobs.sent)} of {JOB_LINES} lines, {len(unfinished)} unfinished, " + (
            f"{run.compared.jobs} audits too many or too few"
        )
        told = sum(self._hooks.told.values())
        run.hooks = (
            f"{len(blocked):,} blocked verdicts, {len(missing)} not told, {told - len(self._hooks.told)} told twice"
        )
        if missing:
            run.wrong.append(f"no webhook told of {len(missing)} blocked audits")
        found = run.compared
        if found.lost or found.doubled or found.torn or found.unknown or found.jobs:
            run.wrong += ["the store does not hold what was answered", *found.examples[:10]]
        self._verify_seals()

    def _wait_until_well(self) -> None:
        """Until both processes say healthy, and what was written last can be sealed."""
        ended = time.monotonic()
        while not self._watcher.well_since(ended):
            if time.monotonic() > ended + _WELL_S:
                self.run.wrong.append(f"it was not healthy again within {_WELL_S:.0f} s of the end")
                break
            time.sleep(0.5)
        time.sleep(max(0.0, ended + _SEALABLE_S - time.monotonic()))
        self._note_kills()

    def _verify_seals(self) -> None:
        self._report("the seals are verified")
        bundle = self._folder / "all.bundle"
        claimlens = self.installation.claimlens
        exported = claimlens("audits", "export", "--tenant", "tenant-001", "--bundle", str(bundle), within_s=1800)
        key = claimlens("audits", "public-key").stdout.strip()
        verified = claimlens("audits", "verify", str(bundle), "--public-key", key, "--json", within_s=1800)
        try:
            told = json.loads(verified.stdout)
        except ValueError:
            told = {}
        if exported.returncode or verified.returncode:
            self.run.wrong.append(f"seals: {exported.stderr[-300:]} {verified.stdout[-300:]} {verified.stderr[-300:]}")
        self.run.seals = _sealed(told, verified.returncode)

    def _clients(
        self, phase: str, seconds: float, results: Results, *, rate: float = 0.0, clients: int = 8
    ) -> "subprocess.Popen[bytes]":
        plan = Plan(
            backends=[("127.0.0.1", int(api.url.rpartition(":")[2])) for api in self.installation.apis],
            key=self.installation.key,
            phase=phase,
            seed=self.options.seed,
            seconds=seconds,
            out=str(results.path),
            rate=rate,
            clients=clients,
        )
        process = subprocess.Popen([sys.executable, "-m", "tests.soak.load"], cwd=_ROOT, stdin=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(plan))
        process.stdin.close()
        return process

    def _note_kills(self) -> None:
        self.run.kills = list(self._killer.kills)
        for kill in self.run.kills:
            if kill.back and not kill.well:
                kill.well = self._watcher.well_since(kill.back)

    def _report(self, state: str) -> None:
        self._note_kills()
        self.run.state = state
        self.run.lives = self._watcher.lives
        still_runs = self.run.begun and not self.run.ended
        if still_runs:
            self.run.ended = time.monotonic()
        if self.options.report is not None:
            report.write(self.options.report, report.written(self.run, self.results.read()))
        if still_runs:
            self.run.ended = 0.0

    @contextlib.contextmanager
    def _stopping(self) -> Iterator[None]:
        """The first signal ends the load; the books are checked all the same."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self._stopped.set()

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _sealed(told: dict[str, object], code: int) -> str:
    counts = ", ".join(f"{name} {value}" for name, value in told.items() if isinstance(value, int))
    return f"{'they verify' if code == 0 else 'they do not verify'} ({counts})"


def soak(options: Options) -> tuple[report.Run, str]:
    """Run once; what was found, and the report."""
    with tempfile.TemporaryDirectory(prefix="claimlens-soak-") as folder:
        environ = {"CLAIMLENS_WEBHOOKS_TO_PRIVATE": "1", "CLAIMLENS_SEAL_INTERVAL_S": "60"}
        with installed(environ=environ) as installation:
            one = Soak(options, installation, Path(folder))
            run = one.go()
            return run, report.written(run, one.results)
