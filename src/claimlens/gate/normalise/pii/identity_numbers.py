"""Identity and payment numbers: PAN, Aadhaar, payment cards. Each counts only with its check rule."""

import re

from claimlens.gate.normalise.pii.checks import has_gtin_check_digit, has_luhn_check_digit, has_verhoeff_check_digit
from claimlens.gate.normalise.pii.hits import PiiHit

#: Five letters of which the fourth says what the holder is, four digits, a check letter.
_PAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{3}[ABCFGHJLPTKabcfghjlptk][A-Za-z][0-9]{4}[A-Za-z](?![A-Za-z0-9])")
_LONG_NUMBER = re.compile(r"(?<![\w+])[0-9](?:[ -]?[0-9]){11,18}(?![\w])")
_GROUP = re.compile(r"[0-9]+")
_CARD_SHAPES = frozenset({(4, 4, 4, 4), (4, 6, 5), (4, 4, 4, 4, 3), (16,), (15,), (19,)})
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0900-\u0963])*")

_PAN_WORDS = frozenset({"pan", "पैन"})
_AADHAAR_WORDS = frozenset({"aadhaar", "aadhar", "adhaar", "adhar", "uid", "uidai", "आधार"})
_TRADE_WORDS = frozenset(
    "code coupon promo voucher lot batch order ref sku model serial barcode gtin ean upc fssai invoice awb "
    "tracking charge lotto lote artikel lic licence license item".split()
)


def find_pan(text: str, region: str) -> list[PiiHit]:
    """Indian income-tax numbers; outside India, or in small letters, only where the text calls them PAN."""
    hits = []
    for match in _PAN.finditer(text):
        words = _words_before(text, match.start())
        named = bool(_PAN_WORDS & words)
        if named or (region == "IN" and match[0].isupper() and not _TRADE_WORDS & words):
            hits.append(PiiHit("pan", match.start(), match.end()))
    return hits


def find_aadhaar_and_cards(text: str, region: str) -> list[PiiHit]:
    """Aadhaar numbers (Verhoeff) and payment cards (Luhn)."""
    hits = []
    for match in _LONG_NUMBER.finditer(text):
        groups = _GROUP.findall(match[0])
        digits, shape = "".join(groups), tuple(map(len, groups))
        words = _words_before(text, match.start())
        if len(digits) == 12:
            if _is_aadhaar(digits, shape, words, region):
                hits.append(PiiHit("aadhaar", match.start(), match.end()))
        elif _is_card(digits, shape, words):
            hits.append(PiiHit("card", match.start(), match.end()))
    return hits


def _words_before(text: str, start: int) -> set[str]:
    return set(_WORD.findall(text[max(0, start - 32) : start].lower())[-4:])


def _is_aadhaar(digits: str, shape: tuple[int, ...], words: set[str], region: str) -> bool:
    if digits[0] in "01" or not has_verhoeff_check_digit(digits):
        return False
    if words & _AADHAAR_WORDS:
        return True
    if words & _TRADE_WORDS or has_gtin_check_digit(digits) or len(set(digits)) < 3:
        return False
    return region == "IN" and shape == (4, 4, 4)


def _is_card(digits: str, shape: tuple[int, ...], words: set[str]) -> bool:
    if shape not in _CARD_SHAPES or (digits[0] not in "23456" and digits[:2] not in ("81", "82")):
        return False
    if words & _TRADE_WORDS or len(set(digits)) < 2:
        return False
    return has_luhn_check_digit(digits)
