"""The difference of two texts, word by word."""

import re
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

#: More words than this are not compared: the effort grows with their square.
MAX_WORDS = 1500
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")

Part = Literal["same", "out", "in"]


class Piece(NamedTuple):
    """A stretch of text that both have, that only the first has ("out") or that only the second has ("in")."""

    part: Part
    text: str


def word_diff(before: str, after: str) -> list[Piece]:
    """The pieces in reading order; those that are "same" or "out" make up `before`, the others `after`."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) > MAX_WORDS or len(new) > MAX_WORDS:
        return [piece for piece in (Piece("out", before), Piece("in", after)) if piece.text]
    pieces: list[Piece] = []
    for operation, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if operation == "equal":
            pieces.append(Piece("same", "".join(old[i:j])))
            continue
        if i < j:
            pieces.append(Piece("out", "".join(old[i:j])))
        if k < m:
            pieces.append(Piece("in", "".join(new[k:m])))
    return _joined(pieces)


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Replaced words that only a space parts read as one replacement."""
    joined: list[Piece] = []
    waiting: dict[Part, str] = {"out": "", "in": ""}

    def flush() -> None:
        joined.extend(Piece(part, text) for part, text in waiting.items() if text)
        waiting.update({"out": "", "in": ""})

    for number, piece in enumerate(pieces):
        between = piece.part == "same" and not piece.text.strip() and 0 < number < len(pieces) - 1
        if between and (waiting["out"] or waiting["in"]):
            waiting["out"] += piece.text
            waiting["in"] += piece.text
        elif piece.part == "same":
            flush()
            joined.append(piece)
        else:
            waiting[piece.part] += piece.text
    flush()
    return joined
