"""Which sentences an edit touched, so that only those need a second look."""

from typing import NamedTuple

from claimlens.domain.text import FoldedText

_ENDERS = (". ", "! ", "? ")
_LEET_SIGNS = frozenset("013457@$€!|")
_SPELT = 3  # single letters are perhaps a word spelt out
_LETTERS = 4  # so many before a full stop, and it ends no shortened word ("No. 1", "Vit. C")


class Changed(NamedTuple):
    """[start, end) of the text before are whole sentences; `text` is what stands there after the edit."""

    start: int
    end: int
    text: str


def changed_sentences(before: str, after: str, start: int, end: int) -> Changed | None:
    """The sentences around [start, end) of `before` and what became of them, if all others stay as they were.

    None if that is not sure, or if the sentences are most of the text. Outside of them `after` may differ from `before`
    in the case of the first letter only.
    """
    start = _sentence_start(before, start)
    end = _sentence_end(before, end)
    head, tail = before[:start].rstrip(), before[end:].strip()
    if not after.startswith(head) or not after.endswith(tail[1:]):
        return None
    at = len(after) - len(tail)
    if at < len(head) or 2 * (at - len(head)) > len(after):
        return None
    if tail and not (_is_letter_of(after[at], tail[0]) and (at == 0 or _ends_sentence(after, at))):
        return None
    between = after[len(head) : at]
    if head and between and not between[0].isspace():
        return None
    return Changed(start, end, between.strip())


def is_undisguised(words: FoldedText) -> bool:
    """Whether nothing in an edited sentence makes the gate look for disguises in the others, too."""
    if not _LEET_SIGNS.isdisjoint(words.text) or not _LEET_SIGNS.isdisjoint(words.folded):
        return False
    return sum([len(word) == 1 and word.isalpha() for word in words.folded.split()]) < _SPELT


def _sentence_start(text: str, at: int) -> int:
    """The last place up to `at` where a sentence surely begins."""
    while at > 0:
        at = max([text.rfind(sign, 0, at) for sign in _ENDERS]) + 2
        if at < 2:
            return 0
        if _ends_sentence(text, at):
            return at
        at -= 2
    return 0


def _sentence_end(text: str, at: int) -> int:
    """The first place from `at` on where another sentence surely begins, or the end of the text."""
    while True:
        ends = [found for sign in _ENDERS if (found := text.find(sign, at)) >= 0]
        if not ends:
            return len(text)
        at = min(ends) + 2
        if _ends_sentence(text, at):
            return at


def _ends_sentence(text: str, at: int) -> bool:
    """Whether a sentence and the one space behind it end at a place."""
    word = text[max(at - 2 - _LETTERS, 0) : at - 2]
    return len(word) == _LETTERS and word.isalpha() and word.isascii() and text[at - 2 : at] in _ENDERS


def _is_letter_of(after: str, before: str) -> bool:
    return after == before or (after == before.upper() and after.lower() == before)
