"""The fall-back engine: Debian's and everybody's `tesseract`, one process a picture. Runs in the child only."""

import math
import shutil
import subprocess

import cv2
import numpy as np

from claimlens.adapters.ocr.picture import Pixels, in_contrast
from claimlens.domain.label import SeenLine
from claimlens.ports.label_engine import UnreadableError

#: Print of a screenshot is too low for it; a small picture is enlarged.
_SMALL = 1_400
_LIMIT_S = 20.0
_COLUMNS = ("block_num", "par_num", "line_num", "left", "top", "width", "height", "conf", "text")
#: A gap wider than this many heights parts the cells of a table.
_GAP = 1.6


class TesseractReader:
    """Reads upright print of good contrast."""

    def __init__(self) -> None:
        command = shutil.which("tesseract")
        if command is None:
            raise FileNotFoundError("tesseract")
        self._command = command
        told = subprocess.run([command, "--version"], capture_output=True, text=True, check=True, timeout=_LIMIT_S)
        self.name = (told.stdout or told.stderr).splitlines()[0]

    def read(self, pixels: Pixels) -> tuple[SeenLine, ...]:
        """Every line of print, in no order; cells of a table apart."""
        grey = cv2.cvtColor(in_contrast(pixels), cv2.COLOR_RGB2GRAY)
        if np.mean(grey) < 110:
            grey = 255 - grey
        scale = 2.0 if max(grey.shape) < _SMALL else 1.0
        if scale > 1:
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        done, data = cv2.imencode(".png", grey, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        if not done:
            raise UnreadableError("the photo cannot be handed to tesseract")
        read = subprocess.run(
            [self._command, "stdin", "stdout", "--psm", "3", "-c", "tessedit_create_tsv=1"],
            input=data.tobytes(),
            capture_output=True,
            check=False,
            timeout=_LIMIT_S,
        )
        if read.returncode != 0:
            raise UnreadableError("tesseract cannot read the photo")
        return tuple(_cells(read.stdout.decode("utf-8", "replace"), scale))


def _cells(table: str, scale: float) -> list[SeenLine]:
    """Words of tesseract's table put together to cells."""
    rows = [row.split("\t") for row in table.splitlines()]
    if not rows:
        return []
    heads = {head: place for place, head in enumerate(rows[0])}
    cells: list[list[tuple[int, int, int, int, float, str]]] = []
    last: tuple[str, ...] = ()
    for row in rows[1:]:
        if len(row) != len(heads):
            continue
        block, paragraph, line, left, top, width, height, confidence, text = (row[heads[name]] for name in _COLUMNS)
        if not text.strip() or float(confidence) < 0:
            continue
        word = int(left), int(top), int(width), int(height), float(confidence) / 100, text
        here = (block, paragraph, line)
        if here == last and word[0] - sum(cells[-1][-1][:3:2]) < _GAP * max(word[3], cells[-1][-1][3]):
            cells[-1].append(word)
        else:
            cells.append([word])
        last = here
    return [_line(cell, scale) for cell in cells]


def _line(words: list[tuple[int, int, int, int, float, str]], scale: float) -> SeenLine:
    left, top = min(word[0] for word in words), min(word[1] for word in words)
    right, bottom = max(word[0] + word[2] for word in words), max(word[1] + word[3] for word in words)
    x0, y0, x1, y1 = (math.floor(side / scale) for side in (left, top, right, bottom))
    confidence = sum(word[4] for word in words) / len(words)
    text = " ".join(word[5] for word in words)
    return SeenLine(text, ((x0, y0), (x1, y0), (x1, y1), (x0, y1)), round(confidence, 4))
