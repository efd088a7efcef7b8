"""Edits to one text that leave a sentence behind: remove, replace, append."""

import re
from typing import NamedTuple

from claimlens.domain.rule import Rewrite, RewriteAction

_SENTENCE_END = re.compile(
    r"(?<!\b[NnDdMm][orR])(?<!\b[Rr]s)\.(?:\s|$)|[!?;](?:\s|$)|[।\n]"
)  # not behind No. Dr. Mr. Rs.
_CLAUSE_SIGNS = ",;:–—()|•"
_JOINING_WORDS = "and|or|with|und|oder|mit|et|ou|avec|y|o|con|e|ed|aur|और"
_LEADING = re.compile(rf"(?:[\s,;:–—|•&+-]|(?:{_JOINING_WORDS})\b)+", re.IGNORECASE)
_DANGLING_WORDS = (
    f"{_JOINING_WORDS}|a|an|the|that|which|who|is|are|for|to|der|die|das|dem|den|für|ist"
    "|qui|que|pour|est|un|une|para|es|che|per|è"
)
_TRAILING = re.compile(rf"(?:[\s,;:–—|•&+-]|\b(?:{_DANGLING_WORDS})(?=\W|$))+$", re.IGNORECASE)
_ENDERS = ".!?।"
_BEFORE_SIGN = ",.;:!?)]।"
_TAIL = 48  # how far back a joint is tidied


class Edit(NamedTuple):
    """Do `rewrite` to [start, end) of a text. `whole_clause`: what is removed is a statement, not an adjective."""

    start: int
    end: int
    rewrite: Rewrite
    whole_clause: bool


def apply_edits(text: str, edits: list[Edit], *, is_title: bool) -> str:
    """The text with all edits done, tidied. A title loses only the words themselves, never a clause.

    Overlapping edits are done once (the longer one). May return an empty text.
    """
    appended: dict[str, None] = {}
    spans: list[tuple[int, int, str]] = []
    for edit in sorted(edits, key=lambda e: (e.start, -e.end)):
        action = edit.rewrite.action
        if action is RewriteAction.APPEND:
            appended[edit.rewrite.text] = None
        elif action in (RewriteAction.REPLACE, RewriteAction.AUTHORISED) and not (
            is_title and action is RewriteAction.AUTHORISED
        ):
            whole = action is RewriteAction.AUTHORISED and edit.whole_clause
            start, end = _statement(text, edit.start, edit.end) if whole else (edit.start, edit.end)
            said = whole and edit.rewrite.text.lower() in text.lower()  # the writer has the wording already
            spans.append((start, end, "" if said else edit.rewrite.text))
        elif action is not RewriteAction.NONE:
            start, end = _hashtag(text, edit.start, edit.end)
            if edit.whole_clause and not is_title and (start, end) == (edit.start, edit.end):
                start, end = _clause(text, start, end)
            spans.append((start, end, ""))
    result = _spliced(text, spans)
    for sentence in appended:
        if sentence.lower() not in result.lower():
            result = f"{result.rstrip()} {sentence}" if result.strip() else sentence
    return result


def _spliced(text: str, spans: list[tuple[int, int, str]]) -> str:
    """The text with spans exchanged for new words; only the joints are tidied, the rest stays as written."""
    if not spans:
        return text
    done, at, said = "", 0, set[str]()
    for start, end, new in sorted(spans, key=lambda s: (s[0], -s[1])):
        if start < at:
            at = max(at, end)
            continue
        done = _joined(done, text[at:start], text[:at])
        at = end
        if new and new not in said:
            said.add(new)
            done += _in_sentence(new, text, start, end)
            continue
    return _joined(done, text[at:], text[:at]).strip()


def _joined(left: str, right: str, before: str) -> str:
    """`left` and `right` where something between them may have gone; `before` is the submitted text up to `right`."""
    if not before.strip():
        return right if not before else right.lstrip()
    head = left.rstrip()
    if not head or head[-1] in _ENDERS:
        begun = before.rstrip()[-1:] not in tuple(_ENDERS)  # else the whole sentence went and `right` starts another
        if right.lstrip()[:1] in _ENDERS:
            rest = right.lstrip(_ENDERS + " \t")
        else:
            trimmed = _LEADING.match(right) if begun else None
            rest = right[trimmed.end() :] if trimmed else right.lstrip(" \t")
        if not rest:
            return head
        line_end = "\n" if left.endswith("\n") or right.startswith("\n") else " "
        return (head + line_end if head else "") + rest[:1].upper() + rest[1:]
    if not right.strip() or right.lstrip()[0] in _ENDERS:
        tail = _TRAILING.search(head, max(0, len(head) - _TAIL))
        return (head[: tail.start()] if tail else head) + right.lstrip()
    if head[-1] == "(" and right.lstrip()[0] == ")":
        return _joined(head[:-1], right.lstrip()[1:], before)
    if head[-1] in ",;:–—-(" and right.lstrip()[0] in ",;:–—-":
        right = right.lstrip()[1:]
    body = right.lstrip()
    space = "" if not body or body[0] in _BEFORE_SIGN or head[-1] == "(" else " "
    return head + space + body


def _in_sentence(new: str, text: str, start: int, end: int) -> str:
    """Replacement words with the capital that the place asks for."""
    begins = not text[:start].strip() or text[:start].rstrip()[-1:] in ".!?।"
    if begins and new[:1].islower():
        new = new[:1].upper() + new[1:]
    if text[end : end + 1].isalnum():
        new += " "
    return new


def _hashtag(text: str, start: int, end: int) -> tuple[int, int]:
    """The whole hashtag when the words stand in one; half a hashtag says nothing."""
    first = start
    while first > 0 and text[first - 1].isalnum():
        first -= 1
    if text[max(first - 1, 0) : first] != "#":
        return start, end
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return first - 1, end


def _statement(text: str, start: int, end: int) -> tuple[int, int]:
    """The clause around [start, end) up to, not with, the sign that ends its sentence: room for another sentence."""
    first, last = _clause(text, start, end)
    while last > end and (text[last - 1].isspace() or text[last - 1] in _ENDERS):
        last -= 1
    while first < start and (text[first].isspace() or text[first] in _CLAUSE_SIGNS):
        first += 1
    return first, last


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    """The statement around [start, end): its clause, or the whole sentence when nothing that stands alone is left."""
    first = max((m.end() for m in _SENTENCE_END.finditer(text, 0, start)), default=0)
    stop = _SENTENCE_END.search(text, end)
    last = stop.end() if stop else len(text)
    left = max(text.rfind(sign, first, start) for sign in _CLAUSE_SIGNS)
    left = first if left < 0 else left
    rights = [at for at in (text.find(sign, end, last) for sign in _CLAUSE_SIGNS) if at >= 0]
    right = min(rights, default=stop.start() if stop else len(text))
    rest = text[first:left] + " " + text[right:last]
    if sum(len(word) > 2 for word in re.findall(r"[^\W\d_]+", rest)) < 2:
        return first, last
    return left, right
