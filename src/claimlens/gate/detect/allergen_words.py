"""The words of an allergen table as a search meets them."""

from collections.abc import Sequence

import msgspec

from claimlens.domain.allergen import AllergenWord, Meaning, Strength, WordKind

_SPEAKING = (WordKind.TERM, WordKind.ABSENT)


class Word(msgspec.Struct, frozen=True):
    """A word of the table with what is asked again at every place where it stands.

    `told` are its meanings as (allergen, member, strength), none for a word that only says how far others reach.
    `conditional`: it does not count wherever it stands. `whole`: both its ends are word borders.
    `rank` is its place among words of the same letters: one that counts in a single language goes first.
    """

    kind: WordKind
    meanings: tuple[Meaning, ...]
    told: tuple[tuple[str, str, Strength], ...]
    text: str
    language: str
    item_start: bool
    conditional: bool
    whole: bool
    rank: int


class Words(dict[int, tuple[int, int, Word]]):
    """The words of a table by number, each made when first hit: most of them never are.

    Before a word stand two figures that lead from the automaton's places (it sees one space before the text, and the
    borders) to those of the letters.
    """

    def __init__(self, table_words: Sequence[AllergenWord]) -> None:
        super().__init__()
        self._table_words = table_words

    def __missing__(self, number: int) -> tuple[int, int, Word]:
        word = self._table_words[number]
        lead, trail = word.text[0] == " ", word.text[-1] == " "
        told = tuple((m.allergen, m.member, m.strength) for m in word.meanings) if word.kind in _SPEAKING else ()
        conditional = bool(word.language) or word.item_start or " " in word.text.strip()
        rank = number if word.language else number + len(self._table_words)
        searched = Word(
            word.kind, word.meanings, told, word.text, word.language, word.item_start, conditional, lead and trail, rank
        )
        found = self[number] = (0 if lead else 1, 2 if trail else 1, searched)
        return found
