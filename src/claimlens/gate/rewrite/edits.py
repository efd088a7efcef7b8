"""Edits to one text that leave a sentence behind: remove, replace, append."""

import re
from typing import NamedTuple

from claimlens.domain.rule import Rewrite, RewriteAction

_SENTENCE_END = re.compile(r"[.!?;\n।](?:\s|$)|[।\n]")
_CLAUSE_SIGNS = ",;:–—()|•"
_SPACES = re.compile(r"[ \t]{2,}")
_SPACE_BEFORE_SIGN = re.compile(r"[ \t]+([,.;:!?)])")
_DOUBLED_SIGN = re.compile(r"([,;:])(?:[ \t]*[,;:])+")
_SIGN_BEFORE_END = re.compile(r"(?<![,;:–—-])[,;:–—-]+[ \t]?([.!?])")
_EMPTY_BRACKETS = re.compile(r"[ \t]*[(\[][ \t,;:-]*[)\]]")
_LEADING = re.compile(r"^(?:[\s,;:–—|•&+-]|\b(?:and|or|with|und|et|y|e|aur|और)\b)+", re.IGNORECASE)
_TRAILING = re.compile(r"(?:[\s,;:–—|•&+-]|\b(?:and|or|with|und|et|y|e|aur|और|that|which|a|an|the)\b)+$", re.IGNORECASE)


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
            spans.append((edit.start, edit.end, edit.rewrite.text))
        elif action is not RewriteAction.NONE:
            start, end = _hashtag(text, edit.start, edit.end)
            if edit.whole_clause and not is_title and (start, end) == (edit.start, edit.end):
                start, end = _clause(text, start, end)
            spans.append((start, end, ""))
    result = _spliced(text, spans)
    if spans:
        result = _tidied(result, text, is_title)
    for sentence in appended:
        if sentence.lower() not in result.lower():
            result = f"{result.rstrip()} {sentence}" if result.strip() else sentence
    return result


def _spliced(text: str, spans: list[tuple[int, int, str]]) -> str:
    pieces, at, said = [], 0, set()
    for start, end, new in sorted(spans, key=lambda s: (s[0], -s[1])):
        if start < at:
            if end > at:
                at = end
            continue
        pieces.append(text[at:start])
        if new and new not in said:
            said.add(new)
            pieces.append(_in_sentence(new, text, start, end))
        at = end
    pieces.append(text[at:])
    return "".join(pieces)


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


def _tidied(text: str, before: str, is_title: bool) -> str:
    text = _SPACES.sub(" ", text)
    text = _EMPTY_BRACKETS.sub("", text)
    text = _SPACE_BEFORE_SIGN.sub(r"\1", text)
    text = _DOUBLED_SIGN.sub(r"\1", text)
    text = _SIGN_BEFORE_END.sub(r"\1", text)
    text = _SPACES.sub(" ", text)
    sentences = [_LEADING.sub("", s) for s in re.split(r"(?<=[.!?।])\s+", text.strip()) if any(c.isalnum() for c in s)]
    if len(sentences) > 1 and any(c.isupper() for c in before):
        sentences = [s if s in before and f" {s}" not in before else s[:1].upper() + s[1:] for s in sentences]
    text = " ".join(sentences)
    if not text.endswith((".", "!", "?", "।")):
        text = _TRAILING.sub("", text)
    if text[:1].islower() and before.strip()[:1].isupper():
        text = text[:1].upper() + text[1:]
    if not is_title and before.rstrip()[-1:] in ".!" and text and text[-1] not in ".!?।)":
        text += "."
    return text.strip()
