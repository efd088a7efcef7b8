"""The process that reads: pictures in, words out, one at a time, until its standard input ends.

Started as `python -P -m claimlens.adapters.ocr.child <megabytes>` with an environment that holds no secrets.
"""

import contextlib
import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, BinaryIO, Protocol

from claimlens.adapters.ocr.engines import has_models, missing
from claimlens.adapters.ocr.frames import Hello, Missing, Seen, Unreadable, Word, read_frame, write_word
from claimlens.ports.label_engine import UnreadableError

if TYPE_CHECKING:
    from claimlens.adapters.ocr.picture import Pixels
    from claimlens.domain.label import SeenLine


class Reader(Protocol):
    """An engine."""

    #: As it is shown in answers.
    name: str

    def read(self, pixels: "Pixels") -> "tuple[SeenLine, ...]":
        """Every line of print."""
        ...


def main() -> None:
    """Read until nobody asks any more."""
    megabytes = int(sys.argv[1])
    asked, told = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not stand between two words
    _bound(megabytes)
    if lacks := missing():
        write_word(told, Missing(lacks))
        return
    reader = _reader()
    write_word(told, Hello(reader.name))
    with contextlib.suppress(BrokenPipeError):
        _serve(reader, asked, told)


def _serve(reader: Reader, asked: BinaryIO, told: BinaryIO) -> None:
    while (image := read_frame(asked)) is not None:
        write_word(told, _word(reader, image))


def _word(reader: Reader, image: bytes) -> Word:
    from claimlens.adapters.ocr.picture import unpacked
    from claimlens.domain.label import SeenPage

    try:
        pixels = unpacked(image)
        lines = reader.read(pixels)
    except UnreadableError as error:
        return Unreadable(str(error))
    except MemoryError:
        return Unreadable("the photo takes more memory than reading one may take")
    height, width = pixels.shape[:2]
    return Seen(SeenPage(width=width, height=height, engine=reader.name, lines=lines, barcodes=_barcodes(pixels)))


def _barcodes(pixels: "Pixels") -> tuple[str, ...]:
    if find_spec("zxingcpp") is None:
        return ()
    from claimlens.adapters.ocr.barcodes import digits_of

    return digits_of(pixels)


def _reader() -> Reader:
    """The engine of this installation, else the fall-back."""
    if has_models():
        from claimlens.adapters.ocr.neural import NeuralReader

        return NeuralReader()
    from claimlens.adapters.ocr.tesseract import TesseractReader

    return TesseractReader()


def _bound(megabytes: int) -> None:
    """Bound what this process may take, where the system can; no core files with strangers' pictures in them."""
    try:
        import resource
    except ImportError:
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1024**2, megabytes * 1024**2))


if __name__ == "__main__":
    main()
