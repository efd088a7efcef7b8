"""What tests of label reading need: pictures, made-up pages, the engine of this machine."""

import io
import math
import struct
import zlib
from collections.abc import Iterable, Sequence

import pytest

from claimlens.adapters.ocr.engines import has_models
from claimlens.domain.label import SeenLine, SeenPage

needs_models = pytest.mark.skipif(not has_models(), reason="the extra `ocr` is not installed")


def page(rows: Iterable[Sequence[tuple[float, str]]], *, turned: float = 0.0, size: float = 20, pitch: float = 28):
    """A page of rows of (x, text), as an engine would see it, in no order; `turned` in degrees clockwise."""
    lines = []
    for number, row in enumerate(rows):
        for x, text in row:
            y, width = 40 + number * pitch, len(text) * size * 0.5
            corners = [(x, y), (x + width, y), (x + width, y + size), (x, y + size)]
            lines.append(SeenLine(text, tuple(_turned(corner, turned) for corner in corners), 0.99))  # type: ignore[arg-type]
    return SeenPage(width=2000, height=2000, engine="made up", lines=tuple(reversed(lines)))


def _turned(corner: tuple[float, float], degrees: float) -> tuple[int, int]:
    x, y = corner[0] - 500, corner[1] - 500
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return round(1000 + x * cos - y * sin), round(1000 + x * sin + y * cos)


def png(width: int, height: int, rows: bytes | None = None, *, chunks: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """A grey PNG; `rows` are its packed pixels, made white if not given, `chunks` stand before them."""
    packed = zlib.compress((b"\0" + b"\xff" * width) * height) if rows is None else rows
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def label_png(lines: Sequence[str], *, size: int = 22, width: int = 760) -> bytes:
    """Lines of print on white, by the font that Pillow brings."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (width, 60 + len(lines) * size * 2), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size)
    for number, line in enumerate(lines):
        pen.text((30, 30 + number * size * 1.7), line, font=font, fill="black")
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()
