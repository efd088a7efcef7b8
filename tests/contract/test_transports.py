"""What every way to a service promises: in this process, and over MCP to a server that is a process of its own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

import pytest

from claimlens.adapters.in_process.transport import InProcessTransport
from claimlens.adapters.mcp.transport import McpTransport
from claimlens.domain.errors import ClaimLensError
from claimlens.domain.service import RECALL_LOOKUP, TERMS
from claimlens.ports.services import ServiceError, ServiceRefusedError, ServiceSlowError, Transport
from tests.misbehaving import Manner, Misbehaving
from tests.valkey import eventually

TOOL = TERMS[RECALL_LOOKUP].tool


class Here:
    """The same manners in this process."""

    def __init__(self) -> None:
        self.manner = Manner.WELL
        self.closed = False
        self.go_on = threading.Event()
        self.answered = 0

    def behave(self, manner: Manner) -> None:
        self.manner = manner

    def answer(self, payloads: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
        if self.manner is Manner.SLOW:
            self.go_on.wait(10)
        if self.manner is Manner.FAILS:
            raise ZeroDivisionError("a defect")
        self.answered += len(payloads)
        return tuple({"told": payload} for payload in payloads)

    def close(self) -> None:
        self.closed = True


@pytest.fixture(scope="module")
def server() -> Iterator[Misbehaving]:
    started = Misbehaving(RECALL_LOOKUP).start()
    yield started
    started.remove()


class TransportContract:
    async def test_there_is_an_answer_for_each_payload_in_their_order(self, way: Transport) -> None:
        payloads = [{"name": f"number {number}"} for number in range(30)]
        answers = await way.call(payloads, timeout_s=10)
        assert [answer["told"]["name"] for answer in answers] == [payload["name"] for payload in payloads]

    async def test_many_may_ask_at_once(self, way: Transport) -> None:
        calls = [way.call([{"name": str(number)}], timeout_s=20) for number in range(40)]
        told = [answers[0]["told"]["name"] for answers in await asyncio.gather(*calls)]
        assert told == [str(number) for number in range(40)]

    async def test_whoever_has_waited_long_enough_goes_and_the_next_call_is_answered(
        self, way: Transport, other: Misbehaving | Here
    ) -> None:
        await way.call([{}], timeout_s=10)
        other.behave(Manner.SLOW)
        with pytest.raises(ServiceSlowError, match="no answer within 100 ms"):
            async with asyncio.timeout(2):
                await way.call([{}], timeout_s=0.1)
        other.behave(Manner.WELL)
        if isinstance(other, Here):
            other.go_on.set()
        assert len(await way.call([{}, {}], timeout_s=10)) == 2

    async def test_a_call_that_is_left_harms_no_other(self, way: Transport, other: Misbehaving | Here) -> None:
        await way.call([{}], timeout_s=10)
        other.behave(Manner.SLOW)
        waiting = [asyncio.create_task(way.call([{"name": str(number)}], timeout_s=20)) for number in range(4)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        other.behave(Manner.WELL)
        if isinstance(other, Here):
            other.go_on.set()
        left = waiting.pop(1)
        told = [answers[0]["told"]["name"] for answers in await asyncio.gather(*waiting)]
        assert told == ["0", "2", "3"]
        assert left.cancelled()

    async def test_a_defect_of_the_service_is_an_error_of_the_call(
        self, way: Transport, other: Misbehaving | Here
    ) -> None:
        other.behave(Manner.FAILS)
        with pytest.raises(ServiceError):
            await way.call([{}], timeout_s=10)
        other.behave(Manner.WELL)
        assert len(await way.call([{}], timeout_s=10)) == 1


class TestInProcess(TransportContract):
    @pytest.fixture
    def other(self) -> Here:
        return Here()

    @pytest.fixture
    async def way(self, other: Here) -> AsyncIterator[Transport]:
        transport = InProcessTransport("test", lambda: other)
        yield transport
        other.go_on.set()
        await transport.close()
        assert other.closed

    async def test_nothing_is_made_before_the_first_call_and_then_once(self) -> None:
        made: list[Here] = []

        def make() -> Here:
            made.append(Here())
            return made[-1]

        transport = InProcessTransport("test", make, threads=4)
        assert made == []
        await asyncio.gather(*[transport.call([{}], timeout_s=10) for _ in range(20)])
        await transport.close()
        assert len(made) == 1

    async def test_what_is_missing_is_said(self) -> None:
        def make() -> Here:
            raise ClaimLensError("install claimlens[ocr]")

        transport = InProcessTransport("test", make)
        with pytest.raises(ServiceError, match=r"install claimlens\[ocr\]"):
            await transport.call([{}], timeout_s=10)
        await transport.close()

    async def test_payloads_that_nobody_waits_for_any_more_are_left(self, other: Here, way: Transport) -> None:
        other.behave(Manner.SLOW)
        with pytest.raises(ServiceSlowError):
            await way.call([{}] * 1000, timeout_s=0.05)
        other.go_on.set()
        await way.call([{}], timeout_s=10)
        assert other.answered < 20

    async def test_bytes_stay_bytes(self, way: Transport) -> None:
        [answer] = await way.call([{"image": b"\x89PNG"}], timeout_s=10)
        assert answer["told"]["image"] == b"\x89PNG"


class TestOverMcp(TransportContract):
    @pytest.fixture
    def other(self, server: Misbehaving) -> Misbehaving:
        server.behave(Manner.WELL)
        return server

    @pytest.fixture
    async def way(self, other: Misbehaving) -> AsyncIterator[Transport]:
        transport = McpTransport(other.url, TOOL, most_bytes=1_000_000)
        yield transport
        await transport.close()

    async def test_bytes_travel_as_base64(self, way: Transport) -> None:
        [answer] = await way.call([{"image": b"\x89PNG"}], timeout_s=10)
        assert answer["told"]["image"] == "iVBORw=="

    async def test_a_call_that_the_server_would_not_take_is_not_sent(self, other: Misbehaving) -> None:
        transport = McpTransport(other.url, TOOL, most_bytes=2_000)
        before = other.calls()
        with pytest.raises(ServiceRefusedError, match="longer than 2000 bytes"):
            await transport.call([{"name": "x" * 3_000}], timeout_s=10)
        assert other.calls() == before
        await transport.close()

    async def test_a_tool_that_fails_is_there(self, way: Transport, other: Misbehaving) -> None:
        other.behave(Manner.FAILS)
        with pytest.raises(ServiceRefusedError):
            await way.call([{}], timeout_s=10)

    async def test_without_a_list_of_answers_there_is_none(self, way: Transport, other: Misbehaving) -> None:
        other.behave(Manner.NO_ANSWERS)
        with pytest.raises(ServiceError, match="not what was agreed"):
            await way.call([{}], timeout_s=10)

    async def test_a_server_that_dies_ends_the_calls_it_had_and_no_session(
        self, way: Transport, other: Misbehaving
    ) -> None:
        await way.call([{}], timeout_s=10)
        other.behave(Manner.SLOW)
        waiting = asyncio.create_task(way.call([{}], timeout_s=20))
        before = other.calls()
        await asyncio.to_thread(eventually, lambda: other.calls() > before, "the call is there")
        other.kill()
        with pytest.raises(ServiceError):
            await waiting
        with pytest.raises(ServiceError, match="ConnectError"):
            await way.call([{}], timeout_s=10)
        other.behave(Manner.WELL)
        await asyncio.to_thread(other.start)
        assert len(await way.call([{}], timeout_s=10)) == 1

    async def test_a_frozen_server_costs_its_time_and_goes_on_afterwards(
        self, way: Transport, other: Misbehaving
    ) -> None:
        await way.call([{}], timeout_s=10)
        other.freeze()
        try:
            with pytest.raises(ServiceSlowError):
                await way.call([{}], timeout_s=0.2)
        finally:
            other.thaw()
        assert len(await way.call([{}], timeout_s=10)) == 1

    async def test_it_begins_while_its_server_is_down(self) -> None:
        down = Misbehaving(RECALL_LOOKUP)
        transport = McpTransport(down.url, TOOL, most_bytes=1_000_000)
        with pytest.raises(ServiceError, match="ConnectError"):
            await transport.call([{}], timeout_s=10)
        await asyncio.to_thread(down.start)
        assert len(await transport.call([{}], timeout_s=10)) == 1
        await transport.close()
        down.remove()


#: What a peer says that is no server, or not one of ours, after the head of a request has come.
STRANGERS = {
    "hangs up": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "an error page": b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nsorry",
    "a page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello",
    "no JSON": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello",
    "another JSON": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    "half an answer": b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"jsonrpc"',
    "less than it said": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    "an answer to nobody": b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
    "elsewhere": b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.2:1/mcp\r\nContent-Length: 0\r\n\r\n",
    "compressed": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    b"Content-Length: 3\r\n\r\n\x1f\x8b\x08",
}


class Between:
    """A peer that stands between us and a server: it meets us as the test says, or passes everything on."""

    def __init__(self, meet: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
        self._meet = meet
        self._open: set[asyncio.Task[None]] = set()
        self.passes_on_to = 0
        self.url = ""

    async def __aenter__(self) -> "Between":
        self._listening = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._listening.sockets[0].getsockname()[1]}/mcp"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            if self.passes_on_to:
                there, back = await asyncio.open_connection("127.0.0.1", self.passes_on_to)
                await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
            else:
                await self._meet(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65_536):
            writer.write(piece)
    finally:
        writer.close()


@pytest.mark.parametrize("said", STRANGERS.values(), ids=STRANGERS)
async def test_whatever_a_stranger_says_is_an_error_of_that_call_and_the_session_goes_on(
    said: bytes, server: Misbehaving
) -> None:
    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)

    async with Between(meet) as peer:
        transport = McpTransport(peer.url, TOOL, most_bytes=1_000_000)
        for _ in range(3):
            with pytest.raises(ServiceError):
                async with asyncio.timeout(15):
                    await transport.call([{}], timeout_s=10)
        server.behave(Manner.WELL)
        peer.passes_on_to = server.port
        assert len(await transport.call([{}], timeout_s=10)) == 1
        await transport.close()


async def test_a_peer_that_takes_everything_and_never_says_a_word_costs_its_time() -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with Between(swallow) as peer:
        transport = McpTransport(peer.url, TOOL, most_bytes=1_000_000)
        with pytest.raises(ServiceSlowError):
            async with asyncio.timeout(5):
                await transport.call([{}], timeout_s=0.2)
        await transport.close()


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
        while True:
            writer.write(b" " * 1_000_000)
            await writer.drain()

    async with Between(pour) as peer:
        transport = McpTransport(peer.url, TOOL, most_bytes=1_000_000)
        with pytest.raises(ServiceError, match="the answer is longer than"):
            await transport.call([{}], timeout_s=20)
        await transport.close()
