"""Street addresses in context.

An address is read outwards from an anchor (a street, or a shop or flat number): to the left the unit and the building,
to the right building, landmark, locality, city and postal code. Each part is evidence; a street name alone ("Wall
Street", "Abbey Road") is none, and a street name that runs into another word ("12 Main Street Burger") is a dish.
"""

import re
from typing import NamedTuple

from claimlens.gate.normalise.pii import street_words as words
from claimlens.gate.normalise.pii.address_parts import (
    FLOOR_NAMED,
    HARD_BREAK,
    LITTLE,
    MAX_PARTS,
    NUMBER_OF_UNIT,
    UNIT,
    UNIT_WORDS,
    Following,
)
from claimlens.gate.normalise.pii.hits import PiiHit, Taken
from claimlens.gate.normalise.pii.street import ENGLISH_TYPES, ROMANCE_TYPES, Street, find_streets, places_of

#: How much evidence makes an address: a street with its number counts 2, a city 1, a postal code 2, a label 2.
_ENOUGH = 3

_UNIT_BEFORE = re.compile(
    rf"(?<!\w)(?:{words.UNIT_WORDS})\b\.? ?(?:(?:No\b|Number|#)[.: #-]{{0,3}}|[. #-]{{0,3}})$", re.IGNORECASE
)
_NUMBER_SIGN = re.compile(r"(?:\b(?:No|Nos|Nr)\.? ?|#)$", re.IGNORECASE)
_BARE_NUMBER = re.compile(r"(?:No\.? ?|Nr\.? ?|#)?[A-Z]{0,2}[-/]?[0-9]{1,5}(?:[-/][0-9A-Z]{1,5}){0,3}[A-Za-z]?\Z")
_LABEL = re.compile("|".join(re.escape(label) for label in words.LABELS))
_AT_THE_DOOR = re.compile(r"\b(?:at|@|in der|in|im|am|an der|au|à|en|presso|bei|from)[ :]{1,2}$", re.IGNORECASE)
_PO_BOX = re.compile(r"\bP\.? ?O\.? ?Box (?:No\.? ?)?[0-9]{1,6}\b", re.IGNORECASE)
_NUMBERED_PLACE = re.compile(r"(?<![\w.,/$£€₹-])[0-9]{1,5}[A-Za-z]?(?:[-/][0-9]{1,4}[A-Z]?)?,? (?=[A-Z])")


class _Address(NamedTuple):
    start: int
    end: int
    postcodes: tuple[tuple[int, int], ...]


def find_addresses(text: str, low: str, region: str, taken: Taken, postcodes: list[PiiHit]) -> list[PiiHit]:
    """Addresses and the postal codes inside them.

    `low` is `text` in lower case, letter for letter; `taken` other data that no address may run into; `postcodes` those
    found by themselves.
    """
    vocabulary = address_vocabulary(low, region)
    if not (vocabulary or postcodes or region == "EU"):
        return []
    found: list[_Address] = []
    done = 0
    for anchor in _anchors(text, low, vocabulary, region):
        if anchor.start < done or taken.touches(anchor.start, anchor.end):
            continue
        address = _read(text, anchor, region, taken, done)
        if address:
            found.append(address)
            done = address.end
    read = Taken(len(text))
    read.add([PiiHit("address", a.start, a.end) for a in found])
    for hit in postcodes:
        if not read.touches(hit.start, hit.end):
            address = _before_postcode(text, hit, region, taken)
            if address and read.add([PiiHit("address", address.start, address.end)]):
                found.append(address)
    hits = [PiiHit("address", a.start, a.end) for a in found]
    return hits + [PiiHit("postcode", start, end) for a in found for start, end in a.postcodes]


_ENGLISH_VOCABULARY = ENGLISH_TYPES | UNIT_WORDS | {"route", "rte", "rt", "box"}
_EUROPEAN_VOCABULARY = _ENGLISH_VOCABULARY | ROMANCE_TYPES


def address_vocabulary(low: str, region: str) -> frozenset[str]:
    """The words of `low` (lower case) that addresses are made of: a quick look before any reading."""
    for sign in ",.:(-":
        low = low.replace(sign, " ")
    known = _EUROPEAN_VOCABULARY if region == "EU" else _ENGLISH_VOCABULARY
    found: frozenset[str] = known.intersection(low.split())
    return found | {"c/"} if region == "EU" and "c/" in low else found


