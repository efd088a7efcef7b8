"""What a photo of a label is, read from its first bytes: nothing is unpacked before its size is known."""

from hashlib import sha256
from typing import NamedTuple

from claimlens.domain.errors import InputError

#: Bytes and pixels of the largest photo that is taken.
MOST_BYTES, MOST_PIXELS = 15 * 1024 * 1024, 20_000_000
_PNG = b"\x89PNG\r\n\x1a\n"
# Markers of a JPEG frame, which tells the size; 0xC4, 0xC8 and 0xCC are tables.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})


class Image(NamedTuple):
    """A photo: its form, its size in pixels, and the digest by which audits know it."""

    form: str
    width: int
    height: int
    digest: str


def read_image(data: bytes) -> Image:
    """What the bytes of a photo say about it. Raises InputError for other forms, damaged headers, and too large ones.

    Takes some milliseconds for a large photo (the digest).
    """
    if len(data) > MOST_BYTES:
        raise InputError(f"the photo has {len(data):,} bytes; {MOST_BYTES // 1024**2} MB is the most", "/image")
    form, size = _form_and_size(data)
    if not form:
        raise InputError("a photo is PNG, JPEG or WebP; this is none of them", "/image")
    if size is None or 0 in size:
        raise InputError(f"the {form} is damaged: it does not say how large it is", "/image")
    width, height = size
    if width * height > MOST_PIXELS:
        raise InputError(
            f"the photo has {width} x {height} pixels; {MOST_PIXELS // 10**6} million is the most", "/image"
        )
    return Image(form, width, height, "sha256:" + sha256(data).hexdigest())


def _form_and_size(data: bytes) -> tuple[str, tuple[int, int] | None]:
    if data.startswith(_PNG):
        return "PNG", _png_size(data)
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG", _jpeg_size(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP", _webp_size(data)
    return "", None


def _png_size(data: bytes) -> tuple[int, int] | None:
    if len(data) < 24 or data[12:16] != b"IHDR":
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _FRAMES:
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        else:
            length = int.from_bytes(data[at + 2 : at + 4], "big")
            if length < 2 or marker in (0xD9, 0xDA):
                return None
            at += 2 + length
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if len(data) < 30:
        return None
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    return None
