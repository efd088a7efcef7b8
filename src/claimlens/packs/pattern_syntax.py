"""The pattern language of rule packs, parsed (`docs/reference/patterns.md` is its description for people)."""

import re
from dataclasses import dataclass

from claimlens.domain.errors import PackInvalidError
from claimlens.domain.text import fold

DEFAULT_GAP = 3


@dataclass(frozen=True)
class Word:
    """Folded word or phrase; a star widens it to whole words that merely start (right) or end (left) with it."""

    text: str
    left_star: bool = False
    right_star: bool = False


@dataclass(frozen=True)
class ListRef:
    """`{name}`: any entry of a word list."""

    name: str
    star: bool = False


@dataclass(frozen=True)
class Group:
    """`(a|b c)`: one of several rows."""

    rows: tuple["Row", ...]


@dataclass(frozen=True)
class Optional:
    """`[a|b]`: one of several rows, or nothing."""

    rows: tuple["Row", ...]


@dataclass(frozen=True)
class Number:
    """`#` a number, `#%` a percentage."""

    percent: bool = False


@dataclass(frozen=True)
class Gap:
    """`..n`: up to n words. With `unordered` (`~n`) the two sides may also stand the other way round."""

    words: int
    unordered: bool = False


Node = Word | ListRef | Group | Optional | Number | Gap
Row = tuple[Node, ...]

_TOKEN = re.compile(
    r"\s*(?:(?P<gap>\.\.(?P<gap_n>\d*))|~(?P<near>\d+)|(?P<list>\{(?P<name>[a-z0-9_]+)\}(?P<list_star>\*?))"
    r"|(?P<number>#%?)|(?P<open>[(\[])|(?P<bar>\|)|(?P<close>[)\]])(?P<close_star>\*?)|(?P<word>[^\s(){}\[\]|#~]+))"
)


def parse(pattern: str) -> Row:
    """The nodes of a pattern. Raises PackInvalidError that quotes the pattern and the place."""
    rows, end = _parse_rows(pattern, 0, closer="")
    if end != len(pattern):
        raise PackInvalidError(f"unexpected {pattern[end]!r} at column {end + 1} of pattern {pattern!r}")
    if len(rows) != 1:
        raise PackInvalidError(f"pattern {pattern!r} has a bare '|'; put the alternatives into ( )")
    if not any(isinstance(node, Word | ListRef | Group) for node in rows[0]):
        raise PackInvalidError(f"pattern {pattern!r} names no word")
    return rows[0]


def _parse_rows(pattern: str, at: int, closer: str) -> tuple[list[Row], int]:
    rows: list[Row] = []
    row: list[Node] = []
    while at < len(pattern):
        match = _TOKEN.match(pattern, at)
        if match is None:
            if not pattern[at:].strip():
                at = len(pattern)
                break
            raise PackInvalidError(f"cannot read {pattern[at:]!r} in pattern {pattern!r}")
        if match["close"]:
            if match["close"] != closer:
                break
            if pattern[match.end() : match.end() + 1].isalnum():
                raise PackInvalidError(f"letters stick to a bracket; spell the words out: {pattern!r}")
            rows.append(tuple(row))
            return (_starred(rows, pattern) if match["close_star"] else rows), match.end()
        at = match.end()
        if match["open"]:
            inner, at = _parse_rows(pattern, at, ")" if match["open"] == "(" else "]")
            row.append(Group(tuple(inner)) if match["open"] == "(" else Optional(tuple(inner)))
        elif match["bar"]:
            rows.append(tuple(row))
            row = []
        elif match["gap"]:
            row.append(Gap(int(match["gap_n"] or DEFAULT_GAP)))
        elif match["near"]:
            row.append(Gap(int(match["near"]), unordered=True))
        elif match["list"]:
            row.append(ListRef(match["name"], bool(match["list_star"])))
        elif match["number"]:
            row.append(Number(match["number"] == "#%"))
        else:
            row += _words(match["word"], pattern)
    if closer:
        raise PackInvalidError(f"missing {closer!r} in pattern {pattern!r}")
    rows.append(tuple(row))
    return rows, at


def _words(raw: str, pattern: str) -> list[Node]:
    left, right = raw.startswith("*"), raw.endswith("*") and len(raw) > 1
    text = fold(raw.strip("*").replace("*", " ")).strip()
    if "*" in raw.strip("*"):
        raise PackInvalidError(f"a star may stand only at the start or end of a word: {raw!r} in {pattern!r}")
    if not text:
        raise PackInvalidError(f"{raw!r} has no letters left after folding, in pattern {pattern!r}")
    if "." in text.split():
        raise PackInvalidError(f"{raw!r} ends a sentence; no pattern crosses that: {pattern!r}")
    return [Word(text, left, right)]


def _starred(rows: list[Row], pattern: str) -> list[Row]:
    starred: list[Row] = []
    for row in rows:
        last = row[-1] if row else None
        if isinstance(last, Word):
            starred.append((*row[:-1], Word(last.text, last.left_star, True)))
        elif isinstance(last, ListRef):
            starred.append((*row[:-1], ListRef(last.name, True)))
        else:
            raise PackInvalidError(f"the star behind ) needs a word at the end of each alternative: {pattern!r}")
    return starred
