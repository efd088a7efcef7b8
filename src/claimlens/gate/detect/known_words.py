"""Which words rules look for, for the reading of disguised spellings."""

from claimlens.domain.pattern import PatternSet
from claimlens.gate.detect.claims_index import PatternIndex

_MOST_KNOWN = 50_000
_SHORTEST_PART, _LONGEST_PART, _LONGEST_ENDING = 3, 20, 4


class KnownWords:
    """The words of a pattern set; what it remembers changes no answer."""

    def __init__(self, patterns: PatternSet, index: PatternIndex) -> None:
        self._index = index
        self._known: dict[str, int] = {}
        self._whole_words = {key.strip() for key in patterns.keys if key[0] == key[-1] == " " and key.count(" ") == 2}
        self._stems = {key.strip() for key in patterns.keys if key[0] == " " != key[-1] and key.count(" ") == 1}

    def known_start(self, word: str) -> int:
        """How many letters from the start of a folded word are a word that rules look for; 0 if none are."""
        known = self._known.get(word)
        if known is None:
            known = self._longest_at_start(word)
            if len(self._known) < _MOST_KNOWN:
                self._known[word] = known
        return known

    def _longest_at_start(self, word: str) -> int:
        folded = f" {word} "
        keys, first = self._index.keys, word.partition(" ")[0]
        found = (*self._index.near_matches(folded), *self._index.far_matches(folded))
        longest = max((len(keys[key].strip()) for key, start, _ in found if start == 0), default=0)
        return max(longest, len(first)) if self._index.is_common(first) else longest

    def word_starts(self, letters: str) -> list[int]:
        """Where words begin inside letters written together ("curescancer"), the first place left out; known words win.

        The split that leaves the fewest letters outside known words is taken; a stem may have an ending of up to four
        letters.
        """
        size = len(letters)
        best: list[tuple[int, int]] = [(2 * (size - i), size) for i in range(size + 1)]
        for i in range(size - 1, -1, -1):
            options = [(best[i + 1][0] + 2, i + 1)]
            for end in range(i + _SHORTEST_PART, min(size, i + _LONGEST_PART) + 1):
                if letters[i:end] in self._whole_words:
                    options.append((best[end][0], end))
                if letters[i:end] in self._stems:
                    options += [(best[k][0] + k - end, k) for k in range(end, min(size, end + _LONGEST_ENDING) + 1)]
            best[i] = min(options, key=lambda option: (option[0], -option[1]))
        starts, at = [], 0
        while at < size:
            loose = best[at][1] == at + 1
            at = best[at][1]
            if at < size and not (loose and best[at][1] == at + 1):
                starts.append(at)
        return starts if best[0][0] <= size else []
