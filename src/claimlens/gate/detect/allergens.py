"""`detect.allergens`: which allergens a text speaks of, and how: contains, may contain, free from.

One automaton over plain text finds words and the phrases around them; the longest word that starts first wins, so that
"cocoa butter" is never butter. What stands between two words (a comma, a bracket, the end of a sentence) decides how far
"may contain" and "free from" reach. Nothing is concluded from silence: without ingredients the sighting is incomplete.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec
from ahocorasick_rs import AhoCorasick

from claimlens.domain.allergen import (
    ALLERGENS,
    AllergenState,
    AllergenTable,
    AllergenWord,
    Level,
    Meaning,
    Strength,
    WordKind,
)
from claimlens.domain.allergen_text import PlainText, plain_words
from claimlens.domain.verdict import AllergenEntry, AllergenSummary


class Mention(msgspec.Struct, frozen=True):
    """One allergen in one place: the submitted words, their JSON Pointer and span in code points.

    `member` is the named cereal, nut or sugar below the allergen, empty for the whole group. `substitute`: the word is
    an imitation by its own text ("vegan cheese"), and stands among the open questions.
    """

    allergen: str
    member: str
    words: str
    pointer: str
    span: tuple[int, int]
    presumed: bool = False


class Contradiction(msgspec.Struct, frozen=True):
    """An absence that the same item denies."""

    absent: Mention
    present: Mention
    level: Level


class AllergenSighting(msgspec.Struct, frozen=True):
    """What was seen in all texts of an item, in order of appearance.

    `asks` are words that often hide an allergen and leave it open. `complete` is false where no ingredients were given or
    an ingredient leaves a question open.
    """

    contains: tuple[Mention, ...] = ()
    may_contain: tuple[Mention, ...] = ()
    free_from: tuple[Mention, ...] = ()
    asks: tuple[Mention, ...] = ()
    open_asks: frozenset[str] = frozenset()
    ingredients_given: bool = True
    detector: "AllergenDetector | None" = None

    @property
    def complete(self) -> bool:
        """Whether an allergen that is not listed may be called not declared."""
        return self.ingredients_given and self.open_asks <= {mention.allergen for mention in self.contains}

    def states(self) -> dict[str, AllergenState]:
        """Level and completeness of each of the fourteen."""
        contained = {mention.allergen for mention in self.contains}
        possible = {mention.allergen for mention in self.may_contain}
        return {
            allergen: AllergenState(
                Level.CONTAINS if allergen in contained
                else Level.MAY_CONTAIN if allergen in possible
                else Level.NONE,
                self.ingredients_given and (allergen in contained or allergen not in self.open_asks),
            )
            for allergen in ALLERGENS
        }

    def words_for(self, allergen: str, *, include_may_contain: bool = True) -> tuple[str, ...]:
        """The submitted words that deny "free from `allergen`", each once.

        What is only presumed of a product by its name counts where it is an ingredient. Oats do not deny gluten-free: the
        law lets gluten-free oats be sold as such.
        """
        found = [
            mention.words
            for mention in (*self.contains, *(self.may_contain if include_may_contain else ()))
            if mention.allergen == allergen
            and not (allergen == "gluten" and mention.member == "oats")
            and not (mention.presumed and not mention.pointer.startswith("/ingredients"))
        ]
        return tuple(dict.fromkeys(found))

    def contradictions(self) -> tuple[Contradiction, ...]:
        """Absences that another place of the item denies: "nut-free" beside "may contain traces of almonds".

        A statement about one member denies only that member: lactose-free milk is no contradiction, nor are gluten-free
        oats.
        """
        if not self.free_from:
            return ()
        found = []
        for absent in self.free_from:
            for level, mentions in ((Level.CONTAINS, self.contains), (Level.MAY_CONTAIN, self.may_contain)):
                present = next((mention for mention in mentions if _denies(absent, mention)), None)
                if present is not None:
                    found.append(Contradiction(absent, present, level))
                    break
        return tuple(found)


def _denies(absent: Mention, present: Mention) -> bool:
    if absent.allergen != present.allergen or present.presumed:
        return False
    if absent.member:
        return absent.member == present.member
    return not (absent.allergen == "gluten" and present.member == "oats")


_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[\n•|]|\.(?=\S)(?=[^\d\W])")
_LONGEST_WORD = 64  # of a compound that is shown whole
_SUB_LIST = re.compile(r"\s*\(?[\d.,]{0,6}\s?%?\)?\s?\*{0,3}\s?(?::|[(\[{]\s*(?!\d+(?:[.,]\d+)?\s?%\s*[)\]}])\w)")
_ITEM_START = re.compile(r"(?:^|[,;:.(\[{•\n]|\d|%|½|¼|¾|⅓|⅔)\s*$")
_ITEM_END = re.compile(r"\s*(?:$|[,.;:!?)\]}/&+*•\n|])")


class _Event(msgspec.Struct):
    """A word where it stands; spans are in `clean`."""

    start: int
    end: int
    word: AllergenWord
    level: Level | None = Level.CONTAINS  # None: absent
    substitute: bool = False
    waived: frozenset[str] = frozenset()  # allergens that a free-from next to the word takes out of it


class AllergenDetector:
    """Finds allergens by one jurisdiction's table. Safe to share between threads."""

    def __init__(self, table: AllergenTable) -> None:
        self.table = table
        self._words = table.words
        self._leads = [word.text[0] == " " for word in table.words]
        self._trails = [word.text[-1] == " " for word in table.words]
        # A table without words still needs an automaton; "\0" is in no plain text.
        self._search = AhoCorasick([word.text for word in table.words] or ["\0"]).find_matches_as_indexes
        self._language_words = {name: frozenset(words) for name, words in table.language_words.items()}
        self._nothing = {given: AllergenSighting(ingredients_given=given, detector=self) for given in (True, False)}

    def detect(
        self, texts: Sequence[tuple[str, str]], *, ingredients_given: bool, language: str = ""
    ) -> AllergenSighting:
        """What `texts`, pairs of (JSON Pointer, text), say about allergens.

        `language` ("fr") helps with words that mean something else elsewhere; without it the texts tell.
        """
        contains: list[Mention] = []
        may_contain: list[Mention] = []
        free_from: list[Mention] = []
        asks: list[Mention] = []
        open_asks: set[str] = set()
        reader: _Languages | None = None
        for pointer, text in texts:
            plain = PlainText(text)
            hits = self._search(f" {plain.plain} ", overlapping=True)
            if not hits:
                continue
            if reader is None:
                reader = _Languages(texts, self._language_words, language)
            events = self._sweep(hits, plain, reader)
            if any(event.word.kind for event in events):
                self._read_scopes(events, plain, pointer)
            in_ingredients = pointer.startswith("/ingredients")
            for event in events:
                word = event.word
                if not word.meanings or word.kind not in (WordKind.TERM, WordKind.ABSENT):
                    continue
                span = plain.submitted(*_whole_words(event, plain.plain))
                has_sub_list: bool | None = None
                for meaning in word.meanings:
                    mention = Mention(
                        meaning.allergen, meaning.member, text[span[0] : span[1]], pointer, span,
                        meaning.strength is Strength.PRESUMED,
                    )
                    if event.level is None:
                        if meaning.strength is not Strength.ASK:
                            free_from.append(mention)
                        continue
                    if meaning.strength is not Strength.NAMED and has_sub_list is None:
                        has_sub_list = _SUB_LIST.match(plain.clean, event.end) is not None
                    if event.substitute and meaning.allergen in self.table.animal or meaning.allergen in event.waived:
                        if meaning.allergen not in self.table.literal or meaning.strength is not Strength.NAMED:
                            continue
                    if meaning.strength is Strength.ASK:
                        if not has_sub_list:
                            asks.append(mention)
                            if in_ingredients and event.level is Level.CONTAINS:
                                open_asks.add(meaning.allergen)
                    elif meaning.strength is Strength.PRESUMED and has_sub_list:
                        continue
                    elif event.level is Level.MAY_CONTAIN:
                        may_contain.append(mention)
                    else:
                        contains.append(mention)
        if not (contains or may_contain or free_from or asks):
            return self._nothing[ingredients_given]
        return AllergenSighting(
            tuple(contains), tuple(may_contain), tuple(free_from), tuple(asks), frozenset(open_asks), ingredients_given,
            self,
        )

    # --- which words ---------------------------------------------------------------------------------------------------

    def _sweep(
        self, hits: list[tuple[int, int, int]], plain: PlainText, languages: "_Languages"
    ) -> list[_Event]:
        """The words that count: leftmost first, longest first, none inside another."""
        leads, trails, words = self._leads, self._trails, self._words
        # The automaton saw one space before the text: its index i is i - 1 of `clean`.
        found = sorted(
            [(start - (not leads[i]), -end - (not trails[i]), not words[i].language, i) for i, start, end in hits]
        )
        clean = plain.clean
        events: list[_Event] = []
        last = 0
        for start, negative_end, _, index in found:
            if start < last:
                continue
            end = -negative_end - 2
            word = words[index]
            if word.language and not languages.speaks(word.language):
                continue
            if word.item_start and not _ITEM_START.search(clean, max(0, start - 8), start):
                continue
            if "," in clean and " " in plain.plain[start:end] and "," in clean[start:end]:
                continue
            events.append(_Event(start, end, word))
            last = end
        return events

    # --- how far "may contain" and "free from" reach ---------------------------------------------------------------------

    def _read_scopes(self, events: list[_Event], plain: PlainText, pointer: str) -> None:
        clean = plain.clean
        wrapped = pointer == "/ocr_text"
        mode = WordKind.CONTAINS
        guarded = False
        opened = 0  # where the running scope began
        seen_in_scope = False
        for k, event in enumerate(events):
            kind = event.word.kind
            before = clean[events[k - 1].end : event.start] if k else clean[: event.start]
            if mode is WordKind.MAY and self._ends(before, wrapped, clean[opened : event.start]):
                if not seen_in_scope:
                    _mark_back(events, k - 1, clean)
                mode, guarded = WordKind.CONTAINS, False
            elif mode is WordKind.FREE and not self._continues_free(before, seen_in_scope, event, clean):
                mode = WordKind.CONTAINS
            if kind is WordKind.TERM or kind is WordKind.ABSENT:
                if kind is WordKind.ABSENT:
                    event.level = None
                    _waive_next(events, k, clean, event.word.meanings, self.table)
                elif not event.word.meanings:
                    continue
                elif mode is WordKind.MAY:
                    event.level = Level.MAY_CONTAIN
                    seen_in_scope = True
                elif mode is WordKind.FREE:
                    event.level = None
                    seen_in_scope = True
            elif kind is WordKind.CONTAINS:
                mode, guarded = WordKind.CONTAINS, False
            elif kind in (WordKind.MAY, WordKind.GUARD) or (
                kind is WordKind.MAY_OPEN and self._closes_later(events, k, clean)
            ):
                if mode is not WordKind.MAY:
                    opened, seen_in_scope = event.end, False
                mode, guarded = WordKind.MAY, guarded or kind is WordKind.GUARD
            elif kind is WordKind.MAY_BACK:
                self._back(events, k, clean, wrapped)
            elif kind is WordKind.FREE and not guarded:
                mode, opened, seen_in_scope = WordKind.FREE, event.end, False
            elif kind is WordKind.FREE_AFTER:
                self._free_before(events, k, plain, guarded)
            elif kind is WordKind.SUBSTITUTE:
                _substitute_next(events, k, clean)
            if kind is WordKind.SUBSTITUTE_AFTER or kind is WordKind.SUBSTITUTE:
                _substitute_before(events, k, clean)
        if mode is WordKind.MAY and not seen_in_scope:
            _mark_back(events, len(events) - 1, clean)

    def _ends(self, gap: str, wrapped: bool, scope: str) -> bool:
        """Whether a may-contain scope ends in `gap`: at the end of its sentence or of the bracket it stands in."""
        if (")" in gap or "]" in gap or "}" in gap) and _depth(scope) < 0:
            return True
        for match in _SENTENCE_END.finditer(gap):
            at = match.start()
            sign = gap[at]
            if sign == "\n":
                head = gap[:at].rstrip()
                if wrapped and "\n\n" not in gap or not head and not wrapped and not gap[:at].strip():
                    continue
                if head.endswith((",", ":", "-", "&")):
                    continue
                return True
            if sign == ".":
                word = gap[:at].rsplit(None, 1)[-1].lower() if gap[:at].strip() else ""
                if word.strip("([{") in self.table.abbreviations:
                    continue
            return True
        return False

    def _continues_free(self, gap: str, seen: bool, event: _Event, clean: str) -> bool:
        """Whether a free-from scope reaches over `gap` to `event`."""
        if not seen and "," not in gap:
            return len(gap) < 40 and not re.search(r"[;.!?()\[\]{}\n]", gap)
        if re.search(r"[;.!?()\[\]{}\n:]", gap):
            return False
        if not all(word in self.table.joiners for word in plain_words(gap).split()):
            return False
        if seen and "," in gap and not plain_words(gap):
            # one more item of a list: it must be a bare item
            return _ITEM_END.match(clean, event.end) is not None or self._joiner_follows(clean, event.end)
        return True

    def _joiner_follows(self, clean: str, at: int) -> bool:
        following = clean[at : at + 12].split(None, 1)
        return bool(following) and plain_words(following[0]) in self.table.joiners

    def _closes_later(self, events: list[_Event], k: int, clean: str) -> bool:
        for later in events[k + 1 : k + 40]:
            if later.word.kind is WordKind.MAY_CLOSE:
                return not _SENTENCE_END.search(clean, events[k].end, later.start)
        return False

    def _back(self, events: list[_Event], k: int, clean: str, wrapped: bool) -> None:
        """"Nuts may be present": what stands before in the sentence may be there."""
        for j in range(k - 1, -1, -1):
            if self._ends(clean[events[j].end : events[j + 1].start], wrapped, ""):
                return
            if events[j].word.kind is WordKind.CONTAINS:
                return
            if events[j].level is Level.CONTAINS:
                events[j].level = Level.MAY_CONTAIN

    def _free_before(self, events: list[_Event], k: int, plain: PlainText, guarded: bool) -> None:
        """"nut-free", "egg and milk free", "nussfrei": the words before are absent."""
        clean = plain.clean
        end = events[k].start
        level: Level | None = Level.MAY_CONTAIN if guarded else None
        marked: list[_Event] = []
        joined = False
        for j in range(k - 1, -1, -1):
            event = events[j]
            gap = clean[event.end : end]
            if event.word.kind is not WordKind.TERM or not event.word.meanings:
                break
            if not marked:
                same_word = gap.isalpha() and len(gap) < 24
                if gap.strip(" -") and not same_word:
                    break
            else:
                inner = plain_words(gap).split()
                joined = joined or bool(inner) or "&" in gap or "/" in gap
                if len(gap) > 8 or any(w not in self.table.joiners for w in inner) or re.search(r"[;.()\[\]]", gap):
                    break
                if not (joined and (inner or set(gap) & set("&/,")) or gap == "- "):
                    break
            marked.append(event)
            end = event.start
        if not marked:
            return
        before = plain_words(clean[max(0, end - 14) : end]).split()
        if before and before[-1] in _NOT:
            level = Level.MAY_CONTAIN
        for event in marked:
            event.level = level
        if level is None:
            meanings = tuple(meaning for event in marked for meaning in event.word.meanings)
            _waive_next(events, k, clean, meanings, self.table)

    # --- what is declared ----------------------------------------------------------------------------------------------

    def declared(self, declared: Iterable[str]) -> tuple[dict[str, str], tuple[str, ...]]:
        """Allergen ids of declared names, each with the words that were submitted, and the names nobody knows.

        Ids, names in any language of the pack, `en:milk` tags and plain words ("cashew") are understood.
        """
        found: dict[str, str] = {}
        unknown: list[str] = []
        for said in declared:
            bare = said.split(":", 1)[1] if re.match(r"\s*[a-z]{2}:", said) else said
            key = plain_words(bare.replace("_", " "))
            ids = self.table.names.get(key)
            if ids is None:
                sighting = self.detect([("", bare.replace("_", " "))], ingredients_given=True)
                ids = tuple(dict.fromkeys(mention.allergen for mention in sighting.contains))
                if not ids and key and not (sighting.free_from or sighting.may_contain):
                    unknown.append(said)
            for allergen in ids:
                found.setdefault(allergen, said)
        return found, tuple(unknown)

    def summarise(self, sighting: AllergenSighting, declared: Sequence[str] | None) -> AllergenSummary:
        """The wire view. What is declared counts as contained: a person may raise a level, never lower it.

        `undeclared` are the allergens that the text contains, the law of this jurisdiction wants declared, and `declared`
        leaves out; empty when nothing was submitted to compare with.
        """
        contains: dict[str, dict[str, None]] = {}
        for mention in sighting.contains:
            contains.setdefault(mention.allergen, {})[mention.words] = None
        undeclared: tuple[str, ...] = ()
        if declared is not None:
            told, _ = self.declared(declared)
            undeclared = tuple(
                allergen for allergen in ALLERGENS if allergen not in told and self._must_declare(allergen, sighting)
            )
            for allergen, said in told.items():
                contains.setdefault(allergen, {said: None})
        may: dict[str, dict[str, None]] = {}
        for mention in sighting.may_contain:
            if mention.allergen not in contains:
                may.setdefault(mention.allergen, {})[mention.words] = None
        return AllergenSummary(
            complete=sighting.complete, contains=_entries(contains), may_contain=_entries(may), undeclared=undeclared
        )

    def _must_declare(self, allergen: str, sighting: AllergenSighting) -> bool:
        duty = self.table.duties.get(allergen)
        if duty is None or not duty.required:
            return False
        return any(
            mention.allergen == allergen
            and mention.member not in duty.exempt
            and (not duty.members or mention.member in duty.members or not mention.member)
            for mention in sighting.contains
        )


