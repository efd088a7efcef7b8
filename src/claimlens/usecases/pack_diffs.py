"""What is different between two editions of a pack, rule by rule, for people."""

from typing import Any

import msgspec

from claimlens.kit.word_diff import Piece, word_diff
from claimlens.ports.editions import Edition

#: Of a rule people want to read these first, in this order; what else differs follows.
_FIRST = ("title", "severity", "on_fail", "condition", "triggers", "excuses", "why", "citation", "suggestions")
_PLACES = ("family", "file")
#: Letters of a stretch of text that are shown, of what stayed and of what changed.
_SAME, _CHANGED = 120, 1_000


class FieldChange(msgspec.Struct, frozen=True):
    """A field of a rule before and after, and the way from one to the other, word by word."""

    field: str
    before: str
    after: str
    pieces: tuple[Piece, ...]


class RuleChange(msgspec.Struct, frozen=True):
    """A rule that came, went or changed; only one that changed has fields."""

    rule_id: str
    title: str
    kind: str
    fields: tuple[FieldChange, ...] = ()


class PackDiff(msgspec.Struct, frozen=True):
    """The rules that differ, and the files that differ beside them: word lists, registers, allergens."""

    rules: tuple[RuleChange, ...]
    files: tuple[tuple[str, str], ...]

    def count(self, kind: str) -> int:
        """How many rules were added, removed or changed."""
        return sum(change.kind == kind for change in self.rules)


def pack_diff(before: Edition, after: Edition) -> PackDiff:
    """From one edition to another: rules by their ids, files by their digests."""
    changes = []
    for rule_id in sorted(before.rules.keys() | after.rules.keys()):
        was, now = before.rules.get(rule_id), after.rules.get(rule_id)
        if was is None or now is None:
            kind = "added" if was is None else "removed"
            changes.append(RuleChange(rule_id, str((now or was or {}).get("title", "")), kind))
        elif fields := _fields(was, now):
            changes.append(RuleChange(rule_id, str(now.get("title", "")), "changed", fields))
    files = tuple(
        (path, "added" if path not in before.files else "removed" if path not in after.files else "changed")
        for path in sorted(before.files.keys() | after.files.keys())
        if before.files.get(path) != after.files.get(path)
    )
    return PackDiff(tuple(changes), files)


def _fields(was: dict[str, Any], now: dict[str, Any]) -> tuple[FieldChange, ...]:
    names = [*_FIRST, *sorted((was.keys() | now.keys()) - set(_FIRST) - set(_PLACES))]
    found = []
    for name in names:
        before, after = _text(was.get(name)), _text(now.get(name))
        if before != after:
            found.append(FieldChange(name, before, after, shortened(word_diff(before, after))))
    return tuple(found)


def shortened(pieces: list[Piece]) -> tuple[Piece, ...]:
    """The pieces with the middle of long ones left out: what stayed is shown around what changed."""
    return tuple([Piece(piece.part, _cut(piece.text, _SAME if piece.part == "same" else _CHANGED)) for piece in pieces])


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-(most // 2) :]}"


def _text(value: Any) -> str:
    """A field as people read it: a line for each entry of a list."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "\n".join(_text(each) for each in value)
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_text(each)}" for key, each in value.items() if each not in (None, "", [], {}))
    return str(value)
