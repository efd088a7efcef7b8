"""Streets: a street type with its name and, where there is one, its house number."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from claimlens.gate.normalise.pii import street_words as words


class Street(NamedTuple):
    """A street as written; `score` is how much it alone proves (see address.py), `numbered` that a number stands by."""

    start: int
    end: int
    score: int
    numbered: bool


_STRONG = frozenset(word.lower() for word in (*words.STREET_TYPES, *words.INDIC_STREET_TYPES))
#: Lower-case words that a street can be named with.
ENGLISH_TYPES = _STRONG | frozenset(word.lower() for word in words.WEAK_STREET_TYPES)
ROMANCE_TYPES = frozenset(words.ROMANCE_TYPES)
_ENGLISH_TAIL = re.compile(
    r"(?: (?:North|South|East|West|NE|NW|SE|SW|N|S|E|W|Extension|Extn|Ext)(?![\w'’]))?"
    r"(?: (?:No\.? ?)?[0-9]{1,3}[A-Z]?(?![\w.,]?[0-9]|[A-Za-z%]))?"
    r"(?: (?:North|South|East|West|N|S|E|W)(?![\w'’]))?"
)
_NUMBERED_ROAD = re.compile(
    r"(?<![\w.,/-])([0-9]{1,6}[A-Z]?),? (?:(?:US|State|County|Old|N|S|E|W)\.? ){0,2}"
    r"(?:Highway|Hwy|Route|Rte|Rt)\.? [0-9]{1,4}[A-Z]?"
    r"(?: (?:North|South|East|West|N|S|E|W)(?![\w]))?",
)
_TOKEN = re.compile(r"\S+")
_HOUSE_NUMBER = re.compile(r"#?(?:[A-Z]-?)?[0-9]{1,6}[A-Za-z]?(?:[-/](?:[0-9]{1,5}[A-Za-z]?|[A-Z])){0,2},?")
_ORDINAL = re.compile(r"[0-9]{1,3}(?:st|nd|rd|th)", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_][\w'’.&\u0900-\u0963-]*")

_ROMANCE_NAME = re.compile(r"(?:[dDlL]['’])?[^\W\d_][\w'’.-]*")
_NUMBER_BEFORE = re.compile(r"(?<![\w.,/-])[0-9]{1,4}(?: ?(?:bis|ter|quater|[a-zA-Z]))?(?:[-/][0-9]{1,4})?,? {1,2}$")
_NUMBER_AFTER = re.compile(
    r" ?,? ?(?:n[.º°]{0,2} ?|nº ?|núm\.? ?)?[0-9]{1,4}(?:[ ]?(?:bis|[a-zA-Z])(?!\w))?"
    r"(?:[-/](?:[0-9]{1,4}|[A-Za-z]))?(?![\w%€])"
)
_SMALL_STREET = frozenset(
    "place cours square passage plaza largo strada via c/ cl av bd ronda villa plaza camino chemin route".split()
)

_NUMBER_AFTER_WORD = re.compile(r" ([0-9]{1,4}(?: ?[a-zA-Z](?!\w))?(?:[-/+][0-9]{1,4}[a-z]?)?)(?![\w%€]|[.,][0-9])")
_GERMAN_WORD = re.compile(r"[^\W\d_][\w.'’ß-]*\Z")
_GERMAN_ENDINGS = tuple(words.GERMANIC_ENDINGS)
_GERMAN_PREPOSITION = re.compile(
    r"(?:(?:An der|Auf der|Auf dem|In der|Unter den|Hinter der|Vor dem|Am|Im|Zum|Zur|Beim) |"
    r"(?:[^\W\d_a-z][\w'’-]{1,24}[ -]){1,2})$"
)
_GERMAN_LEADS = tuple(
    "an der |auf der |auf dem |in der |unter den |hinter der |vor dem |am |im |zum |zur |beim ".split("|")
)

_LOOK_BACK = 72
_MAX_NAME = 4


def find_streets(text: str, low: str, vocabulary: frozenset[str], region: str) -> Iterator[Street]:
    """Streets in `text`, in the ways the market writes them.

    `low` is the text in lower case, letter for letter; `vocabulary` the words in it (see `address_vocabulary`).
    """
    for kind in sorted(ENGLISH_TYPES & vocabulary):
        yield from _english(text, low, kind)
    if not _ROADS_WITH_NUMBERS.isdisjoint(vocabulary):
        for match in _NUMBERED_ROAD.finditer(text):
            yield Street(match.start(), match.end(), 2, True)
    if region == "EU":
        for kind in sorted(ROMANCE_TYPES & vocabulary):
            yield from _romance(text, low, kind)
        yield from _germanic(text)


_ROADS_WITH_NUMBERS = frozenset({"highway", "hwy", "route", "rte", "rt"})


def places_of(low: str, word: str) -> Iterator[int]:
    """Where `word` stands in `low` as a word of its own."""
    at = low.find(word)
    while at >= 0:
        end = at + len(word)
        if not (at and _is_letter(low[at - 1])) and not (low[end : end + 1] and _is_letter(low[end])):
            yield at
        at = low.find(word, end)


def _is_letter(sign: str) -> bool:
    return sign.isalnum() or sign in "_'’" or "\u0900" <= sign <= "\u0963"


def _english(text: str, low: str, kind: str) -> Iterator[Street]:
    for at in places_of(low, kind):
        if kind not in _STRONG and text[at].islower() and kind != "st":
            continue  # "a cool dry place", "your way"
        end = at + len(kind)
        if at and text[at - 1] in " \t" and text[end : end + 1] != "-":
            street = _read_back(text, at, end + (text[end : end + 1] == "."), text[at:end])
            if street:
                yield street


def _read_back(text: str, at_type: int, after_type: int, kind: str) -> Street | None:
    floor = max(0, at_type - _LOOK_BACK)
    before = text[floor:at_type]
    tokens = [(floor + m.start(), m[0]) for m in _TOKEN.finditer(before)]
    if floor and tokens and not text[floor - 1].isspace():
        tokens = tokens[1:]
    name: list[_Word] = []
    number = None
    for at, token in reversed(tokens):
        if "\n" in text[at + len(token) : (name[0][0] if name else at_type)]:
            break
        if name and _HOUSE_NUMBER.fullmatch(token) and not _ORDINAL.fullmatch(token):
            number = at
            break
        if len(name) == _MAX_NAME or not _names(token) or (name and token.endswith(".") and len(token) > 3):
            break
        name.insert(0, (at, token))
    if not name or f"{name[-1][1].lower()} {kind.lower()}" in words.FOOD_STREETS:
        return None
    small = [token[0].islower() and token.lower() not in _SMALL_IN_NAMES for _, token in name]
    if number is not None and any(small) and not all(small):
        number = None  # "12 eggs at Church Street": the number counts something else
    if number is None:
        name = _capitalised_end(name) or name[-1:]
        if name[0][1] in _ARTICLES:
            return None
    elif _counts(name[0][1]) or text[number - 1 : number] in _CURRENCY:
        return None
    strong = kind.lower() in _STRONG or (kind.lower() == "st" and number is not None)
    score = (1 if number is None else 2) - (not strong) - (kind[0].islower() or name[0][1][0].islower())
    if score < 0:
        return None
    tail = _ENGLISH_TAIL.match(text, after_type)
    start = name[0][0] if number is None else number
    return Street(start, tail.end() if tail else after_type, score, number is not None)


_Word = tuple[int, str]
_CURRENCY = ("₹", "$", "€", "£")
_SMALL_IN_NAMES = frozenset("of the de la le du and".split())
_ARTICLES = frozenset("the a an our this your every by all any on in of at to".split())


def _counts(word: str) -> bool:
    """Whether a number before `word` is an amount ("2 scoops"); single capitals are initials ("12, L N Road")."""
    if word in ("St", "St.", "New") or (len(word) == 1 and word.isupper()):
        return False  # "17 St John's Hill", "3 New Road"
    return word.lower() in words.QUANTITY_WORDS


def _names(token: str) -> bool:
    return bool(_NAME.fullmatch(token) or _ORDINAL.fullmatch(token))


def _capitalised_end(name: list[_Word]) -> list[_Word]:
    kept: list[_Word] = []
    for at, token in reversed(name):
        if token[0].islower():
            break
        kept.insert(0, (at, token))
    return kept


def _romance(text: str, low: str, kind: str) -> Iterator[Street]:
    for start in places_of(low, kind):
        at = start + len(kind)
        at += text[at : at + 1] == "."
        if text[at : at + 1] == " ":
            at += 1
        elif kind[-1] != "/":
            continue
        end, capitals = at, 0
        for _ in range(6):
            name = _ROMANCE_NAME.match(text, at)
            if not name:
                break
            token = name[0]
            if token[0].islower() and token.split("'")[0].split("’")[0].lower() not in _ROMANCE_SMALL:
                break
            if token.lower().rstrip(".") in words.STOP_WORDS and token[0].isupper():
                break
            capitals += token[0].isupper() or "'" in token or "’" in token
            at = end = name.end() - token.endswith(".") * (len(token) > 4)
            if text[at : at + 1] != " ":
                break
            at += 1
        if not capitals:
            continue
        before = _NUMBER_BEFORE.search(text[max(0, start - 14) : start])
        first = max(0, start - 14) + before.start() if before else start
        after = None if before else _NUMBER_AFTER.match(text, end)
        numbered = bool(before or after)
        score = 2 if numbered else 1
        if kind in _SMALL_STREET and not numbered:
            score = 0
        elif after and _CAPITALISED_BEFORE.search(text[max(0, start - 24) : start]):
            score = 1  # "Pizza Via Veneto 12"
        yield Street(first, after.end() if after else end, score, numbered)


_CAPITALISED_BEFORE = re.compile(r"[A-ZÀ-Þ][\w'’]* $")
_ROMANCE_SMALL = frozenset(
    "de du des la le les l d el los las del della dei degli delle di da do dos et y e sur saint sainte".split()
)


def _germanic(text: str) -> Iterator[Street]:
    for number in _NUMBER_AFTER_WORD.finditer(text):
        floor = max(0, number.start() - _LOOK_BACK)
        written = _GERMAN_WORD.search(text[max(floor, text.rfind(" ", floor, number.start()) + 1) : number.start()])
        if not written:
            continue
        start = number.start() - len(written[0])
        word = written[0].rstrip(".").lower()
        lead = text[max(0, start - 40) : start]
        named_by_ending = word.endswith(_GERMAN_ENDINGS)
        prepositional = lead.lower().endswith(_GERMAN_LEADS) and written[0][0].isupper()
        if not (named_by_ending or prepositional):
            continue
        if not named_by_ending or word in _GERMAN_ENDINGS:
            name = _GERMAN_PREPOSITION.search(lead)
            if not name:
                continue
            start = start - len(lead) + name.start()
        elif written[0][0].islower():
            continue
        score = 2 if word.endswith(_STRONG_GERMAN_ENDINGS) else 1
        yield Street(start, number.end(), score, True)


_STRONG_GERMAN_ENDINGS = tuple(words.STRONG_GERMANIC_ENDINGS)