def summarise(sighting: AllergenSighting, declared: Sequence[str] | None) -> AllergenSummary:
    """`AllergenDetector.summarise` of the detector that made the sighting."""
    if sighting.detector is None:
        raise ValueError("a sighting that no detector made cannot be compared with a declaration")
    return sighting.detector.summarise(sighting, declared)


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


def _whole_words(event: _Event, plain: str) -> tuple[int, int]:
    """The word's span; a part of a compound is shown as the whole compound."""
    start, end = event.start, event.end
    if event.word.text[0] != " ":
        start = plain.rfind(" ", max(0, start - _LONGEST_WORD), start) + 1 or start
    if event.word.text[-1] != " ":
        border = plain.find(" ", end, end + _LONGEST_WORD)
        end = border if border >= 0 else len(plain) if len(plain) < end + _LONGEST_WORD else end
    return start, end


def _entries(by_allergen: dict[str, dict[str, None]]) -> tuple[AllergenEntry, ...]:
    return tuple(
        AllergenEntry(allergen, tuple(by_allergen[allergen])) for allergen in ALLERGENS if allergen in by_allergen
    )


def _depth(text: str) -> int:
    """The lowest bracket depth that `text` reaches, counted from its start."""
    depth = lowest = 0
    for char in text:
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            lowest = min(lowest, depth)
    return lowest


