"""How far "may contain" and "free from" reach: from words in a row to what each of them says.

Every function looks at the words around a place and at the signs between them, never at the whole text again, so that
reading a text takes time in proportion to its length.
"""

import re

import msgspec

from claimlens.domain.allergen import AllergenTable, Level, Meaning, Strength, WordKind
from claimlens.domain.allergen_text import plain_words
from claimlens.gate.detect.allergen_words import Word

_TERM, _ABSENT, _CONTAINS, _HEADING = WordKind.TERM, WordKind.ABSENT, WordKind.CONTAINS, WordKind.HEADING
_MAY, _MAY_OPEN, _MAY_CLOSE, _MAY_BACK, _GUARD = (
    WordKind.MAY, WordKind.MAY_OPEN, WordKind.MAY_CLOSE, WordKind.MAY_BACK, WordKind.GUARD,
)  # fmt: skip
_FREE, _FREE_LIST, _FREE_AFTER = WordKind.FREE, WordKind.FREE_LIST, WordKind.FREE_AFTER
_SUBSTITUTE, _SUBSTITUTE_AFTER = WordKind.SUBSTITUTE, WordKind.SUBSTITUTE_AFTER

_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[\n•|।]|\.(?=[^\W\d])")
_CLAUSE_END = re.compile(r"[;.!?()\[\]{}\n]")
_COLON = re.compile(r"\s*:")
_SOON_A_COLON = re.compile(r"(?: [^\W\d_]{1,20}){0,2}\s?:")  # "... in our test kitchen:"
_ITEM_END = re.compile(r"\s*(?:$|[,.;:!?)\]}/&+*•\n|])")
_NOT = frozenset(("not", "isn", "never", "pas", "nicht", "non", "no", "niet", "inte", "ikke"))
_OF = frozenset(("of", "from", "de", "d", "di", "aus", "von", "van"))
_MOST_WORDS_AHEAD = 12  # between "may" and "contain"
_LONGEST_TAIL = 24  # letters between a stem and "-frei" in one compound


class Event(msgspec.Struct, gc=False):
    """A word where it stands; the span is in `PlainText.clean`. What it says is settled by `ScopeReader.read`."""

    start: int
    end: int
    word: Word
    level: Level | None = Level.CONTAINS  # None: absent
    substitute: bool = False
    waived: frozenset[str] = frozenset()  # allergens that a free-from beside the word takes out of it


