"""RapidOCR with the models of its package: finds lines of print, turns them upright, reads them. In the child only.

The engine's own classifier of upside-down lines turns upright ones too, so it stays off; which way the page lies is
found by reading some lines both ways.
"""

from importlib.metadata import version
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidocr import RapidOCR

from claimlens.adapters.ocr.picture import Pixels, in_contrast
from claimlens.domain.label import SeenLine

Corners = NDArray[np.float32]

#: The longest side in which print is looked for. A large picture with fine print is looked at once more, in a size in
#: which the print is `_LEGIBLE` pixels high; time grows with the square of the size.
_SIDE, _FINE_SIDE = 1_280, 1_600
#: Print lower than this there (in pixels) is read badly or missed.
_FINE, _LEGIBLE = 16.0, 20.0
#: A label with fewer lines than this probably has more of them.
_FEW = 6
#: Lines beyond this many are left out: no label has more, and each costs time.
_MOST_LINES = 400
#: So many lines tell which way up a page is.
_SAMPLE = 6
#: Lines read worse than this may be upside down; words read worse are noise.
_UPSIDE_DOWN, _NOISE = 0.84, 0.5
#: Narrow print has more letters than the model has places for them; a long line read worse than this is read again,
#: stretched.
_CRAMPED, _STRETCH, _LONG_LINE = 0.95, 1.5, 5.0
_MOST_AGAIN = 24
#: A line longer than this many times its height says which way the print runs.
_LONG = 1.5
_SETTINGS = {
    "Global.use_cls": False,
    "Global.log_level": "error",
    "Global.max_side_len": 20_000,
    "Global.text_score": 0.0,
    "Det.limit_type": "max",
    "Det.limit_side_len": _FINE_SIDE,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}


