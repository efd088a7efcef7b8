"""A piece of personal data in a text, and how it is taken out again."""

import msgspec

#: What stands in a length-keeping mask for each hidden letter or digit.
MASK_SIGN = "•"


class PiiHit(msgspec.Struct, frozen=True, gc=False):
    """One piece of personal data: `[start, end)` in code points of the submitted text.

    `type` is one of email, phone, postcode, address, url, upi, pan, aadhaar, card.
    """

    type: str
    start: int
    end: int


class Taken:
    """Which characters of a text belong to a hit already."""

    def __init__(self, length: int) -> None:
        self._marks = bytearray(length)

    def add(self, hits: list[PiiHit]) -> list[PiiHit]:
        """Take the hits that are still free, in order; returns those."""
        free = []
        for hit in hits:
            if not self.touches(hit.start, hit.end):
                self._marks[hit.start : hit.end] = b"\1" * (hit.end - hit.start)
                free.append(hit)
        return free

    def touches(self, start: int, end: int) -> bool:
        """Whether any character of `[start, end)` is taken."""
        return self._marks.find(1, start, end) >= 0

    def free_from(self, floor: int, end: int) -> int:
        """The smallest start >= `floor` such that `[start, end)` is free."""
        return max(floor, self._marks.rfind(1, floor, end) + 1)

    def free_until(self, start: int, limit: int) -> int:
        """The largest end <= `limit` such that `[start, end)` is free."""
        first = self._marks.find(1, start, limit)
        return limit if first < 0 else first


def outermost(hits: list[PiiHit]) -> list[PiiHit]:
    """The hits that lie inside no other one, in text order (a postcode inside an address is left out)."""
    outer: list[PiiHit] = []
    for hit in sorted(hits, key=lambda h: (h.start, -h.end)):
        if not outer or hit.start >= outer[-1].end:
            outer.append(hit)
    return outer


def redact(text: str, hits: list[PiiHit]) -> str:
    """`text` with each outermost hit replaced by its sign, such as `[PHONE_REDACTED]`.

    Spaces and punctuation around a hit stay as they were, so the sentence still reads.
    """
    pieces, at = [], 0
    for hit in outermost(hits):
        pieces += [text[at : hit.start], f"[{hit.type.upper()}_REDACTED]"]
        at = hit.end
    pieces.append(text[at:])
    return "".join(pieces)


def mask(text: str, hits: list[PiiHit]) -> str:
    """`text` with every letter, digit and mark of the hits hidden; same length, so spans into it still hold."""
    if not hits:
        return text
    signs = list(text)
    for hit in hits:
        for i in range(hit.start, hit.end):
            if not (signs[i].isspace() or signs[i] in _KEPT):
                signs[i] = MASK_SIGN
    return "".join(signs)


#: Separators keep the shape of what was hidden; everything else inside a hit (marks and emoji too) goes.
_KEPT = frozenset("@.,;:/-–—()[]{}+_|'\"#&?!=")
