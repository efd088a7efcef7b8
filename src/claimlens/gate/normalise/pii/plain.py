"""The submitted text with plain digits, spaces, dashes and signs, so that each detector can be a simple ASCII grammar.

Digits of any script become 0-9, full-width and mathematical letters and signs their ASCII form, every kind of space a
space and every kind of dash a hyphen: one character for one. Characters without width are dropped, and only then is a
table of origins needed.
"""

import re
import unicodedata
from functools import cache

_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63"
_DOTS = "\u3002\u2024\uff61"
#: Zero-width and direction marks, soft hyphen, variation selectors and the keycap ring around a digit.
_WIDTHLESS = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\u20e3\ufe00-\ufe0f\ufeff"
_WIDTHLESS_RE = re.compile(f"[{_WIDTHLESS}]+")
_DRESSED = re.compile(f"[{_SPACES}{_DASHES}{_DOTS}\uff01-\uff5e\U0001d400-\U0001d7ff]|(?![0-9])\\d")


@cache
def _plain_forms() -> dict[int, str]:
    forms = {ord(c): " " for c in _SPACES} | {ord(c): "-" for c in _DASHES} | {ord(c): "." for c in _DOTS}
    for block in (range(0xFF01, 0xFF5F), range(0x1D400, 0x1D800)):
        for point in block:
            form = unicodedata.normalize("NFKC", chr(point))
            if len(form) == 1 and form.isascii():
                forms[point] = form
    return forms


def _digit(match: re.Match[str]) -> str:
    sign = match[0]
    return _plain_forms().get(ord(sign)) or str(unicodedata.decimal(sign, sign))


def plain_view(text: str) -> tuple[str, list[int] | None]:
    """`text` in plain signs, and for each of its characters the place in `text` (None: the same place)."""
    if text.isascii():
        return text, None
    origins = None
    if _WIDTHLESS_RE.search(text):
        kept: list[int] = []
        at = 0
        for gap in _WIDTHLESS_RE.finditer(text):
            kept += range(at, gap.start())
            at = gap.end()
        kept += range(at, len(text))
        origins = kept
        text = _WIDTHLESS_RE.sub("", text)
    if _DRESSED.search(text):
        text = _DRESSED.sub(_digit, text)
    return text, origins