class NeuralReader:
    """Reads one picture at a time. Loading it takes seconds and about 250 MB."""

    def __init__(self) -> None:
        self._engine = RapidOCR(params=_SETTINGS)
        self.name = f"rapidocr {version('rapidocr')}"
        self.read(np.full((64, 256, 3), 255, np.uint8))  # loads the models

    def read(self, pixels: Pixels) -> tuple[SeenLine, ...]:
        """Every line of print, in no order."""
        image = np.ascontiguousarray(in_contrast(pixels)[:, :, ::-1])
        boxes, longest = self._found(image, _SIDE), max(image.shape[:2])
        height = _height(boxes) * min(1.0, _SIDE / longest)
        if longest > _SIDE and (len(boxes) < _FEW or height < _FINE):
            fine = _FINE_SIDE if len(boxes) < _FEW else min(_FINE_SIDE, round(_SIDE * _LEGIBLE / height))
            boxes = self._found(image, fine)
        if not boxes:
            return ()
        boxes = _all_one_way(boxes)
        crops = [_cut(image, box) for box in boxes]
        if self._is_upside_down(boxes, crops):
            boxes = [np.roll(box, 2, axis=0) for box in boxes]
            crops = [_turned(crop) for crop in crops]
        texts = self._texts(crops)
        self._read_stretched(crops, texts)
        self._read_turned(boxes, crops, texts)
        height, width = image.shape[:2]
        return tuple(
            SeenLine(text.strip(), _box(box, width, height), round(score, 4))
            for box, (text, score) in zip(boxes, texts, strict=True)
            if score >= _NOISE and text.strip()
        )

    def _found(self, image: Pixels, side: int) -> list[Corners]:
        """Corners of the lines, longest first if they are too many."""
        scale = min(1.0, side / max(image.shape[:2]))
        small = image if scale == 1.0 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found: Any = self._engine(small, use_det=True, use_cls=False, use_rec=False)
        if found.boxes is None:
            return []
        boxes = [np.asarray(box, np.float32) / scale for box in found.boxes]
        return sorted(boxes, key=lambda box: -max(_sides(box)))[:_MOST_LINES] if len(boxes) > _MOST_LINES else boxes

    def _texts(self, crops: list[Pixels]) -> list[tuple[str, float]]:
        read = self._engine.recognize_txt(crops)
        return [(text, float(score)) for text, score in zip(read.txts or (), read.scores or (), strict=True)]

    def _is_upside_down(self, boxes: list[Corners], crops: list[Pixels]) -> bool:
        """Whether the page is read better the other way round; some lines of middling length are tried."""
        by_length = sorted(range(len(boxes)), key=lambda i: _sides(boxes[i])[0] / max(1.0, _sides(boxes[i])[1]))
        chosen = by_length[len(by_length) // 2 :][:_SAMPLE]
        upright = self._texts([crops[i] for i in chosen])
        if np.mean([score for _, score in upright]) >= _UPSIDE_DOWN:
            return False
        turned = self._texts([_turned(crops[i]) for i in chosen])
        return sum(score for _, score in turned) > sum(score for _, score in upright)

    def _read_stretched(self, crops: list[Pixels], texts: list[tuple[str, float]]) -> None:
        """Long lines of narrow print, once more with more room for each letter."""
        cramped = [
            i
            for i, (_, score) in enumerate(texts)
            if score < _CRAMPED and crops[i].shape[1] > _LONG_LINE * crops[i].shape[0]
        ]
        cramped = sorted(cramped, key=lambda i: texts[i][1])[:_MOST_AGAIN]
        if not cramped:
            return
        wider = [cv2.resize(crops[i], None, fx=_STRETCH, fy=1.0, interpolation=cv2.INTER_CUBIC) for i in cramped]
        for i, (text, score) in zip(cramped, self._texts([np.asarray(one, np.uint8) for one in wider]), strict=True):
            if score > texts[i][1]:
                texts[i] = text, score

    def _read_turned(self, boxes: list[Corners], crops: list[Pixels], texts: list[tuple[str, float]]) -> None:
        """Single lines that stand the other way up than the page: print along an edge."""
        doubtful = [i for i, (text, score) in enumerate(texts) if score < _UPSIDE_DOWN - 0.1 and len(text.strip()) > 4][
            : 2 * _SAMPLE
        ]
        if not doubtful:
            return
        for i, (text, score) in zip(doubtful, self._texts([_turned(crops[i]) for i in doubtful]), strict=True):
            if score > texts[i][1] + 0.1:
                texts[i] = text, score
                boxes[i] = np.roll(boxes[i], 2, axis=0)


def _sides(box: Corners) -> tuple[float, float]:
    """Length of the upper and of the left side."""
    return float(np.linalg.norm(box[1] - box[0])), float(np.linalg.norm(box[3] - box[0]))


def _height(boxes: list[Corners]) -> float:
    """How high the print is, in the middle; 0 where there is none."""
    return float(np.median([min(_sides(box)) for box in boxes])) if boxes else 0.0


def _all_one_way(boxes: list[Corners]) -> list[Corners]:
    """Each box begun at the corner where its text begins, if upright text runs to the right, turned text down.

    Single signs are about as high as they are wide and follow the page.
    """
    thick = _height(boxes)
    along = across = 0.0
    for box in boxes:
        width, height = _sides(box)
        if width >= _LONG * height:
            along += width
        elif height >= _LONG * width:
            across += height
    turned_page = across > along
    result = []
    for box in boxes:
        width, height = _sides(box)
        stands = height >= _LONG * width
        if max(width, height) < 1.8 * thick or not (stands or width >= _LONG * height):
            stands = turned_page
        result.append(np.roll(box, -1, axis=0) if stands else box)
    return result


def _cut(image: Pixels, box: Corners) -> Pixels:
    """The line on its own, level."""
    width, height = (max(1, round(side)) for side in _sides(box))
    level = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(box, level)
    cut = cv2.warpPerspective(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC)
    return np.asarray(cut, np.uint8)


def _turned(crop: Pixels) -> Pixels:
    return np.ascontiguousarray(crop[::-1, ::-1])


def _box(box: Corners, width: int, height: int) -> Any:
    return tuple((min(max(round(float(x)), 0), width), min(max(round(float(y)), 0), height)) for x, y in box)
