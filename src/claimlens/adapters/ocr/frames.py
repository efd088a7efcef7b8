"""Messages between this process and the one that reads: a length of four bytes, then as many bytes."""

from typing import BinaryIO

import msgspec

from claimlens.domain.label import SeenPage

_LONGEST = 64 * 1024 * 1024


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The first word of the child: it is ready to read with `engine`."""

    engine: str


class Missing(msgspec.Struct, frozen=True, tag="missing"):
    """The first and last word of a child that finds no engine: what to install."""

    detail: str


class Seen(msgspec.Struct, frozen=True, tag="seen"):
    """What a picture holds."""

    page: SeenPage


class Unreadable(msgspec.Struct, frozen=True, tag="unreadable"):
    """Why a picture cannot be read."""

    detail: str


Word = Hello | Missing | Seen | Unreadable
_decoder = msgspec.msgpack.Decoder(Word)


def write_frame(stream: BinaryIO, body: bytes) -> None:
    """Send one message."""
    stream.write(len(body).to_bytes(4, "big"))
    stream.write(body)
    stream.flush()


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next message; None when the other side is gone or sends what is no message."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    length = int.from_bytes(head, "big")
    body = stream.read(length) if length <= _LONGEST else b""
    return body if len(body) == length else None


def write_word(stream: BinaryIO, word: Word) -> None:
    """Send one word of the child."""
    write_frame(stream, msgspec.msgpack.encode(word))


def read_word(stream: BinaryIO) -> Word | None:
    """The next word of the child; None when it is gone."""
    body = read_frame(stream)
    try:
        return None if body is None else _decoder.decode(body)
    except msgspec.MsgspecError:
        return None
