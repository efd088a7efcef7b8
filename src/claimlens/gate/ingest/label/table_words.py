"""How labels write what stands in a nutrition table: names of nutrients, heads of columns, sizes of servings."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from claimlens.domain.nutrients import NUTRIENTS
from claimlens.gate.ingest.label.figures import figures_in
from claimlens.gate.normalise.amounts import UNITS, read_basis
from claimlens.gate.normalise.nutrient_names import meaning_of
from claimlens.gate.normalise.nutrient_words import NAMES

_LONGEST_NAME = 60
#: Names shorter than this are too like each other to be taken for one another; longer than the second may lack more.
_SHORTEST_ALIKE, _LONG_NAME = 6, 12

_PER = r"(?:per|pro|je|pour|par|por|cada|ogni|für|amount\s*(?:per|/))"
_HUNDRED = r"[1lI|][0Oo]{2}\s*(?:g|gm|gr|9|m[l1Ii])(?![^\W\d_])"
_PORTION = (
    r"(?:serv\w*|porti\w*|porzion\w*|porci[oó]n\w*|raci[oó]n\w*|stück|piece|pack\w*|bar|riegel|barre\w*|biscuit|"
    r"cookie|slice|scheibe|tranche|sachet|scoop|capsule|kapsel|tablet\w*|dose|day|tag|jour|d[ií]a|giorno|bottle|can|pot|cup|glass|glas|pouch)"
)
BASIS = re.compile(
    rf"(?<!\w)(?:{_PER}\s*(?P<size>(?:\d+(?:[.,]\d+)?\s*(?:g|ml|{_PORTION}))|{_HUNDRED}|(?:\d+\s*)?{_PORTION})"
    rf"(?:\s*\([^)]{{1,30}}\))?|{_HUNDRED}(?!\s*(?:[:=,]|\d))|^{_PORTION}\s*(?:\(?[\d.,]+\s*(?:g|ml)\)?)?$)",
    re.IGNORECASE,
)
PERCENT_HEAD = re.compile(
    r"%\s*(?:d\.?v|nrv|ri\b|rda|vrn|ar\b|ir\b|daily|gda|nährst|der ref|bezugs)|(?:nrv|rda|vrn|ri)\s*\*?\s*%|"
    r"daily value|^%\*{0,2}$",
    re.IGNORECASE,
)
SERVING_SIZE = re.compile(
    r"(?:(?:serving|portion)\s*size|portionsgröße|taille de (?:la )?portion|tamaño de (?:la )?(?:porci[oó]n|raci[oó]n)|"
    r"(?:dimensione|peso) (?:della )?porzione|1\s*(?:serving|portion|porci[oó]n|porzione|raci[oó]n)\s*=)"
    r"\s*[:=]?\s*(?P<size>[^;|]*)",
    re.IGNORECASE,
)
INCLUDES = re.compile(r"^(?:includes?|incl\.?)\s+(?=\d)", re.IGNORECASE)
#: What stands before a name or behind it and is no part of it.
TRIM = " \t-–—•·*†‡:;,.…_~"
_NOTE = re.compile(r"\([^()]*\)|[*†‡¹²³]+$")
_UNIT_IN_NAME = re.compile(r"[\[(,]?\s*\b(kcal|kj|g|mg|mcg|µg|μg|ug|iu)\b\s*[\])]?\s*$", re.IGNORECASE)
_DIGITS_FOR_LETTERS = str.maketrans({"1": "l", "0": "o", "|": "l"})
_GATE_UNITS = {"kj": "kJ", "ug": "µg", "iu": "IU"}
#: A head that goes on in the next line.
PER_ENDS = re.compile(rf"(?:^|\s){_PER}$", re.IGNORECASE)
SIZE_BEGINS = re.compile(r"^\(?[\d.,]+\s*(?:g|ml)\)?")


class Name(NamedTuple):
    """The nutrient that a piece of text names, and the unit it states for its figures."""

    nutrient: str
    unit: str


@lru_cache(maxsize=4096)
def name_in(text: str) -> Name | None:
    """The nutrient that a whole text names, in any of five languages or several at once (`Fat / Fett`)."""
    if len(text) > _LONGEST_NAME or not any(map(str.isalpha, text)) or any(one.unit for one in figures_in(text)):
        return None
    for part in (text, *re.split(r"\s*[/|]\s*", text)) if re.search("[/|]", text) else (text,):
        unit = ""
        if stated := _UNIT_IN_NAME.search(part.strip(TRIM)):
            unit = UNITS.get(stated[1].lower().replace("μ", "µ").replace("µg", "ug"), "")
        bare = _NOTE.sub(" ", part)
        for tried in (bare, _UNIT_IN_NAME.sub("", bare.strip(TRIM)), _respelt(bare)):
            nutrient = _meant(tried.strip(TRIM))
            if nutrient:
                return Name(nutrient, _GATE_UNITS.get(unit, unit))
    return None


def _respelt(text: str) -> str:
    """Letters that were read as digits, and a sharp s that was read as B."""
    return re.sub(r"(?<=[a-zäöü])B(?=[a-zäöü]|$)", "ß", text.translate(_DIGITS_FOR_LETTERS))


def _meant(text: str) -> str:
    meaning = meaning_of(text)
    return meaning.nutrient if meaning.role == "nutrient" and _is_known(meaning.nutrient) else ""


def _is_known(nutrient: str) -> bool:
    return nutrient in NUTRIENTS or nutrient == "energy"


def basis_of(stated: str) -> str:
    """`100 g`, `100 ml`, `serving` or `day`; empty if it says none of them."""
    mended = re.sub(r"[1lI|][0Oo]{2}(?=\s*(?:g|9|m))", "100", stated)
    mended = re.sub(r"(?<=100)\s*9\b", " g", mended)
    mended = re.sub(r"\bm[1Ii]\b|(?<=\d)m[1Ii]\b", "ml", mended)
    read = read_basis(mended.lower())
    if read.kind == "100g":
        return "100 g" if read.grams in (None, 100.0) else "serving"
    if read.kind == "100ml":
        return "100 ml" if read.millilitres in (None, 100.0) else "serving"
    return read.kind if read.kind in ("serving", "day") else ""


def head_in(text: str) -> str:
    """The first basis that a text states (`per 100 g`); empty if it states none."""
    return next((match[0].strip() for match in BASIS.finditer(text) if basis_of(match[0])), "")


@lru_cache(maxsize=1024)
def close_name_in(text: str) -> Name | None:
    """The nutrient whose name a text is but for a letter or two; for rows of a table that have figures and no name.

    None if two nutrients are as near, or if it is a name as it stands.
    """
    bare = _plain(_NOTE.sub(" ", text).strip(TRIM))
    if name_in(text) is not None or not _SHORTEST_ALIKE <= len(bare) <= _LONGEST_NAME or figures_in(text):
        return None
    most = 2 if len(bare) >= _LONG_NAME else 1
    near = {nutrient for name, nutrient in _plain_names() if _is_within(bare, name, most)}
    return Name(near.pop(), "") if len(near) == 1 else None


@lru_cache(maxsize=1)
def _plain_names() -> tuple[tuple[str, str], ...]:
    """Names long enough to be told apart, and what stands before some of them on labels."""
    found = {
        (f"{before}{name.replace('_', ' ')}", nutrient)
        for nutrient, names in NAMES.items()
        for name in names.split()
        for before in ("", "of which ", "davon ", "dont ", "de las cuales ", "de los cuales ", "di cui ")
    }
    return tuple(sorted(one for one in found if len(one[0]) >= _SHORTEST_ALIKE and _is_known(one[1])))


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    return " ".join("".join(sign for sign in apart if not unicodedata.combining(sign)).split())


def _is_within(one: str, other: str, most: int) -> bool:
    """Whether at most so many letters differ, lack or are too many."""
    if abs(len(one) - len(other)) > most:
        return False
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
        if min(row) > most:
            return False
    return row[-1] <= most
