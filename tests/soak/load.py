"""The clients behind a small load balancer, in a process of their own: `python -m tests.soak.load`, a plan on stdin.

With a `rate` requests are due at even distances, whatever becomes of the earlier ones (an open loop); without one, so
many clients ask as fast as they are answered (a closed loop, for the maximum). Each end is a line of JSON in a file.

The balancer sends a request to whichever process has the fewest, leaves one that refuses a connection alone for a
moment, and sends again only what cannot have arrived or what has an Idempotency-Key.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
import uvloop

from tests.soak.asks import ROUTES, Answer, Ask, Asks, Done

_LEFT_ALONE_S = 0.5
_ANSWER_S = 30.0
#: An ask that was cut off holds its Idempotency-Key for 60 s.
GIVE_UP_S = 120.0
_CONNECTIONS = 128
_REFUSED, _CUT_OFF = -1, 0


class Plan(msgspec.Struct, kw_only=True):
    """`backends`: host and port of each process."""

    backends: list[tuple[str, int]]
    key: str
    phase: str
    seed: int
    seconds: float
    out: str
    rate: float = 0.0
    clients: int = 32


class Refused(Exception):
    """No connection: nothing was sent."""


class Backend:
    """One process and the connections to it that are idle."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.in_flight = 0
        self.left_alone_until = 0.0
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def send(self, request: bytes) -> tuple[int, bytes, bytes]:
        """Status, head and body. Raises Refused, or OSError and friends if it was cut off."""
        reader, writer = await self._connection()
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(_length(head))
        except BaseException:
            writer.close()
            self._drop()
            raise
        if b"\r\nconnection: close" in head.lower():
            writer.close()
        else:
            self._idle.append((reader, writer))
        return int(head[9:12]), head, body

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        try:
            return await asyncio.wait_for(asyncio.open_connection(self.host, self.port, limit=1 << 22), 5)
        except (OSError, TimeoutError):
            self.left_alone_until = time.monotonic() + _LEFT_ALONE_S
            raise Refused from None

    def _drop(self) -> None:
        # Those beside it are cut off as well, or will be found out.
        while self._idle:
            self._idle.pop()[1].close()


class Balancer:
    """Sends each ask until it is answered or must not be sent again."""

    def __init__(self, plan: Plan, out: BinaryIO) -> None:
        self._backends = [Backend(host, port) for host, port in plan.backends]
        self._key = plan.key
        self._out = out
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(Answer).decode
        self._slots = asyncio.Semaphore(_CONNECTIONS)

    async def insist(self, ask: Ask, due: float) -> None:
        """Ask until it ended, and write down how."""
        saw: list[int] = []
        request = self._request(ask)
        while True:
            status, head, body = await self._try(request)
            is_late = time.monotonic() - due > GIVE_UP_S
            may_again = status in (_REFUSED, 503) or (ask.is_named and status in (_CUT_OFF, 409))
            if not may_again or is_late:
                break
            saw.append(status)
            await asyncio.sleep({_REFUSED: 0.01, _CUT_OFF: 0.02}.get(status, 0.5 if status == 503 else 1.0))
        self._write(ask, due, max(status, 0), saw, head, body)

    async def _try(self, request: bytes) -> tuple[int, bytes, bytes]:
        async with self._slots:
            backend = self._chosen()
            backend.in_flight += 1
            try:
                return await asyncio.wait_for(backend.send(request), _ANSWER_S)
            except Refused:
                return _REFUSED, b"", b""
            except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
                return _CUT_OFF, b"", b""
            finally:
                backend.in_flight -= 1

    def _chosen(self) -> Backend:
        now = time.monotonic()
        there = [backend for backend in self._backends if backend.left_alone_until <= now] or self._backends
        least = min(there, key=lambda backend: backend.in_flight)
        # In turns where they are equal.
        self._backends.append(self._backends.pop(self._backends.index(least)))
        return least

    def _write(self, ask: Ask, due: float, status: int, saw: Sequence[int], head: bytes, body: bytes) -> None:
        verdicts = []
        wrong = ""
        if status == 200:
            verdicts = self._decode(body).all()
        elif status:
            wrong = f"{status} {body[:300].decode(errors='replace')}"
        done = Done(
            name=ask.name,
            kind=ask.kind,
            items=ask.items,
            due=due,
            done=time.monotonic(),
            status=status,
            is_named=ask.is_named,
            is_replayed=b"idempotency-replayed" in head.lower(),
            saw=tuple(saw),
            audits=tuple(verdict.audit_id for verdict in verdicts),
            blocked=tuple(verdict.audit_id for verdict in verdicts if verdict.verdict == "block"),
            wrong=wrong,
        )
        self._out.write(self._encode(done) + b"\n")

    def _request(self, ask: Ask) -> bytes:
        head = (
            f"POST {ROUTES[ask.kind]} HTTP/1.1\r\nhost: soak\r\nauthorization: Bearer {self._key}\r\n"
            f"content-type: application/json\r\nx-correlation-id: {ask.name}\r\ncontent-length: {len(ask.body)}\r\n"
        )
        named = f"idempotency-key: {ask.name}\r\n" if ask.is_named else ""
        return f"{head}{named}\r\n".encode() + ask.body


def _length(head: bytes) -> int:
    lower = head.lower()
    place = lower.index(b"content-length:") + 15
    return int(lower[place : lower.index(b"\r\n", place)])


async def run(plan: Plan) -> None:
    """Ask until the time is over or somebody says stop, then wait for what is open."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    asks = Asks(plan.phase, plan.seed)
    with Path(plan.out).open("ab") as out:
        balancer = Balancer(plan, out)
        flushing = asyncio.create_task(_flush(out))
        until = time.monotonic() + plan.seconds
        if plan.rate:
            await _open_loop(balancer, asks, plan.rate, until, stop)
        else:
            await asyncio.gather(*(_one_client(balancer, asks, until, stop) for _ in range(plan.clients)))
        flushing.cancel()


async def _open_loop(balancer: Balancer, asks: Asks, rate: float, until: float, stop: asyncio.Event) -> None:
    open_asks: set[asyncio.Task[None]] = set()
    due = time.monotonic()
    while due < until and not stop.is_set():
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        task = asyncio.create_task(balancer.insist(asks.next(), due))
        open_asks.add(task)
        task.add_done_callback(open_asks.discard)
        due += 1 / rate
    if open_asks:
        await asyncio.wait(open_asks, timeout=GIVE_UP_S + _ANSWER_S)


async def _one_client(balancer: Balancer, asks: Asks, until: float, stop: asyncio.Event) -> None:
    while time.monotonic() < until and not stop.is_set():
        await balancer.insist(asks.next(), time.monotonic())


async def _flush(out: BinaryIO) -> None:
    while True:
        await asyncio.sleep(1)
        out.flush()


def main() -> None:
    plan = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(plan))


if __name__ == "__main__":
    main()