class ScopeReader:
    """Settles what each word of a text says, by one table's joining words and abbreviations."""

    def __init__(self, table: AllergenTable) -> None:
        self._joiners = table.joiners
        self._abbreviations = table.abbreviations
        self._literal = table.literal

    def read(self, events: list[Event], first: int, clean: str, wrapped: bool) -> None:
        """Set level, substitute and waived of `events` in `clean`; `first` is the first one that is no plain term.

        `wrapped`: line ends are the paper's, not the writer's (text of a photographed label).
        """
        mode = _CONTAINS
        guarded = seen = of_list = False
        depth = 0  # of brackets, counted from where the running scope began
        for k in range(first, len(events)):
            event = events[k]
            kind = event.word.kind
            if mode is not _CONTAINS:
                gap = clean[events[k - 1].end : event.start]
                if mode is _MAY:
                    depth, left = _follow_brackets(gap, depth)
                    if left or self._ends_sentence(gap, wrapped):
                        if not seen:
                            _mark_before_bracket(events, k - 1, clean)
                        mode, guarded = _CONTAINS, False
                elif not self._still_free(gap, seen, of_list, event, clean):
                    mode = _CONTAINS
            if kind is _TERM:
                if event.word.meanings:
                    if mode is _MAY:
                        event.level, seen = Level.MAY_CONTAIN, True
                    elif mode is _FREE:
                        event.level, seen = None, True
            elif kind is _CONTAINS:
                if (
                    mode is not _MAY
                    or clean[events[k - 1].end : event.start].strip()
                    or events[k - 1].word.kind is not _MAY
                ):
                    mode, guarded = _CONTAINS, False  # else "a kitchen that" + "contains"
            elif kind is _HEADING:
                if mode is not _MAY or _COLON.match(clean, event.end):
                    mode, guarded = _CONTAINS, False
            elif kind is _MAY or kind is _GUARD or (kind is _MAY_OPEN and self._closes(events, k, clean)):
                if mode is not _MAY:
                    mode, seen, depth = _MAY, False, 0
                guarded = guarded or kind is _GUARD
            elif kind is _FREE or kind is _FREE_LIST:
                if not guarded:
                    mode, seen, of_list = _FREE, False, kind is _FREE_LIST
            elif kind is _FREE_AFTER:
                self._free_before(events, k, clean, guarded)
            elif kind is _ABSENT:
                event.level = None
                self._waive_next(events, k, clean, event.word.meanings)
                if event.word.meanings[0].strength is Strength.ASK:
                    self._waive_before(events, k, clean, event.word.meanings)
                    _absent_of(events, k, clean)
            elif kind is _MAY_BACK:
                found = self._may_before(events, k, clean, wrapped)
                if mode is not _MAY and not found and _SOON_A_COLON.match(clean, event.end):
                    mode, seen, depth = _MAY, False, 0  # "Also handled in our kitchen: nuts, milk"
            elif kind is _SUBSTITUTE:
                _substitute_next(events, k, clean)
                _substitute_before(events, k, clean)
            elif kind is _SUBSTITUTE_AFTER:
                _substitute_before(events, k, clean)
        if mode is _MAY and not seen:
            _mark_before_bracket(events, len(events) - 1, clean)

    def _ends_sentence(self, gap: str, wrapped: bool) -> bool:
        for match in _SENTENCE_END.finditer(gap):
            at = match.start()
            if gap[at] == "\n":
                before = gap[:at].rstrip()
                if not before or before.endswith((",", ":", "-", "&")):
                    continue  # straight behind the words that opened the scope, or inside a list
                if wrapped and "\n\n" not in gap:
                    continue
            elif gap[at] == ".":
                words = gap[max(0, at - 12) : at].split()
                word = words[-1].lower().strip("([{") if words else ""
                if (len(word) == 1 and word.isalpha()) or word in self._abbreviations:
                    continue
            return True
        return False

    def _still_free(self, gap: str, seen: bool, of_list: bool, event: Event, clean: str) -> bool:
        """Whether "free from" reaches over `gap` to `event`: a list of allergens, held together by joining words."""
        colon = gap.find(":")
        if colon >= 0 and not seen and gap[:colon].strip():
            return False  # "without flour: almonds, eggs" lists what is in it; "free from: milk" does not
        if not seen and "," not in gap:
            return len(gap) < 40 and _CLAUSE_END.search(gap) is None
        if not seen and not of_list:
            return False  # "no added sugar, milk": the milk is another item
        if len(gap) > 120 or _CLAUSE_END.search(gap) is not None or ":" in gap:
            return False
        words = plain_words(gap).split()
        if not self._joiners.issuperset(words):
            return False
        if seen and not words and "," in gap:  # one more item of the list: it must be a bare one
            return _ITEM_END.match(clean, event.end) is not None or self._joiner_at(clean, event.end)
        return True

    def _joiner_at(self, clean: str, at: int) -> bool:
        following = clean[at : at + 12].split(None, 1)
        return bool(following) and plain_words(following[0]) in self._joiners

    def _closes(self, events: list[Event], k: int, clean: str) -> bool:
        """Whether a "contain" follows this "may" in its sentence."""
        for later in events[k + 1 : k + 1 + _MOST_WORDS_AHEAD]:
            if later.word.kind is _MAY_CLOSE:
                return _SENTENCE_END.search(clean, events[k].end, later.start) is None
            if later.word.kind is _MAY_OPEN:
                return False
        return False

    def _may_before(self, events: list[Event], k: int, clean: str, wrapped: bool) -> bool:
        """What stands before in the sentence may be there: "Nuts may be present"; whether there was anything."""
        found = False
        for j in range(k - 1, -1, -1):
            kind = events[j].word.kind
            if kind is _CONTAINS or kind is _MAY_BACK:
                break
            if self._ends_sentence(clean[events[j].end : events[j + 1].start], wrapped):
                break
            if events[j].level is Level.CONTAINS and kind is _TERM and events[j].word.meanings:
                events[j].level = Level.MAY_CONTAIN
                found = True
        return found

    def _free_before(self, events: list[Event], k: int, clean: str, guarded: bool) -> None:
        """The words before are absent ("nut-free", "egg and milk free", "nussfrei"), unless nothing is promised."""
        end = events[k].start
        marked: list[Event] = []
        joined = False
        for j in range(k - 1, -1, -1):
            event = events[j]
            if event.word.kind is not _TERM or not event.word.meanings:
                break
            gap = clean[event.end : end]
            if not marked:
                if gap.strip(" -") and not (len(gap) < _LONGEST_TAIL and gap.isalpha()):
                    break
            else:
                if len(gap) > 12 or _CLAUSE_END.search(gap) is not None:
                    break
                words = plain_words(gap).split()
                linked = bool(words) or "&" in gap or "/" in gap
                joined = joined or linked
                if not self._joiners.issuperset(words) or not (linked or (joined and "," in gap)):
                    break
            marked.append(event)
            end = event.start
        if not marked:
            return
        before = plain_words(clean[max(0, end - 14) : end]).split()
        denied = guarded or not _NOT.isdisjoint(before[-2:])
        for event in marked:
            event.level = Level.MAY_CONTAIN if denied else None
        if not denied:
            self._waive_next(events, k, clean, tuple(m for event in marked for m in event.word.meanings))

    def _waive_next(self, events: list[Event], k: int, clean: str, meanings: tuple[Meaning, ...]) -> None:
        """The product that follows is made without it: "gluten-free bread", "dairy-free ice cream".

        A literal allergen gives way up to the end of the clause, and only where it was presumed.
        """
        allergens = frozenset(meaning.allergen for meaning in meanings if meaning.member != "lactose")
        if not allergens:
            return
        for event in events[k + 1 : k + 8]:
            gap = clean[events[k].end : min(event.start, events[k].end + 61)]
            if len(gap) > 60 or _CLAUSE_END.search(gap) is not None or ":" in gap:
                return
            if event.word.kind is _TERM:
                near = "," not in gap and len(plain_words(gap).split()) <= 1
                event.waived |= allergens if near else allergens & self._literal

    def _waive_before(self, events: list[Event], k: int, clean: str, meanings: tuple[Meaning, ...]) -> None:
        """The product before in the same clause is made without it: "almond cake made without flour"."""
        allergens = frozenset(meaning.allergen for meaning in meanings)
        for event in reversed(events[max(0, k - 4) : k]):
            gap = clean[max(event.end, events[k].start - 61) : events[k].start]
            if len(gap) > 60 or _CLAUSE_END.search(gap) is not None or ":" in gap or "," in gap:
                return
            if event.word.kind is _TERM:
                event.waived |= allergens


