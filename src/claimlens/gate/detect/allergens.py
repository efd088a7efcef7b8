"""`detect.allergens`: which allergens a text speaks of, and how: contains, may contain, free from.

One automaton over plain text finds words and the phrases around them; the longest word that starts first wins, so that
"cocoa butter" is never butter. What stands between two words (a comma, a bracket, the end of a sentence) decides how
far "may contain" and "free from" reach. Nothing is concluded from silence: without ingredients the sighting is
incomplete.
"""

import re
from collections.abc import Iterable, Sequence

from ahocorasick_rs import AhoCorasick

from claimlens.domain.allergen import ALLERGENS, AllergenTable, Level, Strength, WordKind
from claimlens.domain.allergen_text import PlainText, plain_words
from claimlens.domain.verdict import AllergenEntry, AllergenSummary
from claimlens.gate.detect.allergen_scopes import Event, ScopeReader
from claimlens.gate.detect.allergen_sighting import AllergenSighting, Contradiction, Mention
from claimlens.gate.detect.allergen_words import Word, Words

__all__ = ["AllergenDetector", "AllergenSighting", "Contradiction", "Mention", "declared_allergens", "summarise"]

_TERM = WordKind.TERM
_ASK, _NAMED = Strength.ASK, Strength.NAMED
_IS_CONTAINED, _MAY_BE = Level.CONTAINS, Level.MAY_CONTAIN

#: A sub-list behind a word: "bread (wheat, water)", "mayonnaise 5% [egg]", "Brownies: 250 g".
_SUB_LIST = re.compile(r"\s*\(?[\d.,]{0,6}\s?%?\)?\s?\*{0,3}\s?(?::|[(\[{]\s*(?!\d+(?:[.,]\d+)?\s?%\s*[)\]}])\w)")
_ITEM_START = re.compile(r"(?:^|[,;:.(\[{•\n\0]|\d|%|½|¼|¾|⅓|⅔)\s*$")
#: Stands between the texts of an item. Neither letter nor space, so that nothing reaches from one into the next.
_TEXT_END = "\0"
_NO_LETTER = "\1"
_LONGEST_WORD = 64  # of a compound that is shown whole
_MIXED = frozenset(("in",))  # written inside English: its words need not outnumber those of English


class AllergenDetector:
    """Finds allergens by one jurisdiction's table. Safe to share between threads."""

    def __init__(self, table: AllergenTable) -> None:
        self.table = table
        # A table without words still needs an automaton; "\0" is in no plain text.
        self._search = AhoCorasick([word.text for word in table.words] or [_TEXT_END]).find_matches_as_indexes
        self._words = Words(table.words)
        self._scopes = ScopeReader(table)
        self._language_words = {name: frozenset(words) for name, words in table.language_words.items()}
        self._told = AllergenSighting(table)
        self._untold = AllergenSighting(table, ingredients_given=False)

    def detect(
        self, texts: Sequence[tuple[str, str]], *, ingredients_given: bool, language: str = ""
    ) -> AllergenSighting:
        """What `texts`, pairs of (JSON Pointer, text), say about allergens.

        `language` ("fr") helps with words that mean something else elsewhere; without it the texts tell.
        """
        joined = _TEXT_END.join([text for _, text in texts])
        if joined.count(_TEXT_END) >= len(texts):  # one that was submitted ends no text
            joined = _TEXT_END.join([text.replace(_TEXT_END, _NO_LETTER) for _, text in texts])
        plain = PlainText(joined)
        hits = self._search(f" {plain.plain} ", overlapping=True)
        if not hits:
            return self._told if ingredients_given else self._untold
        events = self._sweep(hits, plain.clean, _Languages(texts, self._language_words, language))
        for event in events:
            if event.word.kind is not _TERM:
                self._read_scopes(events, plain.clean, texts)
                break
        return _sighting(events, plain, texts, self.table, ingredients_given)

    def _sweep(self, hits: list[tuple[int, int, int]], clean: str, languages: "_Languages") -> list[Event]:
        """The words that count, leftmost and longest first, none inside another."""
        words = self._words
        events: list[Event] = []
        last = 0
        for number, start, end in hits:  # in the order of their ends
            before, behind, word = words[number]
            start -= before
            end -= behind
            if word.conditional and not _counts(word, start, end, clean, languages):
                continue
            if start < last:
                place = _place(events, start, end, word)
                if place < 0:
                    continue
                del events[place:]
            events.append(Event(start, end, word))
            last = end
        return events

    def _read_scopes(self, events: list[Event], clean: str, texts: Sequence[tuple[str, str]]) -> None:
        """Settle what the words say, text by text."""
        first = begin = 0
        for pointer, _ in texts:
            stop = _text_end(clean, begin)
            k = first
            while k < len(events) and events[k].start < stop:
                k += 1
            here = events[first:k]
            scoped = next((i for i, event in enumerate(here) if event.word.kind is not _TERM), -1)
            if scoped >= 0:  # places are counted from the beginning of the text meanwhile
                for event in here:
                    event.start -= begin
                    event.end -= begin
                self._scopes.read(here, scoped, clean[begin:stop], wrapped=pointer == "/ocr_text")
                for event in here:
                    event.start += begin
                    event.end += begin
            first, begin = k, stop + 1


