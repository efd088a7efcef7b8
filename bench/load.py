"""A client that does next to nothing itself: ready-made requests over kept connections, one after the other on each.

`python -m bench.load HOST PORT CONNECTIONS SECONDS FILE TOLD`: FILE holds whole requests, each behind its length in
four bytes. TOLD gets one JSON object: answers, answers by status, latencies in ms, and the first body that was no 200.
"""

import asyncio
import contextlib
import json
import struct
import sys
from collections import Counter
from pathlib import Path
from time import perf_counter

import uvloop

_LENGTH = b"content-length: "


class Load:
    """What all connections share."""

    def __init__(self, requests: list[bytes], seconds: float) -> None:
        self.requests = requests
        self.next = 0
        self.began = perf_counter()
        self.until = self.began + seconds
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.refused = b""

    def take(self) -> bytes:
        self.next += 1
        return self.requests[self.next % len(self.requests)]


class Client(asyncio.Protocol):
    """One connection: the next request goes out when the answer to the last one is whole."""

    def __init__(self, load: Load, done: "asyncio.Future[None]") -> None:
        self._load = load
        self._done = done
        self._kept = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        kept = self._kept + data if self._kept else data
        head = kept.find(b"\r\n\r\n")
        if head >= 0:
            place = kept.find(_LENGTH, 0, head)
            end = head + 4 + int(kept[place + len(_LENGTH) : kept.index(b"\r\n", place)])
            if len(kept) >= end:
                self._kept = b""
                self._answered(int(kept[9:12]), kept[head + 4 :])
                return
        self._kept = kept

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _answered(self, status: int, body: bytes) -> None:
        load, now = self._load, perf_counter()
        load.latencies.append((now - self._sent) * 1000)
        load.statuses[status] += 1
        if status != 200 and not load.refused:
            load.refused = body[:500]
        if now < load.until:
            self._send()
        else:
            self._transport.close()

    def _send(self) -> None:
        self._sent = perf_counter()
        self._transport.write(self._load.take())


async def press(host: str, port: int, connections: int, load: Load) -> None:
    loop = asyncio.get_running_loop()
    ends = []
    for _ in range(connections):
        done: asyncio.Future[None] = loop.create_future()
        ends.append(done)
        await loop.create_connection(lambda done=done: Client(load, done), host, port)  # type: ignore[misc]
    # What is on its way at the end is waited for, a while.
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*ends), load.until - perf_counter() + 30)


def read_requests(data: bytes) -> list[bytes]:
    requests, place = [], 0
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        requests.append(data[place + 4 : place + 4 + length])
        place += 4 + length
    return requests


def main() -> None:
    host, port, connections, seconds, file, told_to = sys.argv[1:]
    load = Load(read_requests(Path(file).read_bytes()), float(seconds))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(press(host, int(port), int(connections), load))
    told = {
        "seconds": perf_counter() - load.began,
        "statuses": load.statuses,
        "latencies_ms": [round(each, 3) for each in load.latencies],
        "refused": load.refused.decode(errors="replace"),
    }
    # To a file: uvloop leaves a piped standard output non-blocking, which cuts a long line.
    Path(told_to).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
