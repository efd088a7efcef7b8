"""`python -m bench.services`: what asking a service costs, and what four dead ones cost a request.

First part: `unit.convert` and `recall.lookup` as servers of their own on this machine, one warm session, one call at a
time, through everything a request goes through (breaker, limit, check of the answer); beside the same in process.
Second part: POST /v1/menu/feed with one item, one request at a time, in turns between a service whose four servers are
dead and whose breakers are open, and one for which none is configured; then, without HTTP, the same requests at a desk
whose services are dead and at one that has none at all (`Desk.answer`, the audit durable in SQLite).
"""

import argparse
import asyncio
import http.client
import json
import logging
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import structlog

from bench.menus import items
from bench.rounds import Report, ratios
from claimlens.config import read_settings
from claimlens.domain.item import Item
from claimlens.domain.question import Question
from claimlens.domain.service import RECALL_LOOKUP, SERVICES, UNIT_CONVERT
from claimlens.domain.tenant import Tenant, TenantSettings
from claimlens.usecases.asks import read_feed
from claimlens.usecases.authentication import operator
from claimlens.usecases.service_replies import AGREED
from claimlens.usecases.verdicts import Desk
from claimlens.wiring.service import Service
from tests.mcp_serving import mcp_serving
from tests.serving import Server, serving

#: Nobody listens on the port of the discard service.
_DEAD = {f"CLAIMLENS_MCP_{name.upper().replace('.', '_')}_URL": "http://127.0.0.1:9/mcp" for name in SERVICES}
_SENT = ("id", "name", "description", "ingredients", "nutrition", "kind")
_ROUNDS = 200
_FIFTHS = 5


def main() -> None:
    """Measure and print; `--json FILE` keeps the figures."""
    parser = argparse.ArgumentParser(prog="bench.services", description=__doc__)
    parser.add_argument("--calls", type=int, default=2_000, help="calls of each service, requests of each side")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    # Dead services are the subject, and each is told of in a log line.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    report = Report("services")
    figures: dict[str, Any] = report.kept["figures"]
    with tempfile.TemporaryDirectory(prefix="claimlens-bench-") as folder:
        for service in (UNIT_CONVERT, RECALL_LOOKUP):
            figures[service] = asyncio.run(one_service(Path(folder), service, options.calls))
        figures["dead"] = dead_over_http(report, Path(folder), options.calls)
        figures["dead_at_the_desk"] = asyncio.run(dead_at_the_desk(report, Path(folder), options.calls))
    report.write(options.json)


async def one_service(folder: Path, service: str, calls: int) -> dict[str, float]:
    """The time of a call, over MCP and in process."""
    place = folder / service
    place.mkdir()
    question = Question(service, (AGREED[service].probe,))
    variable = f"CLAIMLENS_MCP_{service.upper().replace('.', '_')}_URL"
    found: dict[str, float] = {}
    with mcp_serving(place, service) as server:
        floor = _spread(_health(server.root, calls))
        print(f"{service:14} GET /health {_shown(floor)}    what the machine makes of any request now")
        found |= {f"health {name}": value for name, value in floor.items()}
        for way, environ in (("mcp", {variable: server.url}), ("in process", {})):
            async with _opened(place / way.replace(" ", "-"), environ) as opened:
                await _warm(opened, service)
                times = []
                spent = time.process_time()
                for _ in range(calls):
                    began = time.perf_counter()
                    assert await opened.services.ask(question, within_ms=5_000) is not None
                    times.append(1000 * (time.perf_counter() - began))
                found[f"{way} cpu"] = 1000 * (time.process_time() - spent) / calls
                found |= {f"{way} {name}": value for name, value in _spread(times).items()}
                print(f"{service:14} {way:11} {_shown(_spread(times))}    CPU here {found[f'{way} cpu']:.2f} ms")
    found["overhead p95"] = found["mcp p95"] - found["in process p50"]
    print(f"{'':14} overhead   p95 {found['overhead p95']:.2f} ms    goal <= 10 ms\n")
    return found