def _anchors(text: str, low: str, vocabulary: frozenset[str], region: str) -> list[Street]:
    anchors = list(find_streets(text, low, vocabulary, region))
    for word in sorted(UNIT_WORDS & vocabulary):
        for at in places_of(low, word):
            number = NUMBER_OF_UNIT.match(text, at + len(word))
            if number:
                anchors.append(Street(at, number.end(), 1, True))
    if "floor" in vocabulary:
        anchors += [Street(m.start(), m.end(), 1, True) for m in FLOOR_NAMED.finditer(text)]
    if "box" in vocabulary:
        anchors += [Street(m.start(), m.end(), 2, True) for m in _PO_BOX.finditer(text)]
    return sorted(anchors, key=lambda a: (a.start, -a.end))


def _read(text: str, anchor: Street, region: str, taken: Taken, floor: int) -> _Address | None:
    floor = taken.free_from(max(floor, anchor.start - 120), anchor.start)
    limit = taken.free_until(anchor.end, min(len(text), anchor.end + 160))
    start, left = _extend_left(text, anchor.start, floor)
    right = Following(text, anchor.end, limit, region)
    if right.runs_into_a_word and not right.postcodes:
        return None
    score = anchor.score + left + right.score + _called_an_address(text, start, max(0, start - 48))
    if anchor.score < 1 and not left and not (region in ("GB", "EU") and right.postcodes):
        return None  # "Green", "Hill", "Square": a word of a company's name as often as of a street's
    certain = anchor.numbered or left or right.postcodes or right.landmark or score > anchor.score + right.score
    if score < _ENOUGH or not certain:
        return None
    end = right.end - 1 if text[right.end - 1] == "." else right.end  # the dot of "St." may end the sentence as well
    return _Address(start, end, tuple(right.postcodes))


def _called_an_address(text: str, start: int, floor: int) -> int:
    before = text[floor:start].lower()
    for hard in ("|", ";", "\n\n", "!", "?"):
        before = before.rpartition(hard)[2]
    if _LABEL.search(before):
        return 2
    return 1 if _AT_THE_DOOR.search(before) else 0


def _extend_left(text: str, start: int, floor: int) -> tuple[int, int]:
    """Take in units, buildings and bare numbers that stand before `start`; returns the new start and the evidence."""
    score = 0
    sign = _NUMBER_SIGN.search(text[max(floor, start - 6) : start]) if text[start].isdigit() else None
    if sign and not _UNIT_BEFORE.search(text[max(floor, start - 24) : start]):
        start -= len(sign[0])
    for _ in range(MAX_PARTS):
        before = text[floor:start].rstrip(" \t")
        if before.endswith((",", "\n", "-")):
            end = len(before) - 1
            cut = max(before.rfind(sign, 0, end) for sign in ",:;|\n!?•→")
            part = before[cut + 1 : end]
            part_start = floor + cut + 1 + len(part) - len(part.lstrip())
        elif score == 0 and before:
            part, part_start = before[-24:], floor + max(0, len(before) - 24)
            unit = _UNIT_BEFORE.search(part) or _last_unit(part)
            if not unit or unit.end() < len(part.rstrip()):
                break
            start, score = part_start + unit.start(), score + 1
            continue
        else:
            break
        part = part.strip()
        unit = _last_unit(part)
        if _BARE_NUMBER.match(part):
            start, score = part_start, score + 1
        elif unit and unit.end() >= len(part) - 1:
            start, score = part_start + unit.start(), score + 1
            if unit.start() > 0:
                break
        elif _is_building(part):
            start, score = part_start, score + 1
        else:
            break
    return start, score


def _last_unit(part: str) -> re.Match[str] | None:
    units = list(UNIT.finditer(part))
    return units[-1] if units else None


def _is_building(part: str) -> bool:
    names = part.split()
    return 1 < len(names) <= 5 and names[-1].lower().strip(".") in words.BUILDING_WORDS and not names[0][0].islower()


def _before_postcode(text: str, hit: PiiHit, region: str, taken: Taken) -> _Address | None:
    """A numbered place without a street word ("12 The Shambles, York YO1 7LX")."""
    if region == "EU":
        return None
    floor = taken.free_from(max(0, hit.start - 80), hit.start)
    for cut in HARD_BREAK.finditer(text, floor, hit.start):
        floor = cut.end()
    for number in _NUMBERED_PLACE.finditer(text, floor, hit.start):
        parts = _parts(text[number.end() : hit.start])
        if parts and parts[0].lower() not in words.QUANTITY_WORDS and all(_names_a_place(part) for part in parts):
            start, _ = _extend_left(text, number.start(), floor)
            return _Address(start, hit.end, ())
    return None


def _parts(between: str) -> list[str]:
    return between.replace(",", " ").replace(" - ", " ").split()


def _names_a_place(part: str) -> bool:
    return part[0].isupper() or part[0].isdigit() or part.lower() in LITTLE
