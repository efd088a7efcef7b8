"""From parsed patterns to keys, elements and sequences (`domain/pattern.py`)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise, product

from claimlens.domain.errors import PackInvalidError
from claimlens.domain.pattern import FIRST_ELEMENT, NUMBER, PERCENT, PatternSet, Production, Sequence, Step
from claimlens.domain.text import fold
from claimlens.packs.misspellings import misspellings
from claimlens.packs.pattern_syntax import Gap, Group, ListRef, Number, Optional, Row, Word, parse

#: Words that stand in almost any text of a language, whatever the corpus of a pack happens to hold.
_EVERYWHERE = frozenset(
    "a all an and are as at be by can for from has have her his how i if in into is it its me more my no not of on or "
    "our out so than that the their them this to up use we what when which who will with without you your "
    "der die das den dem des und mit fur ohne ein eine einen im in zu zum zur auf bei von aus ist sind wie so nicht "
    "le la les l de du des d et avec sans pour un une en au aux par sur est sont ce cette votre vos "
    "el los las del y con sin por para un una es son su sus al "
    "il lo gli i del della dei delle e di da con senza per un una che al alla si non "
    "ka ki ke ko se aur hai hain me mein par bhi ho kar".split()
)
_EVERYWHERE_WEIGHT = 1_000
_LONGEST_PREFIX = 16
_MOST_FILLERS = 64


class PatternCompiler:
    """Collects the patterns of one pack; `finish` gives the set that the matcher reads.

    `lists` are the named word lists (entries in pattern language); `misspelt` names those whose long single words
    also match
    in common misspellings. `lawful_texts` show which words are frequent in ordinary copy: sequences are anchored at
    their rarest element, so that ordinary copy is passed over quickly. They change speed, never results.
    """

    def __init__(
        self, lists: Mapping[str, Iterable[str]], misspelt: Iterable[str] = (), lawful_texts: Iterable[str] = ()
    ) -> None:
        self._lists = {name: tuple(dict.fromkeys(entries)) for name, entries in lists.items()}
        self._misspelt = frozenset(misspelt)
        self._elements: dict[object, int] = {}
        self._keys: dict[str, dict[int, None]] = {}
        self._productions: list[Production] = []
        self._numeric: dict[int, int] = {}
        self._weight: list[int] = [_EVERYWHERE_WEIGHT] * FIRST_ELEMENT
        self._frequency = _word_frequency(lawful_texts)
        self._open: list[str] = []
        self.used_lists: set[str] = set()

    def sequences(self, pattern: str) -> tuple[Sequence, ...]:
        """The sequences of one pattern (several when it is unordered). Raises PackInvalidError."""
        return tuple(self._sequence(row) for row in _orders(parse(pattern)))

    def finish(self) -> PatternSet:
        """Everything collected so far."""
        keys = tuple(self._keys)
        return PatternSet(
            keys=keys,
            key_elements=tuple(tuple(elements) for elements in self._keys.values()),
            productions=tuple(self._productions),
            numeric=self._numeric,
            common=tuple(i for i, key in enumerate(keys) if key[0] == key[-1] == " " and key.strip() in _EVERYWHERE),
        )

    def _sequence(self, row: Row) -> Sequence:
        steps: list[Step] = []
        gap, fillers = 0, {""}
        limited = True
        for node in _joined_words(row):
            if isinstance(node, Gap):
                gap, limited = gap + node.words, False
                continue
            if isinstance(node, Optional):
                options = [_plain_text(option) for option in node.rows]
                longest = max(_length(option) for option in node.rows)
                gap += longest
                if limited and all(option is not None for option in options):
                    fillers |= {f"{a} {b}".strip() for a, b in product(fillers, options)}
                    limited = len(fillers) <= _MOST_FILLERS
                else:
                    limited = False
                continue
            element = self._element(node)
            if not steps:
                steps.append(Step(element))
            elif gap and limited:
                steps.append(Step(element, gap, tuple(sorted(fillers))))
            else:
                steps.append(Step(element, gap))
            gap, fillers, limited = 0, {""}, True
        if not steps:
            raise PackInvalidError("a pattern needs a word that must be there")
        anchor = min((step.element for step in steps), key=lambda e: (self._weight[e], e < FIRST_ELEMENT))
        return Sequence(tuple(steps), anchor)

    def _element(self, node: Word | ListRef | Group | Number) -> int:
        if isinstance(node, Number):
            return PERCENT if node.percent else NUMBER
        known = self._elements.get(node)
        if known is not None:
            return known
        element = len(self._weight)
        self._weight.append(0)
        if isinstance(node, Word):
            self._elements[node] = element
            self._add_word(element, node, misspelt=False)
        elif isinstance(node, Group):
            self._elements[node] = element
            for row in node.rows:
                self._add_row(element, row, misspelt=False)
        else:
            self._add_list(element, node.name, node.star)
            self._elements[node] = element
        return element

    def _add_list(self, element: int, name: str, star: bool) -> None:
        if name not in self._lists:
            raise PackInvalidError(f"no word list named {{{name}}}")
        if name in self._open:
            raise PackInvalidError(f"word list {{{name}}} contains itself: {' > '.join([*self._open, name])}")
        self.used_lists.add(name)
        self._open.append(name)
        for entry in self._lists[name]:
            for row in _orders(parse(entry)):
                last = row[-1]
                if star and isinstance(last, Word):
                    row = (*row[:-1], Word(last.text, last.left_star, True))
                if len(row) == 1 and isinstance(last, ListRef):
                    self._add_list(element, last.name, star or last.star)
                else:
                    self._add_row(element, row, misspelt=name in self._misspelt)
        self._open.pop()

    def _add_row(self, element: int, row: Row, misspelt: bool) -> None:
        nodes = _joined_words(row)
        if len(nodes) == 1 and isinstance(nodes[0], Word):
            self._add_word(element, nodes[0], misspelt)
        elif len(nodes) == 1 and isinstance(nodes[0], Number):
            self._numeric[element] = PERCENT if nodes[0].percent else NUMBER
            self._weight[element] += _EVERYWHERE_WEIGHT
        elif len(nodes) == 1 and isinstance(nodes[0], Group):
            for inner in nodes[0].rows:
                self._add_row(element, inner, misspelt)
        else:
            for ordered in _orders(row):
                sequence = self._sequence(ordered)
                self._productions.append(Production(element, sequence))
                self._weight[element] += self._weight[sequence.anchor]

    def _add_word(self, element: int, word: Word, misspelt: bool) -> None:
        spellings = [word.text]
        if misspelt and " " not in word.text:
            spellings += misspellings(word.text)
        for text in spellings:
            key = ("" if word.left_star else " ") + text + ("" if word.right_star else " ")
            self._keys.setdefault(key, {})[element] = None
        self._weight[element] += self._weight_of(word)

    def _weight_of(self, word: Word) -> int:
        """How often a key is met in ordinary copy, roughly: as often as its rarest word."""
        parts = word.text.split()
        weights = [_EVERYWHERE_WEIGHT if part in _EVERYWHERE else self._frequency[part] for part in parts]
        if word.right_star:
            weights[-1] = self._frequency[f"{parts[-1][:_LONGEST_PREFIX]}*"]
        if word.left_star and len(parts) == 1:
            weights[0] += 1
        return min(weights)


def _word_frequency(texts: Iterable[str]) -> Counter[str]:
    """How often each word stands in the texts, and each start of a word (with a star)."""
    frequency: Counter[str] = Counter()
    for text in texts:
        frequency.update(fold(text).split())
    for word, count in list(frequency.items()):
        for end in range(1, min(len(word), _LONGEST_PREFIX) + 1):
            frequency[f"{word[:end]}*"] += count
    return frequency


def _orders(row: Row) -> list[Row]:
    """A row as it stands and, around each `~n`, the other way round."""
    for i, node in enumerate(row):
        if isinstance(node, Gap) and node.unordered:
            gap = (Gap(node.words),)
            rest = _orders(row[i + 1 :])
            return [r for tail in rest for r in ((*row[:i], *gap, *tail), (*tail, *gap, *row[:i]))]
    return [row]


def _joined_words(row: Row) -> list[Word | ListRef | Group | Number | Optional | Gap]:
    """Neighbouring words become one phrase, so that the automaton finds them in one go."""
    joined: list[Word | ListRef | Group | Number | Optional | Gap] = []
    for node in row:
        last = joined[-1] if joined else None
        if isinstance(node, Word) and isinstance(last, Word) and not last.right_star and not node.left_star:
            joined[-1] = Word(f"{last.text} {node.text}", last.left_star, node.right_star)
        else:
            joined.append(node)
    for before, after in pairwise(joined):
        if isinstance(before, Gap) and isinstance(after, Gap):
            raise PackInvalidError("two gaps in a row; write one")
    return joined


def _plain_text(row: Row) -> str | None:
    """The words of a row without stars, lists or gaps; None if it has any."""
    if all(isinstance(node, Word) and not node.left_star and not node.right_star for node in row):
        return " ".join(node.text for node in row if isinstance(node, Word))
    return None


def _length(row: Row) -> int:
    total = 0
    for node in row:
        if isinstance(node, Word):
            total += node.text.count(" ") + 1
        elif isinstance(node, Gap):
            total += node.words
        elif isinstance(node, Group | Optional):
            total += max(_length(inner) for inner in node.rows)
        else:
            total += 2
    return total