def dead_over_http(report: Report, folder: Path, requests: int) -> dict[str, float]:
    """The latency of a feed of one item: four dead services, and none configured."""
    bodies = _bodies(200)
    with (
        serving(_made(folder / "dead"), environ={**_DEAD, "CLAIMLENS_BREAKER_REST_S": "3600"}) as dead,
        serving(_made(folder / "none")) as none,
    ):
        _open_breakers(dead, bodies)
        sides = [_Side(dead), _Side(none)]
        for side in sides:
            side.send(bodies[:50])
        for number in range(_ROUNDS):
            for side in sides if number % 2 else reversed(sides):
                side.times += side.send(bodies[: requests // _ROUNDS])
    return _ratio(report, "POST /v1/menu/feed", sides[0].times, sides[1].times, "none configured (in process)")


async def dead_at_the_desk(report: Report, folder: Path, requests: int) -> dict[str, float]:
    """The time of an answer without HTTP: four dead services, and a desk that has none."""
    async with _opened(_made(folder / "desk"), {**_DEAD, "CLAIMLENS_BREAKER_REST_S": "3600"}) as opened:
        who = operator(
            "bench", Tenant(id="bench", name="Bench", settings=TenantSettings(), created_at=opened.clock.now())
        )
        asks = [read_feed(json.loads(body), who.tenant) for body in _bodies(200)]
        for ask in asks:
            await opened.desk.answer(who, ask)
        assert all(state.is_out for state in opened.services.states() if state.service == RECALL_LOOKUP)
        alone = Desk(
            opened.checker, opened.journal, opened.clock, opened.secrets, opened.listeners, items_waiting=2_000
        )
        sides: list[tuple[Desk, list[float]]] = [(opened.desk, []), (alone, [])]
        for number in range(_ROUNDS):
            for desk, times in sides if number % 2 else reversed(sides):
                for ask in asks[: requests // _ROUNDS]:
                    began = time.perf_counter()
                    await desk.answer(who, ask)
                    times.append(1000 * (time.perf_counter() - began))
    return _ratio(report, "Desk.answer", sides[0][1], sides[1][1], "a desk without services")


def _health(root: str, calls: int) -> list[float]:
    """The time of the smallest request that a server answers, over one kept connection."""
    connection = http.client.HTTPConnection(root.removeprefix("http://"))
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        connection.request("GET", "/health")
        connection.getresponse().read()
        times.append(1000 * (time.perf_counter() - began))
    return times


class _Side:
    """One server, asked over one kept connection."""

    def __init__(self, server: Server) -> None:
        self.times: list[float] = []
        self._key = server.key
        host, _, port = server.url.removeprefix("http://").rpartition(":")
        self._connection = http.client.HTTPConnection(host, int(port))

    def send(self, bodies: Sequence[bytes]) -> list[float]:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        times = []
        for body in bodies:
            began = time.perf_counter()
            self._connection.request("POST", "/v1/menu/feed", body, headers)
            answer = self._connection.getresponse()
            answer.read()
            times.append(1000 * (time.perf_counter() - began))
            assert answer.status == 200
        return times


@asynccontextmanager
async def _opened(folder: Path, environ: dict[str, str]) -> AsyncIterator[Service]:
    """A service over a folder of its own, without HTTP."""
    opened = Service(read_settings({"CLAIMLENS_DATA_DIR": str(folder), **environ}))
    await opened.start()
    try:
        yield opened
    finally:
        await opened.stop()


async def _warm(opened: Service, service: str) -> None:
    question = Question(service, (AGREED[service].probe,))
    for _ in range(200):
        await opened.services.ask(question, within_ms=5_000)


def _open_breakers(server: Server, bodies: Sequence[bytes]) -> None:
    """Use the dead services until those that a feed asks are left alone."""
    for body in bodies[:100]:
        server.ask("POST", "/v1/menu/feed", body)
    told = server.ask("GET", "/health").json()["degraded_services"]
    assert RECALL_LOOKUP in told, told


def _bodies(count: int) -> list[bytes]:
    stream = items(count, seed=11)
    return [
        json.dumps(
            {
                "items": [
                    {name: value for name, value in msgspec.to_builtins(item).items() if name in _SENT and value}
                ],
                "locale": "en-GB",
            }
        ).encode()
        for item in islice(stream, count)
    ]


def _plain(item: Item) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(item)
    return plain


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _spread(times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {f"p{share}": ordered[int(share / 100 * (len(ordered) - 1))] for share in (50, 95, 99)}


def _shown(spread: dict[str, float]) -> str:
    return "   ".join(f"{name} {value:6.2f} ms" for name, value in spread.items())


def _ratio(report: Report, what: str, dead: Sequence[float], none: Sequence[float], beside: str) -> dict[str, float]:
    """Rounds took turns, so each fifth of the times is a round of its own."""
    first, second = _spread(dead), _spread(none)
    fifth = len(dead) // _FIFTHS
    parts = [slice(start, start + fifth) for start in range(0, fifth * _FIFTHS, fifth)]
    times = ratios([statistics.median(dead[part]) for part in parts], [statistics.median(none[part]) for part in parts])
    print(f"{what}: four dead, breakers open   {_shown(first)}")
    print(f"{'':{len(what)}}  {beside:26} {_shown(second)}")
    report.ratio(f"{what}, p50 with four dead services", beside, times, "<= 1.05")
    print()
    mean = statistics.fmean(dead) / statistics.fmean(none)
    found = {**{f"dead {name}": v for name, v in first.items()}, **{f"none {n}": v for n, v in second.items()}}
    return {**found, "p50": times.median, "mean": mean}


if __name__ == "__main__":
    main()
