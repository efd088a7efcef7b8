"""`make bench-service`: the service under load, its audits durable in PostgreSQL, beside a bare echo in the same run.

One server process, one client process, PostgreSQL with fsync on, all on this machine. Rounds of echo and service take
turns, so that what else the machine does meets both; figures are medians of the rounds.
"""

import argparse
import asyncio
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from bench.menus import items
from bench.rounds import Report, ratios
from claimlens.adapters.sql import partitions
from claimlens.adapters.sql.engine import Database
from tests.postgres import PostgresServer, migrate
from tests.serving import NO_LIMITS, Server, serving

_KEPT_FOR = 512  # different requests, so that nothing is answered from a memory of the last one
_FEED = 50
_SENT = ("id", "name", "description", "ingredients", "nutrition", "kind")
_DAY = datetime(2026, 6, 1, tzinfo=UTC)


def main() -> None:
    """Measure and print; `--json FILE` keeps the figures."""
    parser = argparse.ArgumentParser(prog="bench.service", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--export", type=int, default=100_000, help="audits to export; 0 leaves it out")
    parser.add_argument("--only", nargs="*", choices=sorted(PARTS), help="default: all")
    parser.add_argument("--database", help="a PostgreSQL to use instead of one started for this")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    chosen = options.only or list(PARTS)
    report = Report("service")
    figures: dict[str, Any] = report.kept["figures"]
    with tempfile.TemporaryDirectory(prefix="claimlens-bench-") as folder, _postgres(options.database) as url:
        if "start" in chosen:
            figures["start"] = start(Path(folder) / "start")
        with serving(_made(Path(folder) / "serve"), worker=False, environ={"DATABASE_URL": url}) as server:
            bench = Bench(server, url, options, Path(folder), report)
            for name in chosen:
                if name != "start":
                    figures[name] = PARTS[name](bench)
            figures["resident_mb"] = server.resident_mb()
            _row("resident memory after all that", figures["resident_mb"], "MB", "<= 250")
    report.write(options.json)


class Bench:
    """What every part needs."""

    def __init__(
        self, server: Server, database: str, options: argparse.Namespace, folder: Path, report: Report
    ) -> None:
        self.server = server
        self.database = database
        self.options = options
        self.folder = folder
        self.report = report


def validate(bench: Bench) -> dict[str, float]:
    """One item, sixteen at once, beside the echo of the same bodies."""
    bodies = [
        json.dumps({"item": _wire(item), "locale": "en-GB"}).encode() for item in islice(items(_KEPT_FOR), _KEPT_FOR)
    ]
    print(f"POST /v1/menu/validate, one item ({_mean(bodies):.0f} bytes), 16 at once")
    return _beside_echo(bench, "/v1/menu/validate", bodies, 16, 1, goals=(">= 0.30", "<= 50"))


def feed(bench: Bench) -> dict[str, float]:
    """Fifty items, four at once."""
    stream = items(_FEED * 40, seed=5)
    bodies = [
        json.dumps({"items": [_wire(item) for item in islice(stream, _FEED)], "locale": "en-GB"}).encode()
        for _ in range(40)
    ]
    print(f"POST /v1/menu/feed, {_FEED} items ({_mean(bodies):.0f} bytes), 4 at once")
    return _beside_echo(bench, "/v1/menu/feed", bodies, 4, _FEED, goals=("", "<= 150"), items_goal=">= 4,000")


def export(bench: Bench) -> dict[str, float]:
    """A tenant's audits as one stream."""
    count = bench.options.export
    if not count:
        return {}
    some = {"items": [_wire(item) for item in islice(items(_FEED), _FEED)], "locale": "en-GB"}
    assert bench.server.ask("POST", "/v1/menu/feed", some).status == 200
    _fill(bench.database, count)
    before = peak = bench.server.resident_mb()
    path = f"/v1/export/audits?start_date={_DAY:%Y-%m-%d}&end_date={_DAY:%Y-%m-%d}"
    command = ["curl", "--silent", "--no-buffer", "-H", f"Authorization: Bearer {bench.server.key}"]
    began = time.perf_counter()
    stream = subprocess.Popen([*command, bench.server.url + path], stdout=subprocess.PIPE)
    assert stream.stdout is not None
    rows = size = 0
    tail = b""
    while chunk := stream.stdout.read(1 << 20):
        rows += chunk.count(b"\n")
        size += len(chunk)
        tail = (tail + chunk)[-2000:]
        peak = max(peak, bench.server.resident_mb())
    seconds = time.perf_counter() - began
    summary = json.loads(tail.splitlines()[-1])["_summary"]
    assert rows - 1 == count, f"{rows - 1} of {count} rows: {summary}"
    print(f"GET /v1/export/audits, {count:,} rows, {size / 1e6:.0f} MB")
    _row("rows", count / seconds, "rows/s", ">= 20,000")
    _row("memory while it ran, beyond before", peak - before, "MB", "<= 20")
    print()
    return {"rows_s": count / seconds, "grew_mb": peak - before, "rows": count}


def start(folder: Path) -> dict[str, float]:
    """From nothing to ready, and again over what is there: SQLite, worker inside."""
    took: dict[str, float] = {}
    server = Server(_made(folder), environ=NO_LIMITS | {"XDG_CACHE_HOME": str(folder / "cache")})
    for name in ("first", "again"):
        began = time.perf_counter()
        server.start()
        assert server.ask("GET", "/health/ready").status == 200
        took[name] = time.perf_counter() - began
        took["resident_mb"] = server.resident_mb()
        server.stop()
    print("claimlens serve, embedded")
    _row("from nothing to ready (compiles its packs, makes its tables)", took["first"], "s", "<= 2")
    _row("to ready again", took["again"], "s", "<= 2")
    _row("resident memory, packs of four jurisdictions, idle", took["resident_mb"], "MB", "<= 250")
    print()
    return took


PARTS: dict[str, Callable[[Bench], dict[str, float]]] = {
    "validate": validate,
    "feed": feed,
    "export": export,
    "start": lambda _: {},
}


def _beside_echo(
    bench: Bench,
    path: str,
    bodies: list[bytes],
    connections: int,
    per_request: int,
    *,
    goals: tuple[str, str],
    items_goal: str = "",
) -> dict[str, float]:
    host = "127.0.0.1"
    ours = _requests(bench.folder / "ours", path, bodies, bench.server.key)
    theirs = _requests(bench.folder / "theirs", "/echo", bodies, bench.server.key)
    port = int(bench.server.url.rpartition(":")[2])
    rounds: list[tuple[dict[str, float], dict[str, float]]] = []
    seconds = bench.options.seconds
    with _echo() as (echo_port, echo_pid):
        _press(host, port, bench.server.pid, connections, 1.0, ours)
        for _ in range(bench.options.rounds):
            beside = _press(host, echo_port, echo_pid, connections, seconds, theirs)
            rounds.append((beside, _press(host, port, bench.server.pid, connections, seconds, ours)))
    names = ("requests_s", "cpu_us", "p50", "p95", "p99")
    figures = {name: statistics.median(own[name] for _, own in rounds) for name in names}
    figures |= {f"echo_{name}": statistics.median(echo[name] for echo, _ in rounds) for name in names}
    by_clock = ratios([own["requests_s"] for _, own in rounds], [echo["requests_s"] for echo, _ in rounds])
    by_cpu = ratios([echo["cpu_us"] for echo, _ in rounds], [own["cpu_us"] for _, own in rounds])
    figures |= {"ratio": by_clock.median, "cpu_ratio": by_cpu.median}
    figures["items_s"] = figures["requests_s"] * per_request
    _row("bare echo of the same bodies", figures["echo_requests_s"], "requests/s", "")
    _row("service", figures["requests_s"], "requests/s", "")
    _row("CPU of the echo's process for a request", figures["echo_cpu_us"], "us", "")
    _row("CPU of the server process for a request", figures["cpu_us"], "us", "")
    if per_request > 1:
        _row("items", figures["items_s"], "items/s", items_goal)
    for name in ("p50", "p95", "p99"):
        _row(name, figures[name], "ms", goals[1] if name == "p95" else "")
    bench.report.ratio(f"POST {path}, requests/s", "bare echo", by_clock, goals[0])
    bench.report.ratio(f"POST {path}, requests for a CPU second", "bare echo", by_cpu)
    print()
    return figures


def _press(host: str, port: int, pid: int, connections: int, seconds: float, requests: Path) -> dict[str, float]:
    told_to = requests.with_suffix(".told.json")
    command = [sys.executable, "-m", "bench.load", host, str(port), str(connections), str(seconds)]
    before = _cpu_s(pid)
    subprocess.run([*command, str(requests), str(told_to)], check=True)
    told = json.loads(told_to.read_text(encoding="utf-8"))
    used = _cpu_s(pid) - before
    if set(told["statuses"]) != {"200"}:
        raise SystemExit(f"answers other than 200: {told['statuses']} {told['refused']}")
    latencies = sorted(told["latencies_ms"])
    return {
        "requests_s": len(latencies) / told["seconds"],
        "cpu_us": used / len(latencies) * 1e6,
        **{f"p{share}": latencies[min(len(latencies) - 1, len(latencies) * share // 100)] for share in (50, 95, 99)},
    }


def _requests(file: Path, path: str, bodies: list[bytes], key: str) -> Path:
    with file.open("wb") as out:
        for body in bodies:
            head = f"POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\n"
            head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            request = head.encode() + body
            out.write(struct.pack(">I", len(request)) + request)
    return file


@contextmanager
def _echo() -> Iterator[tuple[int, int]]:
    process = subprocess.Popen([sys.executable, "-m", "bench.echo"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline()), process.pid
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@contextmanager
def _postgres(given: str | None) -> Iterator[str]:
    if given:
        migrate(given)
        yield given
        return
    server = PostgresServer(safe=True)
    try:
        migrate(server.url)
        yield server.url
    finally:
        server.remove()


def _fill(url: str, count: int) -> None:
    """Audits of one day, copies of those that the service has written, each under an id and a moment of its own."""

    columns = "tenant_id, item_id, verdict, needs_review, locale, profile, correlation_id, rules, degraded, test"

    async def fill() -> None:
        database = Database(url)
        await partitions.ensure(database, _DAY, months_ahead=0)
        await database.close()
        connection = await asyncpg.connect(url)
        await connection.execute(
            "CREATE TEMP TABLE few AS SELECT *, row_number() OVER () AS place FROM (SELECT * FROM audits LIMIT 1000) a"
        )
        await connection.execute(
            f"INSERT INTO audits (ts, id, {columns}, record)"
            f" SELECT $2::timestamptz + number * interval '50 microseconds', gen_random_uuid(), {columns}, record"
            " FROM generate_series(1, $1) AS number JOIN few ON place = 1 + number % (SELECT count(*) FROM few)",
            count,
            _DAY,
        )
        await connection.execute("ANALYZE audits")
        await connection.close()

    asyncio.run(fill())


def _wire(item: Any) -> dict[str, Any]:
    """An item as a shop would send it."""
    built: dict[str, Any] = msgspec.to_builtins(item)
    return {
        name: built[name]
        for name in ("id", "name", "description", "ingredients", "nutrition", "kind")
        if built.get(name)
    }


def _cpu_s(pid: int) -> float:
    """Seconds of processor that a process has had so far; nothing where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _mean(bodies: list[bytes]) -> float:
    return statistics.fmean(len(body) for body in bodies)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _row(name: str, value: float, unit: str, goal: str) -> None:
    digits = 3 if unit in ("x", "s") else 1 if unit in ("ms", "MB") else 0
    print(f"  {name:<60}{value:>12,.{digits}f} {unit:<11}{goal}")


if __name__ == "__main__":
    main()