def _sighting(
    events: list[Event], plain: PlainText, texts: Sequence[tuple[str, str]], table: AllergenTable, given: bool
) -> AllergenSighting:
    """The words sorted by what they say; `given`: the ingredients are among the texts."""
    contains: list[Mention] = []
    may_contain: list[Mention] = []
    free_from: list[Mention] = []
    asks: list[Mention] = []
    open_asks: set[str] = set()
    clean, uncut, may_open = plain.clean, plain.uncut, _MAY_OPEN_LIST
    k = begin = 0  # the text that the words stand in, and where it begins in the texts as submitted
    pointer, text = texts[0]
    stop = _text_end(clean, 0)
    for event in events:
        word = event.word
        if not word.told:
            continue
        while event.start >= stop:
            k += 1
            begin += len(text) + 1
            pointer, text = texts[k]
            stop = _text_end(clean, stop + 1)
        start, end = (event.start, event.end) if word.whole else _whole_word(event, plain.plain)
        if not uncut:
            start, end = plain.submitted(start, end)
        start -= begin
        end -= begin
        span, words, level = (start, end), text[start:end], event.level
        has_sub_list: bool | None = None
        for allergen, member, strength in word.told:
            if level is None:
                if strength is not _ASK:
                    free_from.append(Mention(allergen, member, words, pointer, span))
                continue
            if strength is not _NAMED:
                if has_sub_list is None:
                    at = event.end
                    has_sub_list = may_open[clean[at : at + 2]] and _SUB_LIST.match(clean, at) is not None
                if has_sub_list:
                    continue  # the sub-list says what is in it
            if (event.substitute or event.waived) and _is_without(allergen, strength, event, table):
                continue
            if strength is _ASK:
                asks.append(Mention(allergen, member, words, pointer, span))
                if level is _IS_CONTAINED and pointer.startswith("/ingredients") and allergen not in table.threshold:
                    open_asks.add(allergen)
            elif level is _MAY_BE:
                may_contain.append(Mention(allergen, member, words, pointer, span, strength is not _NAMED))
            else:
                contains.append(Mention(allergen, member, words, pointer, span, strength is not _NAMED))
    return AllergenSighting(
        table, tuple(contains), tuple(may_contain), tuple(free_from), tuple(asks), frozenset(open_asks), given
    )


def _text_end(clean: str, begin: int) -> int:
    """Where the text that begins at `begin` ends."""
    end = clean.find(_TEXT_END, begin)
    return end if end >= 0 else len(clean)


def _is_without(allergen: str, strength: Strength, event: Event, table: AllergenTable) -> bool:
    """Whether "vegan" or "x-free" beside the word takes the allergen out of it."""
    if event.substitute and allergen in table.animal:
        return True
    return allergen in event.waived and (allergen not in table.literal or strength is not _NAMED)


class _Languages:
    """Tells on demand whether an item's texts are in a language."""

    def __init__(
        self, texts: Sequence[tuple[str, str]], language_words: dict[str, frozenset[str]], language: str
    ) -> None:
        self._texts = texts
        self._language_words = language_words
        self._hint = language
        self._scores: dict[str, int] | None = None

    def speaks(self, language: str) -> bool:
        """Whether the texts hold as many common words of `language` as of any other."""
        if self._scores is None:
            words = set(" ".join(PlainText(text[:4000]).plain for _, text in self._texts[:64]).split())
            self._scores = {name: len(words & said) for name, said in self._language_words.items()}
            if self._hint in self._scores:
                self._scores[self._hint] += 1
        score = self._scores.get(language, 0)
        return score > 0 and (language in _MIXED or score == max(self._scores.values()))


class _MayOpenList(dict[str, bool]):
    """Whether a sub-list may begin with these two signs behind a word; learnt once for each pair."""

    def __missing__(self, signs: str) -> bool:
        following = signs.lstrip()[:1]
        opens = bool(following) and following not in ",.;)\0" and not following.isalpha()
        if len(self) < _MOST_PAIRS:
            self[signs] = opens
        return opens


_MAY_OPEN_LIST = _MayOpenList()
_MOST_PAIRS = 4096


