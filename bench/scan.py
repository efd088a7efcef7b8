"""`python -m bench.scan`: `claimlens scan` as a whole process, over products in the shape of Open Food Facts.

One process beside two, with the services and without; the bare gate over the same items in this process beside one
process of a scan (what reading, spreading and writing cost); `--ray`: the same two processes by way of a local Ray
cluster; `--growth`: five times the rows, for flat memory; `--kill`: killed with SIGKILL half-way and taken up again.
Rates are rows over the time of the whole command less that of a scan of one row; beside them rows over the time that
processors spent on it, which says on a busy machine what a quiet one would do.

The figures that the docs name: `python -m bench.scan --rows 1000000 --ray --growth --kill --json scan.json`, an hour on
two cores. On a machine that others use look at the ratios only.
"""

import argparse
import gc
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from bench.products import write
from bench.rounds import Report, ratios, spread
from claimlens.domain.scan import Columns
from claimlens.gate.ingest.columns import read_row
from claimlens.gate.ingest.entry import Defaults, Read
from claimlens.wiring import open_checker

_LOCALE = "en-GB"
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Run(NamedTuple):
    """What a command took: seconds, those of processors, and the most memory of all its processes together, in MB."""

    seconds: float
    busy: float
    most_mb: float


def main() -> None:
    """Measure and print; `--json FILE` keeps the figures."""
    parser = argparse.ArgumentParser(prog="bench.scan", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--ray", action="store_true")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    report = Report("scan")
    with tempfile.TemporaryDirectory(prefix="claimlens-scan-") as name:
        folder = Path(name)
        source, one = folder / "products.parquet", folder / "one.parquet"
        # Eight pieces for each process at the least, so that the last one does not decide.
        write(source, options.rows, group=min(20_000, max(options.rows // 16, 1)))
        write(one, 1)
        report.note(f"{options.rows:,} generated products, {source.stat().st_size / 1e6:.0f} MB of Parquet; {_LOCALE}")
        _rates(report, folder, source, one, options.rows, options.rounds, with_ray=options.ray)
        if options.growth:
            _growth(report, folder, source, options.rows)
        if options.kill:
            _killed(report, folder, source, options.rows)
    report.write(options.json)


def _rates(report: Report, folder: Path, source: Path, one: Path, rows: int, rounds: int, *, with_ray: bool) -> None:
    first = scan(folder, one, "--processes", "1")
    start = first.seconds
    sides = {
        "one process": ("--processes", "1"),
        "two processes": ("--processes", "2"),
        "two processes, no services": ("--processes", "2", "--without-services"),
    }
    starts = dict.fromkeys(sides, start)
    if with_ray:
        sides["two processes on Ray"] = ("--processes", "2", "--engine", "ray")
        starts["two processes on Ray"] = scan(folder, one, *sides["two processes on Ray"]).seconds
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    busy: dict[str, list[float]] = {name: [] for name in sides}
    memory = dict.fromkeys(sides, 0.0)
    for _ in range(rounds):
        for name, arguments in sides.items():
            run = scan(folder, source, *arguments)
            seconds[name].append(run.seconds - starts[name])
            busy[name].append(run.busy - first.busy)
            memory[name] = max(memory[name], run.most_mb)
    report.figure("start, one row", start, "s")
    for name, took in seconds.items():
        goal = ">= 15,000" if name == "two processes" else ""
        report.figure(name, spread([rows / each for each in took]), "items/s", goal)
        report.figure(f"{name}: memory of all processes, most", memory[name], "MB")
    for name in ("one process", "two processes"):
        report.figure(f"{name}: a processor", spread([rows / each for each in busy[name]]), "items/s")
    report.ratio("two processes", "one", ratios(seconds["one process"], seconds["two processes"]), ">= 1.8")
    bare = spread([_bare(source)])
    report.figure("the bare gate, this process, no services", bare, "items/s")
    if with_ray:
        told = ratios(seconds["two processes"], seconds["two processes on Ray"])
        report.ratio("two processes on Ray", "local", told, ">= 0.7")


def _growth(report: Report, folder: Path, source: Path, rows: int) -> None:
    large = folder / "large.parquet"
    write(large, 5 * rows)
    small, big = scan(folder, source, "--processes", "2"), scan(folder, large, "--processes", "2")
    report.figure(f"memory at {rows:,} rows", small.most_mb, "MB")
    report.figure(f"memory at {5 * rows:,} rows", big.most_mb, "MB")
    report.ratio("memory at five times the rows", "at one", spread([big.most_mb / small.most_mb]), "flat")
    large.unlink()


def _killed(report: Report, folder: Path, source: Path, rows: int) -> None:
    place = folder / "killed"
    command = _command(source, place, "--processes", "2")
    process = subprocess.Popen(command, env=_environ(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pieces = -(-rows // min(20_000, max(rows // 16, 1)))
    while len(list((place / "done").glob("*"))) < pieces // 2 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(5)  # what its processes were at they bring to its end
    kept = {path: path.stat().st_mtime_ns for path in (place / "results").iterdir()}
    subprocess.run([*command, "--resume"], check=True, env=_environ(), capture_output=True)
    again = sum(path.stat().st_mtime_ns != before for path, before in kept.items())
    positions = pq.read_table(place / "results", columns=["position"])["position"].to_pylist()
    report.figure("killed half-way and resumed: rows lost", rows - len(set(positions)), "rows", "0")
    report.figure("killed half-way and resumed: rows doubled", len(positions) - len(set(positions)), "rows", "0")
    report.figure(f"of {len(kept)} pieces written before, written again", again, "pieces", "<= 1 a process")


def scan(folder: Path, source: Path, *arguments: str) -> Run:
    """One scan from nothing, as a process with its children."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        began, spent = time.perf_counter(), _children_s()
        process = subprocess.Popen(
            _command(source, Path(place) / "out", *arguments), env=_environ(), start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        most = [0.0]
        watch = threading.Thread(target=_watch, args=(process, most), daemon=True)
        watch.start()
        _, said = process.communicate()
        seconds = time.perf_counter() - began
        watch.join()
    if process.returncode:
        raise RuntimeError(said.decode()[-2000:])
    return Run(seconds, _children_s() - spent, most[0])


def _children_s() -> float:
    told = resource.getrusage(resource.RUSAGE_CHILDREN)
    return told.ru_utime + told.ru_stime


def _watch(process: subprocess.Popen[bytes], most: list[float]) -> None:
    while process.poll() is None:
        most[0] = max(most[0], _memory_of(process.pid))
        time.sleep(0.5)


def _memory_of(session: int) -> float:
    total = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            total += int(fields[21]) * _PAGE
    return total / 1e6


def _bare(source: Path) -> float:
    """Items a second of the gate alone: read before, not written after."""
    rows = pq.ParquetFile(source).read_row_group(0).slice(0, 5_000).to_pylist()
    columns, defaults = Columns(schema="openfoodfacts"), Defaults(locale=_LOCALE)
    read = [read_row(row, i, columns, defaults, tabular=True) for i, row in enumerate(rows)]
    found = iter([one.item for one in read if isinstance(one, Read)])
    checker, on = open_checker(), datetime.now(UTC).date()
    checker.check(list(islice(found, 200)), locale=_LOCALE, on_date=on)
    count, seconds = 0, 0.0
    while batch := list(islice(found, 200)):
        gc.collect()
        began = time.process_time()
        checker.check(batch, locale=_LOCALE, on_date=on)
        seconds += time.process_time() - began
        count += len(batch)
    return count / seconds if seconds else 0.0


def _command(source: Path, place: Path, *arguments: str) -> Sequence[str]:
    return [
        sys.executable, "-m", "claimlens", "scan", str(source), "--out", str(place), "--locale", _LOCALE, *arguments,
    ]  # fmt: skip


def _environ() -> dict[str, str]:
    src = str(Path(__file__).parents[1] / "src")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [src, os.environ.get("PYTHONPATH", "")]))}


if __name__ == "__main__":
    main()
