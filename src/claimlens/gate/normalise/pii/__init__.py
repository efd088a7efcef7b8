"""Personal data in published copy: what it is, where it stands, and how it is taken out.

`find_pii` is quick on a text that holds nothing of the kind: a few looks for an `@`, a digit, a dotted name or a word
that goes before an address. Only a text that shows one of them is read by the detectors, each linear in its length.
"""

import re

from claimlens.domain.text import has_digit, has_dotted
from claimlens.gate.normalise.pii.address import find_addresses
from claimlens.gate.normalise.pii.email import find_emails_and_upi
from claimlens.gate.normalise.pii.hits import MASK_SIGN, PiiHit, Taken, mask, outermost, redact
from claimlens.gate.normalise.pii.identity_numbers import find_aadhaar_and_cards, find_pan
from claimlens.gate.normalise.pii.phone import find_phones, find_vanity_phones
from claimlens.gate.normalise.pii.plain import plain_view
from claimlens.gate.normalise.pii.postcode import find_postcodes
from claimlens.gate.normalise.pii.web import find_urls

__all__ = ["MASK_SIGN", "PiiHit", "find_pii", "mask", "may_hold_pii", "outermost", "redact"]

#: Digits with nothing but separators between them.
_NUMBERS = re.compile(r"[0-9](?:[ \t.\-/()]{0,4}[0-9])*")
_SHORTEST_PHONE = 7
_SHORTEST_POSTCODE = 4
_DIGITS_OF_PAN = 4
_ANY_DIGIT = re.compile(r"\d")
_TOLL_FREE = frozenset({"800", "833", "844", "855", "866", "877", "888"})


def find_pii(text: str, region: str) -> list[PiiHit]:
    """Personal data in `text` as published in `region` (IN, US, GB or EU), in order of appearance.

    Spans are code points of `text` as submitted. Hits do not overlap, save that a postcode may lie inside an address.
    """
    if not may_hold_pii(text, region):
        return []
    plain, origins = plain_view(text)
    hits = _read(plain, _lower(plain), region)
    if origins is not None:
        origins.append(len(text))
        hits = [PiiHit(hit.type, origins[hit.start], origins[hit.end]) for hit in hits]
    return hits


def may_hold_pii(text: str, region: str) -> bool:
    """A first look; False is certain. What is False of texts joined by line ends is False of each of them."""
    if "@" in text or has_dotted(text) or _has_digit(text):
        return True
    low = text.lower()
    return (
        "dot" in low or "://" in text
        or ("(" in text and "(at)" in low) or ("[" in text and "[at]" in low)
        or _leads_to_address(low, region) or _is_disguised(text)
    )  # fmt: skip


def _has_digit(text: str) -> bool:
    if has_digit(text):
        return True
    return _beyond_latin(text) and _ANY_DIGIT.search(text) is not None


def _is_disguised(text: str) -> bool:
    """Signs without width, or a full-width `@`, `.` or `w`, that may hide a mail or web address from a first look."""
    if text.isascii():
        return False
    if "\u00ad" in text:
        return True
    return _beyond_latin(text) and any(sign in text for sign in _DISGUISES)


_DISGUISES = "\uff20\uff0e\uff57\u3002\u200b\u200c\u200d\u2060\ufeff"


def _beyond_latin(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return True
    return False


def _leads_to_address(low: str, region: str) -> bool:
    """Words that go before an address; without them an address needs a number."""
    if "address" in low or "locat" in low or "find us" in low or "visit" in low:
        return True
    if region == "EU":
        return "adresse" in low or "indiriz" in low or "direcci" in low or "standort" in low
    return region == "IN" and not low.isascii() and "पता" in low


def _speaks_of_ireland(text: str) -> bool:
    """Where postal codes have no four digits in a row."""
    return "Co. " in text or "ircode" in text or "County " in text or "Ireland" in text or "Dublin" in text


def _lower(text: str) -> str:
    """Lower case, letter for letter (the few letters that would become two stay)."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)


def _read(text: str, low: str, region: str) -> list[PiiHit]:
    """The detectors in order of certainty; what an earlier one took, a later one leaves alone."""
    taken = Taken(len(text))
    hits: list[PiiHit] = []
    dotted = "dot" in low
    if "@" in text or "at)" in low or "at]" in low or (dotted and " at " in low):
        hits += taken.add(find_emails_and_upi(text))
    if dotted or "://" in text or has_dotted(text):
        hits += taken.add(find_urls(text))
    numbers = _NUMBERS.findall(text)
    postcodes: list[PiiHit] = []
    if numbers:
        longest = max(map(len, numbers))
        if longest >= _SHORTEST_PHONE:
            hits += taken.add(find_aadhaar_and_cards(text, region))
            hits += taken.add(find_phones(text, region))
        if not _TOLL_FREE.isdisjoint([number[-3:] for number in numbers]):
            hits += taken.add(find_vanity_phones(text))
        if longest >= _DIGITS_OF_PAN and (region == "IN" or "pan" in low):
            hits += taken.add(find_pan(text, region))
        if longest >= _SHORTEST_POSTCODE or region == "GB" or (region == "EU" and _speaks_of_ireland(text)):
            postcodes = [hit for hit in find_postcodes(text, region) if not taken.touches(hit.start, hit.end)]
    if numbers or _leads_to_address(low, region):
        hits += find_addresses(text, low, region, taken, postcodes)
    if not hits:
        return postcodes
    known = {(hit.start, hit.end) for hit in hits if hit.type == "postcode"}
    hits += [hit for hit in postcodes if (hit.start, hit.end) not in known]
    return sorted(hits, key=lambda hit: (hit.start, -hit.end, hit.type))