def _counts(word: Word, start: int, end: int, clean: str, languages: _Languages) -> bool:
    """Whether a word that is not one everywhere is one here."""
    if word.language and not languages.speaks(word.language):
        return False
    if word.item_start and not _ITEM_START.search(clean, max(0, start - 8), start):
        return False
    words = clean[start:end]
    return "," not in words and _TEXT_END not in words  # two items of a list, or two texts, are no phrase


def _place(events: list[Event], start: int, end: int, word: Word) -> int:
    """From where on `events` give way to a word that ends last; -1 if one of them goes before it.

    That is one that starts earlier, or one at the same place that comes first in rank.
    """
    k = len(events)
    while k and events[k - 1].end > start:
        other = events[k - 1]
        if other.start < start or (other.start == start and other.end == end and other.word.rank < word.rank):
            return -1
        k -= 1
    return k


def _whole_word(event: Event, plain: str) -> tuple[int, int]:
    """The word's span; a part of a compound is shown as the whole compound."""
    start, end, text = event.start, event.end, event.word.text
    if text[0] != " ":
        start = plain.rfind(" ", max(0, start - _LONGEST_WORD), start) + 1 or max(0, start - _LONGEST_WORD)
    if text[-1] != " ":
        border = plain.find(" ", end, end + _LONGEST_WORD)
        end = border if border >= 0 else min(len(plain), end + _LONGEST_WORD)
    return start, end


# --- what is declared ---


def declared_allergens(declared: Iterable[str], detector: AllergenDetector) -> tuple[dict[str, str], tuple[str, ...]]:
    """Allergen ids of declared names, each with the words that were submitted, and the names nobody knows.

    Ids, names in any language of the pack, `en:milk` tags and plain words ("cashew") are understood.
    """
    found, unread = _named(declared, detector.table)
    unknown = []
    for said, bare in unread:
        sighting = detector.detect([("", bare)], ingredients_given=True)
        for mention in sighting.contains:
            found.setdefault(mention.allergen, said)
        if not (sighting.contains or sighting.may_contain or sighting.free_from):
            unknown.append(said)
    return found, tuple(unknown)


def summarise(
    sighting: AllergenSighting, declared: Sequence[str] | None, detector: AllergenDetector | None = None
) -> AllergenSummary:
    """The wire view. What is declared counts as contained: a person may raise a level, never lower it.

    `undeclared` are the allergens that the text contains, the law of this jurisdiction wants declared, and `declared`
    leaves out; empty when nothing was submitted to compare with. With a `detector`, declared words beyond the names of
    the allergens ("cashew") are read, too.
    """
    contains = _words_by_allergen(sighting.contains)
    undeclared: tuple[str, ...] = ()
    if declared is not None:
        told = declared_allergens(declared, detector)[0] if detector else _named(declared, sighting.table)[0]
        undeclared = tuple(a for a in ALLERGENS if a in contains and a not in told and _must_declare(a, sighting))
        for allergen, said in told.items():
            contains.setdefault(allergen, {said: None})
    may = _words_by_allergen([mention for mention in sighting.may_contain if mention.allergen not in contains])
    return AllergenSummary(sighting.complete, _entries(contains), _entries(may), undeclared)


_PLACE_OF = {allergen: place for place, allergen in enumerate(ALLERGENS)}.__getitem__
_TAG = re.compile(r"\s*[a-z]{2}:")


def _named(declared: Iterable[str], table: AllergenTable) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """What the names of the table understand, and the rest as (submitted, bare)."""
    found: dict[str, str] = {}
    unread: list[tuple[str, str]] = []
    for said in declared:
        bare = (said.split(":", 1)[1] if _TAG.match(said) else said).replace("_", " ")
        for allergen in table.names.get(plain_words(bare), ()):
            found.setdefault(allergen, said)
        if plain_words(bare) not in table.names:
            unread.append((said, bare))
    return found, unread


def _must_declare(allergen: str, sighting: AllergenSighting) -> bool:
    duty = sighting.table.duties.get(allergen)
    if duty is None or not duty.required:
        return False
    return any(
        mention.allergen == allergen
        and mention.member not in duty.exempt
        and (not duty.members or not mention.member or mention.member in duty.members)
        for mention in sighting.contains
    )


def _words_by_allergen(mentions: Iterable[Mention]) -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = {}
    for mention in mentions:
        allergen = mention.allergen
        if allergen in found:
            found[allergen][mention.words] = None
        else:
            found[allergen] = {mention.words: None}
    return found


def _entries(by_allergen: dict[str, dict[str, None]]) -> tuple[AllergenEntry, ...]:
    if not by_allergen:
        return ()
    if len(by_allergen) > 1:
        return tuple([AllergenEntry(a, tuple(by_allergen[a])) for a in sorted(by_allergen, key=_PLACE_OF)])
    return tuple([AllergenEntry(a, tuple(words)) for a, words in by_allergen.items()])
