"""Compiled patterns: plain data that the pack compiler writes and the matcher reads.

An *element* is a set of interchangeable words: a literal, an alternation or a named word list. Its words are *keys*
that one
Aho–Corasick automaton finds in folded text. A *sequence* is a row of elements with limits on the words between them.
An element whose entries are themselves sequences has *productions*. A trigger is a sequence that belongs to a rule.
"""

import msgspec

#: Element ids that stand for numbers instead of words.
NUMBER, PERCENT, FIRST_ELEMENT = 0, 1, 2


class Step(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One element of a sequence: at most `gap` words before it; with `fillers`, one of these runs of words."""

    element: int
    gap: int = 0
    fillers: tuple[str, ...] = ()


class Sequence(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Elements in order. `anchor` is the element that is least likely in ordinary text: nothing is tried without it."""

    steps: tuple[Step, ...]
    anchor: int


class Production(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A sequence whose match counts as a hit of `element`; made before the elements that use it."""

    element: int
    sequence: Sequence


class PatternSet(msgspec.Struct, frozen=True, gc=False):
    """All keys of a pack and what they mean.

    A key that starts (ends) with a space starts (ends) at a word border; otherwise the match is widened to the whole
    word.
    `key_elements[i]` are the elements that `keys[i]` is a word of.
    `numeric` maps an element that may also be a number to NUMBER or PERCENT.
    `common` are the numbers of those keys that are words of almost any text ("the", "with").
    """

    keys: tuple[str, ...]
    key_elements: tuple[tuple[int, ...], ...]
    productions: tuple[Production, ...]
    numeric: dict[int, int]
    common: tuple[int, ...] = ()
