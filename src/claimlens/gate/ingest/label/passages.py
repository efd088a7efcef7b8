"""The parts of a label that are words: name, list of ingredients, allergen statements, and what promotes."""

import re
from collections.abc import Iterator

import msgspec

from claimlens.domain.label import Passage, Span
from claimlens.gate.ingest.label import words
from claimlens.gate.ingest.label.sheet import Paragraph, Written

#: A list of ingredients that ends in one of these goes on in the next paragraph.
_OPEN_ENDS = (",", ";", "(", "-", "&", " and", " und", " et", " y", " e")
_MOST_PARAGRAPHS = 4
_WORD = re.compile(r"[^\W\d_]{2,}")
#: What is named stands in the upper part of a label and is the largest print on it.
_LEAST_NAME_LETTERS = 3
_LONGEST_NAME = 120
_TRIM = " \t\n:;,–—-•·|*."


class Passages(msgspec.Struct, frozen=True):
    """What was found; `used` are the places of all of it."""

    name: Passage | None
    ingredients: Passage | None
    contains: tuple[Passage, ...]
    may_contain: tuple[Passage, ...]
    claims: tuple[Passage, ...]


def read_passages(sheet: Written, taken: list[Span]) -> Passages:
    """The parts of a label. `taken` are places that are figures and codes, not words."""
    ingredients = _ingredients(sheet)
    may_contain = list(_statements(sheet, words.MAY_CONTAIN))
    contains = [
        (one, whole)
        for one, whole in [*_statements(sheet, words.CONTAINS), *_statements(sheet, words.DECLARED)]
        if not any(_overlap(whole, other) for _, other in may_contain)
    ]
    used = [*taken, *(whole for _, whole in contains + may_contain), *(ingredients.spans if ingredients else ())]
    left = _left_over(sheet, used)
    name = _name(sheet, left)
    if name is not None:
        left = [(paragraph, span) for paragraph, span in left if span != name.spans[0]]
    claims = tuple(_passage(sheet, paragraph, [span]) for paragraph, span in left)
    return Passages(
        name, ingredients, tuple([one for one, _ in contains]), tuple([one for one, _ in may_contain]), claims
    )


def _ingredients(sheet: Written) -> Passage | None:
    """The first list of ingredients, from its heading to where another part begins."""
    for i, paragraph in enumerate(sheet.paragraphs):
        if paragraph.is_table:
            continue
        text = sheet.text[paragraph.span[0] : paragraph.span[1]]
        for heading in words.INGREDIENTS.finditer(text):
            at_start = not text[: heading.start()].strip(_TRIM)
            if not at_start and not heading["colon"]:
                continue
            passage = _list_from(sheet, i, heading.end())
            if passage is not None:
                return passage
    return None


def _list_from(sheet: Written, number: int, offset: int) -> Passage | None:
    spans: list[Span] = []
    joints: list[int] = []
    for paragraph in sheet.paragraphs[number : number + _MOST_PARAGRAPHS]:
        start, end = paragraph.span[0] + (0 if spans or offset < 0 else offset), paragraph.span[1]
        if paragraph.is_table:
            break
        text = sheet.text[start:end]
        other = words.OTHER_PART.search(text)
        cut = other.start() if other else len(text)
        body = text[:cut]
        if body.strip(_TRIM):
            lead = len(body) - len(body.lstrip(_TRIM))
            spans.append((start + lead, start + len(body.rstrip(_TRIM))))
            joints += paragraph.joints
        offset = -1
        if other or (spans and not body.rstrip().endswith(_OPEN_ENDS)):
            break
    if not spans or not _WORD.search(sheet.text[spans[0][0] : spans[-1][1]]):
        return None
    return Passage(" ".join(_mended(sheet.text, span, joints) for span in spans), tuple(spans))


def _statements(sheet: Written, pattern: re.Pattern[str]) -> Iterator[tuple[Passage, Span]]:
    """What is named in sentences that name an allergen after the words of the pattern, and the whole sentences."""
    for paragraph in sheet.paragraphs:
        if paragraph.is_table:
            continue
        start, text = paragraph.span[0], sheet.text[paragraph.span[0] : paragraph.span[1]]
        for match in pattern.finditer(text):
            what = words.without_verb(match["what"])
            later = words.OTHER_PART.search(what)
            what = (what[: later.start()] if later else what).rstrip(_TRIM)
            if words.ALLERGENS.search(what):
                place = start + match.start("what"), start + match.start("what") + len(what)
                whole = start + match.start(), start + match.end()
                yield Passage(_mended(sheet.text, place, list(paragraph.joints)), (place,)), whole


def _left_over(sheet: Written, used: list[Span]) -> list[tuple[Paragraph, Span]]:
    """Paragraphs that no other part has taken, without those that state facts of trade."""
    found = []
    for paragraph in sheet.paragraphs:
        if paragraph.is_table:
            continue
        for span in _without(paragraph.span, used):
            text = sheet.text[span[0] : span[1]]
            lead = len(text) - len(text.lstrip(_TRIM))
            span = span[0] + lead, span[0] + len(text.rstrip(_TRIM))
            text = sheet.text[span[0] : span[1]]
            if _WORD.search(text) and not words.PLAIN_FACT.match(text) and not words.OTHER_PART.fullmatch(text):
                found.append((paragraph, span))
    return found


def _without(span: Span, used: list[Span]) -> Iterator[Span]:
    start = span[0]
    for begin, end in sorted(used):
        if end <= start or begin >= span[1]:
            continue
        if begin > start:
            yield start, begin
        start = max(start, end)
    if start < span[1]:
        yield start, span[1]


def _name(sheet: Written, left: list[tuple[Paragraph, Span]]) -> Passage | None:
    """The largest print among what is left; of two as large the upper one."""
    able = [
        (paragraph, span)
        for paragraph, span in left
        if sum(map(str.isalpha, sheet.text[span[0] : span[1]])) >= _LEAST_NAME_LETTERS
        and span[1] - span[0] <= _LONGEST_NAME
    ]
    if not able:
        return None
    paragraph, span = max(able, key=lambda one: (round(one[0].height), -one[0].top))
    return _passage(sheet, paragraph, [span])


def _passage(sheet: Written, paragraph: Paragraph, spans: list[Span]) -> Passage:
    return Passage(" ".join(_mended(sheet.text, span, list(paragraph.joints)) for span in spans), tuple(spans))


def _mended(text: str, span: Span, joints: list[int]) -> str:
    """The words of a place, hyphens at line ends taken out."""
    within = sorted(joint for joint in joints if span[0] <= joint < span[1])
    parts, start = [], span[0]
    for joint in within:
        parts.append(text[start:joint])
        start = joint + 1
    return "".join([*parts, text[start : span[1]]])


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