def _absent_of(events: list[Event], k: int, clean: str) -> None:
    """What the missing thing is made of is missing with it: "sin harina" + "de trigo"."""
    if k + 1 < len(events) and events[k + 1].word.kind is _TERM:
        gap = clean[events[k].end : events[k + 1].start]
        if gap.strip(" '’").lower() in _OF and events[k + 1].level is Level.CONTAINS:
            events[k + 1].level = None


def _follow_brackets(gap: str, depth: int) -> tuple[int, bool]:
    """Depth after `gap`, and whether the bracket in which the scope began was left."""
    if "(" not in gap and ")" not in gap and "[" not in gap and "]" not in gap and "{" not in gap and "}" not in gap:
        return depth, False
    for char in gap:
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth < 0:
                return 0, True
    return depth, False


def _mark_before_bracket(events: list[Event], last: int, clean: str) -> None:
    """A may-contain without words of its own speaks of the word before its bracket: "walnuts (may contain)"."""
    for j in range(last, 0, -1):
        if events[j].word.kind in (_MAY, _MAY_OPEN, _GUARD):
            previous = events[j - 1]
            if (
                previous.word.kind is _TERM
                and previous.level is not None
                and clean[previous.end : events[j].start].strip() in ("(", "[", "-", "- (")
            ):
                previous.level = Level.MAY_CONTAIN
            return


def _substitute_next(events: list[Event], k: int, clean: str) -> None:
    if k + 1 < len(events) and events[k + 1].word.kind is _TERM:
        gap = clean[events[k].end : events[k + 1].start]
        if len(gap) < 30 and "," not in gap and ":" not in gap and not _CLAUSE_END.search(gap) and len(gap.split()) < 2:
            events[k + 1].substitute = True


def _substitute_before(events: list[Event], k: int, clean: str) -> None:
    if k and events[k - 1].word.kind is _TERM:
        gap = clean[events[k - 1].end : events[k].start]
        if len(gap) < 8 and not gap.strip(" (-"):
            events[k - 1].substitute = True
