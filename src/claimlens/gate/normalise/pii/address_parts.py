"""The parts of an address, and those that follow a street: building, landmark, locality, city, postal code."""

import re

from claimlens.gate.normalise.pii import street_words as words
from claimlens.gate.normalise.pii.postcode import IN_ADDRESS, STATE

#: How many parts an address may have on either side of its street.
MAX_PARTS = 6
#: Where an address ends, whatever comes behind.
HARD_BREAK = re.compile(r"[|;•→!?\n]|(?<=[a-z)]{4})\. ")
#: "Shop No. 4", "Flat 302", "Plot 7B"
UNIT_WORDS = frozenset(words.UNIT_WORDS.lower().split("|"))
_UNIT_NUMBER = (
    r"\b\.? {0,2}(?:(?:No\b|Nos\b|Number|Nr|नं|नंबर|#)[.: #-]{0,3}|[. #-]{0,3})"
    r"[A-Z]{0,2}[-/ ]?[0-9]{1,5}(?:[-/&,]{0,1}[0-9A-Z]{1,4}){0,3}(?![\w%])"
)
NUMBER_OF_UNIT = re.compile(_UNIT_NUMBER, re.IGNORECASE)
_FLOOR = r"(?:Ground|First|Second|Third|Upper|Lower|[0-9]{1,2}(?:st|nd|rd|th)) Floor\b"
FLOOR_NAMED = re.compile(_FLOOR, re.IGNORECASE)
UNIT = re.compile(rf"(?<![\w])(?:(?:{words.UNIT_WORDS}){_UNIT_NUMBER}|{_FLOOR})", re.IGNORECASE)
_NUMBERED_PART = re.compile(
    r"(?:Road|Street|Lane|Gali|Phase|Stage|Cross|Main|Ward|Zone) (?:No\.? ?)?[0-9]{1,3}(?![\w%])"
    r"|[0-9]{1,2}[ºª°]{1,2} ?[A-Z0-9]{0,3}(?: (?:izq|dcha|dch)\.?)?(?![\w])",
    re.IGNORECASE,
)
_GAP = re.compile(r"[ \t]{0,3}([,\n-]?)[ \t]{0,3}")
_WORD = re.compile(r"[^\W\d_][\w'’\u0900-\u0963]*(?:[.-][^\W\d_][\w'’\u0900-\u0963]*){0,4}")
_BRACKETED = re.compile(r" ?\([^()\n]{1,24}\)")
_STATE_GAP = re.compile(r"\.?,? {0,2}")
LITTLE = frozenset(words.LITTLE_WORDS.split())
_SHORTENED = frozenset("st ste mt ft dr nr opp bldg apt rd ave av sta no co".split())
#: Small words that may come behind an address without a comma.
_PLAIN_FOLLOWERS = frozenset(
    "for in and to from near opposite by is since on at or where we with open und im bei gegenüber et à en "
    "y e a our has".split()
)


class Following:
    """What follows a street: where the address ends, how much evidence came (`score`), which postal codes were met.

    `runs_into_a_word` says that a name goes on without a comma, as that of a dish does.
    """

    def __init__(self, text: str, at: int, limit: int, region: str) -> None:
        self._text = text
        self._limit = limit
        self._region = region
        self.end = at
        self.score = 0
        self.landmark = False
        self.postcodes: list[tuple[int, int]] = []
        self.runs_into_a_word = False
        self._city_seen = False
        for _ in range(MAX_PARTS):
            if not self._take_part():
                break

    def _take_part(self) -> bool:
        text, region = self._text, self._region
        bracketed = _BRACKETED.match(text, self.end, self._limit)
        if bracketed and self.score and text[bracketed.start() : bracketed.end()].strip(" ()")[:1].isupper():
            self.end = bracketed.end()
        if HARD_BREAK.match(text, self.end) and text[self.end] != "\n":
            return False
        gap = _GAP.match(text, self.end, self._limit)
        at = gap.end() if gap else self.end
        joined = not (gap and gap[1])
        if at == self.end and at < self._limit and not joined:
            return False
        code = IN_ADDRESS[region].match(text, at, self._limit)
        if code is None and region != "EU":
            code = _after_state(text, at, self._limit, region)
        if code and not self.postcodes:
            self.postcodes.append(code.span(1))
            self.end = code.end()
            self.score += 2
            return True
        unit = UNIT.match(text, at, self._limit) or _NUMBERED_PART.match(text, at, self._limit)
        if unit:
            self.end = unit.end()
            self.score += 1
            return True
        place_end, landmark, building = _place(text, at, self._limit)
        if place_end == at:
            self._mind_next_word(at, joined)
            return False
        if joined and not self.postcodes and not landmark and not self._leads_to_code(place_end):
            self._mind_next_word(at, joined)
            return False
        self.end = place_end
        if landmark or building:
            self.score += 1
            self.landmark = self.landmark or landmark
        elif not self._city_seen:
            self.score += 1
            self._city_seen = True
        return True

    def _leads_to_code(self, place_end: int) -> bool:
        """Whether a postal code comes right behind this place (or behind one more, as in "Pl New York, NY 10012")."""
        gap = _GAP.match(self._text, place_end, self._limit)
        at = gap.end() if gap else place_end
        if IN_ADDRESS[self._region].match(self._text, at, self._limit) or _after_state(
            self._text, at, self._limit, self._region
        ):
            return True
        further, _, _ = _place(self._text, at, self._limit)
        gap = _GAP.match(self._text, further, self._limit)
        return further > at and bool(gap and IN_ADDRESS[self._region].match(self._text, gap.end(), self._limit))

    def _mind_next_word(self, at: int, joined: bool) -> None:
        word = _WORD.match(self._text, at, self._limit)
        if joined and word and not self.score and word[0].lower() not in _PLAIN_FOLLOWERS | words.STOP_WORDS:
            self.runs_into_a_word = True


def _after_state(text: str, at: int, limit: int, region: str) -> re.Match[str] | None:
    if region != "US":
        return None
    state = STATE.match(text, at, limit)
    gap = _STATE_GAP.match(text, state.end()) if state else None
    return IN_ADDRESS["US"].match(text, gap.end(), limit) if gap else None


def _place(text: str, at: int, limit: int) -> tuple[int, bool, bool]:
    """End of the run of capitalised words at `at`; whether it is a landmark; whether it is a building."""
    end, count, landmark, building = at, 0, False, False
    initials = True  # so far, as in "M.G. Road"
    position = at
    while count < 6 and position < limit:
        word = _WORD.match(text, position, limit)
        if not word:
            break
        low = word[0].lower().strip(".")
        if any(map(str.isdigit, word[0])):
            break
        is_landmark = low in words.LANDMARK_WORDS
        if low in words.STOP_WORDS and not (landmark and low == "the"):
            break
        if count == 0 and is_landmark:
            landmark = True
        elif word[0][0].islower() and not _goes_on(low, count, landmark):
            break
        count += 1
        building = building or low in words.BUILDING_WORDS
        if low not in LITTLE:
            end = word.end()
        position = word.end()
        initials = initials and all(len(part) == 1 for part in low.split("."))
        if text[position : position + 2] == ". " and (low in _SHORTENED or initials):
            position += 1
        if text[position : position + 1] != " ":
            break
        position += 1
    if landmark and count < 2:
        return at, False, False
    return end, landmark, building


def _goes_on(low: str, count: int, landmark: bool) -> bool:
    """Whether a word in small letters may belong to a place, `count` words into it."""
    if low in words.INDIAN_PLACES:
        return True
    return count > 0 and (low in LITTLE or low in words.BUILDING_WORDS or (landmark and low == "to"))
