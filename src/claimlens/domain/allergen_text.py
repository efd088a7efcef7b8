"""Text as allergen words are matched on: one plain character for each submitted one, and a way back where that fails.

Lists of ingredients carry meaning in their commas and brackets, and compounds in their inner letters, so this form
differs from `domain.text`: nothing is joined, words keep their places. Letters are lower-cased without accents, digits
stay, everything else is a space. Emphasis marks inside a word (`_Weizen_mehl`, `**soy**`), invisible characters and
doubled spaces are cut out, ligatures spelt out; a short list of those cuts leads back to the submitted code points.
"""

import re
from bisect import bisect_right
from functools import lru_cache

from claimlens.domain.text import fold

#: Of bytes, which are translated thrice as fast as a string.
_ASCII = bytes(ord(chr(i).lower()) if i < 128 and chr(i).isalnum() else ord(" ") for i in range(256))
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_SPELT_OUT = {
    "œ": "oe",
    "Œ": "oe",
    "æ": "ae",
    "Æ": "ae",
    "ß": "ss",
    "ẞ": "ss",
    "þ": "th",
    "Þ": "th",
    "ﬀ": "ff",
    "ﬁ": "fi",
    "ﬂ": "fl",
    "ﬃ": "ffi",
    "ﬄ": "ffl",
}
_INVISIBLE = (
    "\u00ad\ufeff\ufe0f\u093c"  # soft hyphen, byte order mark, emoji selector, nukta
    + "".join(map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), *range(0x300, 0x370))))
)
_CUT = re.compile(rf"[{''.join(_SPELT_OUT)}]|[{_INVISIBLE}]+|\*\*|_+|</?(?:b|strong|em|i|u)>|(?<= ) +", re.IGNORECASE)
_NEEDS_CUT = frozenset(_INVISIBLE).union(_SPELT_OUT)
_FEW = 24


@lru_cache(maxsize=4096)
def _plain_char(char: str) -> str:
    """The one plain character that stands for `char`: a letter, a digit or a space."""
    folded = fold(char).strip()
    if len(folded) == 1 and (folded.isalnum() or "\u0900" <= folded <= "\u0963"):
        return folded
    return folded[0] if folded[:1].isalnum() and char.isalpha() else " "


class _Table(dict[int, str]):
    """A translate table that learns each character once."""

    def __missing__(self, code: int) -> str:
        char = _plain_char(chr(code))
        if len(self) < 8192:
            self[code] = char
        return char


_TABLE = _Table()


class PlainText:
    """`text` as submitted, `clean` without cuts, and `plain`: `clean` one to one in plain characters."""

    __slots__ = ("_places", "_shifts", "clean", "plain", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._places: list[int] | None = None
        self._shifts: list[int] = []
        strange = set() if text.isascii() else set(_NON_ASCII.findall(text))
        if (
            "_" in text
            or "  " in text
            or ("*" in text and "**" in text)
            or "<" in text
            or not strange.isdisjoint(_NEEDS_CUT)
        ):
            text = self._cut(text)
            strange -= _NEEDS_CUT
        self.clean = text
        if len(strange) <= _FEW:
            for char in strange:
                text = text.replace(char, _plain_char(char))
        self.plain = text.encode().translate(_ASCII).decode() if text.isascii() else text.translate(_TABLE)

    def _cut(self, text: str) -> str:
        pieces: list[str] = []
        self._places, self._shifts = [], []
        at = length = shift = 0
        for match in _CUT.finditer(text):
            start, end = match.span()
            letters = _SPELT_OUT.get(match[0], "")
            pieces += (text[at:start], letters)
            length += start - at
            for k in range(1, len(letters)):  # both letters of a ligature lead back to it
                self._places.append(length + k)
                self._shifts.append(shift - k)
            length += len(letters)
            shift += (end - start) - len(letters)
            self._places.append(length)
            self._shifts.append(shift)
            at = end
        pieces.append(text[at:])
        return "".join(pieces)

    @property
    def uncut(self) -> bool:
        """Whether places in `clean` are places in `text`."""
        return self._places is None

    def submitted(self, start: int, end: int) -> tuple[int, int]:
        """The submitted code points behind [start, end) of `clean`."""
        if self._places is None:
            return start, end
        return self._submitted_place(start), self._submitted_place(end - 1) + 1

    def _submitted_place(self, index: int) -> int:
        assert self._places is not None
        k = bisect_right(self._places, index)
        return index + self._shifts[k - 1] if k else index


def plain_words(text: str) -> str:
    """A pack's term in plain characters; inner brackets and hyphens are spaces, as they are in a text."""
    return PlainText(text).plain.strip()
