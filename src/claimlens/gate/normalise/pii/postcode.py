"""Postal codes: as part of an address, or alone where the words around them leave no doubt."""

import re
from collections.abc import Iterator

from claimlens.gate.normalise.pii.hits import PiiHit
from claimlens.gate.normalise.pii.street_words import INDIAN_PLACES, UK_AREAS, US_STATE_NAMES, US_STATES

_AREA = rf"(?:{'|'.join(sorted(UK_AREAS, key=len, reverse=True))})"
_UK = rf"{_AREA}[0-9][0-9A-Z]? ?[0-9][ABD-HJLNP-UW-Z]{{2}}(?![A-Za-z0-9])"
_STATE = rf"(?:{'|'.join((*US_STATES, *US_STATE_NAMES)).replace('_', ' ')})"

#: A postal code where an address is being read; the code itself is group 1.
IN_ADDRESS = {
    "IN": re.compile(r"(?:(?:PIN|Pin|pin)(?: ?code)?[ .:-]{0,3})?([1-9][0-9]{2} ?[0-9]{3})(?![\w])"),
    "US": re.compile(rf"(?:{_STATE}\.?,? {{0,2}})?([0-9]{{5}}(?:-[0-9]{{4}})?)(?![\w])"),
    "GB": re.compile(rf"({_UK})", re.IGNORECASE),
    "EU": re.compile(
        r"((?:[A-Z]{1,2}-)?[0-9]{5}(?![\w])|(?:[A-Z]{1,2}-)?[0-9]{4} ?[A-Z]{2}(?![\w])|[0-9]{4}-[0-9]{3}(?![\w])"
        r"|[0-9]{2}-[0-9]{3}(?= )|(?:[A-Z]{1,2}-)?[0-9]{4}(?= [A-ZÀ-Þ])"
        r"|[AC-FHKNPRTV-Y][0-9][0-9W] ?[0-9AC-FHKNPRTV-Y]{4}(?![\w]))"
    ),
}
STATE = re.compile(rf"{_STATE}(?![\w])")

_CODE = {
    "IN": re.compile(r"[1-9][0-9]{2} ?[0-9]{3}(?![\w]|[.,][0-9])"),
    "US": re.compile(r"[0-9]{5}(?:-[0-9]{4})?(?!\w)"),
    "EU": re.compile(r"[0-9]{4}(?:[0-9]|-[0-9]{3}| ?[A-Z]{2})?(?!\w)"),
}
_UK_INWARD = re.compile(r"[0-9][ABD-HJLNP-UW-Z]{2}(?![A-Za-z0-9])", re.IGNORECASE)
_UK_OUTWARD = re.compile(rf"(?<![A-Za-z0-9-]){_AREA}[0-9][0-9A-Z]? ?$")
_UK_SMALL_OUTWARD = re.compile(_UK_OUTWARD.pattern, re.IGNORECASE)
_LABEL = {
    "IN": re.compile(r"(?:\bpin(?: ?-?code)?s?|\bpostal code|\bzip|पिन ?(?:कोड)?)[ .:#-]{1,4}(?:no\.? ?)?$", re.I),
    "US": re.compile(r"\bzip(?: ?code)?s?[ .:#-]{1,3}$", re.I),
    "GB": re.compile(r"\bpost ?code[ .:#-]{1,3}$", re.I),
    "EU": re.compile(
        r"(?:\bplz|\bpostleitzahl|\bcode postal|\bc\.?p\.?|\bcódigo postal|\bcap|\bpostcode)[ .:#-]{1,3}"
        r"(?:[A-Z]{1,2}-)?$",
        re.I,
    ),
}
_JOIN = re.compile(
    r" ?(?:[,/&+-]|(?:, ?)?(?:and|or|to|und|oder|bis|et|ou|à|y|o|e|en|of|through|aur|और)(?= )) ?", re.IGNORECASE
)
_LONGEST_JOIN = 12
_EIRCODE = re.compile(r"(?i:\beircode)[ .:]{1,3}([A-Z][0-9][0-9W] ?[0-9A-Z]{4})(?!\w)")
#: With its space, and letters as well as digits behind it.
_BARE_EIRCODE = re.compile(
    r"(?<![\w-])[AC-FHKNPRTV-Y][0-9][0-9W] (?=[0-9]{0,3}[AC-Y])(?=[A-Z]{0,3}[0-9])[0-9AC-FHKNPRTV-Y]{4}(?!\w)"
)
_IRISH_PLACE = re.compile(
    r"\b(?:Co\. [A-Z][a-z]+|County [A-Z][a-z]+|Ireland|Dublin(?: [0-9]{1,2}W?)?|Cork|Galway|Limerick|Waterford),? $"
)
_US_CITY_STATE = re.compile(rf"[a-z](?:,| |, ){_STATE}\.?,? {{1,2}}$")
_EU_COUNTRY = re.compile(r"(?<![\w-])(?:D|F|I|E|A|B|L|NL|AT|CH|BE|FR|DE|IT|ES|PT|PL)-$")
_CAPITALISED = re.compile(r" [A-ZÀ-Þ][a-zß-ÿ]{2}")
_CODE_WORDS = frozenset(
    "code codes model lot batch ref reference sku item product order voucher coupon promo serial part "
    "vitamin table token charge style no bin".split()
)
_WORD = re.compile(r"[^\W\d_][\w\u0900-\u0963]*")


