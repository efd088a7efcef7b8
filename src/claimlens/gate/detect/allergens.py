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

__all__ = ["AllergenDetector", "AllergenSighting", "Contradiction", "Mention", "declared_allergens", "summarise"]

_TERM, _ABSENT = WordKind.TERM, WordKind.ABSENT
_ASK, _NAMED = Strength.ASK, Strength.NAMED
_IS_CONTAINED, _MAY_BE = Level.CONTAINS, Level.MAY_CONTAIN

#: A sub-list behind a word: "bread (wheat, water)", "mayonnaise 5% [egg]", "Brownies: 250 g".
_SUB_LIST = re.compile(r"\s*\(?[\d.,]{0,6}\s?%?\)?\s?\*{0,3}\s?(?::|[(\[{]\s*(?!\d+(?:[.,]\d+)?\s?%\s*[)\]}])\w)")
_ITEM_START = re.compile(r"(?:^|[,;:.(\[{•\n]|\d|%|½|¼|¾|⅓|⅔)\s*$")
_LONGEST_WORD = 64  # of a compound that is shown whole
_MIXED = frozenset(("in",))  # written inside English: its words need not outnumber those of English


class AllergenDetector:
    """Finds allergens by one jurisdiction's table. Safe to share between threads."""

    def __init__(self, table: AllergenTable) -> None:
        self.table = table
        # For each word: whether its text begins and ends with a border, whether it counts in any language.
        self._borders = [(w.text[0] == " ", w.text[-1] == " ", not w.language, w) for w in table.words]
        self._whole = [lead and trail for lead, trail, _, _ in self._borders]
        # A table without words still needs an automaton; "\0" is in no plain text.
        self._search = AhoCorasick([word.text for word in table.words] or ["\0"]).find_matches_as_indexes
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
        collected: _Collected | None = None
        languages: _Languages | None = None
        for pointer, text in texts:
            plain = PlainText(text)
            hits = self._search(f" {plain.plain} ", overlapping=True)
            if not hits:
                continue
            if languages is None or collected is None:
                languages = _Languages(texts, self._language_words, language)
                collected = _Collected(self.table)
            events, first = self._sweep(hits, plain, languages)
            if first < len(events):
                self._scopes.read(events, first, plain, wrapped=pointer == "/ocr_text")
            collected.add(events, plain, pointer)
        if collected is None:
            return self._told if ingredients_given else self._untold
        return collected.sighting(ingredients_given)

    def _sweep(
        self, hits: list[tuple[int, int, int]], plain: PlainText, languages: "_Languages"
    ) -> tuple[list[Event], int]:
        """The words that count, leftmost and longest first, none inside another; and the first one that is no term."""
        # The automaton saw one space before the text: its place i is i - 1 of `clean`.
        found = []
        for index, start, end in hits:
            lead, trail, anywhere, word = self._borders[index]
            found.append((start if lead else start - 1, -end if trail else -end - 1, anywhere, index, word))
        found.sort()
        clean = plain.clean
        listed = "," in clean
        events: list[Event] = []
        first = -1
        last = 0
        for start, negative_end, anywhere, index, word in found:
            if start < last:
                continue
            end = -negative_end - 2
            if not anywhere and not languages.speaks(word.language):
                continue
            if word.item_start and not _ITEM_START.search(clean, max(0, start - 8), start):
                continue
            if listed and "," in clean[start:end]:
                continue  # two items of a list are no phrase
            if first < 0 and word.kind is not _TERM:
                first = len(events)
            events.append(Event(start, end, word, self._whole[index]))
            last = end
        return events, first if first >= 0 else len(events)


class _Collected:
    """Mentions as they come in."""

    def __init__(self, table: AllergenTable) -> None:
        self._table = table
        self._contains: list[Mention] = []
        self._may_contain: list[Mention] = []
        self._free_from: list[Mention] = []
        self._asks: list[Mention] = []
        self._open_asks: set[str] = set()

    def add(self, events: list[Event], plain: PlainText, pointer: str) -> None:
        """Sort the words of one text by what they say."""
        text, clean = plain.text, plain.clean
        for event in events:
            word, level = event.word, event.level
            if not word.meanings or (word.kind is not _TERM and word.kind is not _ABSENT):
                continue
            start, end = (event.start, event.end) if event.whole else _whole_word(event, plain.plain)
            span = plain.submitted(start, end)
            words = text[span[0] : span[1]]
            has_sub_list: bool | None = None
            for meaning in word.meanings:
                allergen, member, strength = meaning.allergen, meaning.member, meaning.strength
                if level is None:
                    if strength is not _ASK:
                        self._free_from.append(Mention(allergen, member, words, pointer, span))
                    continue
                if strength is not _NAMED:
                    if has_sub_list is None:
                        has_sub_list = _has_sub_list(clean, event.end)
                    if has_sub_list:
                        continue  # the sub-list says what is in it
                if (event.substitute or event.waived) and self._is_without(allergen, strength, event):
                    continue
                if strength is _ASK:
                    self._asks.append(Mention(allergen, member, words, pointer, span))
                    if (
                        level is _IS_CONTAINED
                        and pointer.startswith("/ingredients")
                        and allergen not in self._table.threshold
                    ):
                        self._open_asks.add(allergen)
                else:
                    kept = self._may_contain if level is _MAY_BE else self._contains
                    kept.append(Mention(allergen, member, words, pointer, span, strength is not _NAMED))

    def _is_without(self, allergen: str, strength: Strength, event: Event) -> bool:
        """Whether "vegan" or "x-free" beside the word takes the allergen out of it."""
        if event.substitute and allergen in self._table.animal:
            return True
        return allergen in event.waived and (allergen not in self._table.literal or strength is not _NAMED)

    def sighting(self, ingredients_given: bool) -> AllergenSighting:
        """All of it."""
        return AllergenSighting(
            self._table,
            tuple(self._contains),
            tuple(self._may_contain),
            tuple(self._free_from),
            tuple(self._asks),
            frozenset(self._open_asks),
            ingredients_given,
        )


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


def _has_sub_list(clean: str, end: int) -> bool:
    following = clean[end : end + 2].lstrip()[:1]
    if not following or following in ",.;)" or following.isalpha():
        return False
    return _SUB_LIST.match(clean, end) is not None


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
    contains: dict[str, dict[str, None]] = {}
    for mention in sighting.contains:
        contains.setdefault(mention.allergen, {})[mention.words] = None
    undeclared: tuple[str, ...] = ()
    if declared is not None:
        told = declared_allergens(declared, detector)[0] if detector else _named(declared, sighting.table)[0]
        undeclared = tuple(a for a in ALLERGENS if a in contains and a not in told and _must_declare(a, sighting))
        for allergen, said in told.items():
            contains.setdefault(allergen, {said: None})
    may: dict[str, dict[str, None]] = {}
    for mention in sighting.may_contain:
        if mention.allergen not in contains:
            may.setdefault(mention.allergen, {})[mention.words] = None
    return AllergenSummary(sighting.complete, _entries(contains), _entries(may), undeclared)


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


def _entries(by_allergen: dict[str, dict[str, None]]) -> tuple[AllergenEntry, ...]:
    if not by_allergen:
        return ()
    return tuple(AllergenEntry(a, tuple(by_allergen[a])) for a in ALLERGENS if a in by_allergen)
