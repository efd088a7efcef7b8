"""Bodies are bounded in length and time, and who is refused may finish sending."""

import asyncio

import pytest

from claimlens.domain.errors import InvalidError, TooLargeError
from claimlens.entry.web import bodies
from claimlens.entry.web.bodies import ClientGoneError, Incoming, body_pieces, read_body


class Sender:
    """What a client sends, piece by piece; afterwards it waits, or goes."""

    def __init__(self, *pieces: bytes, ends: bool = True, goes: bool = False) -> None:
        self.waiting = list(pieces)
        self.ends = ends
        self.goes = goes
        self.asked = 0

    async def __call__(self):
        self.asked += 1
        if self.waiting:
            piece = self.waiting.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(self.waiting) or not self.ends}
        if self.goes:
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()


@pytest.fixture
def in_a_hurry(monkeypatch):
    for name in ("WHOLE_S", "SILENCE_S", "_THROWING_S"):
        monkeypatch.setattr(bodies, name, 0.01)


async def pieces_of(sender, most=100):
    return [piece async for piece in body_pieces(sender, {}, most)]


async def test_a_body_is_put_together():
    assert await read_body(Sender(b"ab", b"", b"c"), {}) == b"abc"
    assert await pieces_of(Sender(b"ab", b"", b"c")) == [b"ab", b"c"]


async def test_one_byte_too_many_is_too_many():
    assert await read_body(Sender(b"a" * 100), {}, 100) == b"a" * 100
    for sender in (Sender(b"a" * 101), Sender(b"a" * 60, b"a" * 41), Sender(*[b"a"] * 101)):
        with pytest.raises(TooLargeError):
            await read_body(sender, {}, 100)
    with pytest.raises(TooLargeError):
        await pieces_of(Sender(b"a" * 60, b"a" * 41))


async def test_what_is_declared_too_long_is_not_read():
    sender = Sender(b"a" * 101)
    with pytest.raises(TooLargeError):
        await read_body(sender, {b"content-length": b"101"}, 100)
    assert sender.asked == 0


@pytest.mark.usefixtures("in_a_hurry")
async def test_who_stops_sending_is_told():
    for reading in (read_body(Sender(b"a", ends=False), {}), pieces_of(Sender(b"a", ends=False))):
        with pytest.raises(InvalidError, match="did not come in time"):
            await reading


async def test_who_goes_is_not_answered():
    for reading in (read_body(Sender(b"a", ends=False, goes=True), {}), pieces_of(Sender(b"a", ends=False, goes=True))):
        with pytest.raises(ClientGoneError):
            await reading


class TestRefused:
    LONG = {b"content-length": b"300"}  # noqa: RUF012

    async def test_what_is_still_sent_is_thrown_away(self):
        sender = Sender(b"a" * 100, b"b" * 100, b"c" * 100)
        await Incoming(sender, self.LONG).let_end()
        assert sender.asked == 3

    async def test_there_is_nothing_to_wait_for_without_a_body(self):
        sender = Sender()
        await Incoming(sender, {}).let_end()
        await Incoming(sender, {b"content-length": b"0"}).let_end()
        assert sender.asked == 0

    async def test_nor_behind_its_end(self):
        sender = Sender(b"a")
        incoming = Incoming(sender, self.LONG)
        assert await read_body(incoming, self.LONG) == b"a"
        await incoming.let_end()
        assert sender.asked == 1

    async def test_who_asks_first_is_not_told_to_send(self):
        sender = Sender(b"a")
        await Incoming(sender, {**self.LONG, b"expect": b"100-continue"}).let_end()
        assert sender.asked == 0

    async def test_it_ends_when_the_client_goes(self):
        await Incoming(Sender(b"a", ends=False, goes=True), self.LONG).let_end()

    @pytest.mark.usefixtures("in_a_hurry")
    async def test_and_when_it_takes_too_long(self):
        await Incoming(Sender(b"a", ends=False), self.LONG).let_end()

    async def test_and_when_it_is_too_much(self, monkeypatch):
        monkeypatch.setattr(bodies, "_MOST_THROWN_AWAY", 1000)
        sender = Sender(*[b"a" * 100] * 50)
        await Incoming(sender, self.LONG).let_end()
        assert sender.asked == 10