def find_postcodes(text: str, region: str) -> list[PiiHit]:
    """Postal codes that need no street: a UK code by its form, others by a label, a city or a state before them."""
    if region == "GB":
        spans = list(_uk_codes(text))
    else:
        spans = list(_bare_codes(text, region))
        if region == "EU":
            if "ircode" in text:
                spans += [m.span(1) for m in _EIRCODE.finditer(text)]
            spans += [m.span() for m in _BARE_EIRCODE.finditer(text) if _follows_irish_place(text, m.start())]
    return [PiiHit("postcode", start, end) for start, end in spans]


def _bare_codes(text: str, region: str) -> Iterator[tuple[int, int]]:
    last = -1
    for match in _CODE[region].finditer(text):
        # "zip codes 78701, 78702 and 78704": what joins a code to the one before is a label as well
        joined = 0 < match.start() - last <= _LONGEST_JOIN and last > 0 and _JOIN.fullmatch(text, last, match.start())
        if joined or _stands_as_code(text, match, region):
            last = match.end()
            yield match.span()


def _stands_as_code(text: str, match: re.Match[str], region: str) -> bool:
    before = text[max(0, match.start() - 32) : match.start()]
    if before[-1:].isalnum() or (before[-1:] in ".,/" and before[-2:-1].isdigit()):
        return False
    if _LABEL[region].search(before):
        return True
    if region == "IN":
        return _follows_indian_place(before)
    if region == "US":
        return bool(_US_CITY_STATE.search(before))
    return bool(_EU_COUNTRY.search(before) and _CAPITALISED.match(text, match.end()))


def _follows_irish_place(text: str, start: int) -> bool:
    return _IRISH_PLACE.search(text[max(0, start - 32) : start]) is not None


def _uk_codes(text: str) -> Iterator[tuple[int, int]]:
    for inward in _UK_INWARD.finditer(text):
        floor = max(0, inward.start() - 6)
        small = not inward[0].isupper()
        outward = (_UK_SMALL_OUTWARD if small else _UK_OUTWARD).search(text[floor : inward.start()])
        if outward:
            start = floor + outward.start()
            labelled = bool(_LABEL["GB"].search(text[max(0, start - 16) : start]))
            if labelled or (not small and _reads_as_uk_code(text, start, inward.end())):
                yield start, inward.end()


def _reads_as_uk_code(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 20) : start]
    words = _WORD.findall(before.lower())[-1:]
    if words and words[0] in _CODE_WORDS:
        return False
    return " " in text[start:end] or bool(re.search(r"[A-Z][a-z]{3,},? $", before))


def _follows_indian_place(before: str) -> bool:
    before = before[-24:].rstrip(" \t,(-")
    words = _WORD.findall(before.lower())
    return bool(words) and before.lower().endswith(words[-1]) and words[-1] in INDIAN_PLACES