def _mark_back(events: list[_Event], last: int, clean: str) -> None:
    """"walnuts (may contain)": a may-contain without words of its own speaks of the word before its bracket."""
    for j in range(last, 0, -1):
        if events[j].word.kind in (WordKind.MAY, WordKind.MAY_OPEN):
            previous = events[j - 1]
            gap = clean[previous.end : events[j].start]
            if previous.word.kind is WordKind.TERM and gap.strip() in ("(", "[", "-", "- (") and previous.level:
                previous.level = Level.MAY_CONTAIN
            return


def _next_term(events: list[_Event], k: int) -> _Event | None:
    following = events[k + 1] if k + 1 < len(events) else None
    return following if following is not None and following.word.kind is WordKind.TERM else None


def _waive_next(
    events: list[_Event], k: int, clean: str, meanings: tuple[Meaning, ...], table: AllergenTable
) -> None:
    """"gluten-free bread", "dairy-free ice cream": the product that follows is made without it.

    For a literal allergen what is presumed gives way up to the end of the clause; what is named stays.
    """
    allergens = frozenset(meaning.allergen for meaning in meanings if not meaning.member or meaning.member != "lactose")
    if not allergens:
        return
    for event in events[k + 1 : k + 8]:
        gap = clean[events[k].end : event.start]
        if len(gap) > 60 or re.search(r"[.;:!?()\n]", gap):
            return
        if event.word.kind is WordKind.TERM:
            near = len(plain_words(gap).split()) <= 1 and "," not in gap
            event.waived |= allergens if near else allergens & table.literal


def _substitute_next(events: list[_Event], k: int, clean: str) -> None:
    following = _next_term(events, k)
    if following is not None:
        gap = clean[events[k].end : following.start]
        if not re.search(r"[,;.!?()\n:]", gap) and len(gap.split()) <= 1:
            following.substitute = True


def _substitute_before(events: list[_Event], k: int, clean: str) -> None:
    if k and events[k - 1].word.kind is WordKind.TERM:
        gap = clean[events[k - 1].end : events[k].start]
        if not gap.strip(" (-"):
            events[k - 1].substitute = True


_MIXED = frozenset(("in",))  # written inside English: its words need not outnumber those of English
_NOT = frozenset(("not", "isn t", "never", "pas", "nicht", "non", "no", "niet", "inte", "ikke"))
